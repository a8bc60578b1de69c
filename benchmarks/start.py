"""Startup time of the app until its first photo, and memory of the server.

    python benchmarks/start.py [--rounds 3] [--cold] [--device cpu] [--json FILE]

Starts the app from the command line, polls until the page is served, then requests one drawing and
one colourised photo of 12 megapixels. The median of the rounds counts. CPU seconds are those of the
server until the first image; other processes affect them less than wall time. Memory is the peak
resident size until then; `largest` is the peak after opening a photo of 49 megapixels in the Draw
tab, tracing and colourising it, in the last round. --cold runs without cached byte code, like a
fresh installation.
"""

import argparse
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.labels.facade_builder import build_facade  # noqa: E402
from pix2pix.labels.facade_presets import make_random_plan  # noqa: E402
from pix2pix.labels.label_map import encode_label_image  # noqa: E402

PHOTO, LARGEST = (4000, 3000), (7000, 7000)
PATIENCE_S = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, server: subprocess.Popen) -> None:
    deadline = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("start.py: the app did not start")


def resident_mb(pid: int, key: str) -> float:
    """VmRSS (current) or VmHWM (peak) of a process, in MB; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """The CPU seconds of a process so far, over all cores; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(device: str, folder: Path, cold: bool, is_last: bool) -> dict[str, float]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "app.py", "--port", str(port), "--device", device]
    known = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "no-byte-code")} if cold else None
    start = time.perf_counter()
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=known)
    try:
        wait_for(port, server)
        page = time.perf_counter() - start
        client = Client(url, verbose=False, download_files=str(folder))
        drawing = folder / "drawing.png"
        encode_label_image(build_facade(make_random_plan(1), 256)).save(drawing)
        client.predict(handle_file(drawing), 7, api_name="/draw")
        picture, worked = time.perf_counter() - start, cpu_seconds(server.pid)
        idle = resident_mb(server.pid, "VmRSS")
        photo = folder / "photo.jpg"
        write_photo(photo, "L", PHOTO)
        client.predict(handle_file(photo), 1.0, api_name="/colorize")
        found = {"page_s": page, "first_picture_s": picture, "cpu_s": worked, "after_it_mb": idle}
        found["peak_mb"] = resident_mb(server.pid, "VmHWM")
        if is_last:
            write_photo(photo, "RGB", LARGEST)
            ask_page(url, "open", photo)
            ask_page(url, "trace", photo)
            client.predict(handle_file(photo), 1.0, api_name="/colorize")
            found["largest_peak_mb"] = resident_mb(server.pid, "VmHWM")
    finally:
        server.terminate()
        server.wait()
    return found


def ask_page(url: str, action: str, photo: Path) -> None:
    """Sends a file to a route of the Draw tab, like the page, and waits for the response."""
    headers = {"x-photo-name": photo.name}
    address = f"{url}studio-api/draw/{action}"
    answer = httpx.post(address, content=photo.read_bytes(), headers=headers, timeout=PATIENCE_S)
    answer.raise_for_status()


def write_photo(path: Path, mode: str, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).resize(size).save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="run without cached Python byte code")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    rounds = []
    for number in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            is_last = number + 1 == args.rounds
            rounds.append(measure(args.device, Path(folder), args.cold, is_last))
    names = rounds[-1]
    report = {n: float(np.median([r[n] for r in rounds if n in r])) for n in names}
    for name, value in report.items():
        print(f"{name:16}{value:10.1f}")
    text = json.dumps({name: round(value, 2) for name, value in report.items()})
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
