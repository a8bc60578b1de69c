"""Photos with line drawings of them as input, made while training."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from pix2pix.data.datasets.pair_dataset import weigh_padding
from pix2pix.data.device_batches import PendingBatch
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.loader import Batch
from pix2pix.data.pixel_store import PixelStore
from pix2pix.data.resize_crop import Geometry
from pix2pix.images.line_drawing import PAPER, Sketch, lines_from_photo, random_sketch
from pix2pix.images.scribble import random_scribble
from pix2pix.models.tensors import encode_levels

MAX_SCALE = 0.9  # of photos that are shown smaller
MIN_STROKES = 2  # fewer show nothing that could be painted
CALM_SIDE = 3  # pixels per side of the colours that remain of the photo then


@dataclass(frozen=True)
class Sketching:
    """How training photos become line drawings."""

    small_fraction: float = 0.25  # shown smaller and off the centre, as people draw
    small_scale: float = 0.45  # the smallest of them, as a fraction of the sheet
    small_rotation: float = 0.0  # degrees by which they are turned, at most
    scribble_fraction: float = 0.0  # drawn as an outline and a few round details


class SketchPhotos:
    """Line drawing -> photo, from plain photos.

    Training lines differ in each view; those of evaluation are `lines_from_photo`. A sheet with
    fewer than MIN_STROKES becomes a smooth background in the photo's colours, so that an empty
    sheet does not show half an object.
    """

    def __init__(
        self,
        examples: CachedExamples,
        geometry: Geometry,
        is_white: bool,
        sketching: Sketching | None = None,
    ) -> None:
        """`is_white`: white lines on black instead of black ones on white."""
        self.examples = examples
        self.geometry = geometry
        self.is_white = is_white
        self.sketching = sketching or Sketching()
        self.names = examples.names

    def __len__(self) -> int:
        return len(self.examples)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        return self._compute(self._draw_lines(indices, rngs, size))

    def draw(
        self,
        indices: list[int],
        rngs: list[np.random.Generator],
        size: int | None,
        store: PixelStore,
    ) -> PendingBatch:
        """Lines are found and drawn on the CPU, stroke by stroke; the device encodes images."""
        return self._draw_lines(indices, rngs, size)

    def _draw_lines(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None
    ) -> PendingBatch:
        views = self.geometry.crop_views([self.examples[i] for i in indices], rngs, size)
        photos, *masks = (np.stack(arrays) for arrays in zip(*views))
        if rngs is None:
            lines = np.stack([lines_from_photo(photo) for photo in photos])
        else:
            if not masks:  # padding would move, too
                own = self.sketching
                photos = np.stack([place_smaller(p, rng, own) for p, rng in zip(photos, rngs)])
            sketches = [self._sketch(photo, rng) for photo, rng in zip(photos, rngs)]
            lines = np.stack([sketch.image for sketch in sketches])
            photos = np.stack([calm_target(p, s) for p, s in zip(photos, sketches)])
        if self.is_white:
            lines = PAPER - lines
        weight = weigh_padding(photos, masks, self.geometry.resize_mode, rngs is None)
        draws = {
            "lines": torch.from_numpy(lines),
            "photos": torch.from_numpy(photos),
            "weight": weight,
        }
        return PendingBatch(self._compute, draws=draws)

    def _sketch(self, photo: np.ndarray, rng: np.random.Generator) -> Sketch:
        fraction = self.sketching.scribble_fraction
        if fraction and rng.random() < fraction:  # at 0 the random numbers of before
            return random_scribble(photo, rng)
        return random_sketch(photo, rng)

    def _compute(self, pending: PendingBatch) -> Batch:
        lines, photos, weight = (pending.draws[name] for name in ("lines", "photos", "weight"))
        encoded = encode_levels(lines[:, None].expand(-1, 3, -1, -1))
        target = encode_levels(photos.permute(0, 3, 1, 2))
        return Batch(encoded, target, weight, encoded)


def place_smaller(photo: np.ndarray, rng: np.random.Generator, sketching: Sketching) -> np.ndarray:
    """A fraction `small_fraction` of photos reduced and turned, at a random place on a smooth
    background.

    The background continues the colours of the photo's border, and the seam is blended.
    """
    if rng.random() >= sketching.small_fraction:
        return photo
    height, width = photo.shape[:2]
    scale = rng.uniform(sketching.small_scale, MAX_SCALE)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    left = int(rng.integers(0, width - size[0] + 1))
    top = int(rng.integers(0, height - size[1] + 1))
    sides = (top, height - size[1] - top, left, width - size[0] - left)
    wide = cv2.copyMakeBorder(small, *sides, cv2.BORDER_REPLICATE)
    inner: np.ndarray = np.zeros((height, width), np.float32)
    margin = max(1, round(0.06 * size[1]))
    inner[top + margin : top + size[1] - margin, left + margin : left + size[0] - margin] = 1
    if sketching.small_rotation:  # at 0 the random numbers of before
        degrees = rng.uniform(-sketching.small_rotation, sketching.small_rotation)
        middle = (left + size[0] / 2, top + size[1] / 2)
        turn = cv2.getRotationMatrix2D(middle, degrees, 1)
        wide = cv2.warpAffine(wide, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        inner = cv2.warpAffine(inner, turn, (width, height))
    around = cv2.GaussianBlur(wide, (0, 0), 0.06 * height)
    mask = cv2.GaussianBlur(inner, (0, 0), margin / 2)[..., None]
    placed: np.ndarray = (wide * mask + around * (1 - mask) + 0.5).astype(np.uint8)
    return placed


def calm_target(photo: np.ndarray, sketch: Sketch) -> np.ndarray:
    """The photo, or for a nearly empty sketch a smooth background in its colours."""
    if sketch.num_strokes >= MIN_STROKES:
        return photo
    colors = cv2.resize(photo, (CALM_SIDE, CALM_SIDE), interpolation=cv2.INTER_AREA)
    return cv2.resize(colors, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
