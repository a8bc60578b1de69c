"""Facade label maps: the twelve classes, their palettes, and label images.

A label map is class indices, (H, W) uint8 in 0..11; VOID (255) marks pixels of no class. A label
image is its picture form: we write palette PNGs with ids 1-12 and the colours of the CMP Facade
Database, and read every form in use.
"""

from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from pix2pix.images import ImageSource, describe, open_image

VOID = 255

# A JPEG blurs label colours along region borders. On the 500 CMP maps saved as JPEG quality 75,
# under 2% of the pixels end up farther than this (Euclidean, RGB 0-255) from their palette colour.
MAX_COLOR_DISTANCE = 60.0
MAX_STRAY_FRACTION = 0.05


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


def check_label_map(label_map: np.ndarray, num_classes: int = NUM_CLASSES) -> None:
    """Raises ValueError unless `label_map` is (H, W) uint8 of class indices or VOID."""
    if label_map.ndim != 2 or label_map.dtype != np.uint8 or label_map.size == 0:
        raise ValueError(
            f"a label map is a non-empty (H, W) uint8 array, got {label_map.shape} {label_map.dtype}"
        )
    bad = np.unique(label_map[(label_map >= num_classes) & (label_map != VOID)])
    if bad.size:
        raise ValueError(f"class indices go from 0 to {num_classes - 1}, got {bad.tolist()[:8]}")


def encode_label_image(label_map: np.ndarray) -> Image.Image:
    """A palette image (mode P) of ids 1-12 in CMP colours, the form the CMP database has.

    VOID becomes id 0, black. Save it as PNG: it reopens with identical indices.
    """
    check_label_map(label_map)
    image = Image.fromarray(np.where(label_map == VOID, 0, label_map + 1).astype(np.uint8))
    image = image.convert("L")
    image.putpalette([0, 0, 0, *PALETTE.reshape(-1).tolist()])
    return image


def open_label_map(source: ImageSource, name: str | None = None) -> np.ndarray:
    """The label map in a file: `images.open_image`, then `decode_label_image`.

    Raises ValueError "NAME: reason".
    """
    image = open_image(source, name)
    try:
        return decode_label_image(image)
    except ValueError as error:
        raise ValueError(f"{name or describe(source)}: {error}") from None


def decode_label_image(image: Image.Image) -> np.ndarray:
    """The label map (H, W) uint8 in an image, whichever form it takes.

    Reads palette images and RGB in the CMP or the pix2pix colours (nearest colour, so JPEG does)
    and greyscale indices (0-11, or ids 1-12). Black is VOID where the file is otherwise exact.
    Raises ValueError with the reason for anything else, such as a photograph.
    """
    if image.mode in ("L", "I", "I;16", "1"):
        return _decode_indices(np.asarray(image).astype(np.int64))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = np.asarray(image)[..., 3]
        if alpha.min() < 255:
            raise ValueError(
                "has transparent pixels, which stand for no class; fill them with a class colour"
            )
    return _decode_colors(np.asarray(image.convert("RGB")))


def _decode_indices(values: np.ndarray) -> np.ndarray:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > NUM_CLASSES:
        raise ValueError(
            f"is greyscale with values {low}..{high}; a label map has indices 0-11 or ids 1-12"
        )
    if low == 0 and high == NUM_CLASSES:
        raise ValueError("mixes index 0 with id 12, so it is neither indices 0-11 nor ids 1-12")
    if low > 0 and high < NUM_CLASSES:
        raise ValueError(
            "is greyscale with neither a 0 nor a 12, so indices 0-11 and ids 1-12 cannot be told "
            "apart; save it as a palette or RGB image in the class colours"
        )
    return (values - (low > 0)).astype(np.uint8)


def _decode_colors(rgb: np.ndarray) -> np.ndarray:
    flat = rgb.reshape(-1, 3)
    colors, inverse = np.unique(
        flat.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32), return_inverse=True
    )
    colors = np.stack([colors >> 16, (colors >> 8) & 255, colors & 255], -1).astype(np.int64)
    counts = np.bincount(inverse.reshape(-1), minlength=len(colors))

    exact = (colors[:, None] == PALETTE).all(-1)  # (N, 12)
    void = (colors == 0).all(-1)
    if (exact.any(1) | void).all() and exact.any():
        nearest = np.where(void, VOID, exact.argmax(1))
    else:
        fits = [_nearest(colors, counts, palette) for palette in (PALETTE, PIX2PIX_PALETTE)]
        nearest, stray, _ = min(fits, key=lambda fit: fit[2])
        if stray > MAX_STRAY_FRACTION:
            raise ValueError(
                f"is not a label map: {stray:.0%} of its pixels are far from every class colour"
            )
    return nearest[inverse].reshape(rgb.shape[:2]).astype(np.uint8)


def _nearest(
    colors: np.ndarray, counts: np.ndarray, palette: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """Nearest index per colour (N,), the fraction of stray pixels, the mean distance."""
    nearest = np.empty(len(colors), np.int64)
    distance = np.empty(len(colors))
    for start in range(0, len(colors), 1 << 16):  # a photograph has millions of colours
        part = colors[start : start + (1 << 16)]
        squared = ((part[:, None] - palette.astype(np.int64)) ** 2).sum(-1)
        nearest[start : start + len(part)] = squared.argmin(1)
        distance[start : start + len(part)] = np.sqrt(squared.min(1))
    total = counts.sum()
    stray = counts[distance > MAX_COLOR_DISTANCE].sum() / total
    return nearest, float(stray), float((counts * distance).sum() / total)


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
