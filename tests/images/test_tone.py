"""What a photo's own colours are, and what putting its tones right does to it."""

import numpy as np
import pytest
from PIL import Image

from pix2pix.images.chroma_upsampling import LIGHT_SCALE, compute_light, light_to_lightness
from pix2pix.images.tone import classify_colors, measure_grain, repair_tones, smooth_grain

# Paper and ink of toned photos, sRGB in 0..1
TONES = {
    "sepia": ((0.94, 0.84, 0.66), (0.24, 0.14, 0.07)),
    "yellowed": ((0.97, 0.93, 0.74), (0.10, 0.10, 0.09)),
    "cyanotype": ((0.90, 0.95, 0.97), (0.02, 0.13, 0.35)),
}


def scene(height: int = 120, width: int = 160) -> np.ndarray:
    """A grey picture (H, W) in 0..1 with everything from black to white, edges and slopes."""
    y, x = np.mgrid[:height, :width] / height
    waves = 0.5 + 0.3 * np.sin(x * 9) * np.cos(y * 7)
    return np.where((x - 0.6) ** 2 + (y - 0.5) ** 2 < 0.06, 0.95 - y / 2, waves).clip(0, 1)


def tone(grey: np.ndarray, name: str, noise: float = 0.02) -> np.ndarray:
    paper, ink = (np.array(c) for c in TONES[name])
    rgb = ink + (paper - ink) * grey[..., None]
    rgb = rgb + np.random.default_rng(0).normal(0, noise, rgb.shape)
    return (rgb.clip(0, 1) * 255).astype(np.uint8)


def to_u8(grey: np.ndarray) -> np.ndarray:
    return (grey[..., None].repeat(3, -1) * 255).astype(np.uint8)


def test_a_grey_photo_is_grey_through_jpeg_too(tmp_path) -> None:
    assert classify_colors(to_u8(scene())) == "grey"
    Image.fromarray(to_u8(scene())).save(tmp_path / "grey.jpg", quality=60)
    with Image.open(tmp_path / "grey.jpg") as photo:
        assert classify_colors(np.asarray(photo)) == "grey"


@pytest.mark.parametrize("name", TONES)
def test_a_photo_of_one_tone_is_toned_and_not_coloured(name: str) -> None:
    assert classify_colors(tone(scene(), name)) == "toned"


def test_a_stained_photo_of_one_tone_is_toned_too() -> None:
    stained = tone(scene(), "yellowed").astype(float)
    stained[20:70, 30:90] *= (1, 0.97, 0.88)
    assert classify_colors(stained.astype(np.uint8)) == "toned"


def test_a_photo_of_two_colours_is_coloured() -> None:
    rgb = to_u8(scene()).astype(float)
    rgb[:, :80] *= (1, 0.8, 0.7)
    rgb[:, 80:] *= (0.7, 0.9, 1)
    assert classify_colors(rgb.astype(np.uint8)) == "coloured"


@pytest.mark.parametrize("shape", [(1, 1), (2, 500), (500, 2)])
def test_the_smallest_photos_have_colours_too(shape: tuple[int, int]) -> None:
    assert classify_colors(np.full((*shape, 3), 90, np.uint8)) == "grey"


def faded() -> np.ndarray:
    return compute_light(to_u8(0.3 + 0.4 * scene()))


def test_a_faded_photo_gets_its_black_and_white_back_and_says_so() -> None:
    before = light_to_lightness(faded())
    repaired, line = repair_tones(faded())
    after = light_to_lightness(repaired)
    assert before.min() > 30 and before.max() < 75
    assert after.min() < 6 and after.max() > 94
    low, high = np.percentile(before, [0.5, 99.5])
    assert line == f"tones stretched: L {low:.0f} to {high:.0f} is now 3 to 97"
    order = np.argsort(before, axis=None)
    assert (np.diff(after.ravel()[order]) >= 0).all()  # what was darker is not lighter now


def test_a_photo_of_full_tones_is_left_as_it_is() -> None:
    light = compute_light(to_u8(np.linspace(0, 1, 10_000).reshape(100, 100)))
    same, line = repair_tones(light)
    np.testing.assert_array_equal(same, light)
    assert "left as they are" in line


def test_a_white_border_does_not_pass_for_white_in_the_photo() -> None:
    framed = np.full((140, 180), 65535, np.uint16)
    framed[6:-6, 8:-8] = compute_light(to_u8(0.3 + 0.4 * scene(128, 164)))
    inner = light_to_lightness(repair_tones(framed)[0][10:-10, 12:-12])
    assert inner.min() < 6 and inner.max() > 94


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (40, 40)])
def test_a_photo_of_one_shade_stays_it(shape: tuple[int, int], value: int) -> None:
    light = compute_light(np.full((*shape, 3), value, np.uint8))
    for improve in (repair_tones, smooth_grain):
        np.testing.assert_array_equal(improve(light)[0], light)


def grainy(sigma: float, scale: int = 4) -> tuple[np.ndarray, np.ndarray]:
    clean = light_to_lightness(compute_light(to_u8(0.1 + 0.8 * scene(120 * scale, 160 * scale))))
    noisy = clean + np.random.default_rng(0).normal(0, sigma, clean.shape)
    return clean, (noisy.clip(0, 100) * LIGHT_SCALE).astype(np.uint16)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_grain_is_measured_as_strong_as_it_is(sigma: float) -> None:
    assert measure_grain(grainy(sigma)[1]) == pytest.approx(sigma, rel=0.15)


@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_smoothing_takes_the_grain_and_leaves_the_edges(sigma: float) -> None:
    clean, noisy = grainy(sigma)
    smooth, line = smooth_grain(noisy)
    assert (
        np.abs(light_to_lightness(smooth) - clean).mean()
        < 0.6 * np.abs(light_to_lightness(noisy) - clean).mean()
    )
    assert line.startswith("grain smoothed")
    step = np.zeros((64, 64), np.float32)
    step[:, 32:] = 60
    step += np.random.default_rng(0).normal(20, 1, step.shape)
    edge = light_to_lightness(smooth_grain((step * LIGHT_SCALE).astype(np.uint16))[0])
    assert (edge[:, 32] - edge[:, 31]).mean() > 57
