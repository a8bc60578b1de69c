"""Files per second of an archive: the plain command, and Ray with 1 and 2 workers.

    python benchmarks/archive.py [--photos DIR] [--count 24] [--rounds 1] [--cores 1] [--json FILE]

Each case is `python -m pix2pix colorize FOLDER` in a process of its own; cases alternate, and the
fastest round of each counts. Photos per second are measured from the first result to the last, by
the modification times of the files; `whole` includes the start of Python and of Ray's workers.
Then the start of a run is timed for --files names without a model: finding the photos, naming the
results, and looking for those that are done. Last comes the time for a million photos on ten GPUs,
from the figures of this run; with --gpu-photos-per-s, from a figure measured on a GPU.
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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.album import SLEEPING, make_album  # noqa: E402
from pix2pix.cli.photo_batch import is_done  # noqa: E402
from pix2pix.cli.photo_tasks import find_photos, plan_photos  # noqa: E402

MILLION, GPUS = 1_000_000, 10


def measure(command: list[str], out: Path, count: int) -> dict[str, float]:
    """Photos per second, and the seconds of the whole command."""
    start = time.perf_counter()
    status = subprocess.call(command, cwd=ROOT, env={**os.environ, **SLEEPING})
    whole = time.perf_counter() - start
    ends = sorted(path.stat().st_mtime for path in out.iterdir())
    if status or len(ends) != count:
        raise SystemExit(f"archive.py: {len(ends)} of {count} photos were done")
    shutil.rmtree(out)
    return {"photos_per_s": (count - 1) / (ends[-1] - ends[0]), "whole_s": whole}


def compare(
    album: Path, out: Path, count: int, rounds: int, cores: int
) -> dict[str, dict[str, float]]:
    plain = [sys.executable, "-m", "pix2pix", "colorize", str(album), "-o", str(out)]
    commands = {"plain": plain}
    for workers in (1, 2):
        ray = ["--ray-workers", str(workers), "--ray-cores", str(cores), "--ray"]
        commands[f"ray, {workers} of {cores} core(s)"] = [*plain, *ray]
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            rows[name].append(measure(command, out, count))
    return {name: max(found, key=lambda row: row["photos_per_s"]) for name, found in rows.items()}


def time_planning(photo: Path, folder: Path, count: int) -> float:
    """Seconds per photo from the start of a run to its first task; each photo has a result."""
    for i in range(count):
        for place in ("photos", "out"):
            path = folder / place / f"{i // 1000:04}" / f"{i:06}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(photo) if i else shutil.copy(photo, path)
    start = time.perf_counter()
    found = find_photos([str(folder / "photos")], folder / "out", recursive=True)
    tasks, _ = plan_photos(found.names, folder / "out", None)
    assert len([task for task in tasks if is_done(task)]) + len(found.names) >= count
    return (time.perf_counter() - start) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="folder of photos to use")
    parser.add_argument("--count", type=int, default=24, help="maximum number of photos")
    parser.add_argument("--rounds", type=int, default=1, help="rounds; the fastest counts")
    parser.add_argument("--cores", type=int, default=1, help="cores of each worker")
    parser.add_argument("--files", type=int, default=2000, help="files to time the start with")
    parser.add_argument("--gpu-photos-per-s", type=float, help="of one worker with one GPU")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = make_album(folder / "album", args.count, args.photos)
        planning_s = time_planning(next((folder / "album").iterdir()), folder / "many", args.files)
        report: dict[str, Any] = compare(
            folder / "album", folder / "colour", count, args.rounds, args.cores
        )
    print(f"{count} photos{'photos/s':>24}{'whole s':>10}")
    for case, row in report.items():
        print(f"{case:24}{row['photos_per_s']:10.2f}{row['whole_s']:10.1f}")
    one = args.gpu_photos_per_s or report[f"ray, 1 of {args.cores} core(s)"]["photos_per_s"]
    hours = (MILLION * planning_s + MILLION / (GPUS * one)) / 3600
    source = "measured on a GPU" if args.gpu_photos_per_s else "of one worker here, without a GPU"
    print(f"start of a run: {planning_s * 1000:.2f} ms a photo")
    print(f"a million photos on ten workers: {hours:.1f} h, at {one:.2f} photos/s {source}")
    text = json.dumps(
        {**report, "photos": count, "planning_s": planning_s, "cpu_cores": os.cpu_count()}
    )
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
