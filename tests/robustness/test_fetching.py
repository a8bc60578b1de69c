"""The app fetches nothing for strangers but images of the open internet."""

import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from helpers.own_loop import run_apart
from helpers.routes import HTTP
from PIL import Image

from pix2pix.app.server.fetch import MAX_REDIRECTS, Fetcher, is_public

IMAGE = b"image" * 100


class Web(BaseHTTPRequestHandler):
    """Answers as its paths say, and counts what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"{self.headers['host']}{self.path}")
        kind, _, rest = self.path[1:].partition("/")
        self.send_response(302 if kind == "to" else 200)
        self.send_header("content-type", "text/html" if kind == "page" else "image/png")
        if kind == "to":
            self.send_header("location", rest)
        if kind == "packed":
            self.send_header("content-encoding", "gzip")
        self.end_headers()
        try:
            if kind == "endless":
                while True:
                    self.wfile.write(bytes(1 << 16))
            if kind == "slow":
                for _ in range(600):
                    self.wfile.write(b"x")
                    time.sleep(0.1)
            self.wfile.write(IMAGE)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    """A web server on loopback; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def fetch(address: str, port: int, **rules: Any) -> bytes:
    """With names that all lead to the server of the test, which stands for a public one."""

    async def resolve(host: str, _: int) -> list[str]:
        return {"inner.test": ["10.0.0.1"], "both.test": ["127.0.0.1", "10.0.0.1"]}.get(
            host, ["127.0.0.1"]
        )

    given: dict[str, Any] = {
        "ports": (port,),
        "resolve": resolve,
        "is_allowed": lambda ip: ip == "127.0.0.1",
    }
    return run_apart(Fetcher(**given | rules).fetch(address))[0]


def test_an_image_is_fetched_under_its_own_host_name(web: int) -> None:
    assert fetch(f"http://site.test:{web}/photo.png", web) == IMAGE
    assert Web.asked[-1] == f"site.test:{web}/photo.png"
    assert fetch(f"http://site.test:{web}/to//photo.png", web) == IMAGE


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("page/x", "no image"),
        ("packed/x", "compressed"),
        ("endless/x", "larger than 1 MB"),
        ("to/http://inner.test:PORT/x.png", "private networks"),
        ("to/http://both.test:PORT/x.png", "private networks"),
        ("to/file:///etc/passwd", "begins with https"),
        ("to/http://site.test:22/", "ports"),
        ("to/http://ada:secret@site.test:PORT/", "password"),
        ("to/" * (MAX_REDIRECTS + 1), "leads to more than"),
    ],
)
def test_what_is_no_image_of_the_open_web_is_refused(web: int, path: str, reason: str) -> None:
    path = path.replace("PORT", str(web))
    if reason == "leads to more than":
        path = f"to/http://site.test:{web}/" * (MAX_REDIRECTS + 1) + "x.png"
    with pytest.raises(ValueError, match=reason):
        fetch(f"http://site.test:{web}/{path}", web, max_bytes=1 << 20)


def test_a_byte_now_and_then_does_not_stretch_the_time(web: int) -> None:
    with pytest.raises(ValueError, match="did not come within"):
        fetch(f"http://site.test:{web}/slow/x", web, limit_s=0.5)


def test_a_name_is_resolved_once_and_the_connection_goes_there(web: int) -> None:
    """DNS rebinding: the second answer of the name server would be another address."""
    answers = iter((["127.0.0.1"], ["10.0.0.1"]))

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    assert fetch(f"http://rebound.test:{web}/x.png", web, resolve=rebinding) == IMAGE


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
        "localhost",
    ],
)
def test_addresses_of_a_private_network_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_addresses_of_the_internet_are_public() -> None:
    assert is_public("1.1.1.1") and is_public("2606:4700::1111")


def test_the_app_itself_is_not_fetched_by_its_own_rules(web: int) -> None:
    for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"):
        before = len(Web.asked)
        with pytest.raises(ValueError):
            run_apart(Fetcher(ports=(web,)).fetch(f"http://{host}:{web}/x.png"))
        assert len(Web.asked) == before


# ---- the results of others' calls --------------------------------------------------------


def test_no_address_and_no_other_file_is_served_as_a_result(
    fake_studio: str, upload_folder: Path, web: int, tmp_path: Path
) -> None:
    digits = secrets.token_hex(20)
    result = upload_folder / digits / "house.png"
    result.parent.mkdir(parents=True)
    Image.new("L", (8, 8)).save(result)
    outside = tmp_path / digits / "secret.png"
    outside.parent.mkdir()
    outside.write_bytes(b"secret")
    (result.parent / "link.png").symlink_to(outside)
    (upload_folder / secrets.token_hex(20)).symlink_to(outside.parent)
    base = f"{fake_studio}gradio_api/file="
    assert HTTP.get(f"{base}{result}").status_code == 200
    asked = len(Web.asked)
    for path in (
        f"http://127.0.0.1:{web}/{digits}/x.png",
        f"HTTP://127.0.0.1:{web}/{digits}/x.png",
        f"https:/127.0.0.1:{web}/{digits}/x.png",
        str(outside),
        str(result.parent / "link.png"),
        f"{upload_folder}/../{outside.relative_to(tmp_path.parent)}",
        f"{result.parent}/..%2f..%2f{digits}%2f..%2fhouse.png",
        f"{result}%00.png",
        f"{digits}/house.png",
    ):
        assert HTTP.get(f"{base}{path}").status_code == 404, path
    assert len(Web.asked) == asked, "nothing was fetched"
