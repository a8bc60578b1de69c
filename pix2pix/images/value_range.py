"""Images with more than 8 bits per channel, converted to 8 bits by one range per data set."""

import contextlib
import math

import numpy as np
from PIL import Image

from pix2pix.images.convert import find_extremes, scale_to_u8, strips, to_array

AUTO_RANGE = "auto"  # a range that is found by looking at the files
ValueRange = tuple[float, ...]  # the values that become 0 and 255; (): each image by its own range


def parse_range(text: str, name: str) -> ValueRange:
    """The values of black and white in a text LO:HI; () for AUTO_RANGE.

    Raises ValueError unless they are finite and LO is below HI.
    """
    if text == AUTO_RANGE:
        return ()
    low, colon, high = text.partition(":")
    with contextlib.suppress(ValueError):
        found = (float(low), float(high))
        if colon and all(map(math.isfinite, found)) and found[0] < found[1]:
            return found
    expected = f"{AUTO_RANGE}, or LO:HI such as 0:4095 with LO below HI"
    raise ValueError(f"{name} must be {expected}, got {text!r}")


def is_deep(mode: str) -> bool:
    """Whether a Pillow mode holds grey values of more than 8 bits."""
    return mode in ("I", "F") or mode.startswith("I;16")


def measure_value_extremes(image: Image.Image) -> tuple[float, float]:
    """The minimum and maximum finite value of a deep image; 0, 0 if there is none."""
    values = to_array(image)
    return find_extremes(values[rows] for rows in strips(values.shape))


def guess_value_range(low: float, high: float, is_float: bool) -> ValueRange:
    """The most likely nominal range of values that lie between `low` and `high`.

    Integers: from 0 to the next power of two minus 1, since unseen images of the set may have
    slightly higher values. Floats: from 0 to 1, 255 or 65535 if `high` is more than half of that,
    else to `high`.
    """
    if low < 0:
        top = max(-low, high)
        return (-1.0, 1.0) if is_float and top <= 1 else (low, max(high, low + 1e-6))
    if not is_float:
        return (0.0, float(max(2 ** math.ceil(math.log2(high + 1)), 256) - 1))
    usual = next((top for top in (1.0, 255.0, 65535.0) if top / 2 < high <= top), high)
    return (0.0, 1.0 if high <= 1 else usual)


def read_in_range(image: Image.Image, value_range: ValueRange) -> Image.Image:
    """A deep image converted to mode L by the range; values outside are clipped.

    Any other image is returned unchanged, as is every image if the range is ().
    """
    if not value_range or not is_deep(image.mode):
        return image
    low, high = value_range
    values = to_array(image)
    result = np.empty(values.shape, np.uint8)
    for rows in strips(values.shape):
        result[rows] = scale_to_u8(values[rows], low, high)
    return Image.fromarray(result)
