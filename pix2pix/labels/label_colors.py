"""Map the colours of a label image to class indices: exact, blended by JPEG, or unknown.

JPEG compression and downscaling blend two classes along their borders; such pixels take the
neighbouring class. An area in a colour far from every class is no blend: beyond a small share the
image is rejected, rather than read as the nearest class.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from pix2pix.images.convert import strips
from pix2pix.labels.classes import VOID, Colors

# JPEG blends colours across borders, most of all with 4:2:0 chroma at a small size. Of the 500 CMP
# maps in either palette at 256x256, as a 4:2:0 JPEG of quality 50, at most 40% of the pixels (the
# mean is 16%) are farther than this from every class colour (Euclidean, RGB 0-255); of 6,842
# photographs, at least 55%. Read that way, 94% (CMP) or 97% (pix2pix) of those maps' pixels are
# right, at full size 98.6% and 99.5%, and without 4:2:0 over 99% at any of these sizes.
MAX_COLOR_DISTANCE = 35.0
MAX_STRAY_FRACTION = 0.47
BLEND_REACH = 64  # rows beyond a strip that are searched for the class of a blend

# Of such pixels those in even places (their 3x3 neighbours within 16) cover at most 0.7% of those
# JPEGs; those that fill a square of 5x5, at most 8%: more is an area that no class has painted.
EVEN_RANGE = 16
MAX_ODD_PART = 0.02
MAX_SOLID_PART = 0.12
MIN_REPORTED_SHARE = 0.002  # of the image
ROUNDING = 10.0  # maximum distance from a class colour that JPEG causes in an even area
MAX_COUNTED_PIXELS = 1 << 21  # sample size for the most common colour
MIN_BACKGROUND_WIDTH = 5  # pixels
WHITE_LEVEL = 235  # minimum of each channel of a white background; JPEG adds ringing


class ClassColors(NamedTuple):
    """The class names of a label image, and the palettes that its colours may come from."""

    classes: Sequence[str]
    palettes: tuple[Colors, ...]

    @property
    def background(self) -> int | None:
        """The index of the class "background"; None if there is no such class."""
        names = [name.strip().lower() for name in self.classes]
        return names.index("background") if "background" in names else None


class NotALabelMapError(ValueError):
    """The image is no label map at all, such as a photograph."""


def pack_rgb(rgb: np.ndarray) -> np.ndarray:
    """Each colour of (..., 3) uint8 as one int32, 0xRRGGBB."""
    red, green, blue = (rgb[..., i].astype(np.int32) for i in range(3))
    return red << 16 | green << 8 | blue


@functools.lru_cache(maxsize=4)
def make_color_lookup(colors: Colors) -> np.ndarray:
    """One more than the class of each colour, (2 ** 24,) int16; VOID + 1 for black, 0 for no class.

    Of the zeros only those that are looked up take memory.
    """
    table = np.zeros(1 << 24, np.int16)
    table[0] = VOID + 1
    table[pack_rgb(np.array(colors))] = 1 + np.arange(len(colors))
    return table


def decode_exactly(rgb: np.ndarray, colors: Colors, ground: np.ndarray) -> np.ndarray | None:
    """Class indices (H, W) uint8 if every pixel has a class colour or is black; else None.

    Pixels in `ground` (H, W) bool are ignored and become VOID. Also None if all is black.
    """
    table = make_color_lookup(colors)
    label_map = np.empty(rgb.shape[:2], np.uint8)
    for rows in strips(rgb.shape):
        found = table[pack_rgb(rgb[rows])]
        found[ground[rows]] = VOID + 1
        if not found.all():
            return None
        label_map[rows] = found - 1
    return None if (label_map == VOID).all() else label_map


def decode_colors(
    rgb: np.ndarray, names: ClassColors, ground: np.ndarray, is_lossy: bool = False
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class indices (H, W) uint8 of an RGB picture in the colours of one of the palettes, and notes
    on how it was read.

    Each pixel gets the class of the nearest colour. Pixels in `ground` (H, W) bool are ignored and
    become VOID, as do nearly black pixels unless black is a class. Raises NotALabelMapError if too
    many pixels are far from every class colour, ValueError if an unknown colour covers more than a
    small area.
    """
    for colors in names.palettes:
        label_map = decode_exactly(rgb, colors, ground)
        if label_map is not None:
            return label_map, ()
    fit = _best_fit(rgb, names, ground)
    label_map = np.empty(rgb.shape[:2], np.uint8)
    marks = _Marks(*np.empty((4, *label_map.shape), bool))
    for rows in strips(rgb.shape):
        cells, on_it = _color_cells(rgb[rows]), ~ground[rows]
        label_map[rows] = fit.nearest[cells]
        marks.blend[rows] = fit.is_blend[cells] & on_it
        marks.odd[rows] = fit.is_odd[cells] & on_it
        marks.shade[rows] = fit.is_shade[cells] & on_it
        marks.even[rows] = _even_places(rgb, rows)
    label_map[ground] = VOID
    pixels = int(np.count_nonzero(~ground))
    notes = _judge_odd_colors(rgb, marks, pixels, names, fit.colors, is_lossy)
    return _settle_blends(label_map, marks.blend), notes


