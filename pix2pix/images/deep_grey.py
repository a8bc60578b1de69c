"""The lightness of grey images of more than 8 bits, without rounding to 8 bits.

Their values are taken as sRGB, or converted by the tone curve of their ICC profile.
"""

from __future__ import annotations

import io
import struct
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from pix2pix.images.chroma_upsampling import LIGHT_SCALE
from pix2pix.images.color import decode_gamma, encode_gamma, lightness_of_luminance
from pix2pix.images.convert import sample_range, strips, to_array
from pix2pix.images.icc import MAX_PROFILE_BYTES

TOP = 65535
# Parameters of each function of an ICC "para" curve, ICC.1:2022, table 68
_PARAMETERS = (1, 3, 4, 5, 7)
_MAX_CURVE = 1 << 16  # points of a curve


class DeepGrey(NamedTuple):
    """A grey image of more than 8 bits: `values` are sRGB in 0..65535, `light` is its L.

    Both are (H, W) uint16; `light` as in `chroma_upsampling`.
    """

    values: np.ndarray
    light: np.ndarray


def is_deep(image: Image.Image) -> bool:
    """Whether it is a grey image of more than 8 bits a pixel."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def read_deep(image: Image.Image) -> DeepGrey | None:
    """The values and L of a grey image of more than 8 bits.

    None for any other image, and for a profile without a tone curve that can be read.
    """
    if not is_deep(image):
        return None
    luminance = read_tone_curve(image.info.get("icc_profile"))
    if luminance is None:
        return None
    numbers = to_array(image)
    low, high = sample_range(image, numbers)
    scale = TOP / max(high - low, 1e-30)
    values, light = np.empty(numbers.shape, np.uint16), np.empty(numbers.shape, np.uint16)
    to_values = _table(encode_gamma(luminance), TOP)
    to_light = _table(lightness_of_luminance(luminance), LIGHT_SCALE)
    for rows in strips(numbers.shape):
        part = np.nan_to_num((numbers[rows].astype(np.float64) - low) * scale, posinf=0, neginf=0)
        steps = np.rint(part).clip(0, TOP).astype(np.uint16)
        values[rows], light[rows] = to_values[steps], to_light[steps]
    return DeepGrey(values, light)


def _table(numbers: np.ndarray, scale: float) -> np.ndarray:
    return np.rint(numbers * scale).clip(0, TOP).astype(np.uint16)


def read_tone_curve(profile: object) -> np.ndarray | None:
    """The luminance in 0..1 of each value in 0..65535 by an ICC profile; by sRGB without one.

    None for a profile that is no grey one, or without a curve that can be read.
    """
    steps = np.arange(TOP + 1) / TOP
    if not isinstance(profile, bytes) or not 0 < len(profile) <= MAX_PROFILE_BYTES:
        return decode_gamma(steps)
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(opened).lower():
            return decode_gamma(steps)
        if profile[16:20] != b"GRAY":
            return decode_gamma(steps)  # a profile for another mode is ignored
        curve = _evaluate(_find_tag(profile, b"kTRC"), steps)
    except (ImageCms.PyCMSError, OSError):
        return decode_gamma(steps)  # so is a broken one
    except (struct.error, ValueError, IndexError):
        return None
    return curve if np.isfinite(curve).all() else None


def _find_tag(profile: bytes, name: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", profile, 128)
    for i in range(min(count, 100)):
        signature, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if signature == name:
            return profile[start : start + size]
    raise ValueError(f"no tag {name!r}")


def _evaluate(tag: bytes, x: np.ndarray) -> np.ndarray:
    """A "curv" or "para" tag at x in 0..1, ICC.1:2022, 10.6 and 10.18."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return x
        if count == 1:
            return np.power(x, struct.unpack_from(">H", tag, 12)[0] / 256)
        if count > _MAX_CURVE:
            raise ValueError(f"a curve of {count} points")
        points = np.frombuffer(tag, ">u2", count, 12) / TOP
        return np.interp(x, np.linspace(0, 1, count), points)
    if tag[:4] != b"para":
        raise ValueError(f"a curve of type {tag[:4]!r}")
    (kind,) = struct.unpack_from(">H", tag, 8)
    numbers = struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)
    given = dict(zip("gabcdef", (number / 65536 for number in numbers)))
    g, a, b, c, d, e, f = (
        given.get(name, default) for name, default in zip("gabcdef", (1.0, 1.0, *[0.0] * 5))
    )
    return _parametric(kind, x, g, a, b, c, d, e, f)


def _parametric(
    kind: int, x: np.ndarray, g: float, a: float, b: float, c: float, d: float, e: float, f: float
) -> np.ndarray:
    if kind == 0:
        return np.power(x, g)
    power = np.power(np.maximum(a * x + b, 0), g)
    if kind in (1, 2):
        return np.where(a * x + b >= 0, power, 0) + c
    return np.where(x >= d, power + e, c * x + f)
