"""Convert images between modes: to arrays, in strips, to 8 bits from any mode."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from PIL import Image

STRIP_PIXELS = 1 << 21  # pixels of a large image that are converted at a time

SAMPLE_RANGE = "sample_range"  # key of `Image.info`: the values of black and white (I;16, I, F)


def strips(shape: tuple[int, ...], pixels: int = STRIP_PIXELS) -> list[slice]:
    """Slices of rows that cover (H, W, ...), each of at most `pixels` pixels or one row."""
    height, width = shape[:2]
    rows = max(1, pixels // width)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def crop_rows(image: Image.Image, rows: slice) -> Image.Image:
    return image.crop((0, rows.start, image.width, rows.stop))


def to_array(image: Image.Image) -> np.ndarray:
    """The pixels (H, W) or (H, W, C), as np.asarray gives them.

    Works in strips: Pillow would hold two more copies of a large image meanwhile.
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
    """The image as 8-bit RGB: 16-bit values scaled, transparency on white, CMYK converted.

    An RGB image is returned unchanged.
    """
    image = to_8_bit(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def to_8_bit(image: Image.Image) -> Image.Image:
    """Like `to_rgb`, but grey images stay grey, in mode L."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _scale_to_8_bit(image)
    if image.has_transparency_data:
        return _lay_on_white(image)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours, 8-bit L or RGB, and alpha in mode L, which is None if all is opaque.

    Fully transparent pixels become white.
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
            strip = strip.convert("LA")  # Pillow cannot convert La to RGBA
        rgba = strip.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        result.paste(Image.alpha_composite(white, rgba).convert("RGB"), (0, rows.start))
    return result


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    """8-bit grey from modes that Pillow's `convert` would clip: I;16, I and F.

    The range is `info[SAMPLE_RANGE]` if the file states it or the reader found it. The default is
    0..65535 for I;16, and for I and F the first of 0..1 (F only), 0..255 and 0..65535 that holds
    all values, else from 0 or the minimum to the maximum; so is F with values slightly above 1.
    Values that are not finite become black.
    """
    values = to_array(image)
    low, high = sample_range(image, values)
    result = np.empty(values.shape, np.uint8)
    for rows in strips(values.shape):
        result[rows] = scale_to_u8(values[rows], low, high)
    return Image.fromarray(result)


def sample_range(image: Image.Image, values: np.ndarray) -> tuple[float, float]:
    """The values of black and white of an image in mode I;16, I or F with these values."""
    low, high = image.info.get(SAMPLE_RANGE) or _guess_range(values, image.mode)
    return float(low), float(high)


def _guess_range(values: np.ndarray, mode: str) -> tuple[float, float]:
    if mode.startswith("I;16"):
        return 0, 65535
    low, high = find_extremes(values[rows] for rows in strips(values.shape))
    if low < 0 or (mode == "F" and 1 < high <= 16):
        return min(low, 0), high
    tops = (1, 255, 65535) if mode == "F" else (255, 65535)
    return 0, next((float(top) for top in tops if high <= top), high)


def find_extremes(parts: Iterable[np.ndarray]) -> tuple[float, float]:
    """The minimum and maximum of all finite values; 0, 0 if there are none."""
    low, high = np.inf, -np.inf
    for part in parts:
        if part.dtype.kind == "f":
            part = part[np.isfinite(part)]
        if part.size:
            low, high = min(low, float(part.min())), max(high, float(part.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def scale_to_u8(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values of any type in low..high as rounded uint8 in 0..255; values not finite become 0."""
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
