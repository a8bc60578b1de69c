"""Brush strokes that correct a repair: places to repair too, and places to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pix2pix.images.json_file import read_json_file

MAX_STROKES = 256
MAX_POINTS = 2048  # of a stroke
MAX_RADIUS = 0.25
# Of all strokes of a photo together, so that drawing them takes half a second at most
MAX_TOTAL_POINTS = 50_000
MAX_AREA = 400.0  # in squares of the photo's longer side
MAX_FILE_BYTES = 16 << 20
MASK_SIDE = 2048  # pixels of the longer side on which strokes are drawn


@dataclass(frozen=True)
class Stroke:
    """A stroke through points (x, y) in 0..1 of width and height.

    `radius` is a fraction of the longer side. `keep` protects the photo; otherwise it is repaired.
    """

    points: tuple[tuple[float, float], ...]
    radius: float
    keep: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.points) <= MAX_POINTS:
            raise ValueError(f"a stroke needs 1 to {MAX_POINTS} points, got {len(self.points)}")
        for x, y in self.points:
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise ValueError(f"a stroke's points must be from 0 to 1, got ({x}, {y})")
        if not 0 < self.radius <= MAX_RADIUS:
            raise ValueError(
                f"a stroke's radius must be above 0 and at most {MAX_RADIUS}, got {self.radius}"
            )


def parse_strokes(value: Any) -> tuple[Stroke, ...]:
    """The strokes in a JSON list of {"points": [[x, y], ...], "radius", "keep"}.

    Raises ValueError for anything else.
    """
    if not isinstance(value, list):
        raise ValueError(f"expected a list of strokes, got {type(value).__name__}")
    if len(value) > MAX_STROKES:
        raise ValueError(f"at most {MAX_STROKES} strokes, got {len(value)}")
    strokes = tuple(_parse_stroke(entry) for entry in value)
    count = sum(len(stroke.points) for stroke in strokes)
    if count > MAX_TOTAL_POINTS or sum(map(painted_area, strokes)) > MAX_AREA:
        raise ValueError("the strokes are too many or too long; please clear some")
    return strokes


def painted_area(stroke: Stroke) -> float:
    """The area that drawing a stroke paints, at most, in squares of the photo's longer side."""
    steps = np.hypot(*np.diff(np.array(stroke.points, float), axis=0).T)
    return float(2 * stroke.radius * steps.sum() + 4 * stroke.radius**2 * len(stroke.points))


def read_strokes(path: Path) -> tuple[Stroke, ...]:
    """The strokes in a JSON file. Raises ValueError "FILE: reason"."""
    return read_json_file(path, parse_strokes, MAX_FILE_BYTES, "a file of strokes")


def _parse_stroke(entry: Any) -> Stroke:
    if not isinstance(entry, dict) or not isinstance(entry.get("points"), list):
        raise ValueError("expected a stroke with points and radius")
    points, keep = entry["points"][: MAX_POINTS + 1], entry.get("keep", False)
    if not all(isinstance(p, list) and len(p) == 2 and all(map(_is_number, p)) for p in points):
        raise ValueError("a stroke's points must be pairs of numbers from 0 to 1")
    if not _is_number(entry.get("radius")):
        raise ValueError(f"a stroke's radius must be a number, got {entry.get('radius')!r:.60}")
    if not isinstance(keep, bool):
        raise ValueError(f"a stroke's keep must be true or false, got {keep!r:.60}")
    return Stroke(tuple((x, y) for x, y in points), entry["radius"], keep)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def draw_strokes(
    strokes: Sequence[Stroke], shape: tuple[int, int], box: tuple[int, int, int, int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Masks (h, w) uint8 of 0 and 1 for a photo of `shape` (H, W): repair too, and keep.

    Later strokes overwrite earlier ones. The longer side has at most MASK_SIDE pixels. `box` (left,
    top, right, bottom) is the part of the photo that is shown, in pixels.
    """
    height, width = shape
    scale = min(1.0, MASK_SIDE / max(shape))
    left, top, right, bottom = box or (0, 0, width, height)
    rows, columns = max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale))
    canvas = np.zeros((rows, columns), np.uint8)
    for stroke in strokes:
        points = np.array(stroke.points) * (width, height) - (left, top)
        fixed = np.rint(points * scale * 16).astype(np.int32)
        radius = max(0.5, stroke.radius * max(shape) * scale)
        value = 2 if stroke.keep else 1
        if len(fixed) > 1:
            cv2.polylines(canvas, [fixed], False, value, max(1, round(2 * radius)), shift=4)
        for x, y in fixed[:: max(1, len(fixed) - 1)]:  # both ends, round
            cv2.circle(canvas, (int(x), int(y)), round(radius * 16), value, -1, shift=4)
    return (canvas == 1).astype(np.uint8), (canvas == 2).astype(np.uint8)
