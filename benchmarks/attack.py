"""Attacks the running app as one client, while another draws, keeps photos and saves.

    python benchmarks/attack.py [--seconds 12] [--device cpu] [--json FILE]

Serves the app in its own process on loopback, with 1,024 open files. The attacker comes from
127.0.0.9, the visitor from 127.0.0.1: to the app two clients. The attacker is a process of its own
with the lowest priority, since attackers compute on other machines. Each attack is bounded in time.
Prints for each how long the visitor's drawings took and what the visitor lost. The exit status is 1
after a loss, or a drawing that took longer than 3 s.
"""

import argparse
import base64
import io
import json
import multiprocessing
import os
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, PngImagePlugin

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.load import wait_until_served  # noqa: E402

ATTACKER, LIMIT_S = "127.0.0.9", 3.0
IDS = base64.b64encode(zlib.compress(bytes([1]) * 65536)).decode()
Attack = Callable[["Attacker"], None]


def png(size: tuple[int, int], texts: int = 0) -> bytes:
    notes = PngImagePlugin.PngInfo()
    for number in range(texts):
        notes.add_text(f"Comment {number}", "A" * 1_000_000, zip=True)
    buffer = io.BytesIO()
    Image.new("L", size, 90).save(buffer, "png", pnginfo=notes)
    return buffer.getvalue()


