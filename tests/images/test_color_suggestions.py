"""Suggested colours are likely, in gamut, of the place's lightness, and can be told apart."""

import numpy as np
import pytest

from pix2pix.images.color import ab_grid, rgb_to_lab
from pix2pix.images.color_suggestions import COUNT, MAX_L, MIN_DISTANCE, MIN_L, suggest_colors

POINTS = len(ab_grid())


def distributions() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    certain = [np.eye(POINTS)[k] for k in range(0, POINTS, 29)]
    return [*certain, np.full(POINTS, 1 / POINTS), rng.dirichlet(np.full(POINTS, 0.1))]


@pytest.mark.parametrize("lightness", [0, 14, 30, 50, 75, 90, 93, 100])
def test_five_colors_of_the_lightness_differ_visibly(lightness: float) -> None:
    for probabilities in distributions():
        found = suggest_colors(probabilities, lightness)
        assert len(found) == COUNT
        lab = rgb_to_lab(np.array([color.rgb for color in found], np.uint8))
        assert np.abs(lab[:, 0] - np.clip(lightness, MIN_L, MAX_L)).max() < 1, "and in gamut"
        distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
        assert distances[~np.eye(COUNT, dtype=bool)].min() >= MIN_DISTANCE


def test_the_likeliest_color_comes_first_and_shares_fall() -> None:
    red, blue = (int(np.argmin(np.hypot(*(ab_grid() - ab).T))) for ab in ((64, 48), (16, -64)))
    probabilities = np.full(POINTS, 0.1 / POINTS)
    probabilities[red] += 0.6
    probabilities[blue] += 0.3
    first, second, *rest = suggest_colors(probabilities, 45)
    for color, point in ((first, red), (second, blue)):
        assert np.hypot(*(rgb_to_lab(np.array(color.rgb, np.uint8))[1:] - ab_grid()[point])) < 8
    assert first.share == pytest.approx(0.6, abs=0.05)
    assert second.share == pytest.approx(0.3, abs=0.05)
    shares = [color.share for color in (first, second, *rest)]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-9