class _Marks(NamedTuple):
    """Properties of the pixels, each (H, W) bool."""

    blend: np.ndarray  # far from every class colour
    odd: np.ndarray  # blend, or about as near to two class colours
    shade: np.ndarray  # near a class colour, but not equal
    even: np.ndarray  # about equal to its neighbours


class _Fit(NamedTuple):
    """How well a palette fits an image, and its tables by cell of the colour cube."""

    mean_distance: float
    stray: float  # share of the pixels that are far from every class colour
    colors: Colors
    nearest: np.ndarray
    is_blend: np.ndarray
    is_odd: np.ndarray
    is_shade: np.ndarray


def _best_fit(rgb: np.ndarray, names: ClassColors, ground: np.ndarray) -> _Fit:
    counts = np.zeros(64**3, int)
    for rows in strips(rgb.shape):
        counts += np.bincount(_color_cells(rgb[rows])[~ground[rows]], minlength=64**3)
    fits = []
    for colors in names.palettes:
        nearest, distance, second = _color_table(colors)
        colored = np.where(nearest == VOID, 0, counts)
        total = colored.sum()
        if total == 0:
            raise NotALabelMapError("is not a label map: it is black")
        is_blend = distance > MAX_COLOR_DISTANCE
        is_odd = is_blend | ((distance > ROUNDING) & (distance > second / 2))
        is_shade = (distance > ROUNDING) & ~is_odd
        stray = float(colored[is_blend].sum() / total)
        mean = float((colored * distance).sum() / total)
        fits.append(_Fit(mean, stray, colors, nearest, is_blend, is_odd, is_shade))
    best = min(fits, key=lambda fit: fit.mean_distance)
    if best.stray > MAX_STRAY_FRACTION:
        raise NotALabelMapError(
            f"is not a label map: {best.stray:.0%} of its pixels are far from every class colour"
        )
    return best


def _color_cells(rgb: np.ndarray) -> np.ndarray:
    """The index, below 64 ** 3, of each pixel's cell in the colour cube with steps of 4.

    One table per palette then serves any number of colours.
    """
    red, green, blue = (rgb[..., i].astype(np.int32) >> 2 for i in range(3))
    return red << 12 | green << 6 | blue


