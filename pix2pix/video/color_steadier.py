"""Keep the colours of a video from flickering.

Each frame's colours are averaged with those of the frame before, moved along the optical flow
(DIS: Kroeger et al., arXiv:1603.03590). Where the lightness does not match, something else has come
into view and the new colours count; at a cut nothing is carried over.
"""

from __future__ import annotations

import cv2
import numpy as np

MEMORY = 0.92  # the share of the colours before, where nothing changed
MATCH_L, MATCH_FALLOFF = 2.0, 3.0  # differences in L that still match, and that half match beyond
CUT_SHARE = 0.45  # fewer matching pixels are a cut
CUT_CORRELATION = 0.3  # of small copies of two frames; less is a cut
_COPY_SIDE = 16  # pixels of those copies
STILL_BONUS = 0.5  # in L: motion must explain that much more than standing still
_BLUR = (5, 5)
_FLOW_SIDE = 16  # pixels that the optical flow needs at least


class ColorSteadier:
    """Averages a and b over time, frame by frame. `memory` 0 changes nothing.

    Frames that follow each other have the same shape, or the average starts again.
    """

    def __init__(self, memory: float = MEMORY) -> None:
        self._memory = memory
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def steady(self, lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
        """The steadied a/b (h, w, 2) float32 of the next frame.

        `lightness` (h, w) float32 in 0..100 is that of the frame that was coloured: what moved is
        found in it.
        """
        last, result = self._last, ab
        if self._memory and last is not None and is_same_scene(last[0], lightness):
            offset = float(np.median(lightness - last[0]))  # old films flicker in brightness
            flow, before = self._follow(last[0] + offset, lightness)
            match = match_weight(lightness, before)
            if match.mean() >= CUT_SHARE:
                carried = _move(last[1], flow)
                result = ab + (self._memory * match)[..., None] * (carried - ab)
        self._last = lightness, result
        return result

    def _follow(self, before: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel was (h, w, 2), in pixels relative to it, and the lightness there."""
        still = np.zeros((*now.shape, 2), np.float32)
        if min(now.shape) < _FLOW_SIDE:
            return still, before
        flow = self._flow.calc(_to_u8(now), _to_u8(before), still.copy())
        moved = _move(before, flow)
        # Grain moves nothing: colours that creep along noise would blur in a long still scene.
        cost_still = cv2.blur(np.abs(now - before), _BLUR)
        cost_moved = cv2.blur(np.abs(now - moved), _BLUR) + STILL_BONUS
        is_still = cost_still <= cost_moved
        flow[is_still] = 0
        return flow, np.where(is_still, before, moved)


def is_same_scene(before: np.ndarray, now: np.ndarray) -> bool:
    """Whether two lightnesses (h, w) in 0..100 look alike from afar; False for unequal shapes.

    The optical flow alone cannot tell: it finds similar pixels in any two pictures.
    """
    if before.shape != now.shape:
        return False
    side = (_COPY_SIDE, _COPY_SIDE)
    first, second = (cv2.resize(x, side, interpolation=cv2.INTER_AREA) for x in (before, now))
    first, second = first - first.mean(), second - second.mean()
    if np.abs(first - second).mean() < MATCH_L:
        return True
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    return bool((first * second).sum() >= CUT_CORRELATION * scale)


def match_weight(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """How far two lightnesses (h, w) in 0..100 show the same thing, 0..1."""
    beyond = np.maximum(cv2.blur(np.abs(now - before), _BLUR) - MATCH_L, 0) / MATCH_FALLOFF
    return np.exp2(-(beyond**2)).astype(np.float32)


def _to_u8(lightness: np.ndarray) -> np.ndarray:
    return (lightness * 2.55).clip(0, 255).astype(np.uint8)


def _move(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(
        image, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
