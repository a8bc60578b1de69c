"""Suggest likely colours of a place, from a distribution over the points of the a/b grid."""

from typing import NamedTuple

import numpy as np

from pix2pix.images.color import ab_grid, fit_gamut, lab_to_rgb, rgb_to_lab

COUNT = 5
MIN_DISTANCE = 12.0  # between two suggestions, in Lab
REACH = 10.0  # standard deviation of a cluster, in Lab
# Range of L within which the sRGB gamut holds COUNT colours that differ by MIN_DISTANCE
MIN_L, MAX_L = 15.0, 92.0


class Suggestion(NamedTuple):
    """A colour in sRGB and its probability."""

    rgb: tuple[int, int, int]
    share: float


def suggest_colors(probabilities: np.ndarray, lightness: float) -> tuple[Suggestion, ...]:
    """COUNT colours of a place with this L (0..100), the most likely one first.

    `probabilities` (K,) belong to the points of `ab_grid`. All colours have the place's L, limited
    to MIN_L..MAX_L, and differ by MIN_DISTANCE or more. Each is the centre of a cluster: the point
    with the most probability around it, which is then taken out, and so on.
    """
    level = float(np.clip(lightness, MIN_L, MAX_L))
    ab = _fit(level, ab_grid().astype(np.float64))  # (K, 2)
    squares = ((ab[:, None] - ab[None]) ** 2).sum(-1)
    near = np.exp(-squares / (2 * REACH**2))  # (K, K)
    left = probabilities.astype(np.float64)
    open_points = np.ones(len(ab), bool)
    found: list[Suggestion] = []
    chosen: list[np.ndarray] = []
    while len(found) < COUNT and open_points.any():
        mass = near @ left
        point = int(np.argmax(np.where(open_points, mass, -1)))
        open_points[point] = False
        weights = near[point] * left
        for center in (weights @ ab / max(weights.sum(), 1e-300), ab[point]):
            rgb = lab_to_rgb(np.array([level, *_fit(level, center[None])[0]], np.float32))
            color = rgb_to_lab(rgb)[1:].astype(np.float64)
            if all(np.hypot(*(color - other)) >= MIN_DISTANCE for other in chosen):
                red, green, blue = (int(value) for value in rgb)
                found.append(Suggestion((red, green, blue), float(weights.sum())))
                chosen.append(color)
                left = left * (1 - near[point])
                break
    return tuple(sorted(found, key=lambda suggestion: -suggestion.share))


def _fit(level: float, ab: np.ndarray) -> np.ndarray:
    """a and b (N, 2) with chroma reduced to the sRGB gamut at this L."""
    lab = np.column_stack([np.full(len(ab), level), ab]).astype(np.float32)
    return fit_gamut(lab)[:, 1:].astype(np.float64)
