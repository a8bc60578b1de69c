"""Load test: many users at once, half drawing and half colourising, against the running app.

    python benchmarks/load.py [--users 50] [--minutes 3] [--json FILE]
    python benchmarks/load.py --colourising 0 --draw-in browser

Serves the app in its own process. Drawing users request an image about once a second, sometimes
before the previous one has arrived, and a large image when they pause; "not yet" counts large
images that the server declined while busy. Colourising users upload a photo, change the strength,
set hints and save. "busy" counts requests rejected because the queue is full; any other failure is
an error. With `--draw-in browser` the drawing users are pages that draw themselves, at the same
pace: they load the files for that and then only keep their page open (that real pages do no more:
tests/browser/test_browser_engine.py, and benchmarks/stroke.py --draw-in browser). Prints a table,
the server's CPU time for each drawing, and JSON. The exit status is 1 after an error, if an
outdated drawing was answered instead of the latest, or if memory grew by more than 100 MB.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.web import runtime  # noqa: E402

COLORIZE = "studio-api/colorize"
PACE_S = 1.0  # mean interval between requests of a user
BUSY_S = 0.5  # wait after "busy"
REST_S = 0.5  # idle time before the page requests the large image (preview.js)
WARM_UP_S = 10  # before the first memory measurement
MAX_GROWTH_MB = 100


@dataclass
class Tally:
    """The results of all users, by kind of request."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    not_yet: int = 0  # large images declined while the server was busy
    errors: list[str] = field(default_factory=list)
    stale: int = 0  # latest drawings that got no image
    drawings: int = 0  # that got their image
    cpu_s: float = 0.0  # of the server


