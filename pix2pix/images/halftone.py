"""Detect printed halftones and 1-bit scans, and convert their dots back to greys (descreening).

`light` is L as in `chroma_upsampling.py`: (H, W) uint16, 0..65535 for L 0..100.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from pix2pix.images.chroma_upsampling import LIGHT_SCALE, light_to_lightness, map_strips

MIN_PERIOD, MAX_PERIOD = 2.2, 18.0  # distance between dots, pixels
_TILE, _MIN_TILE = 256, 64  # side of a tile in pixels: the resolution of a spectrum
_GRID = 3  # tiles across and down
_SMOOTH = 41  # pixels; coarser structure belongs to the photo, not to the screen
_FLOOR = 1e-5  # L squared; lower power is rounding error

# ln of the screen's power relative to other detail of the same frequency. The maximum over 617
# photos was 5.4; the minimum over simulated prints with periods of 3 to 12 pixels was 8.1. Enlarged
# pixels and JPEG blocks exceed it too, but their amplitude in L stays below _MIN_SWING.
_PEAK = 6.5
_MIN_SWING = 0.8

# Widths of the two blurs in periods, and the amount of sharpening. They leave 1/100 of a screen's
# amplitude: on simulated prints, the sharpest setting that leaves no visible dots.
_BLUR, _WIDE_BLUR, _SHARPEN = 0.52, 0.9, 0.9
_NOISE = 9.0  # variance of L attributed to the remains of the dots
DITHER_PERIOD = 2.5  # for random dots: the best of 2 to 4 on photos dithered in software

_MODE_REACH = 4.0  # L around each of a 1-bit scan's two tones
_BILEVEL_SHARE = 0.97
_SAMPLE = 1 << 18  # pixels


def is_bilevel(light: np.ndarray) -> bool:
    """Whether nearly all pixels have one of two distant tones: a 1-bit scan, dithered or not."""
    step = max(1, int(np.sqrt(light.size / _SAMPLE)))
    counts = np.bincount((light[::step, ::step] >> 8).ravel(), minlength=256)
    reach = round(_MODE_REACH * LIGHT_SCALE / 256)
    near = np.convolve(counts, np.ones(2 * reach + 1, int), "same")
    low, high = int(near[:128].argmax()), 128 + int(near[128:].argmax())
    shares = near[[low, high]] / counts.sum()
    apart = (high - low) * 256 / LIGHT_SCALE
    return bool(shares.sum() >= _BILEVEL_SHARE and shares.min() >= 0.005 and apart >= 40)


def halftone_period(light: np.ndarray) -> float:
    """The distance between the dots of a printed photo's screen in pixels; 0 if there is none.

    A screen shows as two waves of the same length at right angles, everywhere in the photo. The
    search uses up to nine tiles at full size, since resizing would remove the screen. In a colour
    print, L shows the strongest of the screens.
    """
    side = min(_TILE, *light.shape) // 2 * 2
    if side < _MIN_TILE:
        return 0.0
    window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    norm = 2 / ((window**2).sum() * side**2)
    powers = []
    for tile in _tiles(light, side):
        detail = light_to_lightness(tile)
        detail -= cv2.blur(detail, (_SMOOTH, _SMOOTH))
        if detail.std() > _MIN_SWING:  # skip bare paper
            waves = cv2.dft(detail * window, flags=cv2.DFT_COMPLEX_OUTPUT)[:, : side // 2 + 1]
            powers.append((waves**2).sum(-1) * norm)
    return _find_pair(powers, side) if powers else 0.0


def _tiles(light: np.ndarray, side: int) -> Iterator[np.ndarray]:
    tops, lefts = (
        np.linspace(0, n - side, min(_GRID, -(-n // side))).astype(int) for n in light.shape
    )
    for top in tops:
        for left in lefts:
            yield light[top : top + side, left : left + side]


def _find_pair(powers: list[np.ndarray], side: int) -> float:
    """The period of two perpendicular waves that are peaks of the mean spectrum; 0 if none."""
    fy, fx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    radius = np.hypot(fy, fx)
    height = np.mean([np.log(power + _FLOOR) for power in powers], 0)
    height -= _ring_medians(height, np.rint(radius * side).astype(int))
    height[(radius < 1 / MAX_PERIOD) | (radius > 1 / MIN_PERIOD)] = -np.inf
    power = np.mean(powers, 0)

    def around(y: int, x: int) -> tuple[np.ndarray, ...]:
        rows = np.arange(y - 2, y + 3) % side
        return np.ix_(rows, np.unique(np.arange(x - 2, x + 3).clip(0, side // 2)))

    for place in np.argsort(height, axis=None)[:-17:-1]:
        y, x = (int(n) for n in np.unravel_index(place, height.shape))
        if height[y, x] < _PEAK:
            return 0.0
        across_y, across_x = (-x, y) if y < side // 2 else (x, side - y)
        if across_x < 0 or across_x > side // 2:
            continue
        pair = around(y, x), around(across_y, across_x)
        swing = np.sqrt(min(power[part].sum() for part in pair))
        if height[pair[1]].max() >= _PEAK and swing >= _MIN_SWING:
            return 1 / float(radius[y, x])
    return 0.0


def _ring_medians(plane: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """For each value of the plane, the median of its ring."""
    order = np.lexsort((plane.ravel(), ring.ravel()))
    counts = np.bincount(ring.ravel())
    middles = np.cumsum(counts) - counts + counts // 2
    return plane.ravel()[order[np.minimum(middles, len(order) - 1)]][ring]


def descreen(light: np.ndarray, period: float) -> np.ndarray:
    """`light` with dots `period` pixels apart averaged to greys.

    The steps: a blur as wide as the period, an unsharp mask that restores coarser detail, and a
    self-guided filter (He and Sun, arXiv:1505.00996) that removes the rest of the dots and keeps
    edges.
    """
    result = np.empty_like(light)
    radius = round(period)
    margin = int(np.ceil(3 * _WIDE_BLUR * period)) + 2 * radius

    def smooth(strip: slice) -> None:
        top = max(strip.start - margin, 0)
        part = light_to_lightness(light[top : strip.stop + margin])
        wide = cv2.GaussianBlur(part, (0, 0), _WIDE_BLUR * period)
        part = cv2.GaussianBlur(part, (0, 0), _BLUR * period)
        part += np.float32(_SHARPEN) * (part - wide)
        part = _even_out(part, radius)[strip.start - top :][: strip.stop - strip.start]
        result[strip] = (part * np.float32(LIGHT_SCALE) + np.float32(0.5)).clip(0, 65535)

    map_strips(light.shape, smooth)
    return result


def _even_out(lightness: np.ndarray, radius: int) -> np.ndarray:
    side = (2 * radius + 1, 2 * radius + 1)
    mean = cv2.blur(lightness, side)
    variance = (cv2.blur(lightness * lightness, side) - mean * mean).clip(0)
    slope = variance / (variance + np.float32(_NOISE))
    return cv2.blur(slope, side) * lightness + cv2.blur(mean - slope * mean, side)
