"""Browser latency from a click on a photo to its new colours, compared with the bare model.

    python benchmarks/hint.py [--clicks 30] [--photo FILE] [--json FILE]

Serves the app in its own process and clicks hints of one colour on a photo in headless Chromium.
`click to picture` ends with the frame that shows the new colours at the reduced size used during
interaction; `click to sharp picture` ends with the frame at preview size, which the page requests
once the pointer rests. The bare model is timed at both sizes on an opened photo in the same run.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from load import serve
from stroke import CHROMIUM_NAMES, FLAGS, WARM_UP, summarise

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pix2pix.app  # noqa: E402, F401  sets what torch reads on import
from pix2pix.app.server.photo_store import PREVIEW_SIDE, QUICK_SIDE, open_upload  # noqa: E402
from pix2pix.images.reader import open_rgb  # noqa: E402
from pix2pix.inference import Hint, load_colorizer  # noqa: E402

EXAMPLE = ROOT / "assets" / "examples" / "LC-USF34-008388.jpg"
SIDE = 3000  # pixels; long side of the photo, larger than any preview
REST_MS = 800  # the thumbnail is updated once the pointer rests

# Resolves to the milliseconds from the next release of the pointer to the frame that shows the
# photo with one more hint, and to the frame that shows the picture after that one.
WATCH = """() => { window.answer = new Promise((resolve, reject) => {
  addEventListener('pointerup', () => {
    const start = performance.now();
    const photo = document.querySelector('.st-photo');
    const shown = () => document.querySelector('img.st-after').src;
    const before = photo.dataset.hints;
    let quick = null;
    setTimeout(() => reject(new Error('no picture within 20 s')), 20000);
    const look = () => {
      if (quick && shown() !== quick.src) resolve([quick.ms, performance.now() - start]);
      else requestAnimationFrame(look);
      if (!quick && photo.dataset.hints !== before) {
        quick = { ms: performance.now() - start, src: shown() };
      }
    };
    requestAnimationFrame(look);
  }, { once: true, capture: true });
}); }"""


def places(count: int) -> list[tuple[float, float]]:
    """Points of the photo in 0..1, spaced so that no click hits an existing hint."""
    columns = 12
    found = [(x, y) for x in range(columns) for y in range(columns)]
    order = np.random.default_rng(0).permutation(len(found))[:count]
    return [((found[i][0] + 0.5) / columns, (found[i][1] + 0.5) / columns) for i in order]


def time_model(photo: Path, side: int, device: str, times: int) -> list[float]:
    """Milliseconds of each `PhotoSession.colorize` with one more hint, at this size."""
    kept = open_upload(photo.read_bytes(), photo.name)
    picture = kept.preview if side == PREVIEW_SIDE else kept.quick
    colorizer = load_colorizer(ROOT / "checkpoints" / "colorize", device, "auto")  # as in the app
    session = colorizer.open_photo(picture)
    hints: tuple[Hint, ...] = ()
    found = []
    for x, y in places(times + WARM_UP):
        hints += (Hint(x, y, (68, 96, 154)),)
        start = time.perf_counter()
        session.colorize(1.0, hints)
        found.append((time.perf_counter() - start) * 1000)
    return found[WARM_UP:]


def time_clicks(url: str, photo: Path, times: int) -> list[tuple[float, float]]:
    """Milliseconds from each click to the new image, and to the sharp one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None), args=FLAGS
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.get_by_role("tab", name="Colourise").click()
        page.locator(".st-photo[data-shown]").wait_for(timeout=60_000)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Open photos", exact=True).click()
        chooser.value.set_files(photo)
        page.locator(f'.st-photo[data-shown="{photo.name}"]').wait_for(timeout=60_000)
        page.wait_for_timeout(1000)
        found = [time_click(page, x, y) for x, y in places(times + WARM_UP)]
        browser.close()
    return found[WARM_UP:]


def time_click(page: Any, x: float, y: float) -> tuple[float, float]:
    box = page.locator(".st-compare").bounding_box()
    at = box["x"] + x * box["width"], box["y"] + y * box["height"]
    if not page.locator(".st-hint-marker").count():  # only the first hint asks for a colour
        page.mouse.click(*at)
        page.get_by_role("button", name="Blue cloth").click()
        page.wait_for_timeout(3000)
        at = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
    page.evaluate(WATCH)
    page.mouse.click(*at)
    quick, sharp = page.evaluate("() => window.answer")
    page.wait_for_timeout(REST_MS)
    return quick, sharp


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=30)
    parser.add_argument("--photo", type=Path, default=EXAMPLE, help="enlarged to 3000 pixels")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        image = open_rgb(args.photo)
        scale = SIDE / max(image.size)
        photo = Path(folder, "photo.jpg")
        image.resize((round(image.width * scale), round(image.height * scale))).save(photo)
        sides = {"model alone": QUICK_SIDE, "model alone, sharp": PREVIEW_SIDE}
        alone = {
            name: time_model(photo, side, args.device, args.clicks) for name, side in sides.items()
        }
        server, url = serve(["--device", args.device], Path(folder, "log.txt"))
        try:
            clicks = time_clicks(url, photo, args.clicks)
        finally:
            server.terminate()
            server.wait()
    quick, sharp = (list(times) for times in zip(*clicks))
    rows = {"click to picture": quick, "click to sharp picture": sharp, **alone}
    report = {name: summarise(times) for name, times in rows.items()}
    print(f"{'':24}{'median':>10}{'p10':>10}{'p90':>10}   ms, {args.clicks} each, {args.device}")
    for name, row in report.items():
        print(f"{name:24}" + "".join(f"{row[k]:10.1f}" for k in ("median_ms", "p10_ms", "p90_ms")))
    text = json.dumps({**report, "clicks": args.clicks, "cpu_cores": os.cpu_count()})
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
