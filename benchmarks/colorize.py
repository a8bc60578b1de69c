"""Time and peak memory of colourising a file at 1, 12 and 50 megapixels.

    python benchmarks/colorize.py [--photo FILE] [--photos DIR] [--json FILE]

Each size runs in its own process: the model is loaded and warmed up, then a JPEG of that size is
read, colourised and written three times. Memory is the peak resident size during these runs minus
that of the idle process. `preview` is a new hint on an opened photo of 768 pixels. --photos also
measures the mean a/b difference between the results for each photo and for the photo at half size.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SIZES = {"1 MP": (1155, 866), "12 MP": (4000, 3000), "50 MP": (8160, 6120)}
PREVIEW = (768, 576)
EXAMPLE = ROOT / "assets" / "examples" / "LC-USF34-008388.jpg"
TIMES = 3


def measure_files(checkpoint: Path, warm: Path, source: Path) -> dict[str, Any]:
    """Runs in a child process: best wall time, CPU time, and memory of colourising a file."""
    from pix2pix.images.reader import open_image
    from pix2pix.images.writer import save_image
    from pix2pix.inference import load_colorizer

    colorizer = load_colorizer(checkpoint, "cpu")
    colorizer.colorize(Image.open(warm))
    idle = reset_peak()
    runs = []
    for _ in range(TIMES):
        start, cpu = time.perf_counter(), time.process_time()
        save_image(colorizer.open_photo(open_image(source)).colorize(), source.with_name("out.jpg"))
        runs.append((time.perf_counter() - start, time.process_time() - cpu))
    seconds, cpu_seconds = np.min(runs, axis=0)
    peak = read_peak()
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "idle_mb": round(idle),
        "above_idle_mb": round(peak - idle),
    }


def enlarge(photo: Path, size: tuple[int, int], target: Path) -> None:
    with Image.open(photo) as image:
        image.resize(size, Image.Resampling.BICUBIC).save(target, quality=92)


def reset_peak() -> float:
    """Resets the peak resident size (Linux only) and returns the current one, in MB."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return read_peak()


def read_peak() -> float:
    """The peak resident size, in MB."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_preview(checkpoint: Path, photo: Path, size: tuple[int, int]) -> dict[str, Any]:
    """Runs in a child process: time of a new hint on an opened photo, network and recolouring."""
    from pix2pix.inference import Hint, load_colorizer

    colorizer = load_colorizer(checkpoint, "cpu")
    session = colorizer.open_photo(Image.open(photo).resize(size))
    session.colorize()
    runs = []
    for i in range(4 * TIMES):
        start, cpu = time.perf_counter(), time.process_time()
        session.colorize(hints=[Hint(0.5, i / 100, (200, 120, 60))])
        runs.append((time.perf_counter() - start, time.process_time() - cpu))
    (best, cpu), median = np.min(runs, axis=0), np.median(runs, axis=0)[0]
    return {
        "seconds": round(median, 3),
        "best_seconds": round(best, 3),
        "cpu_seconds": round(cpu, 3),
    }


def compare_sizes(checkpoint: Path, folder: Path, size: tuple[int, int]) -> dict[str, Any]:
    """Runs in a child process: mean a/b difference between 20 photos and their half-size copies."""
    from pix2pix.images.color import rgb_to_lab
    from pix2pix.images.reader import find_images, open_rgb
    from pix2pix.inference import load_colorizer

    colorizer = load_colorizer(checkpoint, "cpu")
    paths = find_images(folder)
    found = []
    for path in paths[:: max(1, len(paths) // 20)][:20]:
        photo = open_rgb(path).convert("L")
        half = photo.width // 2, photo.height // 2
        large = colorizer.colorize(photo).resize(half, Image.Resampling.BOX)
        small = colorizer.colorize(photo.resize(half, Image.Resampling.LANCZOS))
        apart = rgb_to_lab(np.asarray(large)) - rgb_to_lab(np.asarray(small))
        found.append(np.abs(apart[..., 1:]).mean())
    return {
        "photos": len(found),
        "mean": round(float(np.mean(found)), 2),
        "greatest": round(float(np.max(found)), 2),
    }


def in_child(work: Any, *arguments: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "colorize")
    parser.add_argument("--photo", type=Path, default=EXAMPLE, help="photo, enlarged to each size")
    parser.add_argument("--photos", type=Path, help="folder of photos to compare at two sizes")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    report: dict[str, Any] = {"cpu_cores": os.cpu_count()}
    print(f"{'':10}{'s':>8}{'CPU s':>8}{'MB':>8}   above idle")
    for name, size in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "photo.jpg")
            enlarge(args.photo, size, source)
            row = report[name] = in_child(measure_files, args.checkpoint, args.photo, source)
        print(f"{name:10}{row['seconds']:8.2f}{row['cpu_seconds']:8.2f}{row['above_idle_mb']:8}")
    row = report["preview"] = in_child(measure_preview, args.checkpoint, args.photo, PREVIEW)
    print(f"{'preview':10}{row['seconds']:8.3f}{row['cpu_seconds']:8.3f}")
    if args.photos:
        report["two_sizes"] = in_child(compare_sizes, args.checkpoint, args.photos, PREVIEW)
    report["load_average"] = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    print(json.dumps(report))
    if args.json:
        args.json.write_text(json.dumps(report) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
