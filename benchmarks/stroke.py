"""Browser latency from the end of a stroke to the new photo, compared with the bare model.

    python benchmarks/stroke.py [--strokes 30] [--draw-in server|browser] [--json FILE]

Serves the app in its own process, draws rectangles with the pointer in headless Chromium, and
measures the time from the pointer's release to the frame that shows the photo of the finished
drawing, and the server's CPU time for each stroke. The bare model is timed on the same drawings in
the same run, before the browser starts.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from load import cpu_seconds  # noqa: E402

import pix2pix.app  # noqa: E402, F401  sets what torch reads on import
from pix2pix.inference import load_drawer  # noqa: E402
from pix2pix.labels.facade_builder import build_facade  # noqa: E402
from pix2pix.labels.facade_presets import make_random_plan  # noqa: E402

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
WARM_UP = 3  # strokes and drawings before the measurement

# Resolves to the milliseconds from the next release of the pointer to the frame after its picture,
# and that picture's number.
WATCH = """() => { window.answer = new Promise((resolve, reject) => {
  addEventListener('pointerup', () => {
    const start = performance.now();
    setTimeout(() => reject(new Error('no picture within 20 s')), 20000);
    const look = () => {
      const { asked, picture } = document.querySelector('.st-preview').dataset;
      if (asked === picture) resolve([performance.now() - start, picture]);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { once: true, capture: true });
}); }"""


def time_model(checkpoint: Path, device: str, times: int) -> list[float]:
    """Milliseconds of each `Drawer.draw`, from label map to photo."""
    drawer = load_drawer(checkpoint, device, "auto")  # as in the app
    found = []
    for i in range(times + WARM_UP):
        label_map = build_facade(make_random_plan(i), drawer.size)
        start = time.perf_counter()
        drawer.draw(label_map, seed=i)
        found.append((time.perf_counter() - start) * 1000)
    return found[WARM_UP:]


def time_strokes(url: str, times: int, draw_in: str, pid: int) -> tuple[list[float], float]:
    """Milliseconds from the end of each stroke to its photo; the server's CPU time for each."""
    from playwright.sync_api import sync_playwright

    rng = np.random.default_rng(0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None), args=FLAGS
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector(".st-drawing[data-ready]", timeout=60_000)
        if draw_in == "browser":
            page.wait_for_selector(".st-preview[data-engine=browser]", timeout=120_000)
        page.wait_for_timeout(1000)
        for _ in range(WARM_UP):
            time_stroke(page, rng)
        cpu_s = cpu_seconds(pid)
        found = [time_stroke(page, rng) for _ in range(times)]
        cpu_s = cpu_seconds(pid) - cpu_s
        browser.close()
    return found, 1000 * cpu_s / times


def time_stroke(page: Any, rng: np.random.Generator) -> float:
    """One rectangle of another class than the last, drawn in a sixth of a second."""
    page.locator(".st-chip").nth(int(rng.integers(2, 12))).click()
    box = page.locator(".st-canvas").bounding_box()
    (x0, x1), (y0, y1) = rng.uniform(0.1, 0.9, (2, 2))
    page.evaluate(WATCH)
    for step in range(11):
        x, y = x0 + (x1 - x0) * step / 10, y0 + (y1 - y0) * step / 10
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if step == 0:
            page.mouse.down()
        page.wait_for_timeout(16 if step < 10 else 0)
    page.mouse.up()
    answer, picture = page.evaluate("() => window.answer")
    page.wait_for_timeout(250)
    if page.locator(".st-preview").get_attribute("data-asked") != picture:
        raise SystemExit("stroke.py: a picture came after the one that was timed")
    return float(answer)


def serve(checkpoint: Path, device: str, draw_in: str = "server") -> tuple[subprocess.Popen, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "app.py", "--port", str(port), "--device", device]
    command += ["--draw-in", draw_in]
    command += ["--checkpoint-facades", str(checkpoint)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, f"http://127.0.0.1:{port}/"
        if server.poll() is not None:
            break
        time.sleep(0.2)
    server.kill()
    raise SystemExit("stroke.py: the app did not start")


def summarise(times: list[float]) -> dict[str, float]:
    low, middle, high = np.percentile(times, [10, 50, 90])
    return {"p10_ms": round(low, 1), "median_ms": round(middle, 1), "p90_ms": round(high, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "facades")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--strokes", type=int, default=30)
    parser.add_argument("--draw-in", choices=["server", "browser"], default="server")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    with ThreadPoolExecutor(1) as pool:  # as in the app, which runs it in a thread
        model = pool.submit(
            time_model, args.checkpoint.resolve(), args.device, args.strokes
        ).result()
    server, url = serve(args.checkpoint.resolve(), args.device, args.draw_in)
    try:
        strokes, cpu_ms = time_strokes(url, args.strokes, args.draw_in, server.pid)
    finally:
        server.terminate()
        server.wait()
    report = {
        "stroke_to_picture": summarise(strokes),
        "model_alone": summarise(model),
        "server_cpu_ms_per_stroke": round(cpu_ms, 1),
        "draw_in": args.draw_in,
        "strokes": args.strokes,
        "device": args.device,
        "cpu_cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
    print(f"{'':20}{'median':>10}{'p10':>10}{'p90':>10}   ms, {args.strokes} each, {args.device}")
    for name in ("stroke_to_picture", "model_alone"):
        row = report[name]
        print(f"{name.replace('_', ' '):20}", end="")
        print("".join(f"{row[key]:10.1f}" for key in ("median_ms", "p10_ms", "p90_ms")))
    print(f"server's CPU time for each stroke: {cpu_ms:.1f} ms, drawn in the {args.draw_in}")
    text = json.dumps(report)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
