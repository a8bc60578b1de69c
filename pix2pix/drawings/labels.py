"""Facade label maps: the twelve classes, their palettes, and label images.

A label map is class indices, (H, W) uint8 in 0..11; VOID (255) marks pixels of no class. A label
image is its picture form: we write palette PNGs with ids 1-12 and the colours of the CMP Facade
Database, and read every form in use.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from pix2pix.imaging.open import ImageSource, describe, open_image
from pix2pix.imaging.pixels import crop_rows, strips, to_array, to_rgb

VOID = 255

# JPEG blends colours across borders, most of all with 4:2:0 chroma at a small size. Of the 500 CMP
# maps in either palette at 256x256, as a 4:2:0 JPEG of quality 50, at most 40% of the pixels (the
# mean is 16%) are farther than this from every class colour (Euclidean, RGB 0-255); of 6,842
# photographs, at least 55%. Read that way, 94% (CMP) or 97% (pix2pix) of those maps' pixels are
# right, at full size 98.6% and 99.5%, and without 4:2:0 over 99% at any of these sizes.
MAX_COLOR_DISTANCE = 35.0
MAX_STRAY_FRACTION = 0.47
BLEND_REACH = 64  # rows beyond a strip that the class of a blend is looked for in


class LabelClass(NamedTuple):
    """A class: its name, what it is on a real building, and its colour in both label palettes."""

    name: str
    meaning: str
    rgb: tuple[int, int, int]
    pix2pix_rgb: tuple[int, int, int]


# Names, order and `rgb` are those of the CMP Facade Database (Tylecek and Sara, GCPR 2013);
# `pix2pix_rgb` was measured in the label JPEGs of the pix2pix "facades" set.
CLASSES = (
    LabelClass("background", "sky, street, neighbours", (0, 0, 170), (0, 0, 222)),
    LabelClass("facade", "the plain wall of the building", (0, 0, 255), (0, 48, 255)),
    LabelClass("window", "glass and its frame", (0, 85, 255), (0, 128, 255)),
    LabelClass("door", "a way in", (0, 170, 255), (1, 207, 255)),
    LabelClass("cornice", "the ledge that crowns a storey", (0, 255, 255), (32, 255, 224)),
    LabelClass("sill", "the shelf under a window", (85, 255, 170), (112, 254, 142)),
    LabelClass("balcony", "a railing in front of a window", (170, 255, 85), (192, 255, 63)),
    LabelClass("blind", "a shutter or blind at a window", (255, 255, 0), (255, 240, 1)),
    LabelClass("deco", "ornament: a mask, a relief, a sign", (255, 170, 0), (255, 159, 0)),
    LabelClass("molding", "a raised band or window surround", (255, 85, 0), (255, 80, 0)),
    LabelClass("pillar", "a column or flat pilaster", (255, 0, 0), (254, 0, 0)),
    LabelClass("shop", "a shop front at street level", (170, 0, 0), (174, 0, 1)),
)
NUM_CLASSES = len(CLASSES)
PALETTE = np.array([c.rgb for c in CLASSES], np.uint8)  # (12, 3)
PIX2PIX_PALETTE = np.array([c.pix2pix_rgb for c in CLASSES], np.uint8)  # (12, 3)

Colors = tuple[tuple[int, ...], ...]  # the RGB of each class
_COLORS: Colors = tuple(c.rgb for c in CLASSES)
_PIX2PIX_COLORS: Colors = tuple(c.pix2pix_rgb for c in CLASSES)


def is_facades(names: Sequence[str]) -> bool:
    """Whether classes of these names, by index, are the twelve of facades."""
    return list(names) == [c.name for c in CLASSES]


def check_label_map(label_map: np.ndarray, num_classes: int = NUM_CLASSES) -> None:
    """Raises ValueError unless `label_map` is (H, W) uint8 of class indices or VOID."""
    if label_map.ndim != 2 or label_map.dtype != np.uint8 or label_map.size == 0:
        raise ValueError(
            "a label map is a non-empty (H, W) uint8 array, "
            f"got {label_map.shape} {label_map.dtype}"
        )
    bad = np.unique(label_map[(label_map >= num_classes) & (label_map != VOID)])
    if bad.size:
        raise ValueError(f"class indices go from 0 to {num_classes - 1}, got {bad.tolist()[:8]}")


def encode_label_image(
    label_map: np.ndarray, colors: Sequence[Sequence[int]] | np.ndarray = PALETTE
) -> Image.Image:
    """A palette image (mode P) of ids 1-12 in CMP colours, the form the CMP database has.

    VOID becomes id 0, black. Save it as PNG: it reopens with identical indices. Other classes than
    the facade's come with `colors`, (K, 3) in 0..255.
    """
    check_label_map(label_map, len(colors))
    image = Image.fromarray(np.where(label_map == VOID, 0, label_map + 1).astype(np.uint8))
    image = image.convert("L")
    image.putpalette([0, 0, 0, *np.asarray(colors).reshape(-1).tolist()])
    return image


def open_label_map(
    source: ImageSource, name: str | None = None, colors: Colors | None = None
) -> np.ndarray:
    """The label map in a file: `images.open_image`, then `decode_label_image`.

    Raises ValueError "NAME: reason".
    """
    image = open_image(source, name)
    try:
        return decode_label_image(image, colors)
    except ValueError as error:
        raise ValueError(f"{name or describe(source)}: {error}") from None


def decode_label_image(image: Image.Image, colors: Colors | None = None) -> np.ndarray:
    """The label map (H, W) uint8 in an image, whichever form it takes.

    Reads palette images and RGB in the CMP or the pix2pix colours, JPEG too, with black as VOID,
    and greyscale indices (0-11, or ids 1-12); with `colors`, (K, 3), other classes than the
    facade's: in these colours, or as indices from 0 to K - 1. Raises ValueError with the reason for
    anything else, such as a photograph.
    """
    _check_sound(image)
    if colors is not None:
        return _decode_classes(image, to_array(to_rgb(image)), colors)
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        return _decode_indices(to_array(image))
    rgb = to_array(to_rgb(image))
    if _is_grey(rgb):
        return _decode_indices(rgb[..., 0])
    return decode_colors(rgb, (_COLORS, _PIX2PIX_COLORS))


def _check_sound(image: Image.Image) -> None:
    """Raises ValueError where the image is transparent or damaged."""
    for rows in strips((image.height, image.width)) if image.has_transparency_data else ():
        if np.asarray(crop_rows(image, rows).convert("RGBA"))[..., 3].min() < 255:
            raise ValueError(
                "has transparent pixels, which stand for no class; fill them with a class colour"
            )
    if image.mode == "P" and image.getextrema()[1] >= len(image.getpalette() or ()) // 3:  # type: ignore[operator]
        raise ValueError("is damaged: it has colour numbers that its palette does not have")


def _is_grey(rgb: np.ndarray) -> bool:
    return all(np.array_equal(rgb[..., 0], rgb[..., i]) for i in (1, 2))


def _decode_classes(image: Image.Image, rgb: np.ndarray, colors: Colors) -> np.ndarray:
    """Exact colours first: among them may be greys, which would else be taken for indices."""
    exact = np.full(1 << 24, VOID, np.uint8)  # by colour
    exact[_pack(np.array(colors))] = np.arange(len(colors))
    label_map = np.empty(rgb.shape[:2], np.uint8)
    is_exact = True
    for rows in strips(rgb.shape):
        packed = _pack(rgb[rows])
        label_map[rows] = exact[packed]
        is_exact = is_exact and bool(((label_map[rows] != VOID) | (packed == 0)).all())
    if is_exact and (label_map != VOID).any():
        return label_map
    values = to_array(image) if image.mode in ("L", "I", "F", "I;16") else rgb[..., 0]
    if _is_grey(rgb) and values.max() < len(colors):
        if (values != values.astype(np.uint8)).any():
            raise ValueError(f"has values that are no index from 0 to {len(colors) - 1}")
        return values.astype(np.uint8)
    return decode_colors(rgb, (colors,))


def _pack(rgb: np.ndarray) -> np.ndarray:
    """One number for each colour."""
    red, green, blue = np.moveaxis(rgb.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _decode_indices(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= NUM_CLASSES):  # NaN too
        raise ValueError(
            f"is greyscale with values {low}..{high}; a label map has indices 0-11 or ids 1-12"
        )
    indices = values.astype(np.uint8)
    if (indices != values).any():
        raise ValueError("has fractional values; a label map has indices 0-11 or ids 1-12")
    if high == 0:
        raise ValueError("is all black, so it may be a map of class 0 or of no class at all")
    if low == 0 and high == NUM_CLASSES:
        raise ValueError("mixes index 0 with id 12, so it is neither indices 0-11 nor ids 1-12")
    if low > 0 and high < NUM_CLASSES:
        raise ValueError(
            "is greyscale with neither a 0 nor a 12, so indices 0-11 and ids 1-12 cannot be told "
            "apart; save it as a palette or RGB image in the class colours"
        )
    return indices - np.uint8(low > 0)


def decode_colors(rgb: np.ndarray, palettes: tuple[Colors, ...]) -> np.ndarray:
    """Class indices (H, W) uint8 of an RGB picture in the colours of one of the palettes.

    Each pixel is the class of the nearest colour, and near black VOID where that is no class.
    Raises ValueError where too much of the picture is far from all of them.
    """
    counts = np.zeros(64**3, int)
    for rows in strips(rgb.shape):
        counts += np.bincount(_color_cells(rgb[rows]).reshape(-1), minlength=64**3)
    fits = []
    for nearest, distance in _color_tables(palettes):
        colored = np.where(nearest == VOID, 0, counts)
        total = colored.sum()
        if total == 0:
            raise ValueError("is not a label map: it is black")
        is_blend = distance > MAX_COLOR_DISTANCE
        stray = colored[is_blend].sum() / total
        fits.append(((colored * distance).sum() / total, nearest, is_blend, stray))
    _, nearest, is_blend, stray = min(fits, key=lambda fit: fit[0])
    if stray > MAX_STRAY_FRACTION:
        raise ValueError(
            f"is not a label map: {stray:.0%} of its pixels are far from every class colour"
        )
    label_map = np.empty(rgb.shape[:2], np.uint8)
    blends = np.empty(rgb.shape[:2], bool)
    for rows in strips(rgb.shape):
        cells = _color_cells(rgb[rows])
        label_map[rows], blends[rows] = nearest[cells], is_blend[cells]
    return _settle_blends(label_map, blends)


def _color_cells(rgb: np.ndarray) -> np.ndarray:
    """The number, below 64 ** 3, of the cell of the colour cube, in steps of 4, of each pixel.

    With them a table for each palette serves any number of colours.
    """
    red, green, blue = (rgb[..., i].astype(np.int32) >> 2 for i in range(3))
    return red << 12 | green << 6 | blue


@functools.lru_cache(maxsize=4)
def _color_tables(palettes: tuple[Colors, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each palette: the class nearest to each of 64 ** 3 colours, and how far away it is.

    Colours near black are VOID, at distance 0, unless a class has such a colour.
    """
    ticks = np.arange(64, dtype=np.float32) * 4 + 1.5
    cube = np.stack(np.meshgrid(ticks, ticks, ticks, indexing="ij"), -1).reshape(-1, 3)
    tables = []
    for palette in palettes:
        colors = np.array(palette, np.float32)
        distances = np.stack([np.linalg.norm(cube - rgb, axis=1) for rgb in colors])  # (classes, N)
        nearest = distances.argmin(0).astype(np.uint8)
        is_black = np.linalg.norm(cube, axis=1) < MAX_COLOR_DISTANCE
        is_black &= np.linalg.norm(colors, axis=1).min() >= MAX_COLOR_DISTANCE
        nearest[is_black] = VOID
        tables.append((nearest, np.where(is_black, 0, distances.min(0))))
    return tables


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


def resize_label_map(label_map: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The label map at (H, W): each pixel the class that covers most of it."""
    if label_map.shape == shape:
        return label_map
    if shape[0] >= label_map.shape[0] and shape[1] >= label_map.shape[1]:
        return cv2.resize(label_map, shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    present = np.unique(label_map)
    cover = [
        cv2.resize((label_map == c).astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
        for c in present
    ]
    return present[np.argmax(cover, axis=0)]
