"""Recolouring at full size: L stays, chroma keeps to its edges, and strips are not seen."""

import cv2
import numpy as np
import pytest
from PIL import Image

from pix2pix.images import chroma_upsampling as module
from pix2pix.images.chroma_upsampling import (
    LIGHT_SCALE,
    compute_light,
    enlarge_strip,
    fitted_rgb,
    guide_chroma,
    light_to_lightness,
    measure_light,
    recolor,
)
from pix2pix.images.color import fit_gamut, lab_to_rgb, lightness, rgb_to_lab
from pix2pix.inference.working_shapes import resize_photo


def to_light(lightness: np.ndarray) -> np.ndarray:
    return np.round(lightness * LIGHT_SCALE).astype(np.uint16)


def paint(lab: np.ndarray) -> np.ndarray:
    """sRGB (N, 3) uint8 of Lab (N, 3), as `recolor` does it for each pixel."""
    f_y = (lab[:, 0] + 16) / 116
    return np.stack(fitted_rgb(f_y, lab[:, 1] / 500, -lab[:, 2] / 200), -1)


def lab_of_everything() -> np.ndarray:
    """Lab (500000, 3), half of it far out of what sRGB can show."""
    rng = np.random.default_rng(0)
    return rng.uniform((0, -128, -128), (100, 128, 128), (500_000, 3)).astype(np.float32)


def test_light_is_the_lightness_of_every_colour() -> None:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (500, 600, 3), dtype=np.uint8)
    assert np.abs(light_to_lightness(compute_light(rgb)) - lightness(rgb)).max() < 0.01


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_light_of_a_photo_is_that_of_its_pixels(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    photo = Image.fromarray(rgb).convert(mode)
    monkeypatch.setattr(module, "STRIP_PIXELS", 300)
    expected = compute_light(np.asarray(photo.convert("RGB")))
    np.testing.assert_array_equal(measure_light(photo), expected)


def test_every_grey_comes_back_as_it_went_in() -> None:
    grey = np.arange(256, dtype=np.uint8)[None, :, None].repeat(9, 0).repeat(3, 2)
    none = np.zeros((4, 8, 2), np.float32)
    np.testing.assert_array_equal(recolor(compute_light(grey), np.zeros((4, 8)), none), grey)


def test_any_lab_at_all_keeps_its_lightness() -> None:
    lab = lab_of_everything()
    error = np.abs(rgb_to_lab(paint(lab))[:, 0] - lab[:, 0])
    assert error.max() < 0.6  # a step of 8 bits, near black
    assert error.mean() < 0.1


def test_any_lab_at_all_keeps_its_hue() -> None:
    lab = lab_of_everything()
    shown = rgb_to_lab(paint(lab))
    is_chroma = np.hypot(*shown[:, 1:].T) > 15  # below, 8 bits are too coarse for a hue
    turn = np.arctan2(*shown[:, :0:-1].T) - np.arctan2(*lab[:, :0:-1].T)
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)[is_chroma]
    assert is_chroma.sum() > 300_000
    assert np.degrees(np.percentile(turn, 99)) < 4


def test_planes_and_arrays_agree() -> None:
    lab = lab_of_everything()[:50_000]
    apart = np.abs(paint(lab).astype(int) - lab_to_rgb(fit_gamut(lab)))
    assert apart.max() <= 1
    assert apart.mean() < 0.05


def test_lightness_stays_whatever_the_colours() -> None:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    light = compute_light(rgb)
    ab = rng.normal(0, 60, (48, 64, 2)).astype(np.float32)
    result = np.asarray(recolor(light, light_to_lightness(resize_photo(light, (48, 64))), ab))
    error = np.abs(lightness(result) - lightness(rgb))
    assert error.max() < 0.6
    assert np.abs(result.astype(int) - rgb).max() > 50


@pytest.mark.parametrize("shape", [(64, 64), (1, 1), (1, 5000), (5000, 1), (37, 411), (3000, 7)])
def test_strips_leave_no_seam(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    light = to_light(rng.uniform(0, 100, shape))
    small, ab = rng.uniform(0, 100, (32, 48)).astype(np.float32), rng.normal(0, 20, (32, 48, 2))
    results = []
    for pixels in (1 << 30, 300):
        monkeypatch.setattr(module, "STRIP_PIXELS", pixels)
        results.append(np.asarray(recolor(light, small, ab.astype(np.float32))))
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("height", [5, 12, 13, 100])
def test_a_strip_is_cut_out_of_the_whole_enlarged(height: int) -> None:
    plane = np.random.default_rng(0).normal(size=(12, 7)).astype(np.float32)
    whole = cv2.resize(plane, (7, height), interpolation=cv2.INTER_LINEAR)
    for top in range(0, height, 3):
        strip = slice(top, min(top + 3, height))
        part = enlarge_strip(plane, (height, 7), strip)
        np.testing.assert_allclose(part, whole[strip], atol=1e-5)


def blurred_edge(scale: int) -> tuple[np.ndarray, np.ndarray]:
    """b of a dark grey half beside a bright one that is yellow, the colour blurred as by a network.

    (H, W) of the result and the mask of its bright half, at `scale` times the working size.
    """
    side = 64 * scale
    rgb = np.full((side, side, 3), 40, np.uint8)
    rgb[:, side // 2 :] = 200
    light = compute_light(rgb)
    ab = np.zeros((64, 64, 2), np.float32)
    ab[:, 32:, 1] = 50
    small = light_to_lightness(resize_photo(light, (64, 64)))
    result = np.asarray(recolor(light, small, cv2.GaussianBlur(ab, (0, 0), 2)))
    return rgb_to_lab(result)[..., 2], rgb[..., 0] > 100


@pytest.mark.parametrize("scale", [1, 4, 16])
def test_there_is_no_halo_across_a_strong_edge(scale: int) -> None:
    b, is_bright = blurred_edge(scale)
    blurred = cv2.GaussianBlur(np.float32(is_bright) * 50, (0, 0), 2 * scale)
    assert b[~is_bright].max() < 0.6 * blurred[~is_bright].max()
    edge = is_bright.shape[1] // 2  # one pixel apart, a step and no slope
    assert (b[:, edge] - b[:, edge - 1]).min() > 20


def test_away_from_the_edge_both_sides_have_their_own_colour() -> None:
    b, _ = blurred_edge(4)
    assert np.abs(b[:, :100]).max() < 4
    assert b[:, 156:].min() > 42


def test_guided_chroma_of_an_even_picture_is_itself() -> None:
    light, ab = np.full((32, 32), 50, np.float32), np.full((32, 32, 2), 7, np.float32)
    slope, offset = guide_chroma(light, ab)
    np.testing.assert_allclose(slope * light[..., None] + offset, ab, atol=1e-3)
