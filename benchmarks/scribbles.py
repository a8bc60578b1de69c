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
from dataclasses import dataclass
from functools import cached_property
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
    small_heads,
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
FREE_REPEATS = 4  # styles of each free drawing
SCARCE_STYLES = 4  # of names, and as many of seeds

Pictures = list[np.ndarray]  # (H, W, 3) uint8
Gaussian = tuple[np.ndarray, np.ndarray]  # mean and covariance of features


def read_photos(folder: Path, side: int) -> dict[str, np.ndarray]:
    """The middle squares (side, side, 3) uint8 of the photos in a folder, by name."""
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    shape, filter_ = (side, side), Image.Resampling.BICUBIC
    photos = {p.stem: np.asarray(ImageOps.fit(open_rgb(p), shape, filter_)) for p in paths}
    missing = load_landmarks().keys() - photos.keys()
    if missing:
        raise ValueError(f"{folder}: expected the validation cats of AFHQ, among them {missing}")
    return photos


def roughness(picture: np.ndarray) -> float:
    """The mean step between neighbouring pixels, in levels of 255: 0 is one calm colour."""
    steps = [np.abs(np.diff(picture.astype(float), axis=axis)).mean() for axis in (0, 1)]
    return float(np.mean(steps))


def shown(sheet: np.ndarray) -> np.ndarray:
    """The picture of a label map: black lines on white."""
    return np.repeat(np.where(sheet, 0, 255).astype(np.uint8)[..., None], 3, 2)


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))


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


@dataclass(frozen=True)
class Bars:
    """The sets by which a model is judged. Each method draws one, prints its distances to real cats
    and writes its contact sheet."""

    drawer: LineDrawer
    features: Lite0Features
    photos: dict[str, np.ndarray]  # by name, of the drawer's size
    out: Path

    @cached_property
    def half(self) -> list[np.ndarray]:
        """The photos with landmarks."""
        return [self.photos[name] for name in load_landmarks()]

    @cached_property
    def other_half(self) -> Gaussian:
        marked = load_landmarks()
        return self.gaussian([p for name, p in self.photos.items() if name not in marked])

    def gaussian(self, pictures: Pictures) -> Gaussian:
        batches = [encode_photo(np.stack(pictures[i : i + 8])) for i in range(0, len(pictures), 8)]
        return fit_gaussian(np.concatenate([self.features(batch) for batch in batches]))

    def report(self, name: str, pictures: Pictures, real: Gaussian | None = None) -> None:
        distance = frechet_distance(*self.gaussian(pictures), *(real or self.other_half))
        print(f"  {name}: {distance:.2f} ({len(pictures)} images)", flush=True)

    def draw(self, sheets: Sequence[np.ndarray], first_seed: int = 0) -> Pictures:
        return [self.drawer.draw(sheet, first_seed + i) for i, sheet in enumerate(sheets)]

    def measure_own_lines(self) -> None:
        self.report("real cats", self.half)
        tracer = LineTracer((self.drawer.size, self.drawer.size))
        sheets = [tracer.trace(Image.fromarray(photo)) for photo in self.photos.values()]
        pictures = self.draw(sheets)
        self.report("own lines", pictures, self.gaussian(list(self.photos.values())))
        marked = load_landmarks()
        is_marked = [name in marked for name in self.photos]
        self.report("own lines of half", [p for p, ok in zip(pictures, is_marked) if ok])
        save_pairs(sheets, pictures, self.out / "own_lines.jpg")

    def measure_scribbles(self) -> None:
        kinds, sheets = zip(*scribbles())
        repeats = [self.draw(sheets, 100 * k) for k in range(REPEATS)]
        self.report("scribbles", repeats[0])
        for kind in KINDS:
            own = [p for pictures in repeats for p, k in zip(pictures, kinds) if k == kind]
            self.report(f"scribbles, {kind}", own)
        save_pairs(sheets, repeats[0], self.out / "scribbles.jpg")

    def measure_free_drawings(self) -> None:
        sheets = list(hand_drawings().values())
        pictures = [p for k in range(FREE_REPEATS) for p in self.draw(sheets, 100 * k)]
        self.report("free drawings", pictures)
        save_grid([*map(shown, sheets), *pictures], len(sheets), self.out / "drawings.jpg")

    def measure_small_heads(self) -> None:
        """Compares the squares around the heads, enlarged, and photos as small as they."""
        sheets, squares = zip(*small_heads())
        side = self.drawer.size
        photos = [resized(photo, square[2]) for photo, square in zip(self.half, squares)]
        self.report("real cats, small", [resized(photo, side) for photo in photos])
        pictures = self.draw(sheets)
        parts = [p[y : y + s, x : x + s] for p, (x, y, s) in zip(pictures, squares)]
        self.report("small heads", [resized(part, side) for part in parts])
        save_pairs(sheets, pictures, self.out / "small_heads.jpg")

    def show_scarce_sheets(self) -> None:
        """Nearly empty sheets in named styles and those of seeds; prints how calm they are."""
        cells: Pictures = []
        styles = list(self.drawer.styles.values())[:SCARCE_STYLES]
        for name, sheet in scarce_sheets().items():
            pictures = [self.drawer.draw(sheet, style=style) for style in styles]
            pictures += self.draw([sheet] * SCARCE_STYLES)
            print(f"  roughness, {name}: {np.mean([roughness(p) for p in pictures]):.2f}")
            cells += [shown(sheet), *pictures]
        save_grid(cells, 1 + len(styles) + SCARCE_STYLES, self.out / "scarce.jpg")


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
        drawer = LineDrawer(load_translator(checkpoint, "cpu"))
        bars = Bars(drawer, features, read_photos(options.data / "val", drawer.size), out)
        bars.measure_own_lines()
        bars.measure_scribbles()
        bars.measure_free_drawings()
        bars.measure_small_heads()
        bars.show_scarce_sheets()


if __name__ == "__main__":
    main()
