"""Steer the colours of a photo towards those of another photo.

The reference's a/b histogram at several levels of L is compared with the histogram that the
network predicts for the photo. The predicted distribution of each pixel is then reweighted by their
ratio, so that a pixel gets those of the reference's colours that are likely at its place: iterative
proportional fitting, as in Sinkhorn's algorithm for optimal transport.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from pix2pix.images.color import ab_grid, rgb_to_lab
from pix2pix.images.convert import to_rgb
from pix2pix.images.icc import to_srgb
from pix2pix.images.tone import classify_colors

LEVELS = 6  # of L, evenly spaced from 0 to 100
POINTS = 88  # of the a/b grid
MIN_SIDE = 32  # pixels of a reference
SMALL_SIDE = 160  # pixels of the copy of which the histogram is taken
DEFAULT_STRENGTH = 0.6  # 1 takes on the reference's histogram, likely or not

_SPREAD = 8.0  # standard deviation in Lab with which a colour counts at the points of the grid
_LEAN = 0.3  # how far each level of L leans on all levels: few pixels say little
_FLOOR = 1e-3 / POINTS  # added to probabilities before their ratio is taken
_MAX_CHANGE = 4.0  # of a logarithm: what is improbable, by less than 1 in 50, stays so
_ROUNDS = 3
_SAMPLE = 4096  # pixels by which the histograms are compared


@dataclass(frozen=True)
class Reference:
    """The colours of another photo, and how much they count, from 0 to 1.

    `colors` is what `read_reference` returns. Raises ValueError for anything else.
    """

    colors: str
    strength: float = DEFAULT_STRENGTH

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"the strength of a reference must be 0 to 1, got {self.strength}")
        _ = self.histogram

    @cached_property
    def histogram(self) -> np.ndarray:
        """The a/b histogram at each level of L, (LEVELS, POINTS) float64; levels add up to 1."""
        return _decode(self.colors)


def read_reference(photo: Image.Image) -> str:
    """The colours of a photo as text: base64 of LEVELS * POINTS bytes.

    Raises ValueError for a grey photo, or one smaller than MIN_SIDE.
    """
    if min(photo.size) < MIN_SIDE:
        raise ValueError(
            f"is {photo.width}x{photo.height} pixels; a photo to take colours from needs at least "
            f"{MIN_SIDE} a side"
        )
    scale = min(1.0, SMALL_SIDE / max(photo.size))
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    small = np.asarray(to_rgb(to_srgb(photo)).resize(size, Image.Resampling.BOX))
    if classify_colors(small) == "grey":
        raise ValueError("is grey; choose a colour photo to take colours from")
    histogram = measure_colors(rgb_to_lab(small).reshape(-1, 3))
    numbers = np.rint(np.sqrt(histogram) * 255).astype(np.uint8)
    return base64.b64encode(numbers.tobytes()).decode()


def measure_colors(lab: np.ndarray) -> np.ndarray:
    """The a/b histogram (LEVELS, POINTS) of colours (N, 3) at each level of L."""
    grid = ab_grid().astype(np.float64)
    squares = ((lab[:, None, 1:].astype(np.float64) - grid) ** 2).sum(-1)  # (N, POINTS)
    near = np.exp(-(squares - squares.min(1, keepdims=True)) / (2 * _SPREAD**2))
    near /= near.sum(1, keepdims=True)
    return _lean(level_weights(lab[:, 0]).T @ near)


def _decode(text: object) -> np.ndarray:
    expected = f"expected the colours of a photo, {LEVELS * POINTS} bytes in base64"
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != LEVELS * POINTS:
        raise ValueError(expected)
    numbers = np.frombuffer(content, np.uint8).reshape(LEVELS, POINTS).astype(np.float64)
    histogram = (numbers / 255) ** 2
    totals = histogram.sum(1, keepdims=True)
    if not totals.all():
        raise ValueError(expected)
    return histogram / totals


def steer_logits(
    logits: np.ndarray,
    lightness: np.ndarray,
    reference: Reference,
    temperature: float,
) -> np.ndarray:
    """`logits` (POINTS, h, w) reweighted towards a reference, float32.

    `lightness` (h, w) is L in 0..100. The histogram is taken of the distributions at `temperature`.
    """
    flat = logits.reshape(POINTS, -1).T.astype(np.float32) / np.float32(temperature)  # (N, POINTS)
    weights = level_weights(lightness.ravel())
    step = -(-len(flat) // _SAMPLE)
    change = _fit(flat[::step], weights[::step], reference)
    steered = flat + (weights @ change).astype(np.float32)
    return (steered * np.float32(temperature)).T.reshape(logits.shape)


def _fit(logits: np.ndarray, weights: np.ndarray, reference: Reference) -> np.ndarray:
    """What is added to logits (N, POINTS) at each level, (LEVELS, POINTS)."""
    change = np.zeros((LEVELS, POINTS))
    target = None
    for _ in range(_ROUNDS):
        own = _lean(weights.T @ softmax(logits + weights @ change))
        if target is None:
            strength = reference.strength
            target = reference.histogram**strength * own ** (1 - strength)
            target /= target.sum(1, keepdims=True)
        change += np.log((target + _FLOOR) / (own + _FLOOR))
        change = change.clip(-_MAX_CHANGE, _MAX_CHANGE)
    return change


def level_weights(lightness: np.ndarray) -> np.ndarray:
    """How much L (N,) in 0..100 belongs to each level, (N, LEVELS): linear between two levels."""
    place = lightness.astype(np.float64).clip(0, 100) * ((LEVELS - 1) / 100)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(LEVELS)), 0)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    likely = np.exp(logits - logits.max(-1, keepdims=True))
    return likely / likely.sum(-1, keepdims=True)


def _lean(counts: np.ndarray) -> np.ndarray:
    """Histograms of each level from counts (LEVELS, POINTS), smoothed by that of all levels."""
    mixed = counts + _LEAN * counts.sum(0)
    return mixed / mixed.sum(1, keepdims=True)
