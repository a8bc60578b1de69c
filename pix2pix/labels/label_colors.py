"""Class indices of the colours in a label image: exact ones, JPEG's, and those that are no class.

A JPEG, or a map that was made smaller, has blends of two classes along its borders; they take the
class beside them. A colour that is far from every class and covers an area is no blend: the picture
is refused, beyond a small share, rather than painted as the class that happens to be nearest.
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
BLEND_REACH = 64  # rows beyond a strip that the class of a blend is looked for in

# Of such pixels those in even places (their 3x3 neighbours within 16) cover at most 0.7% of those
# JPEGs; those that fill a square of 5x5, at most 8%: more is an area that no class has painted.
EVEN_RANGE = 16
MAX_ODD_PART = 0.02
MAX_SOLID_PART = 0.12
WORTH_SAYING = 0.002  # of the picture
ROUNDING = 10.0  # so far from a class colour JPEG's rounding may take an even area
MOST_COUNTED = 1 << 21  # pixels whose colours are counted
LEAST_GROUND = 5  # pixels in breadth
WHITE_LEVEL = 235  # each channel of a white ground, at least; JPEG rings beside it


class ClassColors(NamedTuple):
    """The classes of a label image, and the palettes that their colours may be from."""

    classes: Sequence[str]
    palettes: tuple[Colors, ...]

    @property
    def background(self) -> int | None:
        """The class of what is left empty, where there is one of that name."""
        names = [name.strip().lower() for name in self.classes]
        return names.index("background") if "background" in names else None


class NotALabelMapError(ValueError):
    """The picture is something else altogether, a photograph for one."""


def pack_rgb(rgb: np.ndarray) -> np.ndarray:
    """One number for each colour of (..., 3) uint8."""
    red, green, blue = (rgb[..., i].astype(np.int32) for i in range(3))
    return red << 16 | green << 8 | blue


@functools.lru_cache(maxsize=4)
def make_color_lookup(colors: Colors) -> np.ndarray:
    """The class of each of 2 ** 24 colours + 1: (2 ** 24,) int16, VOID for black, -1 for others."""
    table = np.full(1 << 24, -1, np.int16)
    table[0] = VOID
    table[pack_rgb(np.array(colors))] = np.arange(len(colors))
    return table


def decode_exactly(rgb: np.ndarray, colors: Colors, ground: np.ndarray) -> np.ndarray | None:
    """Class indices (H, W) uint8 where every pixel off the ground has a class colour or is black.

    `ground` (H, W) bool is left out and becomes VOID. None where that is not so, or all is black.
    """
    table = make_color_lookup(colors)
    label_map = np.empty(rgb.shape[:2], np.uint8)
    for rows in strips(rgb.shape):
        found = table[pack_rgb(rgb[rows])]
        found[ground[rows]] = VOID
        if (found < 0).any():
            return None
        label_map[rows] = found
    return None if (label_map == VOID).all() else label_map


def decode_colors(
    rgb: np.ndarray, names: ClassColors, ground: np.ndarray, is_lossy: bool = False
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class indices (H, W) uint8 of an RGB picture in the colours of one of the palettes, and notes
    on how it was read.

    Each pixel is the class of the nearest colour, and near black VOID where that is no class; so is
    `ground` (H, W) bool, which is left out. Raises NotALabelMapError where too much of the picture
    is far from all of them, ValueError where a colour of no class covers more than a small part.
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
    """What there is to say of the pixels, each (H, W) bool."""

    blend: np.ndarray  # far from every class
    odd: np.ndarray  # that, or as near to two classes
    shade: np.ndarray  # near a class, but not its own colour
    even: np.ndarray  # as its neighbours are


class _Fit(NamedTuple):
    """How well a palette fits, and its tables by cell of the colour cube."""

    mean_distance: float
    stray: float  # the part of the picture that is far from every class
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
    """The number, below 64 ** 3, of the cell of the colour cube, in steps of 4, of each pixel.

    With them a table for each palette serves any number of colours.
    """
    red, green, blue = (rgb[..., i].astype(np.int32) >> 2 for i in range(3))
    return red << 12 | green << 6 | blue


@functools.lru_cache(maxsize=8)
def _color_table(colors: Colors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The class nearest to each of 64 ** 3 colours, how far away it is, and how far the second is.

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
    """Where, in these rows, a pixel and its neighbours are of much the same colour, (H, W) bool."""
    top = max(0, rows.start - 1)
    part = rgb[top : rows.stop + 1]
    window = np.ones((3, 3), np.uint8)
    spread = (cv2.dilate(part, window) - cv2.erode(part, window)).max(-1)
    return spread[rows.start - top : rows.stop - top][: rows.stop - rows.start] <= EVEN_RANGE


def _judge_odd_colors(
    rgb: np.ndarray, marks: _Marks, pixels: int, names: ClassColors, colors: Colors, is_lossy: bool
) -> tuple[str, ...]:
    """Notes on colours that are no class's own. Raises ValueError where they cover too much."""
    areas = marks.odd & marks.even
    part = np.count_nonzero(areas) / pixels
    window = np.ones((5, 5), np.uint8)
    solid = cv2.morphologyEx(marks.blend.astype(np.uint8), cv2.MORPH_OPEN, window) > 0
    for where, most_allowed in ((areas, MAX_ODD_PART), (solid, MAX_SOLID_PART)):
        if np.count_nonzero(where) / pixels > most_allowed:
            color = _most_common(rgb, where)[0]
            whole = cv2.dilate(where.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            covered = np.count_nonzero(whole & marks.odd) / pixels  # with its rim
            raise ValueError(_odd_words(covered, color, names, colors))
    if not is_lossy and marks.odd.any():  # lines, and whatever else is one colour but no area
        color, count = _most_common(rgb, marks.odd)
        if count / pixels > MAX_ODD_PART and not _is_between(color, colors):
            raise ValueError(_odd_words(count / pixels, color, names, colors))
    notes = []
    if part >= WORTH_SAYING:
        notes.append(
            f"{part:.1%} of it is of colours that are no class, most of that of "
            f"{_most_common(rgb, areas)[0]}; the nearest class was taken"
        )
    shades = marks.shade & marks.even
    if not is_lossy and (shade_part := np.count_nonzero(shades) / pixels) > MAX_ODD_PART:
        color = _most_common(rgb, shades)[0]
        notes.append(
            f"{shade_part:.0%} of it is of colours that are near a class but not its own, most of "
            f"that of {color}, read as {_nearest_class(color, names, colors)}"
        )
    return tuple(notes)


def _most_common(rgb: np.ndarray, where: np.ndarray) -> tuple[tuple[int, int, int], int]:
    """The colour that most of these pixels have, and about how many do."""
    colors = rgb[where]
    step = -(-len(colors) // MOST_COUNTED)
    values, counts = np.unique(pack_rgb(colors[::step]), return_counts=True)
    most = int(values[counts.argmax()])
    return (most >> 16, most >> 8 & 255, most & 255), int(counts.max()) * step


def _nearest_class(color: tuple[int, ...], names: ClassColors, colors: Colors) -> str:
    nearest = int(np.linalg.norm(np.array(colors) - color, axis=1).argmin())
    return f"{names.classes[nearest]} {tuple(colors[nearest])}"


def _odd_words(part: float, color: tuple[int, ...], names: ClassColors, colors: Colors) -> str:
    return (
        f"{part:.0%} of it is of colours that are no class, most of that of {color}, and the "
        f"nearest class is {_nearest_class(color, names, colors)}. Paint it in the colour of its "
        "class, or make it transparent where there is none"
    )


def _is_between(color: tuple[int, ...], colors: Colors) -> bool:
    """Whether a colour is a mixture of two class colours, as a border has it in a smaller map."""
    ends = np.array(colors, np.float32)
    a, b = ends[:, None], ends[None]
    step = b - a
    along = ((np.array(color) - a) * step).sum(-1) / np.maximum((step**2).sum(-1), 1)
    nearest = a + along.clip(0, 1)[..., None] * step
    return bool(np.linalg.norm(nearest - np.array(color), axis=-1).min() <= ROUNDING)


def find_white_background(
    rgb: np.ndarray, clear: np.ndarray, names: ClassColors
) -> np.ndarray | None:
    """Where a white that is no class reaches in from the border, (H, W) bool; None for little.

    It may do so through what is `clear` (H, W), and has some breadth: lines are no ground.
    """
    nearest = min(
        float(np.linalg.norm(np.array(colors, float) - 255, axis=1).min())
        for colors in names.palettes
    )
    if nearest <= MAX_COLOR_DISTANCE:
        return None
    around = LEAST_GROUND
    white = np.ones((rgb.shape[0] + 2 * around, rgb.shape[1] + 2 * around), np.uint8)
    inner = white[around:-around, around:-around]
    for rows in strips(rgb.shape):
        inner[rows] = (rgb[rows] >= WHITE_LEVEL).all(-1) | clear[rows]
    white = cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones((LEAST_GROUND, LEAST_GROUND), np.uint8))
    cv2.floodFill(white, None, (0, 0), 2)  # type: ignore[call-overload]
    ground: np.ndarray = (white[around:-around, around:-around] == 2) & ~clear
    return ground if ground.mean() > MAX_ODD_PART else None


def _settle_blends(label_map: np.ndarray, is_blend: np.ndarray) -> np.ndarray:
    """Gives each pixel whose colour blends two classes the class of the nearest one that does not.

    The class nearest to a blend would often be a third one, drawn along every border. Of a large
    map in strips, each with the rows next to it: borders are a few pixels wide.
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
