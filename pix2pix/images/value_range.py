"""Pictures of more than 8 bits a channel, read at 8 bits by one range for all of a set."""

import math

import numpy as np
from PIL import Image

from pix2pix.images.convert import find_extremes, scale_to_u8, strips, to_array

ValueRange = tuple[float, ...]  # what is read as 0 and as 255; (): each picture as it says itself


def is_deep(mode: str) -> bool:
    """Whether pictures of a mode of Pillow's are grey values deeper than 8 bits."""
    return mode in ("I", "F") or mode.startswith("I;16")


def measure_value_extremes(image: Image.Image) -> tuple[float, float]:
    """The least and the greatest finite value of a deep picture; 0, 0 where there is none."""
    values = to_array(image)
    return find_extremes(values[rows] for rows in strips(values.shape))


def guess_value_range(low: float, high: float, is_float: bool) -> ValueRange:
    """The range that values from `low` to `high` were likely made for.

    Integers have a number of bits, from 0 to a power of two: a set looked at in part may hold a
    little more. Floats go to 1, 255 or 65535 where they come near it, else to the greatest.
    """
    if low < 0:
        top = max(-low, high)
        return (-1.0, 1.0) if is_float and top <= 1 else (low, max(high, low + 1e-6))
    if not is_float:
        return (0.0, float(max(2 ** math.ceil(math.log2(high + 1)), 256) - 1))
    usual = next((top for top in (1.0, 255.0, 65535.0) if top / 2 < high <= top), high)
    return (0.0, 1.0 if high <= 1 else usual)


def read_in_range(image: Image.Image, value_range: ValueRange) -> Image.Image:
    """A deep picture in mode L, its values from 0 to 255 by the range; what is beyond is cut off.

    Any other picture, and any where the range is (), comes back itself.
    """
    if not value_range or not is_deep(image.mode):
        return image
    low, high = value_range
    values = to_array(image)
    result = np.empty(values.shape, np.uint8)
    for rows in strips(values.shape):
        result[rows] = scale_to_u8(values[rows], low, high)
    return Image.fromarray(result)
