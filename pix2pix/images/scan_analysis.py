"""Analyse a scan: border, printed halftone, 1-bit scan, negative, hardly anything on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from pix2pix.images.border import Border, find_border, margin_tone
from pix2pix.images.convert import to_rgb
from pix2pix.images.halftone import DITHER_PERIOD, halftone_period, is_bilevel
from pix2pix.images.negative import looks_negative

# Of 617 photos, none has more than 77% of its pixels near its most frequent tone; a page of text
# has 86%, a drawing 98%.
PLAIN_SHARE = 0.82
_TONES, _NEAR = 128, 7  # tones that L is divided into, and how many are near one
_SAMPLE = 1_000_000  # pixels that are counted
_MIN_PIXELS = 10_000

_SMALL_SIDE = 256  # long side in pixels of the copy used to recognise negatives


class ScanAnalysis(NamedTuple):
    """The properties of a scan `width` pixels wide.

    `period` is the distance between the dots of a printed halftone in pixels, 0 if it is none.
    """

    width: int
    border: Border | None = None
    period: float = 0.0
    is_bilevel: bool = False
    is_negative: bool = False
    is_plain: bool = False  # mostly one tone

    @property
    def has_dots(self) -> bool:
        """Whether the scan consists of dots that `descreen` can convert to greys."""
        return bool(self.period or self.is_bilevel)

    def dot_spacing(self, width: int) -> float:
        """The distance between dots, in pixels, in a copy `width` pixels wide."""
        return (self.period or DITHER_PERIOD) * width / self.width


def analyze_scan(sheet: Image.Image, light: np.ndarray) -> ScanAnalysis:
    """The properties of a photo in mode L or RGB with its full-size `light` (H, W) uint16.

    Slow checks use a small copy of the photo; halftone dots are searched for in a few tiles.
    """
    border = find_border(light)
    height, width = light.shape
    left, top, right, bottom = border.inner_box(width, height) if border else (0, 0, width, height)
    inside = light[top:bottom, left:right]
    period = halftone_period(inside)
    small = sheet.resize(
        _small_size(right - left, bottom - top),
        Image.Resampling.BOX,
        (left, top, right, bottom),
        reducing_gap=2.0,
    )
    margin = margin_tone(light, border) if border else None
    is_negative = looks_negative(np.asarray(to_rgb(small)), margin)
    return ScanAnalysis(
        width, border, period, is_bilevel(inside), is_negative, is_mostly_one_tone(inside)
    )


def is_mostly_one_tone(light: np.ndarray) -> bool:
    """Whether most of `light` (H, W) uint16 has one tone: a drawing, a text, a blank page.

    False for a picture of few pixels.
    """
    if light.size < _MIN_PIXELS:
        return False
    step = max(1, int(np.sqrt(light.size / _SAMPLE)))
    tones = (light[::step, ::step] >> 9).ravel()
    counts = np.bincount(tones, minlength=_TONES)
    most = int(counts.argmax())
    near = counts[max(most - _NEAR, 0) : most + _NEAR + 1].sum()
    return bool(near > PLAIN_SHARE * len(tones))


def _small_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, _SMALL_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
