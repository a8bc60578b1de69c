"""From the start of the app to its first picture, and the memory that it takes to serve.

    python benchmarks/start.py [--device cpu] [--json FILE]

Starts the app as a user would, asks over HTTP until the page is there, then for one drawing and one
photo of 12 megapixels in colour. Memory is the greatest resident size of the process until then.
"""

import argparse
import io
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.facades import build  # noqa: E402
from pix2pix.labels import encode_label_image  # noqa: E402
from pix2pix.plans import random_plan  # noqa: E402

PHOTO = (4000, 3000)
PATIENCE_S = 120


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
    """VmRSS (now) or VmHWM (the greatest so far) of a process, in MB; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


def measure(device: str, folder: Path) -> dict[str, float]:
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--device", device]
    start = time.perf_counter()
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        page = time.perf_counter() - start
        client = Client(f"http://127.0.0.1:{port}/", verbose=False, download_files=str(folder))
        drawing = folder / "drawing.png"
        encode_label_image(build(random_plan(1), 256)).save(drawing)
        client.predict(handle_file(drawing), 7, api_name="/draw")
        picture = time.perf_counter() - start
        idle = resident_mb(server.pid, "VmRSS")
        photo = folder / "photo.jpg"
        photo.write_bytes(noisy_photo())
        client.predict(handle_file(photo), 1.0, api_name="/colorize")
        peak = resident_mb(server.pid, "VmHWM")
    finally:
        server.terminate()
        server.wait()
    return {"page_s": page, "first_picture_s": picture, "after_it_mb": idle, "peak_mb": peak}


def noisy_photo() -> bytes:
    grey = np.random.default_rng(0).integers(0, 256, (300, 400)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).resize(PHOTO).save(buffer, "JPEG")
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(args.device, Path(folder))
    for name, value in report.items():
        print(f"{name:16}{value:10.1f}")
    text = json.dumps({name: round(value, 2) for name, value in report.items()})
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
