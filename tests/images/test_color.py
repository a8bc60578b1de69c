"""Colour: against literature, against another implementation, and back again."""

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from pix2pix.images.color import (
    AB_SPACING,
    ab_grid,
    colorfulness,
    fit_gamut,
    lab_to_linear_rgb,
    lab_to_rgb,
    lightness,
    rgb_to_lab,
)

# Every colour with each channel in steps of 15, black and white among them: (18, 18, 18, 3)
CUBE = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3, indexing="ij"), -1).astype(np.uint8)


def random_lab(count: int = 5000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform((0, -110, -110), (100, 110, 110), (count, 3)).astype(np.float32)


# B. Lindbloom's calculator, sRGB, D65, no adaptation
@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.74, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((255, 255, 255), (100, 0, 0)),
        ((119, 119, 119), (50.03, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_known_colours_have_their_published_lab(rgb: tuple[int, ...], lab: tuple) -> None:
    np.testing.assert_allclose(rgb_to_lab(np.array(rgb, np.uint8)), lab, atol=0.02)


def test_lab_agrees_with_scikit_image() -> None:
    np.testing.assert_allclose(rgb_to_lab(CUBE), rgb2lab(CUBE), atol=0.02)


def test_rgb_agrees_with_scikit_image() -> None:
    lab = rgb2lab(CUBE)
    ours, theirs = lab_to_rgb(lab.astype(np.float32)), lab2rgb(lab) * 255
    assert np.abs(ours - theirs).max() < 1


def test_rgb_to_lab_and_back_is_exact() -> None:
    np.testing.assert_array_equal(lab_to_rgb(rgb_to_lab(CUBE)), CUBE)


def test_every_grey_survives_the_way_through_its_lightness() -> None:
    gray = np.arange(256, dtype=np.uint8)[None]
    lab = np.stack([lightness(gray), np.zeros(gray.shape), np.zeros(gray.shape)], -1)
    np.testing.assert_array_equal(lab_to_rgb(lab.astype(np.float32)), np.stack([gray] * 3, -1))


def test_lightness_is_the_first_channel_of_lab() -> None:
    photo = CUBE.reshape(18, -1, 3)
    np.testing.assert_allclose(lightness(photo), rgb_to_lab(photo)[..., 0], atol=1e-4)


def test_lab_is_float32() -> None:
    assert rgb_to_lab(CUBE).dtype == lightness(CUBE[0]).dtype == np.float32


@pytest.mark.parametrize("array", [np.zeros((4, 3), np.float32), np.zeros((4, 4), np.uint8)])
def test_what_is_not_8_bit_rgb_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 3\) uint8"):
        rgb_to_lab(array)


def test_colours_that_srgb_shows_fit_as_they_are() -> None:
    lab = rgb_to_lab(CUBE)
    np.testing.assert_array_equal(fit_gamut(lab), lab)


def test_fitted_colours_can_be_shown() -> None:
    linear = lab_to_linear_rgb(fit_gamut(random_lab()))
    assert linear.min() >= -1e-3
    assert linear.max() <= 1 + 1e-3


def test_fitting_keeps_lightness_through_8_bits() -> None:
    lab = random_lab()
    shown = rgb_to_lab(lab_to_rgb(fit_gamut(lab)))
    assert np.abs(shown[:, 0] - lab[:, 0]).max() < 0.6
    assert np.abs(rgb_to_lab(lab_to_rgb(lab))[:, 0] - lab[:, 0]).max() > 10  # clipping does not


def test_fitting_keeps_hue() -> None:
    lab = random_lab()
    a, b = lab[:, 1:].T
    fitted_a, fitted_b = fit_gamut(lab)[:, 1:].T
    np.testing.assert_allclose(a * fitted_b, b * fitted_a, atol=0.01)  # parallel
    assert (a * fitted_a + b * fitted_b >= 0).all()  # not opposite


def test_fitting_gives_up_no_more_chroma_than_it_must() -> None:
    lab = random_lab()
    fitted = fit_gamut(lab)
    more = fitted.copy()
    more[:, 1:] += lab[:, 1:] / 1024  # a step of the search is 1/2048
    linear = lab_to_linear_rgb(more)
    was_outside = (fitted != lab).any(-1)
    still_fits = ((linear >= -5e-4) & (linear <= 1 + 5e-4)).all(-1)
    assert was_outside.sum() > 1000
    assert not (was_outside & still_fits).any()


def test_fitting_leaves_its_argument_alone() -> None:
    lab = random_lab(100)
    before = lab.copy()
    fit_gamut(lab)
    np.testing.assert_array_equal(lab, before)


def test_the_grid_has_the_points_that_some_lightness_can_show() -> None:
    shown = rgb_to_lab(CUBE).reshape(-1, 3)[:, 1:]
    grid = ab_grid()
    apart = np.linalg.norm(shown[:, None] - grid, axis=-1)  # (colours, points)
    assert len(grid) == 88
    assert (grid % AB_SPACING == 0).all()
    assert len(np.unique(grid, axis=0)) == len(grid)
    assert apart.min(0).max() <= 8  # no point is far from every colour
    assert apart.min(1).max() <= 24  # no colour is far from every point; pure blue is a thin corner


def test_a_grey_picture_has_no_colourfulness() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (32, 32, 1), dtype=np.uint8)
    assert colorfulness(np.repeat(gray, 3, -1)) == 0


def test_colourfulness_follows_its_formula() -> None:
    # rg = (255, 0), yb = (127.5, -255): means 127.5 and -63.75, deviations 127.5 and 191.25
    red_and_blue = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)
    expected = np.hypot(127.5, 191.25) + 0.3 * np.hypot(127.5, -63.75)
    assert colorfulness(red_and_blue) == pytest.approx(expected)
