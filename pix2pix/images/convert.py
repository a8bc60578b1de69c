"""An image's pixels: as arrays, in strips, in eight bits whatever the image's mode."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from PIL import Image

STRIP_PIXELS = 1 << 21  # of a large picture so many are converted at a time

SAMPLE_RANGE = "sample_range"  # key of `Image.info`: black's and white's value, in I;16, I and F


def strips(shape: tuple[int, ...], pixels: int = STRIP_PIXELS) -> list[slice]:
    """Slices of rows, of at most so many pixels or one row each, that are all of (H, W, ...)."""
    height, width = shape[:2]
    rows = max(1, pixels // width)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def crop_rows(image: Image.Image, rows: slice) -> Image.Image:
    return image.crop((0, rows.start, image.width, rows.stop))


def to_array(image: Image.Image) -> np.ndarray:
    """The pixels (H, W) or (H, W, C), as np.asarray gives them.

    In strips: Pillow would hold those of a large picture twice more until it is done.
    """
    first, *others = strips((image.height, image.width))
    top = np.asarray(crop_rows(image, first))
    if not others:
        return top
    array = np.empty((image.height, *top.shape[1:]), top.dtype)
    array[first] = top
    for rows in others:
        array[rows] = np.asarray(crop_rows(image, rows))
    return array


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as 8-bit RGB: 16-bit scaled, transparency laid on white, CMYK converted.

    An image that is RGB already comes back itself.
    """
    image = to_8_bit(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def to_8_bit(image: Image.Image) -> Image.Image:
    """As `to_rgb`, but what is grey stays grey, in mode L."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _scale_to_8_bit(image)
    if image.has_transparency_data:
        return _lay_on_white(image)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours, 8 bits in mode L or RGB, and alpha in mode L; None where all is opaque.

    What cannot be seen at all is white.
    """
    if not image.has_transparency_data or image.mode.startswith(("I", "F")):
        return to_8_bit(image), None
    is_grey = image.mode in ("L", "LA", "La")
    colors, alpha = Image.new("L" if is_grey else "RGB", image.size), Image.new("L", image.size)
    for rows in strips((image.height, image.width)):
        strip = crop_rows(image, rows)
        if strip.mode == "La":
            strip = strip.convert("LA")
        rgba = strip.convert("RGBA")
        part = rgba.getchannel("A")
        bare = rgba.convert("RGB").convert(colors.mode)
        bare.paste(Image.new(colors.mode, bare.size, "white"), part.point(lambda v: 255 * (v == 0)))
        colors.paste(bare, (0, rows.start))
        alpha.paste(part, (0, rows.start))
    return colors, None if alpha.getextrema() == (255, 255) else alpha


def _lay_on_white(image: Image.Image) -> Image.Image:
    result = Image.new("RGB", image.size)
    for rows in strips((image.height, image.width)):
        strip = crop_rows(image, rows)
        if strip.mode == "La":
            strip = strip.convert("LA")  # Pillow has no way from La to RGBA
        rgba = strip.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        result.paste(Image.alpha_composite(white, rgba).convert("RGB"), (0, rows.start))
    return result


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    """Modes that `convert` would clip: 16-bit integers, wider ones, and floats.

    They do not say their range: `info[SAMPLE_RANGE]` does, where the file told it or it was found
    in the values. Else I;16 is taken for 0..65535, and I and F for the first that holds all values:
    0..1 (F only), 0..255, 0..65535, else from 0 or the least to the greatest; so is F that goes a
    little over 1. What is not finite becomes black.
    """
    values = to_array(image)
    low, high = image.info.get(SAMPLE_RANGE) or _guess_range(values, image.mode)
    result = np.empty(values.shape, np.uint8)
    for rows in strips(values.shape):
        result[rows] = scale_to_u8(values[rows], low, high)
    return Image.fromarray(result)


def _guess_range(values: np.ndarray, mode: str) -> tuple[float, float]:
    if mode.startswith("I;16"):
        return 0, 65535
    low, high = find_extremes(values[rows] for rows in strips(values.shape))
    if low < 0 or (mode == "F" and 1 < high <= 16):
        return min(low, 0), high
    tops = (1, 255, 65535) if mode == "F" else (255, 65535)
    return 0, next((float(top) for top in tops if high <= top), high)


def find_extremes(parts: Iterable[np.ndarray]) -> tuple[float, float]:
    """The least and the greatest of all finite values; 0, 0 where there are none."""
    low, high = np.inf, -np.inf
    for part in parts:
        if part.dtype.kind == "f":
            part = part[np.isfinite(part)]
        if part.size:
            low, high = min(low, float(part.min())), max(high, float(part.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def scale_to_u8(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8 in 0..255, rounded, of values in low..high of any type; what is not finite is 0."""
    scale = 255 / max(high - low, 1e-30)
    if values.dtype in (np.uint8, np.uint16):
        return _u8_table(np.iinfo(values.dtype).max, low, scale)[values]
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, low)
    scaled = values.astype(np.float32 if values.itemsize <= 4 else np.float64)
    scaled -= low
    scaled *= scale
    scaled += 0.5
    return scaled.clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=16)
def _u8_table(top: int, low: float, scale: float) -> np.ndarray:
    return ((np.arange(top + 1) - low) * scale + 0.5).clip(0, 255).astype(np.uint8)
