"""Synthetic training data: facades with label maps, and photos alone."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import make_random_plan
from pix2pix.labels.label_map import PALETTE, encode_label_image


def write_facades(folder: Path, count: int = 16, side: int = 768) -> Path:
    """Writes pairs, by default at a typical size of the CMP Facade Database."""
    for split, number in (("train", count), ("val", 1)):
        (folder / split).mkdir(parents=True)
        for i in range(number):
            labels = build_facade(make_random_plan(i), side)
            noise = np.random.default_rng(i).integers(-20, 21, (*labels.shape, 3))
            photo = np.clip(PALETTE[labels].astype(int) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(photo).save(folder / split / f"{i}.jpg", quality=92)
            encode_label_image(labels).save(folder / split / f"{i}.png")
    return folder


def write_photos(folder: Path, count: int = 16, side: int = 512) -> Path:
    """Writes photos alone: soft shapes in many colours, with edges for line drawings."""
    for split, number in (("train", count), ("val", 1)):
        (folder / split).mkdir(parents=True)
        for i in range(number):
            rng = np.random.default_rng(i)
            photo = cv2.resize(rng.integers(0, 256, (5, 5, 3)).astype(np.uint8), (side + 64, side))
            for _ in range(24):
                center = (int(rng.integers(side)), int(rng.integers(side)))
                axes = (int(rng.integers(8, side // 5)), int(rng.integers(8, side // 5)))
                color = [int(c) for c in rng.integers(0, 256, 3)]
                cv2.ellipse(photo, center, axes, float(rng.uniform(0, 180)), 0, 360, color, -1)
            noisy = photo + rng.normal(0, 6, photo.shape)
            image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
            image.save(folder / split / f"{i}.jpg", quality=92)
    return folder


def write_for(task: str, folder: Path, count: int = 16) -> Path:
    """Writes data for recipes of a task to a folder below FOLDER, once."""
    has_labels = task in ("labels2photo", "photo2labels")
    place = folder / ("facades" if has_labels else "photos")
    if not place.exists():
        (write_facades if has_labels else write_photos)(place, count)
    return place
