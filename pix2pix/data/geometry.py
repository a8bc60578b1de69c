"""How pictures of any shape become views of one size; what belongs together moves together."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pix2pix.config import require
from pix2pix.drawings.labels import VOID

FITS = ("stretch", "pad", "mirror", "rotate", "crop", "squeeze")

# What `jitter` is where nothing else is said. 286 / 256 is the paper's: Isola et al. (2017), 6.2.
PAPER_JITTER = 286 / 256
JITTERS = {"crop": 1.3, "squeeze": 1.25}

# fit = "squeeze": a picture much wider or higher than the view is squeezed to at most this aspect
# beside it before a view is cut: most of a building stays in it, and windows stay windows.
MAX_ASPECT = 1.3
MAX_STRETCH = 1.15  # and each side of the cut by itself is up to this much longer
MAX_SIDES = 4  # fit = "crop" keeps of a long picture at most so many times the view's side

Picture = np.ndarray  # (H, W, 3) uint8 colours, or (H, W) uint8 class indices
Shape = tuple[int, int]  # (H, W)


@dataclass(frozen=True)
class Geometry:
    """The way from a picture to a view of `height` x `width`.

    `fit` says what happens to a picture of another shape: it is stretched; padded with black, which
    is VOID; padded with its own mirrored content; turned by 90 degrees if need be, then stretched;
    cropped; or squeezed a little and cropped. A training view is cut from the picture at up to
    `jitter` times the view's size, at random: "crop" and "squeeze" vary how much they show, the
    others cut out exactly the view's size, as the paper does.
    """

    height: int
    width: int
    fit: str = "stretch"
    jitter: float = 0.0  # 0: the usual one of that `fit`
    flip: bool = True  # a training view is mirrored half of the time

    def __post_init__(self) -> None:
        require(self.fit in FITS, "fit", f"one of {', '.join(FITS)}", self.fit)
        ok = self.jitter == 0 or 1 <= self.jitter <= 4
        require(ok, "jitter", "0 (as `fit` has it), or from 1 to 4", self.jitter)
        require(min(self.height, self.width) > 0, "size", "above 0", (self.height, self.width))

    @property
    def zoom(self) -> float:
        return self.jitter or JITTERS.get(self.fit, PAPER_JITTER)

    def stored_shape(self, shape: Shape) -> Shape:
        """The shape that a picture of `shape` is kept at for views to be cut from it."""
        height, width = shape
        if self.fit == "crop":
            scale = max(self.height * self.zoom / height, self.width * self.zoom / width)
            rows, columns = round(height * scale), round(width * scale)
            rows = min(max(self.height, rows), MAX_SIDES * self.height)
            return rows, min(max(self.width, columns), MAX_SIDES * self.width)
        rows, columns = round(self.height * self.zoom), round(self.width * self.zoom)
        if self.fit == "squeeze":
            aspect = (width / height) / (self.width / self.height)
            aspect = float(np.clip(aspect, 1 / MAX_ASPECT, MAX_ASPECT))
            return round(rows * max(1 / aspect, 1)), round(columns * max(aspect, 1))
        return rows, columns

    def with_mask(self, pictures: list[Picture]) -> list[Picture]:
        """Where `store` will pad with black, the pictures and a mask that is VOID there, else 0."""
        if self.fit != "pad":
            return pictures
        return [*pictures, np.zeros(pictures[0].shape[:2], np.uint8)]

    def store(self, pictures: Sequence[Picture]) -> tuple[Picture, ...]:
        """Pictures of one shape as they are kept for `view`."""
        shape = pictures[0].shape[:2]
        target = self.stored_shape(shape)
        if self.fit == "rotate" and (shape[0] > shape[1]) != (self.height > self.width):
            pictures = [np.ascontiguousarray(np.rot90(p)) for p in pictures]
        if self.fit not in ("pad", "mirror"):
            return tuple(resize(p, target) for p in pictures)
        scale = min(target[0] / shape[0], target[1] / shape[1])
        inner = (max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale)))
        inner = (min(inner[0], target[0]), min(inner[1], target[1]))
        return tuple(pad(resize(p, inner), target, self.fit == "mirror") for p in pictures)

    def view(
        self,
        pictures: Sequence[Picture],
        rng: np.random.Generator | None,
        height: int | None = None,
    ) -> tuple[Picture, ...]:
        """The same view of all `pictures` (from `store`): at random, or for evaluation without rng.

        With `height` the view is made that high, its shape the same.
        """
        height = height or self.height
        shape = (height, round(self.width * height / self.height))
        window, mirrored = self._whole(pictures[0]), False
        if rng is not None:
            window = self._random_window(pictures[0], rng)
            mirrored = bool(self.flip and rng.random() < 0.5)
        views = []
        for picture in pictures:
            cut = picture[window]
            views.append(resize(np.ascontiguousarray(cut[:, ::-1] if mirrored else cut), shape))
        return tuple(views)

    def views(
        self,
        examples: Sequence[Sequence[Picture]],
        rngs: Sequence[np.random.Generator] | None,
        height: int | None = None,
    ) -> list[tuple[Picture, ...]]:
        """A view of each example, at random with a generator each, or for evaluation without."""
        each: Sequence[np.random.Generator | None] = rngs or [None] * len(examples)
        return [self.view(pictures, rng, height) for pictures, rng in zip(examples, each)]

    def _whole(self, picture: Picture) -> tuple[slice, slice]:
        height, width = picture.shape[:2]
        rows, columns = height, width
        if self.fit == "crop":
            scale = min(height / self.height, width / self.width)
            rows, columns = round(self.height * scale), round(self.width * scale)
        top, left = (height - rows) // 2, (width - columns) // 2
        return np.s_[top : top + rows, left : left + columns]

    def _random_window(self, picture: Picture, rng: np.random.Generator) -> tuple[slice, slice]:
        height, width = picture.shape[:2]
        rows, columns = self.height, self.width
        if self.fit in ("crop", "squeeze"):
            zoom = rng.uniform(1.0, self.zoom)
            rows, columns = round(rows * zoom), round(columns * zoom)
        if self.fit == "squeeze":  # each side by itself: a facade is as often squeezed as not
            rows = round(rows * rng.uniform(1.0, MAX_STRETCH))
            columns = round(columns * rng.uniform(1.0, MAX_STRETCH))
        if self.fit == "crop":  # smaller if need be, its shape the same
            scale = min(1.0, height / rows, width / columns)
            rows, columns = round(rows * scale), round(columns * scale)
        rows, columns = min(rows, height), min(columns, width)
        top = int(rng.integers(0, height - rows + 1))
        left = int(rng.integers(0, width - columns + 1))
        return np.s_[top : top + rows, left : left + columns]


def resize(picture: Picture, shape: Shape) -> Picture:
    """The picture at (H, W): colours averaged, class indices taken from the nearest pixel."""
    if picture.shape[:2] == shape:
        return picture
    way = cv2.INTER_AREA if picture.ndim == 3 else cv2.INTER_NEAREST_EXACT
    return cv2.resize(picture, shape[::-1], interpolation=way)


def pad(picture: Picture, shape: Shape, mirror: bool) -> Picture:
    """The picture in the middle of (H, W), which it fits in: mirrored around, or black and VOID."""
    spare = [total - side for total, side in zip(shape, picture.shape)]
    edges = [(n // 2, n - n // 2) for n in spare]
    if mirror:
        return np.pad(picture, edges + [(0, 0)] * (picture.ndim - 2), mode="symmetric")
    padded: np.ndarray = np.full(
        shape + picture.shape[2:], 0 if picture.ndim == 3 else VOID, np.uint8
    )
    padded[edges[0][0] : shape[0] - edges[0][1], edges[1][0] : shape[1] - edges[1][1]] = picture
    return padded
