"""Colour photos for colourisation; the input is derived from the photo itself."""

from collections.abc import Iterable

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.data.datasets.pair_dataset import weigh_padding_views
from pix2pix.data.device_batches import PendingBatch
from pix2pix.data.device_color import (
    degrade_batch,
    hint_batch,
    levels_to_lab,
    pack_degradations,
    paint_hints,
)
from pix2pix.data.device_views import draw_views
from pix2pix.data.discovery import Example
from pix2pix.data.example_reader import read_photo
from pix2pix.data.image_cache import CachedExamples, ImageArrays
from pix2pix.data.loader import Batch
from pix2pix.data.pixel_store import PixelStore
from pix2pix.data.resize_crop import Geometry, resize
from pix2pix.images.color import AB_SCALE, AB_SPACING, ab_grid, rgb_to_lab
from pix2pix.images.degradation import degrade, draw_degradation
from pix2pix.images.value_range import ValueRange
from pix2pix.labels.label_map import VOID
from pix2pix.models.tensors import (
    encode_ab,
    encode_colorize_input,
    encode_lightness,
    join_colorize_input,
)

MAX_TRAINING_HINTS = 30
WITHOUT_HINTS = 0.5  # of the photos
# Rare colours count more, or everything in doubt comes out brown. Zhang et al., "Colorful Image
# Colorization" (2016), eq. 4, weigh by 1 / rarity with this part of it made uniform; fully so, a
# model this small paints things in colours too rich, so the weight is tempered.
UNIFORM_PART = 0.5
TEMPER = 0.2


def read_plain(example: Example, geometry: Geometry, photo_range: ValueRange = ()) -> ImageArrays:
    """The photo (H, W, 3) as stored for cropping. ValueError "FILE: reason"."""
    return geometry.resize_with_mask([read_photo(example.parts[0], photo_range)])


