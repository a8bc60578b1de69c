"""nginx in front of the app, as docs/hosting.md has it."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.running import ROOT, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt install nginx")

_MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""


def documented_server() -> str:
    """The nginx block of docs/hosting.md."""
    found = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/hosting.md").read_text(), re.DOTALL)
    assert found, "docs/hosting.md has an nginx block"
    return found[1]


def documented_processes(port: int, app_ports: tuple[int, int]) -> str:
    """docs/hosting/nginx-processes.conf on other ports of this machine, without TLS."""
    config = (ROOT / "docs/hosting/nginx-processes.conf").read_text()
    a, b = app_ports
    given = (("listen 443", f"listen 127.0.0.1:{port}"), (":7861", f":{a}"), (":7862", f":{b}"))
    for old, new in (*given, (" Secure;", "")):
        assert old in config, f"{old!r} is not in the documented processes"
        config = config.replace(old, new)
    return without_tls(config)


def adapted(server: str, port: int, app_port: int, *changes: tuple[str, str]) -> str:
    """The documented server on other ports of this machine. Each change must find its text."""
    places = (("listen 443", f"listen 127.0.0.1:{port}"), (":7860", f":{app_port}"))
    for old, new in (*places, *changes):
        assert old in server, f"{old!r} is not in the documented server"
        server = server.replace(old, new)
    return server


def without_tls(server: str) -> str:
    return re.sub(r" ssl;", ";", re.sub(r"\n *ssl_certificate.*", "", server))


def make_certificate(folder: Path) -> tuple[tuple[str, str], ...]:
    """A certificate for 127.0.0.1, signed by itself: the changes that name it and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    names = "/etc/ssl/example.org"  # in the document
    return ((f"{names}.pem", str(certificate)), (f"{names}.key", str(key)))


@contextmanager
def running_nginx(folder: Path, servers: list[str], ports: list[int]) -> Iterator[None]:
    """Serves these `server` blocks until the end; all their ports are open when it begins."""
    assert NGINX
    config = folder / "nginx.conf"
    config.write_text(_MAIN.format(folder=folder, servers="\n".join(servers)))
    command = [NGINX, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for port in ports:
            wait_for_port(process, port)
        yield
    finally:
        process.terminate()
        process.wait(120)
        assert process.stderr
        process.stderr.close()


def wait_for_port(process: subprocess.Popen[str], port: int) -> None:
    """Until the process takes connections; it must not end before."""
    for _ in range(2400):  # against a hang: no test decides by time
        assert process.poll() is None, process.stderr and process.stderr.read()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on port {port}")


def ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]
