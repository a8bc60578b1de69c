"""Facade models side by side, for visual comparison.

    python benchmarks/facade_sheets.py CHECKPOINT [CHECKPOINT ...] --data DIR --out DIR

Writes compare.jpg (16 validation drawings with each checkpoint's result, in three styles if it has
styles, and the real photo) and hard.jpg (drawings unlike any training photo).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.hard_drawings import hard_drawings  # noqa: E402
from pix2pix.data.factory import open_datasets  # noqa: E402
from pix2pix.data.options import DataOptions  # noqa: E402
from pix2pix.inference import Drawer, load_drawer  # noqa: E402
from pix2pix.labels.label_map import PALETTE, VOID  # noqa: E402
from pix2pix.models.tensors import decode_photo  # noqa: E402
from pix2pix.training.samples import tile  # noqa: E402

STYLES = 3
ROWS = 16
CELL = 192  # pixels; side of an image on the sheets


def draw_styles(drawer: Drawer, label_map: np.ndarray) -> list[np.ndarray]:
    return [drawer.draw(label_map, seed) for seed in range(STYLES if drawer.style_dim else 1)]


def colored(label_map: np.ndarray) -> np.ndarray:
    return np.where((label_map == VOID)[..., None], 0, PALETTE[np.minimum(label_map, 11)])


def fit(picture: np.ndarray) -> np.ndarray:
    """The image centred on a white square of side CELL."""
    image = Image.fromarray(picture.astype(np.uint8))
    image.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
    square = Image.new("RGB", (CELL, CELL), "white")
    square.paste(image, ((CELL - image.width) // 2, (CELL - image.height) // 2))
    return np.asarray(square)


def save(rows: list[list[np.ndarray]], names: list[str], path: Path) -> None:
    columns = {name: np.stack(column) for name, column in zip(names, zip(*rows))}
    tile(columns).save(path, quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="data folder with a val folder")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    drawers = [(path.name, load_drawer(path)) for path in options.checkpoints]
    names = []
    for name, drawer in drawers:
        names += [f"{name}, style {i}" for i in range(STYLES)] if drawer.style_dim else [name]

    (val,) = open_datasets(DataOptions("labels2photo", 256), options.data, ["val"])
    indices = np.linspace(0, len(val) - 1, ROWS).round().astype(int).tolist()
    batch = val.batch(indices, None)
    labels = batch.input.argmax(1).numpy().astype(np.uint8)
    labels[(batch.input.sum(1) == 0).numpy()] = VOID
    rows = []
    for label_map, photo in zip(labels, decode_photo(batch.target)):
        drawn = [picture for _, drawer in drawers for picture in draw_styles(drawer, label_map)]
        rows.append([fit(p) for p in (colored(label_map), *drawn, photo)])
    save(rows, ["drawing", *names, "photo"], options.out / "compare.jpg")

    rows = []
    for label_map in hard_drawings().values():
        drawn = [picture for _, drawer in drawers for picture in draw_styles(drawer, label_map)]
        rows.append([fit(p) for p in (colored(label_map), *drawn)])
    save(rows, ["drawing", *names], options.out / "hard.jpg")


if __name__ == "__main__":
    main()