class PlainPhotos:
    """L and a few colour hints -> a and b, from plain photos."""

    def __init__(
        self, examples: CachedExamples, geometry: Geometry, half_output: bool = False
    ) -> None:
        self.examples = examples
        self.geometry = geometry
        self.half_output = half_output
        self.names = examples.names
        self.weights = rarity_weights(photo for photo, *_ in examples.iter_sample())

    def __len__(self) -> int:
        return len(self.examples)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        views = self.geometry.crop_views([self.examples[i] for i in indices], rngs, size)
        lab = rgb_to_lab(np.stack([photo for photo, *_ in views]))
        ab = lab[..., 1:]
        lightness: np.ndarray = lab[..., 0]
        if rngs is None:
            hints, mask = np.zeros_like(ab), np.zeros(lightness.shape, np.float32)
        else:
            lightness = np.stack([degrade(x, rng) for x, rng in zip(lightness, rngs)])
            sampled = [sample_hints(x, rng) for x, rng in zip(ab, rngs)]
            hints = np.stack([colors for colors, _ in sampled])
            mask = np.stack([spots for _, spots in sampled])
        condition = lightness
        if self.half_output:
            half = (lightness.shape[2] // 2, lightness.shape[1] // 2)
            condition, ab = (
                np.stack([cv2.resize(x, half, interpolation=cv2.INTER_AREA) for x in arrays])
                for arrays in (lightness, ab)
            )
        weight = self.weights[ab_cells(ab)]
        if self.geometry.resize_mode == "pad":
            weight = weight * np.stack([resize(mask, ab.shape[1:3]) != VOID for _, mask in views])
        return Batch(
            encode_colorize_input(lightness, hints, mask),
            encode_ab(ab),
            torch.from_numpy(weight)[:, None].float(),
            encode_lightness(condition),
        )

    def draw(
        self,
        indices: list[int],
        rngs: list[np.random.Generator],
        size: int | None,
        store: PixelStore,
    ) -> PendingBatch:
        images = store.take(indices)
        views = draw_views(self.geometry, images, rngs, size)
        shape = self.geometry.view_shape(size)
        defects = [draw_degradation(shape, rng) for rng in rngs]
        hints = [draw_hints(shape, rng) for rng in rngs]
        draws = {
            **pack_degradations(defects, *shape),
            **paint_hints(hints, *shape),
            "weights": torch.from_numpy(self.weights),
        }
        return PendingBatch(self._compute, images.parts, views, draws)

    def _compute(self, pending: PendingBatch) -> Batch:
        assert pending.views is not None
        lab = levels_to_lab(pending.views.average(pending.parts[0]))
        ab = lab[:, 1:]
        lightness = degrade_batch(lab[:, :1], pending.draws)
        hints, mask = hint_batch(ab, pending.draws)
        condition = lightness
        weight = weigh_padding_views(pending.views, pending.parts[1:], self.geometry.resize_mode)
        if self.half_output:
            condition, ab = (F.avg_pool2d(x, 2) for x in (lightness, ab))
            weight = weight[:, :, 1::2, 1::2]  # as cv2.INTER_NEAREST_EXACT
        weight = weight * pending.draws["weights"][ab_cells_batch(ab)][:, None]
        spots = torch.cat([hints / AB_SCALE * mask, mask], 1)
        source = join_colorize_input(lightness / 50 - 1, spots)
        return Batch(source, ab / AB_SCALE, weight, condition / 50 - 1)


def ab_cells(ab: np.ndarray) -> np.ndarray:
    """The cell index of the a/b grid, 0..224, for each of ab (..., 2)."""
    rows = (np.rint(ab / AB_SPACING) + 7).clip(0, 14).astype(np.int64)
    return rows[..., 0] * 15 + rows[..., 1]


def ab_cells_batch(ab: Tensor) -> Tensor:
    """`ab_cells` (N, H, W) of ab (N, 2, H, W)."""
    rows = ((ab / AB_SPACING).round() + 7).clamp(0, 14).long()
    return rows[:, 0] * 15 + rows[:, 1]


def rarity_weights(photos: Iterable[np.ndarray]) -> np.ndarray:
    """Weights (225,) of the cells of the a/b grid, larger for rare colours, 1 on average."""
    counts = np.zeros(225)
    for photo in photos:
        small = cv2.resize(photo, (24, 24), interpolation=cv2.INTER_AREA)
        counts += np.bincount(ab_cells(rgb_to_lab(small)[..., 1:]).reshape(-1), minlength=225)
    share = counts / counts.sum()
    cells = len(ab_grid())
    weights = ((1 - UNIFORM_PART) * share + UNIFORM_PART / cells) ** -TEMPER
    return (weights / (weights * share).sum()).astype(np.float32)


def sample_hints(ab: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Simulated user hints: a/b (H, W, 2) at a few small spots, and their mask.

    A fraction WITHOUT_HINTS of the photos has none; else the count is log-uniform in 1..MAX_HINTS.
    A spot is 1 to 7 pixels wide and has the mean colour of its pixels (Zhang et al., "Real-Time
    User-Guided Image Colorization", 2017, 3.1).
    """
    hints = np.zeros_like(ab)
    mask: np.ndarray = np.zeros(ab.shape[:2], np.float32)
    for reach, y, x in draw_hints((ab.shape[0], ab.shape[1]), rng).tolist():
        spot = np.s_[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        hints[spot] = ab[spot].mean((0, 1))
        mask[spot] = 1
    return hints, mask


def draw_hints(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The places of a photo's hints (k, 3) int64: the reach of each spot, 0 to 3, and its y and x.

    `shape` is (H, W).
    """
    if rng.random() < WITHOUT_HINTS:
        return np.zeros((0, 3), np.int64)
    count = int(np.exp(rng.uniform(0, np.log(MAX_TRAINING_HINTS + 1))))
    ends = (4, *shape)
    return np.array([[int(rng.integers(0, end)) for end in ends] for _ in range(count)])
