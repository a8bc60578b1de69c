"""Label images as people have them."""

import io

import numpy as np
from helpers.synthetic import make_facade
from PIL import Image

from pix2pix.labels.classes import NUM_CLASSES, PALETTE, VOID

SIDE = 128


def house(side: int = SIDE) -> np.ndarray:
    """Sky, a wall, windows with sills, a door."""
    labels = np.zeros((side, side), np.uint8)
    unit = side // 16
    labels[2 * unit : 15 * unit, 2 * unit : 14 * unit] = 1
    for top in (4, 8):
        for left in (3, 7, 11):
            window = slice(top * unit, (top + 2) * unit), slice(left * unit, (left + 2) * unit)
            labels[window] = 2
            labels[(top + 2) * unit : (top + 2) * unit + unit // 2, window[1]] = 5
    labels[12 * unit : 15 * unit, 7 * unit : 9 * unit] = 3
    return labels


def painted(labels: np.ndarray, palette: np.ndarray = PALETTE) -> np.ndarray:
    return palette[labels].copy()


def saved(rgb: np.ndarray, format_: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format_, **options)
    return buffer.getvalue()


def random_map(height: int = 30, width: int = 40) -> np.ndarray:
    """All twelve classes, pixel by pixel."""
    labels = np.random.default_rng(0).integers(0, NUM_CLASSES, (height, width), dtype=np.uint8)
    labels[0, :NUM_CLASSES] = range(NUM_CLASSES)
    return labels


def block_map(side: int = 256, block: int = 16) -> np.ndarray:
    """All twelve classes in squares, every pair of neighbours different: many borders."""
    blocks = np.add.outer(np.arange(side // block) * 5, np.arange(side // block)) % NUM_CLASSES
    return np.kron(blocks, np.ones((block, block))).astype(np.uint8)


def void_corner(labels: np.ndarray) -> np.ndarray:
    labels = labels.copy()
    labels[:10, :12] = VOID
    return labels


def colored(labels: np.ndarray, palette: np.ndarray) -> Image.Image:
    return Image.fromarray(np.vstack([palette, [[0, 0, 0]]])[np.minimum(labels, 12)].astype("u1"))


def facade_photo() -> Image.Image:
    return Image.fromarray(make_facade(128, 128, seed=0)[0])


def sunset() -> Image.Image:
    """A photo of class-like hues: deep blue above, orange and red below."""
    y = np.linspace(0, 1, 128)[:, None, None]
    rgb = (1 - y) * np.array([20, 30, 110]) + y * np.array([230, 90, 40])
    noise = np.random.default_rng(0).normal(0, 12, (128, 128, 3))
    return Image.fromarray(np.clip(rgb + noise, 0, 255).astype(np.uint8))
