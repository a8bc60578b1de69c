"""Find the border around a scanned photo: white paper, a mount, film rebate, the scanner's lid.

`light` is L as in `chroma_upsampling.py`: (H, W) uint16, 0..65535 for L 0..100.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from pix2pix.images.chroma_upsampling import light_to_lightness

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, as Pillow's crop takes it

_LOOK_SIDE = 400  # long side in pixels of the copy that is searched
_SEEN = 4  # at most so many pixels across are averaged for one of the copy
_LEVELS = 3  # for example the scanner's lid, then a mount, then white paper
_DEEPEST = 0.3  # maximum depth of one level, as a fraction of height or width
_THINNEST = 2.0  # minimum depth in pixels of the copy
_MAX_SLOPE = 0.05
_TOLERANCE = 5.0  # units of L
_STEP = 12.0  # units of L
_BROKEN = 0.3  # share of columns that may end sooner: handwriting, notches
_BLACK, _WHITE = 12.0, 92.0  # L of a black or white border, recognised by its tone alone
_ENOUGH = 3  # sides that are needed for a border of any depth
_SKEW = 0.012  # maximum difference between one side's slope and the others'
_THIN = 0.02  # maximum depth of a border on a single side, as a fraction of height or width
_SAMPLES = 64  # positions along each side at which the edge is refined to the pixel


class Strictness(NamedTuple):
    """The criteria for a margin to count as a border."""

    tolerance: float  # maximum deviation from its tone, units of L
    step: float  # minimum step to the photo within three pixels of the copy, units of L
    straight: float  # share of the columns that must agree on its end


STRICT = Strictness(_TOLERANCE, _STEP, 0.5)
LENIENT = Strictness(_TOLERANCE / 2, _STEP / 2, 0.3)  # if two other sides have a border


class Line(NamedTuple):
    """An edge of a photo: its distance from the image side is `start` + `slope` * position.

    In pixels; the position along the side is counted from its left or upper end.
    """

    start: float
    slope: float
    is_sure: bool = False  # a sharp straight black or white edge: a border even on one side

    def at(self, place: np.ndarray | float) -> np.ndarray | float:
        return self.start + self.slope * place


NO_MARGIN = Line(0.0, 0.0)


class Border(NamedTuple):
    """The corners of the photo on its sheet, clockwise from the upper left.

    x and y are in 0..1 of the sheet's width and height.
    """

    corners: tuple[tuple[float, float], ...]

    def points(self, width: int, height: int) -> list[tuple[float, float]]:
        """In pixels; an edge between two pixels is not moved to the next by rounding errors."""
        return [(round(x * width, 6), round(y * height, 6)) for x, y in self.corners]

    def outer_box(self, width: int, height: int) -> Box:
        """The smallest box that contains all of the photo."""
        x, y = np.array(self.points(width, height)).T
        left, top = max(int(x.min()), 0), max(int(y.min()), 0)
        right, bottom = min(int(np.ceil(x.max())), width), min(int(np.ceil(y.max())), height)
        return left, top, max(right, left + 1), max(bottom, top + 1)

    def inner_box(self, width: int, height: int) -> Box:
        """The largest upright box without any border."""
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = self.points(width, height)
        left, top = int(np.ceil(max(x0, x3, 0))), int(np.ceil(max(y0, y1, 0)))
        right, bottom = int(min(x1, x2, width)), int(min(y2, y3, height))
        return left, top, max(right, left + 1), max(bottom, top + 1)


def find_border(light: np.ndarray) -> Border | None:
    """The border on three or four sides of a photo, or a thin one on fewer; None if none."""
    scale = max(1.0, max(light.shape) / _LOOK_SIDE)
    height, width = (max(1, round(n / scale)) for n in light.shape)
    if min(height, width) < 48:
        return None
    step = max(1, int(scale / _SEEN))
    seen = np.ascontiguousarray(light[::step, ::step])
    small = light_to_lightness(cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA))
    sides = [NO_MARGIN] * 4
    for _ in range(_LEVELS):
        deeper = _peel(small, sides)
        if deeper == sides:
            break
        sides = deeper
    if all(side == NO_MARGIN for side in sides):
        return None
    if scale > 1:
        sides = [_refine(_turned(light, k), side, scale) for k, side in enumerate(sides)]
    return Border(_corners(sides, light.shape))


def margin_tone(light: np.ndarray, border: Border) -> float:
    """The median L of the border."""
    height, width = light.shape
    left, top, right, bottom = border.outer_box(width, height)
    parts = light[:top], light[bottom:], light[:, :left], light[:, right:]
    seen = [part[:: max(1, len(part) // 64), ::8].ravel() for part in parts]
    return (
        float(np.median(light_to_lightness(np.concatenate(seen)))) if any(map(len, seen)) else 0.0
    )


def _turned(plane: np.ndarray, side: int) -> np.ndarray:
    """A view of the plane with its left (0), top, right or bottom (3) side as its first row."""
    return (plane.T, plane, plane[:, ::-1].T, plane[::-1])[side]


def _peel(small: np.ndarray, sides: list[Line]) -> list[Line]:
    """The sides one border level further in; unchanged if there is no further level."""
    views = [_turned(small, k) for k in range(4)]
    found, new = sides, [False] * 4
    for strictness in (STRICT, STRICT, LENIENT):  # from the second pass on, neighbours are known
        if strictness is LENIENT and sum(new) < 2:
            break
        ends = [_furthest(side, view.shape[1]) for side, view in zip(found, views)]
        keep = [strictness is LENIENT and is_new for is_new in new]
        found = [
            found[k]
            if keep[k]
            else _measure_margin(views[k], sides[k], ends[1 - k % 2], ends[3 - k % 2], strictness)
            for k in range(4)
        ]
        new = [side != known for side, known in zip(found, sides)]
    new = _parallel(found, new)
    if sum(new) < _ENOUGH:
        new = [is_new and side.is_sure for is_new, side in zip(new, found)]
        first = new.index(True) if sum(new) == 1 else None
        if first is not None and _furthest(found[first], 0) > _THIN * len(views[first]):
            return sides
    return [side if is_new else known for side, known, is_new in zip(found, sides, new)]


def _parallel(found: list[Line], new: list[bool]) -> list[bool]:
    """Which of the new sides have the common rotation: photos have right angles."""
    turns = np.array([-1, 1, 1, -1]) * [side.slope for side in found]
    if not any(new):
        return new
    off = np.abs(turns - np.median(turns[new]))
    return [is_new and bool(o <= _SKEW) for is_new, o in zip(new, off)]


def _furthest(side: Line, length: int) -> int:
    return int(np.ceil(max(side.at(0), side.at(length), 0)))


def _measure_margin(
    view: np.ndarray, known: Line, left: int, right: int, strictness: Strictness
) -> Line:
    """The end of the uniform tone that starts at `known`, from the first row down.

    Returns `known` if there is no such tone. The first `left` and last `right` columns belong to
    the neighbouring sides.
    """
    depth, length = int(_DEEPEST * view.shape[0]), view.shape[1]
    columns = np.arange(left, length - right)
    if len(columns) < 0.3 * length:
        return known
    begin = np.ceil(np.asarray(known.at(columns))).astype(int).clip(0)
    begin += 0 if known == NO_MARGIN else 2  # skip the step itself
    rows = np.minimum(begin + np.arange(depth)[:, None], len(view) - 1)
    strip = view[rows, columns]
    tone = _smooth_tone(np.median(strip[:3], 0))
    apart = np.abs(strip - tone)
    tolerance = np.clip(4 * np.median(apart[:6]), strictness.tolerance, 2 * _TOLERANCE)
    ends = (apart[:-1] > tolerance) & (apart[1:] > tolerance)
    reach = np.where(ends.any(0), ends.argmax(0), depth)
    line = _vote(columns, reach + begin, begin, depth, strictness.straight)
    if line is None:
        return known
    on = np.abs(reach + begin - line.at(columns)) <= 1.5
    place = np.arange(len(columns))
    before, after = np.maximum(reach - 1, 0), np.minimum(reach + 2, depth - 1)
    step = np.median((apart[after, place] - apart[before, place])[on])
    if step < strictness.step:
        return known
    is_straight = on.mean() >= 0.8 and np.mean(reach + begin < line.at(columns) - 1.5) < 0.05
    is_extreme = tone.max() < _BLACK or tone.min() > _WHITE
    return line._replace(is_sure=bool(is_straight and is_extreme and step >= 2 * _STEP))


def _smooth_tone(tone: np.ndarray) -> np.ndarray:
    """The tone along a side, median-filtered to ignore handwriting but follow slow changes."""
    side = min(max(3, len(tone) // 4), 127) | 1
    steps = np.rint(tone * 2.55).astype(np.uint8)[None]
    return cv2.medianBlur(cv2.copyMakeBorder(steps, 0, 0, side, side, cv2.BORDER_REPLICATE), side)[
        0, side:-side
    ] / np.float32(2.55)


def _vote(
    columns: np.ndarray, reach: np.ndarray, begin: np.ndarray, depth: int, straight: float
) -> Line | None:
    """The line through most columns' ends; None if they are too few, or many end before it."""
    best, most = None, 0
    for slope in np.linspace(-_MAX_SLOPE, _MAX_SLOPE, 41):
        level = np.rint(reach - slope * columns).astype(int)
        low = level.min()
        counts = np.convolve(np.bincount(level - low), np.ones(3, int), "same")
        at = int(counts.argmax())
        if counts[at] > most:
            best, most = (low + at, slope), int(counts[at])
    if best is None or most < straight * len(columns):
        return None
    on = np.abs(reach - best[1] * columns - best[0]) <= 1.5
    slope, start = np.polyfit(columns[on], reach[on], 1)
    line = Line(float(start), float(slope))
    width = np.asarray(line.at(columns)) - begin
    short = np.mean(reach < line.at(columns) - 2.5)
    if width.mean() < _THINNEST or width.max() >= depth - 3 or short > _BROKEN:
        return None
    return line


