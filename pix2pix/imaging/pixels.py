"""An image's pixels: as arrays, in strips, in eight bits whatever the image's mode."""

import numpy as np
from PIL import Image

STRIP_PIXELS = 1 << 21  # of a large picture so many are converted at a time


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

    I and F do not say their range. It is taken for the first that holds all values: 0..1 (F only),
    0..255, 0..65535, else from 0 or the least to the greatest. What is not finite becomes black.
    """
    values = to_array(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray(_U8_OF_U16[values])
    parts = [values[rows] for rows in strips(values.shape)]
    low, high = (
        float(f([f(part, where=np.isfinite(part), initial=0) for part in parts]))
        for f in (np.min, np.max)
    )
    tops = (1, 255, 65535) if image.mode == "F" else (255, 65535)
    if low >= 0:
        high = next((float(top) for top in tops if high <= top), high)
    result = np.empty(values.shape, np.uint8)
    for rows, part in zip(strips(values.shape), parts):
        scaled = np.where(np.isfinite(part), part, low).astype(np.float32)
        scaled -= low
        scaled *= 255 / (high - low)
        scaled += 0.5
        result[rows] = scaled.clip(0, 255)
    return Image.fromarray(result)


_U8_OF_U16 = (np.arange(65536) / 257 + 0.5).astype(np.uint8)