class Attacker:
    """Sends requests from an address of its own until its time is over."""

    def __init__(self, url: str, seconds: float) -> None:
        self.url, self.end = url, time.monotonic() + seconds
        parts = httpx.URL(url)
        self.place = (parts.host, parts.port or 80)
        self.statuses: dict[int, int] = {}
        self._open: list[socket.socket] = []

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.end

    def connect(self, content: bytes = b"") -> None:
        with suppress(OSError):
            connection = socket.create_connection(self.place, 5, (ATTACKER, 0))
            self._open.append(connection)
            connection.sendall(content)

    def trickle(self) -> None:
        """A byte a second on every connection."""
        while self.goes_on:
            for connection in self._open:
                with suppress(OSError):
                    connection.sendall(b"x")
            time.sleep(1)

    def threads(self, count: int, request: Callable[[httpx.Client], httpx.Response]) -> None:
        def loop() -> None:
            transport = httpx.HTTPTransport(local_address=ATTACKER)
            with httpx.Client(transport=transport, timeout=30, trust_env=False) as client:
                while self.goes_on:
                    with suppress(httpx.HTTPError):
                        status = request(client).status_code
                        self.statuses[status] = self.statuses.get(status, 0) + 1

        running = [threading.Thread(target=loop) for _ in range(count)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    def send_photos(self, contents: list[bytes], count: int) -> None:
        def send(client: httpx.Client) -> httpx.Response:
            headers = {"x-studio-key": secrets.token_hex(16), "x-photo-name": "a.png"}
            content = contents[secrets.randbelow(len(contents))]
            return client.post(
                f"{self.url}studio-api/colorize/photos", content=content, headers=headers
            )

        self.threads(count, send)

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def head(path: str, length: int) -> bytes:
    key = secrets.token_hex(16)
    text = f"POST /{path} HTTP/1.1\r\nhost: localhost\r\nx-studio-key: {key}\r\n"
    return f"{text}content-length: {length}\r\n\r\n{{".encode()


def slow_uploads(attacker: Attacker) -> None:
    for _ in range(8):
        attacker.connect(head("studio-api/colorize/photos", 60 << 20))
    attacker.trickle()


def unfinished_bodies(attacker: Attacker) -> None:
    for _ in range(60):
        attacker.connect(head("gradio_api/queue/join", 2 << 20) + b" " * (2_000_000))
    attacker.trickle()


def slow_headers(attacker: Attacker) -> None:
    for _ in range(100):
        attacker.connect(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
    attacker.trickle()


def live_drawing(attacker: Attacker) -> None:
    body = {"ids": IDS, "format": "jpeg"}
    attacker.threads(40, lambda c: c.post(f"{attacker.url}studio-api/draw/draw", json=body))


def large_drawings(attacker: Attacker) -> None:
    body = {"ids": IDS, "large": True}  # as to save them: each takes as long as ten live ones
    attacker.threads(40, lambda c: c.post(f"{attacker.url}studio-api/draw/draw", json=body))


def idle_sockets(attacker: Attacker) -> None:
    for _ in range(1100):
        attacker.connect()
    attacker.trickle()


def fresh_sessions(attacker: Attacker) -> None:
    def begin(client: httpx.Client) -> httpx.Response:
        sent = client.post(f"{attacker.url}gradio_api/upload", files={"files": ("a.png", b"x")})
        if sent.status_code != 200:
            return sent
        file = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
        body = {"data": [file, 0], "session_hash": secrets.token_hex(8), "fn_index": 0}
        return client.post(f"{attacker.url}gradio_api/queue/join", json=body)

    attacker.threads(8, begin)


def large_photos(attacker: Attacker) -> None:
    image = Image.frombytes("L", (7600, 7600), secrets.token_bytes(7600 * 7600))
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=1)
    attacker.send_photos([buffer.getvalue()], 7)


def many_scans(attacker: Attacker) -> None:
    """JPEGs of 50 megapixels with 40,000 passes over them, in 3 MB."""
    buffer = io.BytesIO()
    Image.new("L", (7000, 7000), 100).save(buffer, "jpeg", progressive=True)
    content = buffer.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    attacker.send_photos([content[:-2] + last * 40_000 + content[-2:]], 4)


def chatty_photos(attacker: Attacker) -> None:
    attacker.send_photos([png((8, 8), 7), png((8, 8), 60)], 8)


def thin_photos(attacker: Attacker) -> None:
    attacker.send_photos([png((1, 40_000_000))], 4)


def small_photos(attacker: Attacker) -> None:
    attacker.send_photos([png((1, 1))], 8)


ATTACKS: tuple[Attack, ...] = (
    slow_uploads,
    unfinished_bodies,
    slow_headers,
    live_drawing,
    large_drawings,
    idle_sockets,
    fresh_sessions,
    large_photos,
    many_scans,
    chatty_photos,
    thin_photos,
    small_photos,
)


class Visitor:
    """Has a photo open, and draws twice a second."""

    def __init__(self, url: str) -> None:
        self.url, self.key = url, secrets.token_hex(16)
        self.client = httpx.Client(timeout=60, trust_env=False)
        self.photo = self._post_photo()

    def _post_photo(self) -> str:
        headers = {"x-studio-key": self.key, "x-photo-name": "mine.png"}
        address = f"{self.url}studio-api/colorize/photos"
        return str(
            self.client.post(address, content=png((400, 300)), headers=headers).json()["photo"]
        )

    def ask(self, kind: str) -> dict[str, Any]:
        headers = {"x-studio-key": self.key}
        body = {"kind": kind, "photo": self.photo}
        address = f"{self.url}studio-api/colorize/colorize"
        return dict(self.client.post(address, json=body, headers=headers).json())

    def draw(self) -> tuple[float, bool]:
        """Seconds, and whether the picture came. A connection of its own each time."""
        start = time.monotonic()
        try:
            with httpx.Client(timeout=60, trust_env=False) as client:
                answer = client.post(f"{self.url}studio-api/draw/draw", json={"ids": IDS})
            is_there = answer.headers["content-type"] == "image/png"
        except httpx.HTTPError:
            is_there = False
        return time.monotonic() - start, is_there


def attack_from_afar(attack: Attack, url: str, seconds: float, result: Connection) -> None:
    """The attacker's process: sends the statuses that it was answered with."""
    os.nice(19)
    attacker = Attacker(url, seconds)
    attack(attacker)
    result.send(attacker.statuses)
    attacker.close()


def run(attack: Attack, url: str, pid: int, seconds: float) -> dict[str, Any]:
    """What the visitor saw and lost while the attack ran."""
    visitor = Visitor(url)
    result, sender = multiprocessing.Pipe(duplex=False)
    attacker = multiprocessing.get_context("fork").Process(
        target=attack_from_afar, args=(attack, url, seconds, sender)
    )
    attacker.start()
    end = time.monotonic() + seconds
    times: list[float] = []
    lost: list[str] = []
    time.sleep(1)  # the attack is at its height
    saved: list[dict[str, Any]] = []
    saving = threading.Thread(target=lambda: saved.append(visitor.ask("save")))
    saving.start()
    while time.monotonic() < end:
        took, is_there = visitor.draw()
        times.append(took)
        lost += [] if is_there else ["a drawing"]
        time.sleep(0.5)
    saving.join()
    statuses = result.recv()
    attacker.join()
    lost += [] if saved and "name" in saved[0] else ["a running save"]
    lost += [] if "thumb" in visitor.ask("thumb") else ["a photo"]
    status = Path(f"/proc/{pid}/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0]) >> 10
    return {
        "attack": attack.__name__,
        "drawings": len(times),
        "worst_s": round(max(times, default=0.0), 2),
        "lost": lost,
        "memory_mb": memory,
        "attacker_was_told": statuses,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=12, help="of each attack [12]")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=[attack.__name__ for attack in ATTACKS], default=None)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    with tempfile.TemporaryDirectory() as folder:
        server, url = serve(["--device", args.device], Path(folder, "log.txt"))
        try:
            chosen = [a for a in ATTACKS if args.only in (None, a.__name__)]
            found = []
            for attack in chosen:
                found.append(run(attack, url, server.pid, args.seconds))
                print(json.dumps(found[-1]), flush=True)
        finally:
            server.terminate()
            server.wait(60)
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(any(f["lost"] or f["worst_s"] > LIMIT_S for f in found))


def serve(arguments: list[str], log: Path) -> tuple[subprocess.Popen, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port), *arguments]

    def with_few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))

    with log.open("wb") as file:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=with_few_files,
            env={**os.environ, "TMPDIR": str(log.parent)},
        )
    wait_until_served(server, log)
    return server, f"http://127.0.0.1:{port}/"


if __name__ == "__main__":
    sys.exit(main())
