"""Label maps of drawings outside the training distribution."""

import cv2
import numpy as np

from pix2pix.labels.facade_builder import CLASS_IDS, build_facade
from pix2pix.labels.facade_presets import make_random_plan


def hard_drawings(size: int = 256, classes: int = 12) -> dict[str, np.ndarray]:
    """Label maps (H, W) uint8 by name; square ones have sides of `size`."""
    rng = np.random.default_rng(0)
    noise = filled(size, "facade")
    spots = rng.random(noise.shape) < 0.1
    noise[spots] = rng.integers(0, classes, int(spots.sum()))
    return {
        "empty wall": filled(size, "facade"),
        "background only": filled(size, "background"),
        "all window": filled(size, "window"),
        "one-pixel noise": noise,
        "crooked house": crooked_house(size),
        "tall": cv2.resize(
            build_facade(make_random_plan(3), size),
            (size // 2, 2 * size),
            interpolation=cv2.INTER_NEAREST_EXACT,
        ),
        "wide": cv2.resize(
            build_facade(make_random_plan(4), size),
            (2 * size, size // 2),
            interpolation=cv2.INTER_NEAREST_EXACT,
        ),
        "all pillar": filled(size, "pillar"),
        "doors on sky": rows_of(size, "background", "door"),
        "shops and blinds": rows_of(size, "shop", "blind"),
    }


def filled(size: int, name: str) -> np.ndarray:
    return np.full((size, size), CLASS_IDS[name], np.uint8)


def rows_of(size: int, ground: str, thing: str) -> np.ndarray:
    """Rectangles of class `thing` in four rows and five columns."""
    sheet = filled(size, ground)
    for y in range(4):
        for x in range(5):
            top, left = (2 * y + 1) * size // 9, (2 * x + 1) * size // 11
            sheet[top : top + size // 9, left : left + size // 11] = CLASS_IDS[thing]
    return sheet


def crooked_house(size: int) -> np.ndarray:
    """A childlike drawing: leaning wall, gable, unequal windows, and a door above the ground."""
    sheet = filled(size, "background")

    def put(name: str, *corners: tuple[float, float]) -> None:
        points = (np.array(corners) * size).round().astype(np.int32)
        cv2.fillPoly(sheet, [points], CLASS_IDS[name])

    put("facade", (0.18, 0.42), (0.80, 0.36), (0.88, 0.93), (0.12, 0.97))
    put("molding", (0.10, 0.45), (0.46, 0.08), (0.90, 0.38))
    put("window", (0.25, 0.50), (0.40, 0.47), (0.42, 0.62), (0.24, 0.64))
    put("window", (0.58, 0.45), (0.75, 0.47), (0.70, 0.63), (0.55, 0.60))
    put("window", (0.42, 0.26), (0.52, 0.24), (0.51, 0.33), (0.43, 0.34))
    put("door", (0.44, 0.70), (0.57, 0.68), (0.60, 0.90), (0.43, 0.92))
    return sheet
