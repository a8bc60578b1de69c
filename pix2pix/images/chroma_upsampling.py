"""Upsample chroma to a photo's full size along its edges and keep the photo's own L.

Works in strips on all cores, for up to 50 megapixels. L is stored as `light` (H, W) uint16,
0..65535 for L 0..100: an eighth of the memory of Lab, and conversions to and from 8-bit sRGB are
tables of 65536 entries. `color.py` has the same conversions for arrays of any shape; this module
computes them by planes, which is several times as fast.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from PIL import Image

from pix2pix.images.color import (
    GAMUT_STEPS,
    GAMUT_TOLERANCE,
    RGB_TO_XYZ,
    WHITE_POINT,
    XYZ_TO_RGB,
    encode_gamma,
)
from pix2pix.images.convert import crop_rows, strips

LIGHT_SCALE = 655.35  # `light` per unit of L
STRIP_PIXELS = 1 << 18  # a float32 plane of a strip is 1 MB and stays in the cache
DEEP_TOLERANCE = 1e-6  # below a step of 16-bit sRGB near black

_STEPS = np.arange(65536, dtype=np.float64)
_F_OF_LIGHT = ((_STEPS / LIGHT_SCALE + 16) / 116).astype(np.float32)  # CIE 15:2004: f(Y)
_KNEE = np.float32(6 / 29)


def _f(linear: np.ndarray) -> np.ndarray:
    return np.where(linear > _KNEE**3, np.cbrt(linear), linear / (3 * _KNEE**2) + 4 / 29)


_LIGHT_OF_LUMINANCE = (
    ((116 * _f(_STEPS / 65535) - 16) * LIGHT_SCALE + 0.5).clip(0, 65535).astype(np.uint16)
)


_U8_OF_LINEAR = (encode_gamma(_STEPS / 65535) * 255 + 0.5).astype(np.uint8)


def _luminance_table() -> np.ndarray:
    """The luminance of each channel's values, (1, 256, 3); white sums to 65535."""
    grey = np.arange(256, dtype=np.float64) / 255
    linear = np.where(grey <= 0.04045, grey / 12.92, ((grey + 0.055) / 1.055) ** 2.4)
    return (linear[None, :, None] * RGB_TO_XYZ[1] / WHITE_POINT[1] * 65535).astype(np.float32)


_LUMINANCE = _luminance_table()
_SUM = np.ones((1, 3), np.float32)
_RGB_OF_XYZ = (
    XYZ_TO_RGB * WHITE_POINT
)  # of XYZ relative to white: rows add up to 1, so grey stays grey


def map_strips(shape: tuple[int, int], work: Callable[[slice], None]) -> None:
    """Calls `work` for slices of rows that cover (H, W), in parallel on all cores."""
    parts = strips(shape, STRIP_PIXELS)
    if len(parts) == 1:
        return work(parts[0])
    with ThreadPoolExecutor(min(len(parts), os.cpu_count() or 1)) as pool:
        list(pool.map(work, parts))


def compute_light(rgb: np.ndarray) -> np.ndarray:
    """`light` (H, W) uint16 from sRGB (H, W, 3) uint8."""
    luminance = cv2.transform(cv2.LUT(rgb, _LUMINANCE), _SUM) + np.float32(0.5)
    return _LIGHT_OF_LUMINANCE[luminance.astype(np.uint16)]


_LIGHT_OF_GREY = compute_light(np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2))[0]


def measure_light(photo: Image.Image) -> np.ndarray:
    """`light` (H, W) uint16 from a photo in mode L or RGB."""
    light = np.empty((photo.height, photo.width), np.uint16)

    def measure(strip: slice) -> None:
        part = np.asarray(crop_rows(photo, strip))
        light[strip] = _LIGHT_OF_GREY[part] if part.ndim == 2 else compute_light(part)

    map_strips(light.shape, measure)
    return light


def light_to_lightness(light: np.ndarray) -> np.ndarray:
    """L (H, W) float32 in 0..100 from `light`."""
    return light.astype(np.float32) / np.float32(LIGHT_SCALE)


def recolor(
    light: np.ndarray,
    small_lightness: np.ndarray,
    ab: np.ndarray,
    sheet: tuple[int, int] | None = None,
    corner: tuple[int, int] = (0, 0),
) -> Image.Image:
    """The RGB photo from `light` (H, W) and small a/b (h, w, 2), upsampled along its edges.

    L is kept; chroma outside the sRGB gamut is reduced at constant hue. With `sheet` (width,
    height), the photo is placed with its upper left pixel at `corner` of a black image of that
    size.
    """
    prepare = _prepare_strips(light, small_lightness, ab)
    photo = Image.new("RGB", sheet or light.shape[::-1])
    left, top = corner

    def paint(strip: slice) -> None:
        rgb = np.stack(fitted_rgb(*prepare(strip)), -1)
        photo.paste(Image.fromarray(rgb), (left, top + strip.start))

    map_strips(light.shape, paint)
    return photo


