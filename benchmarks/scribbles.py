"""What a model that draws cats from lines makes of scribbles.

    python benchmarks/scribbles.py CHECKPOINT [CHECKPOINT ...] --data DIR --out DIR

Prints Fréchet distances in the features of EfficientNet-Lite0 to real cats: of validation photos
drawn from their own lines, of 40 scribbles made from landmarks of validation photos, and of ten
free drawings (`cat_scribbles.py`). The scribbles follow half of the validation photos; distances of
40 images are to the 40 photos of the other half, so that their first line is what real cats have.
Each image has the style of another seed. DIR holds the photos in `val`, as AFHQ names them.

Writes a contact sheet of each set, and one of sheets with next to nothing on them.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.cat_scribbles import (  # noqa: E402
    KINDS,
    hand_drawings,
    load_landmarks,
    scarce_sheets,
    scribbles,
)
from pix2pix.evaluation.frechet import fit_gaussian, frechet_distance  # noqa: E402
from pix2pix.evaluation.lite0_features import Lite0Features, load_lite0_features  # noqa: E402
from pix2pix.images.reader import IMAGE_SUFFIXES, open_rgb  # noqa: E402
from pix2pix.inference.image_to_image import LineDrawer, LineTracer  # noqa: E402
from pix2pix.inference.loading import load_translator  # noqa: E402
from pix2pix.models.tensors import encode_photo  # noqa: E402

REPEATS = 5  # styles of each scribble where a kind of scribbles is measured alone
CELL = 192  # pixels, side of an image on the contact sheets
COLUMNS = 10
SCARCE_SEEDS = 4

Pictures = list[np.ndarray]  # (H, W, 3) uint8


def read_photos(folder: Path, side: int) -> dict[str, np.ndarray]:
    """The middle squares (side, side, 3) uint8 of the photos in a folder, by name."""
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    shape, filter_ = (side, side), Image.Resampling.BICUBIC
    photos = {p.stem: np.asarray(ImageOps.fit(open_rgb(p), shape, filter_)) for p in paths}
    missing = load_landmarks().keys() - photos.keys()
    if missing:
        raise ValueError(f"{folder}: expected the validation cats of AFHQ, among them {missing}")
    return photos


def gaussian(features: Lite0Features, pictures: Pictures) -> tuple[np.ndarray, np.ndarray]:
    batches = [encode_photo(np.stack(pictures[i : i + 8])) for i in range(0, len(pictures), 8)]
    return fit_gaussian(np.concatenate([features(batch) for batch in batches]))


def draw_all(drawer: LineDrawer, sheets: Sequence[np.ndarray], first_seed: int = 0) -> Pictures:
    return [drawer.draw(sheet, first_seed + i) for i, sheet in enumerate(sheets)]


def roughness(picture: np.ndarray) -> float:
    """The mean step between neighbouring pixels, in levels of 255: 0 is one calm colour."""
    steps = [np.abs(np.diff(picture.astype(float), axis=axis)).mean() for axis in (0, 1)]
    return float(np.mean(steps))


def shown(sheet: np.ndarray) -> np.ndarray:
    """The picture of a label map: black lines on white."""
    return np.repeat(np.where(sheet, 0, 255).astype(np.uint8)[..., None], 3, 2)


def save_grid(pictures: Pictures, columns: int, path: Path) -> None:
    rows = -(-len(pictures) // columns)
    grid = Image.new("RGB", (columns * CELL, rows * CELL), "white")
    for i, picture in enumerate(pictures):
        cell = Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.LANCZOS)
        grid.paste(cell, (i % columns * CELL, i // columns * CELL))
    grid.save(path, quality=90)


def save_pairs(sheets: Sequence[np.ndarray], pictures: Pictures, path: Path) -> None:
    """Rows of drawings, each above its picture."""
    cells: Pictures = []
    for i in range(0, len(sheets), COLUMNS):
        cells += [shown(sheet) for sheet in sheets[i : i + COLUMNS]] + pictures[i : i + COLUMNS]
    save_grid(cells, COLUMNS, path)


def save_scarce(drawer: LineDrawer, path: Path) -> None:
    """Sheets with next to nothing in the named styles and of seeds; prints how calm they are."""
    cells: Pictures = []
    styles = list(drawer.styles.items())[:4]
    for name, sheet in scarce_sheets().items():
        pictures = [drawer.draw(sheet, style=style) for _, style in styles]
        pictures += draw_all(drawer, [sheet] * SCARCE_SEEDS)
        print(f"  roughness, {name}: {np.mean([roughness(p) for p in pictures]):.2f}")
        cells += [shown(sheet), *pictures]
    save_grid(cells, 1 + len(styles) + SCARCE_SEEDS, path)


def measure(
    checkpoint: Path, photos: dict[str, np.ndarray], features: Lite0Features, out: Path
) -> None:
    drawer = LineDrawer(load_translator(checkpoint))
    marked = load_landmarks()
    half = {name: photo for name, photo in photos.items() if name in marked}
    other = gaussian(features, [p for name, p in photos.items() if name not in marked])

    def report(name: str, pictures: Pictures, real: tuple[np.ndarray, np.ndarray]) -> None:
        distance = frechet_distance(*gaussian(features, pictures), *real)
        print(f"  {name}: {distance:.2f} ({len(pictures)} images)", flush=True)

    report("real cats", list(half.values()), other)
    tracer = LineTracer((drawer.size, drawer.size))
    sheets = {name: tracer.trace(Image.fromarray(photo)) for name, photo in photos.items()}
    traced = dict(zip(sheets, draw_all(drawer, list(sheets.values()))))
    report("own lines", list(traced.values()), gaussian(features, list(photos.values())))
    report("own lines, this half", [traced[name] for name in half], other)
    save_pairs(list(sheets.values()), list(traced.values()), out / "own_lines.jpg")

    drawn = scribbles()
    pictures = [draw_all(drawer, [s for _, s in drawn], 100 * k) for k in range(REPEATS)]
    report("scribbles", pictures[0], other)
    for kind in KINDS:
        own = [p for repeat in pictures for p, (k, _) in zip(repeat, drawn) if k == kind]
        report(f"scribbles, {kind}", own, other)
    save_pairs([s for _, s in drawn], pictures[0], out / "scribbles.jpg")

    hand = list(hand_drawings().values())
    repeats = [draw_all(drawer, hand, 100 * k) for k in range(4)]
    report("free drawings", [p for repeat in repeats for p in repeat], other)
    save_grid(
        [*map(shown, hand), *(p for r in repeats for p in r)], len(hand), out / "drawings.jpg"
    )
    save_scarce(drawer, out / "scarce.jpg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with the cats in val")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    features = load_lite0_features(torch.device("cpu"))
    for checkpoint in options.checkpoints:
        out = options.out / checkpoint.name
        out.mkdir(parents=True, exist_ok=True)
        print(f"{checkpoint}, Fréchet distance to real cats:")
        side = load_translator(checkpoint).size
        measure(checkpoint, read_photos(options.data / "val", side), features, out)


if __name__ == "__main__":
    main()
