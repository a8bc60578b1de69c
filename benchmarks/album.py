"""Throughput of colourising a folder: one job and two jobs, compared with a plain loop.

    python benchmarks/album.py [--photos DIR] [--count 24] [--rounds 2] [--json FILE]

Each case runs in its own process: `python -m pix2pix colorize FOLDER`, and a simple loop over the
photos with the same library. Cases alternate, and the fastest round of each counts. Photos per
second are measured from the first result to the last, by the modification times of the files;
`whole` includes the start of Python. Without --photos, synthetic photos of 1 to 3 megapixels are
used.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.images.reader import find_images  # noqa: E402

EXAMPLES = ROOT / "assets" / "examples"
SIZES = ((1600, 1200), (1200, 1600), (2048, 1536), (1240, 900))
JOBS = (1, 2)
SLEEPING = {"OMP_WAIT_POLICY": "PASSIVE"}  # as in the app: waiting threads do not spin
MB = (1 << 20) if sys.platform == "darwin" else 1 << 10  # unit of ru_maxrss


def plain_loop(folder: Path, out: Path) -> None:
    """Runs in a child process: a straightforward loop over the photos."""
    from pix2pix.inference import load_colorizer

    colorizer = load_colorizer(ROOT / "checkpoints" / "colorize")
    out.mkdir()
    for path in sorted(folder.iterdir()):
        with Image.open(path) as photo:
            colorizer.colorize(photo).save(out / path.name, quality=95, subsampling=0)


def make_album(folder: Path, count: int, photos: Path | None) -> int:
    """Writes at most `count` photos into the folder and returns their number."""
    folder.mkdir()
    found = find_images(photos or EXAMPLES)
    if photos:
        for path in found[:count]:
            shutil.copy(path, folder)
        return len(found[:count])
    for i in range(count):
        with Image.open(found[i % len(found)]) as image:
            enlarged = image.resize(SIZES[i % len(SIZES)], Image.Resampling.BICUBIC)
            enlarged.save(folder / f"{i:03}.jpg", quality=90)
    return count


def measure(command: list[str], out: Path, count: int) -> dict[str, float]:
    """Photos per second, total time, CPU seconds per photo, and peak resident size."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **SLEEPING})
    _, status, usage = os.wait4(process.pid, 0)
    whole = time.perf_counter() - start
    ends = sorted(path.stat().st_mtime for path in out.iterdir())
    if status or len(ends) != count:
        raise SystemExit(f"album.py: {len(ends)} of {count} photos were done")
    shutil.rmtree(out)
    return {
        "photos_per_s": (count - 1) / (ends[-1] - ends[0]),
        "whole_s": whole,
        "cpu_s_per_photo": (usage.ru_utime + usage.ru_stime) / count,
        "peak_mb": usage.ru_maxrss / MB,
    }


def compare(album: Path, out: Path, count: int, rounds: int) -> dict[str, dict[str, float]]:
    colorize = [sys.executable, "-m", "pix2pix", "colorize", str(album), "-o", str(out)]
    commands = {"plain loop": [sys.executable, __file__, "--loop", str(album), str(out)]}
    commands |= {f"--jobs {jobs}": [*colorize, "--jobs", str(jobs)] for jobs in JOBS}
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            rows[name].append(measure(command, out, count))
    return {name: max(found, key=lambda row: row["photos_per_s"]) for name, found in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="folder of photos to use")
    parser.add_argument("--count", type=int, default=24, help="maximum number of photos")
    parser.add_argument("--rounds", type=int, default=2, help="rounds; the fastest counts")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    parser.add_argument("--loop", type=Path, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.loop:
        return plain_loop(*args.loop)
    with tempfile.TemporaryDirectory() as folder:
        album = Path(folder, "album")
        count = make_album(album, args.count, args.photos)
        report: dict[str, Any] = compare(album, Path(folder, "colour"), count, args.rounds)
    print(f"{count} photos{'photos/s':>16}{'whole s':>10}{'CPU s each':>12}{'peak MB':>10}")
    for name, row in report.items():
        numbers = f"{row['photos_per_s']:10.2f}{row['whole_s']:10.1f}{row['cpu_s_per_photo']:12.2f}"
        print(f"{name:16}{numbers}{row['peak_mb']:10.0f}")
    text = json.dumps({**report, "photos": count, "cpu_cores": os.cpu_count()})
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
