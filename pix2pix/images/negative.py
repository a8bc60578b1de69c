"""Recognise negatives with a small network and the typical look of film.

The network was trained by `benchmarks/negative.py`. The thresholds avoid false alarms, since most
scans are positives: of 997 held-out positives, none is reported as a negative. Of the negatives of
the 617 photographs among them, without film around them, 44% are reported, of those of facades and
cats a tenth; of colour film with an orange mask, most.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from pix2pix.images.color import lightness

WEIGHTS = Path(__file__).with_suffix(".npz")
SIDE = 64  # pixels; the network's input is a square
LAYERS = 4
MIN_SIDE = 56  # pixels; smaller copies show too little
MIN_DETAIL = 0.05  # all of 997 photos have more, plain gradients less than 0.01
INSETS = (0.0, 0.05, 0.12)  # fractions of each side that the three crops leave out

# Minimum scores to call a scan a negative. Signs of film make a negative more likely, so that a
# lower score suffices; with it, some photos on ordinary paper would be reported too.
MIN_SCORE = 4.2
MIN_SCORE_CLEAR_FILM = 2.25
MIN_SCORE_ORANGE_MASK = -0.2

CLEAR_L = 85.0  # L of the unexposed edge of a film on a light table
MASK_RATIO = 0.55  # maximum blue / red in the lightest parts of colour film
MASK_SHARE = 0.85  # minimum share of reddish pixels in colour film
MASK_GREEN = 0.8  # maximum green / red in the lightest parts of colour film


def looks_negative(rgb_u8: np.ndarray, margin: float | None = None) -> bool:
    """Whether a small sRGB copy (h, w, 3) uint8 without its border looks like a negative.

    `margin` is L of the border, None if there is none.
    """
    if min(rgb_u8.shape[:2]) < MIN_SIDE:
        return False
    score = score_negative(lightness(rgb_u8))
    if has_orange_mask(rgb_u8):
        return score > MIN_SCORE_ORANGE_MASK
    is_clear = margin is not None and margin >= CLEAR_L
    return score > (MIN_SCORE_CLEAR_FILM if is_clear else MIN_SCORE)


def has_orange_mask(rgb_u8: np.ndarray) -> bool:
    """Whether everything is orange, the lightest parts too, like a colour negative's mask."""
    red, green, blue = np.percentile(rgb_u8.reshape(-1, 3), 98, axis=0).clip(1)
    is_light_orange = blue / red < MASK_RATIO and blue < green < MASK_GREEN * red
    r, g, b = np.moveaxis(rgb_u8.astype(int), -1, 0)
    return bool(is_light_orange and np.mean((r > g) & (g > b - 6)) > MASK_SHARE)


def score_negative(lightness: np.ndarray) -> float:
    """How much more L (h, w) looks like a negative than its inverse does; 0 if undecided.

    The mean over three crops and their mirror images; 0 if one of them shows too little.
    """
    seen = []
    for inset in INSETS:
        top, left = (int(inset * n) for n in lightness.shape)
        part = lightness[top : len(lightness) - top, left : lightness.shape[1] - left]
        part = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        low, high = np.percentile(part, [1, 99])
        if high - low < 2:
            return 0.0
        part = ((part - low) / (high - low) * 2 - 1).clip(-1, 1)
        if np.abs(cv2.Laplacian(part.astype(np.float32), cv2.CV_32F)).mean() < MIN_DETAIL:
            return 0.0
        seen += [part, part[:, ::-1]]
    x = np.stack(seen)[:, None].astype(np.float32)
    return float((_run(-x) - _run(x)).mean())


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def _run(x: np.ndarray) -> np.ndarray:
    """The network's output (N,) for (N, 1, SIDE, SIDE) in -1..1: greater for positives."""
    weights = _weights()
    for layer in range(LAYERS):
        kernel, bias = weights[f"w{layer}"], weights[f"b{layer}"]
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
        x = np.tensordot(windows, kernel, ((1, 4, 5), (1, 2, 3)))  # (N, h, w, out)
        x = np.maximum(x + bias, 0).transpose(0, 3, 1, 2)
    return x.reshape(len(x), -1) @ weights["w4"]
