"""Label maps of facades as people draw them: few classes, large rectangles, crooked edges.

Training with them keeps a generator from falling apart on drawings unlike any labelled photo.
"""

import cv2
import numpy as np

from pix2pix.labels.facade_builder import CLASS_IDS, build_facade
from pix2pix.labels.facade_presets import make_random_plan

PLANNED = 0.4  # fraction of the drawings that follow a whole facade plan
BARE = 0.3  # fraction of the others that are a wall without elements
CROOKED = 0.008  # corners of a rectangle are off by so much of the sheet's side (sigma)
EXTRAS = ("sill", "cornice", "balcony", "blind", "molding", "deco", "pillar")


def draw_as_users_do(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random drawing of a facade, a label map (H, W) uint8.

    It is a tidy facade of a random plan, seen whole or in part; or a wall with rows of rectangles:
    windows, often a door or shops, at times one or two more classes.
    """
    if rng.random() < PLANNED:
        zoom = 1 + max(0.0, rng.normal(0, 0.5))
        rows, columns = round(height * zoom), round(width * zoom)
        sheet = build_facade(make_random_plan(int(rng.integers(1 << 31))), rows, columns)
        top, left = rng.integers(rows - height + 1), rng.integers(columns - width + 1)
        return np.ascontiguousarray(sheet[top : top + height, left : left + width])
    return _Sketch(rng, height, width).draw()


class _Sketch:
    """A sheet on which rectangles are drawn by an unsteady hand; coordinates in 0..1."""

    def __init__(self, rng: np.random.Generator, height: int, width: int) -> None:
        self.rng, self.height, self.width = rng, height, width
        self.ids = np.full((height, width), CLASS_IDS["background"], np.uint8)
        self.crooked = CROOKED * rng.choice([0.0, 0.5, 1.0, 2.0])

    def draw(self) -> np.ndarray:
        rng = self.rng
        left, right = rng.choice([0, 0.04, 0.12, 0.22]), 1 - rng.choice([0, 0.04, 0.12, 0.22])
        top, bottom = rng.choice([0, 0.08, 0.2, 0.35]), 1 - rng.choice([0, 0.03, 0.1])
        self.put("facade", left, top, right, bottom)
        if top and rng.random() < 0.3:
            self.gable(left, top, right)
        if rng.random() < BARE:
            return self.ids
        storeys, bays = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        tall, wide = (bottom - top) / storeys, (right - left) / bays
        share = rng.uniform(0.25, 0.75, 2)
        extras = [name for name in EXTRAS if rng.random() < 0.2]
        missing = rng.choice([0.0, 0.0, 0.3, 0.6])
        ground = rng.choice(["same", "door", "shops"], p=[0.3, 0.45, 0.25])
        for storey in range(storeys):
            is_ground = storey == storeys - 1 and ground != "same"
            for bay in range(bays):
                x, y = left + (bay + 0.5) * wide, top + (storey + 0.5) * tall
                if is_ground and ground == "shops":
                    self.put("shop", x - 0.45 * wide, y - 0.3 * tall, x + 0.45 * wide, bottom)
                elif is_ground and bay == bays // 2:
                    half = min(0.3 * wide, 0.12)
                    self.put("door", x - half, y - 0.3 * tall, x + half, bottom)
                elif rng.random() >= missing:
                    self.window(x, y, wide * share[0] / 2, tall * share[1] / 2, extras)
        if "molding" in extras:
            self.put("molding", left, top, right, top + 0.05)
        if "pillar" in extras:
            self.put("pillar", left, top, left + 0.06, bottom)
            self.put("pillar", right - 0.06, top, right, bottom)
        return self.ids

    def window(self, x: float, y: float, half_w: float, half_h: float, extras: list[str]) -> None:
        self.put("window", x - half_w, y - half_h, x + half_w, y + half_h)
        above, below = y - half_h, y + half_h
        if "cornice" in extras:
            self.put("cornice", x - 1.2 * half_w, above - 0.03, x + 1.2 * half_w, above)
        if "sill" in extras:
            self.put("sill", x - 1.2 * half_w, below, x + 1.2 * half_w, below + 0.02)
        if "balcony" in extras:
            self.put("balcony", x - 1.4 * half_w, y + 0.2 * half_h, x + 1.4 * half_w, below + 0.02)
        if "blind" in extras:
            self.put("blind", x - half_w, above, x + half_w, y)
        if "deco" in extras:
            self.put("deco", x - 0.5 * half_w, above - 0.05, x + 0.5 * half_w, above - 0.01)

    def gable(self, left: float, top: float, right: float) -> None:
        """A triangle on the wall, as on a child's house."""
        peak = [(left + right) / 2, top * self.rng.uniform(0, 0.5)]
        name = self.rng.choice(["facade", "molding", "cornice"])
        self.fill(name, np.array([[left, top], peak, [right, top]]))

    def put(self, name: str, left: float, top: float, right: float, bottom: float) -> None:
        self.fill(name, np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))

    def fill(self, name: str, corners: np.ndarray) -> None:
        corners = corners + self.rng.normal(0, self.crooked, corners.shape)
        pixels = np.round(corners * [self.width, self.height] - 0.5).astype(np.int32)
        cv2.fillPoly(self.ids, [pixels], CLASS_IDS[name])
