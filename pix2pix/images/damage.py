"""Random damage of a scanned photo: scratches, hair, dust, stains, folds and torn edges.

Shapes come from masks (how opaque the damage is, 0..255) and are drawn by code.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

MAX_LAYERS = 4
FAINT_FRACTION = 0.25  # of the layers; most damage is nearly opaque
VISIBLE = 0.08  # a smaller change of L, in 0..1, is not called damage
LIGHT, DARK = (0.8, 1.0), (0.0, 0.2)  # tones of damage; paper shows, or dirt lies on it

Opacity = np.ndarray  # (H, W) float32 in 0..1
Shape = tuple[int, int]


def add_damage(
    lightness: np.ndarray, masks: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """L (H, W) float32 in 0..1 with random damage, and where that is visible (H, W) bool.

    `masks` are (h, w) uint8. Without any, all damage is drawn by code.
    """
    damaged = lightness
    for _ in range(int(rng.integers(1, MAX_LAYERS + 1))):
        opacity = random_opacity(lightness.shape, masks, rng)
        low, high = LIGHT if rng.random() < 0.6 else DARK
        tone = np.float32(rng.uniform(low, high))
        if rng.random() < 0.3:  # uneven, as a stain that dried
            tone = tone + smooth_noise(lightness.shape, rng, 4) * np.float32(0.15)
        damaged = damaged + (tone - damaged) * opacity
    damaged = damaged.clip(0, 1)
    return damaged, np.abs(damaged - lightness) > VISIBLE


def random_opacity(
    shape: Shape, masks: Sequence[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """The opacity (H, W) float32 of one layer of damage."""
    if masks and rng.random() < 0.65:
        picked = (masks[int(rng.integers(len(masks)))] for _ in range(2))
        opacity = place_mask(min(picked, key=np.count_nonzero), shape, rng)  # more thin than wide
    else:
        draw = DRAWN[int(rng.choice(len(DRAWN), p=DRAWN_SHARES))]
        opacity = draw(shape, rng)
    if rng.random() < 0.3:
        opacity = cv2.GaussianBlur(opacity, (0, 0), rng.uniform(0.4, 1.2))
    low, high = (0.3, 0.75) if rng.random() < FAINT_FRACTION else (0.75, 1)
    return (opacity * np.float32(rng.uniform(low, high))).clip(0, 1).astype(np.float32)


def place_mask(mask: np.ndarray, shape: Shape, rng: np.random.Generator) -> Opacity:
    """The mask rotated, mirrored and scaled, at a random place."""
    height, width = shape
    scale = max(height, width) / max(mask.shape) * np.exp(rng.uniform(np.log(0.4), np.log(2.0)))
    matrix = cv2.getRotationMatrix2D(
        (mask.shape[1] / 2, mask.shape[0] / 2), rng.uniform(0, 360), scale
    )
    goal = rng.uniform(0.1, 0.9, 2) * (width, height)
    matrix[:, 2] += goal - (mask.shape[1] / 2, mask.shape[0] / 2)
    if rng.random() < 0.5:
        mask = mask[:, ::-1]
    if scale < 0.7:  # a thin line would be lost between the pixels that are read
        mask = cv2.GaussianBlur(mask, (0, 0), 0.35 / scale)
    placed = cv2.warpAffine(np.ascontiguousarray(mask), matrix, (width, height))
    return placed.astype(np.float32) / 255


def draw_scratches(shape: Shape, rng: np.random.Generator) -> Opacity:
    """Thin, nearly straight lines, often broken; from one to many in one direction."""
    height, width = shape
    canvas = np.zeros(shape, np.float32)
    main, spread = rng.uniform(0, np.pi), rng.uniform(0, 0.4)
    for _ in range(int(np.exp(rng.uniform(0, np.log(12))))):
        turn = main + rng.normal(0, spread)
        length = rng.uniform(0.1, 1.4) * max(shape)
        start = rng.uniform(0, 1, 2) * (width, height)
        bend = rng.normal(0, 0.02) * length
        along = np.array([np.cos(turn), np.sin(turn)])
        t = np.linspace(-0.5, 0.5, 12)[:, None]
        points = start + t * length * along + (0.25 - t**2) * 4 * bend * along[::-1] * (-1, 1)
        draw_line(canvas, points, random_width(rng))
    if rng.random() < 0.5:
        canvas *= smooth_noise(shape, rng, int(rng.integers(8, 40))) > rng.uniform(-0.5, 0.3)
    return canvas


def draw_hairs(shape: Shape, rng: np.random.Generator) -> Opacity:
    """Curved lines: hair and lint."""
    height, width = shape
    canvas = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 6))):
        count = 24
        turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.25, count))
        step = rng.uniform(0.01, 0.04) * max(shape)
        path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1) * step, 0)
        draw_line(canvas, path + rng.uniform(0, 1, 2) * (width, height), random_width(rng))
    return canvas


def draw_specks(shape: Shape, rng: np.random.Generator) -> Opacity:
    """Dust: from a few to many small spots."""
    height, width = shape
    canvas = np.zeros(shape, np.float32)
    largest = rng.uniform(0.5, 4)
    for _ in range(int(np.exp(rng.uniform(np.log(3), np.log(120))))):
        at = (int(rng.integers(0, width * 8)), int(rng.integers(0, height * 8)))
        axes = rng.uniform(0.4, largest, 2) * 8
        angle = rng.uniform(0, 180)
        cv2.ellipse(
            canvas, at, (round(axes[0]), round(axes[1])), angle, 0, 360, 1.0, -1, cv2.LINE_AA, 3
        )
    return canvas


def draw_blotches(shape: Shape, rng: np.random.Generator) -> Opacity:
    """Stains: soft or sharp patches with a ragged outline and a denser rim."""
    height, width = shape
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    canvas = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        radius = rng.uniform(0.02, 0.2) * max(shape)
        center = rng.uniform(0, 1, 2) * (width, height)
        stretch = np.exp(rng.normal(0, 0.3))
        distance = np.hypot((xx - center[0]) * stretch, (yy - center[1]) / stretch) / radius
        distance += smooth_noise(shape, rng, 10) * np.float32(rng.uniform(0.1, 0.5))
        soft = np.float32(rng.uniform(0.02, 0.4))
        patch = ((1 - distance) / soft).clip(0, 1)
        rim = np.exp(-(((distance - 1) / 0.08) ** 2)) * np.float32(rng.random())
        inner = np.float32(rng.uniform(0.2, 1))
        canvas = np.maximum(canvas, np.maximum(patch * inner, rim).astype(np.float32))
    return canvas


def draw_fold(shape: Shape, rng: np.random.Generator) -> Opacity:
    """A crease across the whole photo, cracked along its line."""
    height, width = shape
    turn = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.15)
    center = rng.uniform(0.2, 0.8, 2) * (width, height)
    along = np.array([np.cos(turn), np.sin(turn)])
    t = np.linspace(-1.5, 1.5, 60)[:, None] * max(shape)
    wobble = np.cumsum(rng.normal(0, 0.002, 60))[:, None] * max(shape)
    path = center + t * along + wobble * along[::-1] * (-1, 1)
    canvas = np.zeros(shape, np.float32)
    draw_line(canvas, path, rng.uniform(0.8, 3.5))
    cracks = smooth_noise(shape, rng, int(rng.integers(20, 60))) + np.float32(rng.uniform(0, 0.6))
    wide = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(1, 3)) * np.float32(rng.uniform(0, 0.8))
    return np.maximum(canvas * (cracks > 0), wide)


def draw_torn_edge(shape: Shape, rng: np.random.Generator) -> Opacity:
    """A missing corner or side with a ragged edge."""
    height, width = shape
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    normal = np.array([np.cos(turn), np.sin(turn)])
    reach = (abs(normal) * (width, height)).sum() / 2
    depth = (xx - width / 2) * normal[0] + (yy - height / 2) * normal[1]
    edge = reach * rng.uniform(0.7, 0.98)
    ragged = smooth_noise(shape, rng, 12) * 0.05 + smooth_noise(shape, rng, 50) * 0.015
    torn: np.ndarray = (depth + ragged * max(shape) - edge).clip(-0.5, 0.5) + 0.5
    return torn.astype(np.float32)


DRAWN: tuple[Callable[[Shape, np.random.Generator], Opacity], ...] = (
    draw_scratches,
    draw_hairs,
    draw_specks,
    draw_blotches,
    draw_fold,
    draw_torn_edge,
)
DRAWN_SHARES = (0.35, 0.15, 0.2, 0.1, 0.15, 0.05)


def random_width(rng: np.random.Generator) -> float:
    """The width of a line in pixels: mostly hair-thin."""
    return float(np.exp(rng.uniform(np.log(0.5), np.log(4))))


def draw_line(canvas: np.ndarray, points: np.ndarray, width: float) -> None:
    """Draws a line through points (N, 2), x and y, on a canvas (H, W) float32.

    One thinner than a pixel is fainter instead.
    """
    fixed = np.rint(points * 8).astype(np.int32)
    color = float(min(1.0, width))
    cv2.polylines(canvas, [fixed], False, color, max(1, round(width)), cv2.LINE_AA, 3)


def smooth_noise(shape: Shape, rng: np.random.Generator, cells: int) -> np.ndarray:
    """Noise (H, W) float32, about -1..1, with `cells` cells along the longer side."""
    height, width = shape
    long = max(shape)
    grid = (max(2, round(cells * height / long)), max(2, round(cells * width / long)))
    noise = rng.uniform(-1, 1, grid).astype(np.float32)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def random_brush(damage: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Strokes (H, W) uint8 of 0 and 1 as a user marks places to repair.

    Some follow the damage (H, W), which the strokes cover with a margin; others are anywhere.
    """
    height, width = damage.shape
    marks: np.ndarray = np.zeros(damage.shape, np.uint8)
    count, labels = cv2.connectedComponents(damage)
    if count > 1 and rng.random() < 0.7:
        chosen = rng.integers(1, count, int(rng.integers(1, 4)))
        reach = int(rng.integers(1, 5))
        kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        marks = cv2.dilate(np.isin(labels, chosen).astype(np.uint8), kernel)
    if not marks.any() or rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 4))):
            steps = rng.normal(0, 0.06, (6, 2)).cumsum(0) * max(damage.shape)
            points = np.rint(steps + rng.uniform(0, 1, 2) * (width, height)).astype(np.int32)
            thickness = int(rng.integers(3, max(4, max(damage.shape) // 12)))
            cv2.polylines(marks, [points], False, 1, thickness)
    return marks
