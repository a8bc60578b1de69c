"""Whether a scan is a negative: by a small network, and by what film looks like.

The network was trained by `benchmarks/negative.py`. A notice must be shy, since most scans are
positives: of 1517 of them that the network was not trained on, none gets one. Of as many negatives
without film around them, a third does; of colour film under its mask, most.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from pix2pix.imaging.color import lightness

WEIGHTS = Path(__file__).with_suffix(".npz")
SIDE = 40  # pixels of the square that the network sees
LAYERS = 4
MIN_SIDE = 56  # pixels of a copy; in less there is too little to be seen
MIN_DETAIL = 0.11  # all of 119 photos have more, slopes from dark to light have less
INSETS = (0.0, 0.05, 0.12)  # of each side, that a cutting leaves out

# The score from which on a scan is called a negative. What film looks like makes one more likely:
# then a lower one does, at which some photos on ordinary paper would be taken for negatives too.
SURE = 3.8
ON_CLEAR_FILM = 1.75
UNDER_ORANGE_MASK = -0.2

CLEAR_L = 85.0  # of the unexposed edge of a film on a light table
MASK_RATIO = 0.55  # of the blue to the red of a colour film's lightest parts,
MASK_SHARE = 0.85  # of the pixels that are reddish
MASK_GREEN = 0.8  # and of their green to their red


def looks_negative(rgb_u8: np.ndarray, margin: float | None = None) -> bool:
    """Of a small copy, sRGB (h, w, 3) uint8, without its border; `margin` is L of that, if any."""
    if min(rgb_u8.shape[:2]) < MIN_SIDE:
        return False
    score = score_negative(lightness(rgb_u8))
    if has_orange_mask(rgb_u8):
        return score > UNDER_ORANGE_MASK
    is_clear = margin is not None and margin >= CLEAR_L
    return score > (ON_CLEAR_FILM if is_clear else SURE)


def has_orange_mask(rgb_u8: np.ndarray) -> bool:
    """Whether all is orange, the lightest parts too, as under the mask of a colour negative."""
    red, green, blue = np.percentile(rgb_u8.reshape(-1, 3), 98, axis=0).clip(1)
    is_light_orange = blue / red < MASK_RATIO and blue < green < MASK_GREEN * red
    r, g, b = np.moveaxis(rgb_u8.astype(int), -1, 0)
    return bool(is_light_orange and np.mean((r > g) & (g > b - 6)) > MASK_SHARE)


def score_negative(lightness: np.ndarray) -> float:
    """How much more this L (h, w) looks like a negative than its own negative does; 0: as much.

    The mean of three cuttings, each also mirrored; 0 too where there is nothing to be seen in one.
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
    """Of (N, 1, SIDE, SIDE) in -1..1 the network's answer (N,): greater for a positive."""
    weights = _weights()
    for layer in range(LAYERS):
        kernel, bias = weights[f"w{layer}"], weights[f"b{layer}"]
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
        x = np.tensordot(windows, kernel, ((1, 4, 5), (1, 2, 3)))  # (N, h, w, out)
        x = np.maximum(x + bias, 0).transpose(0, 3, 1, 2)
    return x.reshape(len(x), -1) @ weights["w4"]