def _refine(view: np.ndarray, side: Line, scale: float) -> Line:
    """The line in the photo's own pixels, moved to the strongest step nearby."""
    large = Line(side.start * scale, side.slope)
    if side == NO_MARGIN:
        return large
    length, reach = view.shape[1], int(np.ceil(3 * scale))
    places = np.linspace(0.03, 0.97, _SAMPLES) * length
    found = []
    for place in places:
        center = round(float(large.at(place)))
        top, bottom = max(center - reach, 0), min(center + reach, len(view))
        left = max(int(place - scale), 0)
        profile = light_to_lightness(view[top:bottom, left : left + int(2 * scale) + 1]).mean(1)
        if len(profile) < 4:
            continue
        steps = np.abs(profile[2:] - profile[:-2])
        if steps.max() >= _STEP / 2:
            found.append((place, top + int(steps.argmax()) + 1.5))
    if len(found) < _SAMPLES // 4:
        return large
    place, edge = np.array(found).T
    off = edge - large.at(place)
    shift = float(np.median(off))
    near = np.abs(off - shift) <= max(2.0, scale)
    if near.sum() < 8:
        return large
    slope, start = np.polyfit(place[near], edge[near], 1)
    return Line(float(start), float(slope))


def _corners(sides: list[Line], shape: tuple[int, int]) -> tuple[tuple[float, float], ...]:
    height, width = shape
    left, top, right, bottom = sides
    right = Line(width - right.start, -right.slope)
    bottom = Line(height - bottom.start, -bottom.slope)

    def meet(upright: Line, level: Line) -> tuple[float, float]:
        """x = upright.at(y) and y = level.at(x), in 0..1."""
        y = (level.start + level.slope * upright.start) / (1 - level.slope * upright.slope)
        x = upright.at(y)
        return float(np.clip(x / width, 0, 1)), float(np.clip(y / height, 0, 1))

    return meet(left, top), meet(right, top), meet(right, bottom), meet(left, bottom)
