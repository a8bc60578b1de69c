"""Grey photos, damaged while training, with the undamaged ones as target."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from pix2pix.data.discovery import locate_split
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.loader import Batch
from pix2pix.data.resize_crop import Geometry
from pix2pix.images.color import rgb_to_lab
from pix2pix.images.convert import to_array
from pix2pix.images.damage import add_damage, random_brush
from pix2pix.images.degradation import degrade
from pix2pix.images.reader import find_images, open_rgb
from pix2pix.models.tensors import encode_lightness, encode_restore_input

MASKS_FOLDER = "damage"  # in the data folder, beside train
VAL_MASKS = 10  # every tenth mask is held out for evaluation

INTACT_FRACTION = 0.05  # of the training photos
AGED_FRACTION = 0.6  # faded, soft, grainy
MARKED_FRACTION = 0.3  # with marks: all that a first pass should find, or places marked by a user
FOUND_FRACTION = 0.6  # of those: a second pass
ENLARGED_FRACTION = 0.5  # scans are soft at the scale of their pixels, training photos are not
MIN_PART = 0.3  # of an enlarged photo
AROUND = 3  # pixels around a marked place that count as much: results are blended there
ELSEWHERE = 0.02  # weight of all other pixels


class DamagedPhotos:
    """L with damage, and a mask of marked places -> L without, and the map of the damage.

    The network runs twice: it finds damage, and fills what is marked. Only marked places count in
    the loss of L. The target is as faded, soft and grainy as the input: only damage goes.
    Evaluation adds the same damage to a photo each time, and marks nothing.
    """

    def __init__(
        self, examples: CachedExamples, geometry: Geometry, masks: Sequence[np.ndarray]
    ) -> None:
        self.examples = examples
        self.geometry = geometry
        self.masks = masks
        self.names = examples.names

    def __len__(self) -> int:
        return len(self.examples)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        views = self.geometry.crop_views([self.examples[i] for i in indices], rngs, size)
        clean: np.ndarray = rgb_to_lab(np.stack([photo for photo, *_ in views]))[..., 0]
        if rngs is None:
            made = [
                damage_photo(x, self.masks, np.random.default_rng(i))
                for x, i in zip(clean, indices)
            ]
        else:
            made = [training_view(x, self.masks, rng) for x, rng in zip(clean, rngs)]
        clean, damaged, maps, marks = (np.stack(arrays) for arrays in zip(*made))
        kernel = np.ones((2 * AROUND + 1, 2 * AROUND + 1), np.uint8)
        near = np.stack([cv2.dilate(x, kernel) for x in marks])
        weight = torch.from_numpy(np.where(near > 0, 1.0, ELSEWHERE))[:, None].float()
        target = torch.cat(
            [encode_lightness(clean), torch.from_numpy(maps)[:, None].float() * 2 - 1], 1
        )
        encoded = encode_restore_input(damaged, marks)
        return Batch(encoded, target, weight, encoded)


Views = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def damage_photo(
    lightness: np.ndarray, masks: Sequence[np.ndarray], rng: np.random.Generator
) -> Views:
    """L (H, W) in 0..100, the same damaged, and (H, W) uint8 of 0 and 1: damage, no marks."""
    damaged, where = add_damage(lightness / 100, masks, rng)
    return lightness, damaged * 100, where.astype(np.uint8), np.zeros(lightness.shape, np.uint8)


def training_view(
    lightness: np.ndarray, masks: Sequence[np.ndarray], rng: np.random.Generator
) -> Views:
    """As `damage_photo`, of a random part of a photo, mostly aged, with marks in some."""
    if rng.random() < ENLARGED_FRACTION:
        lightness = enlarge_part(lightness, rng)
    if rng.random() < AGED_FRACTION:
        lightness = degrade(lightness, rng, scratches=False)
    if rng.random() < INTACT_FRACTION:
        empty = np.zeros(lightness.shape, np.uint8)
        return lightness, lightness, empty, empty
    clean, damaged, where, marks = damage_photo(lightness, masks, rng)
    if rng.random() < MARKED_FRACTION:
        marks = random_brush(where, rng)
        if rng.random() < FOUND_FRACTION:
            found = cv2.dilate(where, np.ones((3, 3), np.uint8), iterations=int(rng.integers(1, 3)))
            marks = np.maximum(found, marks) if rng.random() < 0.5 else found
        where = where * (1 - marks)  # what is blank cannot be found
    return clean, damaged, where, marks


def enlarge_part(lightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random part of L (H, W), enlarged to (H, W)."""
    height, width = lightness.shape
    part = rng.uniform(MIN_PART, 1)
    rows, columns = max(8, round(height * part)), max(8, round(width * part))
    top = int(rng.integers(0, height - rows + 1))
    left = int(rng.integers(0, width - columns + 1))
    cut = lightness[top : top + rows, left : left + columns]
    large = cv2.resize(cut, (width, height), interpolation=cv2.INTER_CUBIC)
    return large.clip(0, 100)


def read_masks(root: Path, split: str) -> list[np.ndarray]:
    """The damage masks (h, w) uint8 of ROOT/damage for a split; [] without that folder.

    Raises ValueError if it has no images, or if ROOT has no folder train to tell photos and masks
    apart.
    """
    folder = root / MASKS_FOLDER
    if not folder.is_dir():
        return []
    place = locate_split(root, "train")
    if place is not None and root in place.folders:
        raise ValueError(
            f"{root}: has a folder {MASKS_FOLDER} beside photos; expected the photos in "
            f"{root / 'train'}, to tell them from masks"
        )
    paths = sorted(find_images(folder))
    if not paths:
        raise ValueError(f"{folder}: expected images of damage (white on black), found none")
    held_out = paths[VAL_MASKS // 2 :: VAL_MASKS]
    chosen = [path for path in paths if (path in held_out) == (split != "train")] or paths
    return [to_array(open_rgb(path)).max(-1) for path in chosen]