class User:
    """A simulated browser session."""

    def __init__(self, url: str, tally: Tally, seed: int) -> None:
        self.client = httpx.AsyncClient(base_url=url, timeout=120, trust_env=False)
        self.session, self.key = secrets.token_hex(8), secrets.token_hex(16)
        self.tally = tally
        self.rng = np.random.default_rng(seed)

    async def ask(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """The answer of the Colourise tab; None where the server was busy or failed."""
        start = time.monotonic()
        headers = {"x-studio-key": self.key}
        try:
            answer = await self.client.post(f"{COLORIZE}/colorize", json=wanted, headers=headers)
            if answer.status_code == 503 and "busy" in answer.text:
                self.tally.busy[kind] += 1
                await asyncio.sleep(BUSY_S)
                return None
            answer.raise_for_status()
        except httpx.HTTPError as error:
            self.tally.errors.append(f"{kind}: {error!r}")
            return None
        self.tally.seconds[kind].append(time.monotonic() - start)
        return dict(answer.json())

    async def follow(self, drawing: dict[str, Any], is_newest: bool) -> None:
        """The picture of a drawing, as the page asks for it while a hand draws."""
        kind = "large" if drawing.get("large") else "draw"
        start = time.monotonic()
        try:
            answer = await self.client.post("studio-api/draw/draw", json=drawing)
            if answer.status_code == 503 and "busy" in answer.text:
                self.tally.busy[kind] += 1
                await asyncio.sleep(BUSY_S)
                return
            answer.raise_for_status()
        except httpx.HTTPError as error:
            self.tally.errors.append(f"{kind}: {error!r}")
            return
        if answer.status_code == 200:
            self.tally.seconds[kind].append(time.monotonic() - start)
            self.tally.drawings += kind == "draw"
        elif kind == "large":
            self.tally.not_yet += 1
        elif is_newest:  # cancelled although it was the latest
            self.tally.stale += 1

    def length_of_pause(self) -> float:
        return float(PACE_S * self.rng.uniform(0.5, 1.5))

    async def pause(self) -> None:
        await asyncio.sleep(self.length_of_pause())

    async def paint(self, end: float) -> None:
        """Keeps drawing while waiting; always requests the latest drawing next."""
        label_map = np.ones((256, 256), np.uint8)
        number = 0
        waits: set[asyncio.Task[None]] = set()
        while time.monotonic() < end:
            strokes = []
            for _ in range(int(self.rng.integers(1, 3))):  # sometimes two strokes at once
                x, y = self.rng.integers(0, 200, 2)
                label_map[y : y + 40, x : x + 30] = self.rng.integers(0, 12)
                number += 1
                ids = base64.b64encode(zlib.compress(label_map.tobytes())).decode()
                drawing = {"ids": ids, "seed": 7, "format": "jpeg", "id": number}
                strokes.append({**drawing, "visitor": str(int(self.session, 16))})
            await asyncio.gather(
                *(self.follow(drawing, drawing is strokes[-1]) for drawing in strokes)
            )
            pause = self.length_of_pause()
            await asyncio.sleep(min(pause, REST_S))
            if pause > REST_S:
                resting = asyncio.create_task(self.follow({**strokes[-1], "large": True}, True))
                await asyncio.sleep(pause - REST_S)
                waits.add(resting)
                resting.add_done_callback(waits.discard)
        await asyncio.gather(*waits)

    async def load_engine(self) -> None:
        """Loads what the page loads before it draws in the browser."""
        facts: dict[str, Any] = {"state": "building"}
        while facts["state"] == "building":
            facts = (await self.client.get("studio-api/draw/browser")).json()
            await self.pause()
        if facts["state"] == "off":
            raise SystemExit("load.py: the server has no files for browsers; see its log")
        folder = facts["engine"]["runtime"]
        files = [f"{folder}{name}" for name in (runtime.LOADER, runtime.MODULE)]
        files.append(f"{folder}{runtime.BINARY}.gz")
        model = facts["models"]["generator"]["files"]["generator"]["file"]
        for file in [*files, f"{facts['engine']['models']}{model}"]:
            start = time.monotonic()
            (await self.client.get(file)).raise_for_status()
            self.tally.seconds["engine file"].append(time.monotonic() - start)

    async def paint_here(self, end: float) -> None:
        """As `paint`, in this browser: the server is asked for nothing."""
        await self.load_engine()
        while time.monotonic() < end:
            self.tally.drawings += int(self.rng.integers(1, 3))
            await self.pause()

    async def colourise(self, end: float, photo: bytes) -> None:
        """A photo, its preview, five changes, the finished file; and again."""
        headers = {"x-studio-key": self.key, "x-photo-name": "photo.jpg"}
        while time.monotonic() < end:
            try:
                sent = await self.client.post(f"{COLORIZE}/photos", content=photo, headers=headers)
                if sent.status_code == 503:
                    self.tally.busy["send"] += 1
                    await asyncio.sleep(BUSY_S)
                    continue
                photo_id = sent.json()["photo"]
            except (httpx.HTTPError, KeyError) as error:
                self.tally.errors.append(f"send: {error!r}")
                continue
            wanted: dict[str, Any] = {"photo": photo_id, "strength": 1.0}
            for kind in ("preview", "quick", "quick", "quick", "quick", "quick", "save"):
                x, y = self.rng.uniform(0, 1, 2)
                wanted["hints"] = [{"x": x, "y": y, "color": "#c68642"}]
                answer = await self.ask(kind, {**wanted, "kind": kind})
                if answer and "error" in answer:
                    self.tally.errors.append(f"{kind}: {answer['error']}")
                await self.pause()
                if time.monotonic() > end:
                    break
            path = f"{COLORIZE}/photos/{photo_id}"
            await self.client.get(f"{path}/result", headers=headers)
            await self.client.delete(path, headers=headers)


def make_photo() -> bytes:
    """A grey JPEG of 1600x1200 pixels, a typical scan."""
    y, x = np.mgrid[:1200, :1600]
    light = 120 + 60 * np.sin(x / 90) * np.cos(y / 70)
    light += np.random.default_rng(0).normal(0, 4, light.shape)
    buffer = io.BytesIO()
    Image.fromarray(light.clip(0, 255).astype(np.uint8)).save(buffer, "jpeg", quality=88)
    return buffer.getvalue()


@asynccontextmanager
async def present(user: User) -> AsyncIterator[None]:
    """The page is open: Gradio holds a session as long as this stream."""

    async def stay() -> None:
        with suppress(httpx.HTTPError):
            async with user.client.stream("GET", f"gradio_api/heartbeat/{user.session}") as beat:
                async for _ in beat.aiter_lines():
                    pass

    beating = asyncio.create_task(stay())
    try:
        yield
    finally:
        beating.cancel()
        await user.client.aclose()


async def load(
    url: str,
    users: int,
    seconds: float,
    pid: int,
    colourising: float = 0.5,
    draw_in: str = "server",
) -> tuple[Tally, list[float]]:
    """What the users met with, and the server's memory in MB about every second.

    `colourising`: the part of the users who colourise.
    """
    tally, photo, memory = Tally(), make_photo(), []
    end = time.monotonic() + seconds

    async def live(number: int) -> None:
        user = User(url, tally, number)
        await asyncio.sleep(float(user.rng.uniform(0, 3)))
        async with present(user):
            if number < users * colourising:
                await user.colourise(end, photo)
            else:
                await (user.paint(end) if draw_in == "server" else user.paint_here(end))

    async def watch() -> None:
        await asyncio.sleep(min(WARM_UP_S, seconds / 3))
        while True:
            memory.append(resident_mb(pid))
            await asyncio.sleep(1)

    cpu_s = cpu_seconds(pid)
    watching = asyncio.create_task(watch())
    await asyncio.gather(*(live(number) for number in range(users)))
    await asyncio.sleep(5)  # pages closed, photos released
    watching.cancel()
    tally.cpu_s = cpu_seconds(pid) - cpu_s
    memory.append(resident_mb(pid))
    return tally, memory


def resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(arguments: list[str], log: Path) -> tuple[subprocess.Popen, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # All users have one address here.
    limits = ["client-uploads=8", "client-queue=33", "client-sessions-per-minute=1000"]
    shares = [f"--limit={limit}" for limit in limits]
    command = [sys.executable, "app.py", "--port", str(port), *shares, *arguments]
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    wait_until_served(server, log)
    return server, f"http://127.0.0.1:{port}/"


def wait_until_served(server: subprocess.Popen, log: Path) -> None:
    """Waits until the app, whose output goes to `log`, takes requests. SystemExit if it ends."""
    for _ in range(600):
        if b"studio is at" in log.read_bytes():
            return
        if server.poll() is not None:
            break
        time.sleep(0.2)
    server.kill()
    raise SystemExit(f"{Path(sys.argv[0]).name}: the app did not start: {log.read_text()[-500:]}")


def report(tally: Tally, memory: list[float], users: int, seconds: float) -> dict[str, Any]:
    kinds = {}
    for kind in sorted({*tally.seconds, *tally.busy}):
        times = tally.seconds[kind]
        p50, p95 = (np.percentile(times, [50, 95]) * 1000).round() if times else (None, None)
        kinds[kind] = {
            "requests": len(times) + tally.busy[kind],
            "busy": tally.busy[kind],
            "p50_ms": p50,
            "p95_ms": p95,
        }
    return {
        "users": users,
        "seconds": seconds,
        "kinds": kinds,
        "errors": len(tally.errors),
        "first_errors": tally.errors[:5],
        "stale_answers": tally.stale,
        "large_not_yet": tally.not_yet,
        "drawings": tally.drawings,
        "server_cpu_s": round(tally.cpu_s, 1),
        "server_cpu_ms_per_drawing": round(1000 * tally.cpu_s / max(tally.drawings, 1), 1),
        "rss_start_mb": round(memory[0]),
        "rss_peak_mb": round(max(memory)),
        "rss_end_mb": round(memory[-1]),
        "cpu_cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--draw-in", choices=["server", "browser"], default="server")
    parser.add_argument(
        "--colourising", type=float, default=0.5, help="part of the users who colourise (0.5)"
    )
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    seconds = args.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        server, url = serve(["--device", args.device, "--draw-in", args.draw_in], log)
        given = (args.users, seconds, server.pid, args.colourising, args.draw_in)
        try:
            tally, memory = asyncio.run(load(url, *given))
        finally:
            server.terminate()
            server.wait(15)
        tracebacks = log.read_text(errors="replace").count("Traceback")
    found = report(tally, memory, args.users, seconds) | {"tracebacks_in_log": tracebacks}
    print(f"{args.users} users, {seconds:g} s{'requests':>12}{'busy':>8}{'p50':>8}{'p95':>8}   ms")
    for kind, row in found["kinds"].items():
        columns = (row["requests"], row["busy"], row["p50_ms"], row["p95_ms"])
        print(f"{kind:16}" + "".join(f"{column!s:>8}" for column in columns))
    print(f"large, not yet  {found['large_not_yet']:>8}")
    print(f"drawings        {found['drawings']:>8}")
    print(f"server's CPU    {found['server_cpu_ms_per_drawing']:>8} ms a drawing")
    text = json.dumps(found)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    growth = found["rss_end_mb"] - found["rss_start_mb"]
    raise SystemExit(bool(tally.errors or tally.stale or tracebacks or growth > MAX_GROWTH_MB))


if __name__ == "__main__":
    main()