def recolor_deep(
    light: np.ndarray,
    small_lightness: np.ndarray,
    ab: np.ndarray,
    sheet: tuple[int, int] | None = None,
    corner: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """The same as `recolor` in 16 bits, (H, W, 3) uint16."""
    prepare = _prepare_strips(light, small_lightness, ab)
    height, width = light.shape
    photo = np.zeros((*(sheet or (width, height))[::-1], 3), np.uint16)
    left, top = corner
    part = photo[top : top + height, left : left + width]

    def paint(strip: slice) -> None:
        for channel, plane in enumerate(_fitted_linear(*prepare(strip), DEEP_TOLERANCE)):
            part[strip, :, channel] = encode_gamma(plane.clip(0, 1)) * 65535 + np.float32(0.5)

    map_strips(light.shape, paint)
    return photo


def _prepare_strips(
    light: np.ndarray, small_lightness: np.ndarray, ab: np.ndarray
) -> Callable[[slice], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """A function that returns f(Y), f(X) - f(Y) and f(Z) - f(Y) of a strip of rows."""
    slope, offset = guide_chroma(small_lightness, ab)
    # In terms of f, as a = 500 (f(X) - f(Y)) and b = 200 (f(Y) - f(Z)), with L = 116 f(Y) - 16
    per_f = np.array([1 / 500, -1 / 200], np.float32)
    planes = [*np.moveaxis(slope * 116 * per_f, -1, 0)]
    planes += [*np.moveaxis((offset - 16 * slope) * per_f, -1, 0)]

    def prepare(strip: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        slope_x, slope_z, offset_x, offset_z = (
            enlarge_strip(p, light.shape, strip) for p in planes
        )
        f_y = _F_OF_LIGHT[light[strip]]
        slope_x *= f_y
        slope_x += offset_x
        slope_z *= f_y
        slope_z += offset_z
        return f_y, slope_x, slope_z

    return prepare


def enlarge_strip(plane: np.ndarray, shape: tuple[int, int], strip: slice) -> np.ndarray:
    """The strip (rows, W) of a plane (h, w) float32 interpolated to `shape` (H, W).

    As cv2.resize with INTER_LINEAR of the whole would, of which a strip would be cut out. Takes
    memory for the strip alone.
    """
    height, width = shape
    count = len(plane)
    y = (np.arange(strip.start, strip.stop) + 0.5) * (count / height) - 0.5
    y = y.clip(0, count - 1)
    above = y.astype(int)
    part = (y - above).astype(np.float32)[:, None]
    first, end = above[0], min(above[-1] + 2, count)
    wide = cv2.resize(plane[first:end], (width, end - first))
    result = wide[np.minimum(above + 1, count - 1) - first]
    result -= wide[above - first]
    result *= part
    result += wide[above - first]
    return result


def fitted_rgb(f_y: np.ndarray, d_x: np.ndarray, d_z: np.ndarray) -> list[np.ndarray]:
    """The planes R, G, B uint8 from f(Y), f(X) - f(Y) and f(Z) - f(Y), fitted to the gamut."""
    return [_U8_OF_LINEAR[_to_u16(plane)] for plane in _fitted_linear(f_y, d_x, d_z)]


def _fitted_linear(
    f_y: np.ndarray, d_x: np.ndarray, d_z: np.ndarray, tolerance: float = GAMUT_TOLERANCE
) -> list[np.ndarray]:
    """The planes R, G, B of linear values, within `tolerance` of the gamut."""
    linear = _linear_rgb(f_y, d_x, d_z)
    outside = _is_outside(linear, tolerance)
    if outside.any():
        colors = f_y[outside], d_x[outside], d_z[outside]
        for plane, fitted in zip(linear, _linear_rgb(*_fit(*colors, tolerance))):
            plane[outside] = fitted
    return linear


def _fit(
    f_y: np.ndarray, d_x: np.ndarray, d_z: np.ndarray, tolerance: float
) -> tuple[np.ndarray, ...]:
    low, high = np.zeros_like(f_y), np.ones_like(f_y)
    for _ in range(GAMUT_STEPS):
        middle = (low + high) / 2
        outside = _is_outside(_linear_rgb(f_y, d_x * middle, d_z * middle), tolerance)
        low, high = np.where(outside, low, middle), np.where(outside, middle, high)
    return f_y, d_x * low, d_z * low


def _linear_rgb(f_y: np.ndarray, d_x: np.ndarray, d_z: np.ndarray) -> list[np.ndarray]:
    x, y, z = (_decode_f(f) for f in (f_y + d_x, f_y, f_y + d_z))
    planes = []
    for of_x, of_y, of_z in _RGB_OF_XYZ:
        plane = of_x * x
        plane += of_y * y
        plane += of_z * z
        planes.append(plane)
    return planes


def _decode_f(f: np.ndarray) -> np.ndarray:
    cube = f * f
    cube *= f
    dark = f <= _KNEE
    if dark.any():
        cube[dark] = (f[dark] - 4 / 29) * (3 * _KNEE**2)
    return cube


def _is_outside(linear: list[np.ndarray], tolerance: float) -> np.ndarray:
    low = np.minimum(np.minimum(linear[0], linear[1]), linear[2])
    high = np.maximum(np.maximum(linear[0], linear[1]), linear[2])
    return (low < -tolerance) | (high > 1 + tolerance)


def _to_u16(plane: np.ndarray) -> np.ndarray:
    plane *= 65535
    plane += 0.5
    return np.clip(plane, 0, 65535, out=plane).astype(np.uint16)


def guide_chroma(
    light: np.ndarray, ab: np.ndarray, radius: int = 3, epsilon: float = 9.0
) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset (H, W, 2) float32 with ab = slope * L + offset in each neighbourhood.

    Enlarged and applied to the full-size L, they align chroma with its edges: the fast guided
    filter (He and Sun, arXiv:1505.00996). `light` is L in 0..100; `epsilon` is the variance of L
    considered noise.
    """

    def mean(x: np.ndarray) -> np.ndarray:
        side = 2 * radius + 1
        return cv2.blur(x, (side, side), borderType=cv2.BORDER_REFLECT)

    mean_light, mean_ab = mean(light), mean(ab)
    variance = np.maximum(mean(light * light) - mean_light**2, 0)
    covariance = mean(light[..., None] * ab) - mean_light[..., None] * mean_ab
    slope = covariance / (variance + epsilon)[..., None]
    return mean(slope), mean(mean_ab - slope * mean_light[..., None])
