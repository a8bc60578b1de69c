"""Plain colour photos for colourisation: the input is made from the photo itself."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch

from pix2pix.color import AB_SPACING, ab_grid, rgb_to_lab
from pix2pix.data.loader import Batch
from pix2pix.encoding import encode_ab, encode_colorize_input, encode_lightness
from pix2pix.images import find_images, open_rgb

MAX_ZOOM = 1.3  # a training crop shows at least 1 / MAX_ZOOM of the short side
MAX_HINTS = 30
# Rare colours count more, or everything in doubt comes out brown. Zhang et al., "Colorful Image
# Colorization" (2016), eq. 4, weigh by 1 / rarity with this part of it made uniform; fully so, a
# model this small paints things in colours too rich, so the weight is tempered.
UNIFORM_PART = 0.5
TEMPER = 0.75


class PlainPhotos:
    """The photos of a folder, decoded once into memory at the size that training needs."""

    def __init__(self, folder: Path, size: int, half_output: bool = False) -> None:
        self.size = size
        self.half_output = half_output
        paths = find_images(folder)
        if not paths:
            raise ValueError(f"{folder}: has no image files")
        self.names = [p.stem for p in paths]
        with ThreadPoolExecutor() as pool:
            self.photos = list(pool.map(self._load, paths))
        self.weights = rarity_weights(self.photos)

    def _load(self, path: Path) -> np.ndarray:
        photo = np.asarray(open_rgb(path))
        height, width = photo.shape[:2]
        scale = self.size * MAX_ZOOM / min(height, width)
        shape = (max(self.size, round(width * scale)), max(self.size, round(height * scale)))
        shape = (min(shape[0], 4 * self.size), min(shape[1], 4 * self.size))
        return cv2.resize(photo, shape, interpolation=cv2.INTER_AREA)

    def __len__(self) -> int:
        return len(self.photos)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        side = size or self.size
        if rngs is None:
            views = [self._center(self.photos[i], side) for i in indices]
        else:
            views = [self._crop(self.photos[i], side, rng) for i, rng in zip(indices, rngs)]
        lab = rgb_to_lab(np.stack(views))
        ab = lab[..., 1:]
        lightness: np.ndarray = lab[..., 0]
        if rngs is None:
            hints, mask = np.zeros_like(ab), np.zeros(lightness.shape, np.float32)
        else:
            lightness = np.stack([age(x, rng) for x, rng in zip(lightness, rngs)])
            sampled = [sample_hints(x, rng) for x, rng in zip(ab, rngs)]
            hints = np.stack([colors for colors, _ in sampled])
            mask = np.stack([spots for _, spots in sampled])
        condition = lightness
        if self.half_output:
            half = (side // 2, side // 2)
            condition, ab = (
                np.stack([cv2.resize(x, half, interpolation=cv2.INTER_AREA) for x in arrays])
                for arrays in (lightness, ab)
            )
        weight = self.weights[ab_cells(ab)]
        return Batch(
            encode_colorize_input(lightness, hints, mask),
            encode_ab(ab),
            torch.from_numpy(weight)[:, None].float(),
            encode_lightness(condition),
        )

    def _center(self, photo: np.ndarray, side: int) -> np.ndarray:
        edge = min(photo.shape[:2])
        top, left = (photo.shape[0] - edge) // 2, (photo.shape[1] - edge) // 2
        square = np.ascontiguousarray(photo[top : top + edge, left : left + edge])
        return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)

    def _crop(self, photo: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
        height, width = photo.shape[:2]
        edge = min(round(self.size * rng.uniform(1.0, MAX_ZOOM)), height, width)
        top, left = rng.integers(0, height - edge + 1), rng.integers(0, width - edge + 1)
        square = photo[top : top + edge, left : left + edge]
        if rng.random() < 0.5:
            square = square[:, ::-1]
        square = np.ascontiguousarray(square)
        return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)


def ab_cells(ab: np.ndarray) -> np.ndarray:
    """The number, 0..224, of the cell of the a/b grid that each of ab (..., 2) lies in."""
    rows = (np.rint(ab / AB_SPACING) + 7).clip(0, 14).astype(np.int64)
    return rows[..., 0] * 15 + rows[..., 1]


def rarity_weights(photos: list[np.ndarray]) -> np.ndarray:
    """A weight (225,) for each cell of the a/b grid, large where few pixels are, 1 on average."""
    counts = np.zeros(225)
    for photo in photos:
        small = cv2.resize(photo, (24, 24), interpolation=cv2.INTER_AREA)
        counts += np.bincount(ab_cells(rgb_to_lab(small)[..., 1:]).reshape(-1), minlength=225)
    share = counts / counts.sum()
    cells = len(ab_grid())
    weights = ((1 - UNIFORM_PART) * share + UNIFORM_PART / cells) ** -TEMPER
    return (weights / (weights * share).sum()).astype(np.float32)


def age(lightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """L (H, W) in 0..100 as an old scan might have it: another contrast, softer, with grain."""
    x: np.ndarray = lightness / 100
    if rng.random() < 0.7:  # gamma, then faded blacks and whites
        x = x ** np.float32(np.exp(rng.uniform(-0.35, 0.35)))
        black, white = rng.uniform(0, 0.15), rng.uniform(0.85, 1)
        x = black + x * (white - black)
    if rng.random() < 0.3:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.5, 1.5))
    if rng.random() < 0.4:
        grain = rng.standard_normal(x.shape, np.float32)
        x = x + cv2.GaussianBlur(grain, (0, 0), 0.6) * np.float32(rng.uniform(0.01, 0.06))
    return (x * 100).clip(0, 100).astype(np.float32)


def sample_hints(ab: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Colour hints as a user would give them: a/b (H, W, 2) at a few small spots, and the mask.

    Half of the time none; else a number whose logarithm is uniform in 1..MAX_HINTS. A spot is 1 to
    7 pixels wide and has the mean colour there (Zhang et al., "Real-Time User-Guided Image
    Colorization", 2017, 3.1).
    """
    hints = np.zeros_like(ab)
    mask: np.ndarray = np.zeros(ab.shape[:2], np.float32)
    if rng.random() < 0.5:
        return hints, mask
    height, width = ab.shape[:2]
    for _ in range(int(np.exp(rng.uniform(0, np.log(MAX_HINTS + 1))))):
        reach = int(rng.integers(0, 4))
        y, x = int(rng.integers(0, height)), int(rng.integers(0, width))
        spot = np.s_[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        hints[spot] = ab[spot].mean((0, 1))
        mask[spot] = 1
    return hints, mask
