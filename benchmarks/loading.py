"""Training data throughput in pairs per second: our loader against a plain DataLoader.

    python benchmarks/loading.py [--data DIR] [--seconds 2] [--rounds 2] [--json FILE]

The data are side-by-side JPEG pairs: resized to 286 pixels, randomly cropped to 256 and flipped, in
batches of 4. *Plain* is the usual pipeline of PIL, torchvision and a DataLoader with worker
processes. *Ours* is the recipe `edges2photo` with worker threads, once reading each file on demand
and once with all images cached in memory. Without --data, synthetic pairs are used, at the size of
the published datasets and at photo size. Cases alternate, and the fastest round of each counts. CPU
seconds are per thousand pairs and include workers. Torch has one thread per worker, as in a
DataLoader.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.data.factory import open_datasets  # noqa: E402
from pix2pix.data.loader import BatchPlan, iterate_batches  # noqa: E402
from pix2pix.labels.facade_builder import build_facade  # noqa: E402
from pix2pix.labels.facade_presets import make_random_plan  # noqa: E402
from pix2pix.labels.label_map import PALETTE  # noqa: E402
from pix2pix.training.recipe import load_recipe  # noqa: E402

BATCH_SIZE = 4
LARGE, SIDE = 286, 256
COUNT = 48  # synthetic pairs
SIDES = (256, 1024)  # pixels; side of each image
WORKERS = (0, 1, 2)
WARM_UP = 2  # batches before the measurement


class PlainPairs(Dataset[list[Tensor]]):
    """Both images of a file with the same crop, as tensors (3, 256, 256) in -1..1."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.iterdir())
        self.to_tensor = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> list[Tensor]:
        with Image.open(self.paths[index]) as file:
            both = file.convert("RGB")
        middle, height = both.width // 2, both.height
        left, top = random.randint(0, LARGE - SIDE), random.randint(0, LARGE - SIDE)
        is_mirrored = random.random() < 0.5
        tensors = []
        for start in (0, middle):
            picture = both.crop((start, 0, start + middle, height))
            picture = picture.resize((LARGE, LARGE), Image.Resampling.BICUBIC)
            picture = picture.crop((left, top, left + SIDE, top + SIDE))
            tensors.append(self.to_tensor(ImageOps.mirror(picture) if is_mirrored else picture))
        return tensors


def plain_batches(data: Path, workers: int) -> Iterator[object]:
    loader = DataLoader(
        PlainPairs(data / "train"),
        BATCH_SIZE,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    while True:
        yield from loader


def our_batches(data: Path, workers: int, in_memory: bool) -> Iterator[object]:
    keys = {"layout": "side_by_side", "cache_gb": 4.0 if in_memory else 0.0}
    options = load_recipe("edges2photo", keys).data_options()
    (train_set,) = open_datasets(options, data, ("train",))
    return iterate_batches(train_set, BatchPlan(BATCH_SIZE, 0), 0, sys.maxsize, workers)


def batches(kind: str, data: Path, workers: int) -> Iterator[object]:
    if kind == "plain":
        return plain_batches(data, workers)
    return our_batches(data, workers, kind == "ours, in memory")


def cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(kind: str, data: Path, workers: int, seconds: float) -> tuple[float, float]:
    """Pairs per second, and CPU seconds per thousand pairs."""
    made = batches(kind, data, workers)
    next(made)  # scan files, start workers
    worked = cpu_seconds()
    for _ in range(WARM_UP):
        next(made)
    start = time.perf_counter()
    count = 0
    while time.perf_counter() - start < seconds:
        next(made)
        count += BATCH_SIZE
    speed = count / (time.perf_counter() - start)
    del made  # workers exit, which adds their CPU time
    return speed, (cpu_seconds() - worked) / (count + WARM_UP * BATCH_SIZE) * 1000


def compare(data: Path, seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    kinds = ("plain", "ours, from files", "ours, in memory")
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for workers in WORKERS:
            for kind in kinds:
                result = measure(kind, data, workers, seconds)
                found.setdefault(f"{kind}; workers: {workers}", []).append(result)
    best = {name: max(results) for name, results in found.items()}
    return {
        name: {"pairs_per_s": speed, "cpu_s_per_1000": cpu} for name, (speed, cpu) in best.items()
    }


def write_pairs(folder: Path, side: int) -> Path:
    """Writes synthetic pairs: a label image, and the same image with noise."""
    (folder / "train").mkdir(parents=True)
    for i in range(COUNT):
        labels = PALETTE[build_facade(make_random_plan(i), side)]
        noise = np.random.default_rng(i).normal(0, 12, labels.shape)
        photo = (labels + noise).clip(0, 255).astype(np.uint8)
        both = Image.fromarray(np.concatenate([labels, photo], 1))
        both.save(folder / "train" / f"{i:03}.jpg", quality=90)
    return folder


def print_table(title: str, report: dict[str, dict[str, float]]) -> None:
    print(f"\n{title:36}{'pairs/s':>10}{'x plain':>10}{'CPU s / 1000':>14}")
    for name, row in report.items():
        plain = report[f"plain; {name.partition('; ')[2]}"]["pairs_per_s"]
        speed = row["pairs_per_s"]
        print(f"{name:36}{speed:10.1f}{speed / plain:10.2f}{row['cpu_s_per_1000']:14.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder with side-by-side pairs in train/")
    parser.add_argument("--seconds", type=float, default=2.0, help="measured seconds per case")
    parser.add_argument("--rounds", type=int, default=2, help="rounds; the fastest counts")
    parser.add_argument("--json", type=Path, help="also write the results as JSON to this file")
    args = parser.parse_args()
    torch.set_num_threads(1)
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        sets = {str(args.data): args.data} if args.data else {}
        for side in () if args.data else SIDES:
            sets[f"2 x {side}x{side}"] = write_pairs(Path(folder, str(side)), side)
        for title, data in sets.items():
            reports[title] = compare(data, args.seconds, args.rounds)
            print_table(title, reports[title])
    machine = {"cpu_cores": os.cpu_count(), "torch": torch.__version__}
    text = json.dumps({**reports, **machine})
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