@functools.lru_cache(maxsize=8)
def _color_table(colors: Colors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nearest class of each of 64 ** 3 colours, its distance, and that of the second nearest.

    Colours near black are VOID, at distance 0, unless a class has such a colour.
    """
    ticks = np.arange(64, dtype=np.float32) * 4 + 1.5
    cube = np.stack(np.meshgrid(ticks, ticks, ticks, indexing="ij"), -1).reshape(-1, 3)
    nearest = np.zeros(len(cube), np.uint8)
    first, second = np.full((2, len(cube)), np.inf, np.float32)
    for i, rgb in enumerate(np.array(colors, np.float32)):
        distance = np.linalg.norm(cube - rgb, axis=1)
        second = np.minimum(second, np.maximum(first, distance))
        nearest[distance < first] = i
        first = np.minimum(first, distance)
    is_black = np.linalg.norm(cube, axis=1) < MAX_COLOR_DISTANCE
    is_black &= np.linalg.norm(np.array(colors, np.float32), axis=1).min() >= MAX_COLOR_DISTANCE
    nearest[is_black] = VOID
    return nearest, np.where(is_black, 0, first), second


def _even_places(rgb: np.ndarray, rows: slice) -> np.ndarray:
    """Where pixels of these rows have about the colour of their neighbours, (H, W) bool."""
    top = max(0, rows.start - 1)
    part = rgb[top : rows.stop + 1]
    window = np.ones((3, 3), np.uint8)
    spread = (cv2.dilate(part, window) - cv2.erode(part, window)).max(-1)
    return spread[rows.start - top : rows.stop - top][: rows.stop - rows.start] <= EVEN_RANGE


def _judge_odd_colors(
    rgb: np.ndarray, marks: _Marks, pixels: int, names: ClassColors, colors: Colors, is_lossy: bool
) -> tuple[str, ...]:
    """Notes on colours of no class. Raises ValueError if they cover too much of the image."""
    areas = marks.odd & marks.even
    part = np.count_nonzero(areas) / pixels
    window = np.ones((5, 5), np.uint8)
    solid = cv2.morphologyEx(marks.blend.astype(np.uint8), cv2.MORPH_OPEN, window) > 0
    for where, most_allowed in ((areas, MAX_ODD_PART), (solid, MAX_SOLID_PART)):
        if np.count_nonzero(where) / pixels > most_allowed:
            color = _most_common(rgb, where)[0]
            whole = cv2.dilate(where.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            covered = np.count_nonzero(whole & marks.odd) / pixels  # with its rim
            raise ValueError(_describe_odd(covered, color, names, colors))
    if not is_lossy and marks.odd.any():  # lines and other thin shapes of one colour
        color, count = _most_common(rgb, marks.odd)
        if count / pixels > MAX_ODD_PART and not _is_between(color, colors):
            raise ValueError(_describe_odd(count / pixels, color, names, colors))
    notes = []
    if part >= MIN_REPORTED_SHARE:
        notes.append(
            f"{part:.1%} of the pixels have colours of no class, most often "
            f"{_most_common(rgb, areas)[0]}; the nearest class was used"
        )
    shades = marks.shade & marks.even
    if not is_lossy and (shade_part := np.count_nonzero(shades) / pixels) > MAX_ODD_PART:
        color = _most_common(rgb, shades)[0]
        notes.append(
            f"{shade_part:.0%} of the pixels have colours close to a class but not equal, most "
            f"often {color}, read as {_nearest_class(color, names, colors)}"
        )
    return tuple(notes)


def _most_common(rgb: np.ndarray, where: np.ndarray) -> tuple[tuple[int, int, int], int]:
    """The most common colour of these pixels, and its approximate count."""
    colors = rgb[where]
    step = -(-len(colors) // MAX_COUNTED_PIXELS)
    values, counts = np.unique(pack_rgb(colors[::step]), return_counts=True)
    most = int(values[counts.argmax()])
    return (most >> 16, most >> 8 & 255, most & 255), int(counts.max()) * step


def _nearest_class(color: tuple[int, ...], names: ClassColors, colors: Colors) -> str:
    nearest = int(np.linalg.norm(np.array(colors) - color, axis=1).argmin())
    return f"{names.classes[nearest]} {tuple(colors[nearest])}"


def _describe_odd(part: float, color: tuple[int, ...], names: ClassColors, colors: Colors) -> str:
    return (
        f"{part:.0%} of the pixels have colours of no class, most often {color}; the nearest class "
        f"is {_nearest_class(color, names, colors)}. Paint these pixels in a class colour, or make "
        "them transparent"
    )


def _is_between(color: tuple[int, ...], colors: Colors) -> bool:
    """Whether a colour is a mixture of two class colours, as downscaling creates at borders."""
    ends = np.array(colors, np.float32)
    a, b = ends[:, None], ends[None]
    step = b - a
    along = ((np.array(color) - a) * step).sum(-1) / np.maximum((step**2).sum(-1), 1)
    nearest = a + along.clip(0, 1)[..., None] * step
    return bool(np.linalg.norm(nearest - np.array(color), axis=-1).min() <= ROUNDING)


def find_white_background(
    rgb: np.ndarray, clear: np.ndarray, names: ClassColors
) -> np.ndarray | None:
    """The white area connected to the image border, (H, W) bool; None if it is small or a class.

    It may connect through `clear` (H, W) pixels, and is at least MIN_BACKGROUND_WIDTH wide, so
    that lines do not count.
    """
    nearest = min(
        float(np.linalg.norm(np.array(colors, float) - 255, axis=1).min())
        for colors in names.palettes
    )
    if nearest <= MAX_COLOR_DISTANCE:
        return None
    around = MIN_BACKGROUND_WIDTH
    white = np.ones((rgb.shape[0] + 2 * around, rgb.shape[1] + 2 * around), np.uint8)
    inner = white[around:-around, around:-around]
    for rows in strips(rgb.shape):
        inner[rows] = (rgb[rows] >= WHITE_LEVEL).all(-1) | clear[rows]
    white = cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones((around, around), np.uint8))
    cv2.floodFill(white, None, (0, 0), 2)  # type: ignore[call-overload]
    ground: np.ndarray = (white[around:-around, around:-around] == 2) & ~clear
    return ground if ground.mean() > MAX_ODD_PART else None


def _settle_blends(label_map: np.ndarray, is_blend: np.ndarray) -> np.ndarray:
    """Gives each blended pixel the class of the nearest pixel that is not blended.

    By colour, a blend is often nearest to a third class, which would appear along every border.
    Works in strips with some overlap, since borders are only a few pixels wide.
    """
    settled = np.empty_like(label_map)
    for rows in strips(label_map.shape):
        top = max(0, rows.start - BLEND_REACH)
        near = slice(top, rows.stop + BLEND_REACH)
        part = _settle_strip(label_map[near], is_blend[near])
        settled[rows] = part[rows.start - top : rows.stop - top]
    return settled


def _settle_strip(label_map: np.ndarray, is_blend: np.ndarray) -> np.ndarray:
    if not is_blend.any() or is_blend.all():
        return label_map
    _, owner = cv2.distanceTransformWithLabels(
        is_blend.astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    classes = np.zeros(owner.max() + 1, np.uint8)
    classes[owner[~is_blend]] = label_map[~is_blend]
    return classes[owner]
