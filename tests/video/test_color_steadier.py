"""Colours over time: still scenes, motion, cuts, flicker in brightness."""

import itertools

import numpy as np
from helpers.videos import scene

from pix2pix.video.color_steadier import ColorSteadier

NOISE = 6.0  # of a and b from frame to frame


def lightness_of(frame: np.ndarray) -> np.ndarray:
    return frame[..., 0].astype(np.float32) / 2.55


def flickering(shape: tuple[int, int], seed: int) -> np.ndarray:
    """a/b (h, w, 2) around (20, -10) that differ from frame to frame as a whole and by region."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, NOISE, (4, 4, 2)).repeat(shape[0] // 4, 0).repeat(shape[1] // 4, 1)
    return (coarse + np.array((20, -10))).astype(np.float32)


def changes(results: list[np.ndarray]) -> list[float]:
    return [float(np.abs(b - a).mean()) for a, b in itertools.pairwise(results)]


def test_a_still_scene_changes_by_less_than_one_between_frames() -> None:
    frames = [lightness_of(f) for f in scene(0, 12)]
    raw = [flickering((48, 64), i) for i in range(12)]
    steadier = ColorSteadier()
    steadied = [steadier.steady(light, ab) for light, ab in zip(frames, raw)]
    assert min(changes(raw)) > 4 and max(changes(steadied)) < 1
    np.testing.assert_array_equal(steadied[0], raw[0])
    late = np.mean(steadied[-4:], axis=(0, 1, 2))
    assert np.abs(late - (20, -10)).max() < 3  # the colours are those of the frames


def test_flicker_in_brightness_is_no_change_of_scene() -> None:
    frames = [lightness_of(f) + 6 * (i % 2) for i, f in enumerate(scene(0, 8))]
    raw = [flickering((48, 64), i) for i in range(8)]
    steadier = ColorSteadier()
    assert max(changes([steadier.steady(light, ab) for light, ab in zip(frames, raw)])) < 1


def test_without_memory_nothing_is_averaged() -> None:
    steadier, raw = ColorSteadier(0), [flickering((48, 64), i) for i in range(3)]
    for light, ab in zip(scene(0, 3), raw):
        np.testing.assert_array_equal(steadier.steady(lightness_of(light), ab), ab)


def test_no_colour_is_carried_across_a_cut() -> None:
    steadier = ColorSteadier()
    red, blue = (np.full((48, 64, 2), ab, np.float32) for ab in ((50, 30), (10, -60)))
    for seed, colors in ((0, red), (1, blue), (2, red)):
        for frame in scene(seed, 3):
            result = steadier.steady(lightness_of(frame), colors)
            np.testing.assert_allclose(result, colors, atol=1e-3)


def test_colours_move_with_an_object_and_leave_no_trail() -> None:
    steadier = ColorSteadier()
    texture = np.random.default_rng(0).uniform(-8, 8, (16, 16)).repeat(2, 0).repeat(2, 1)
    for step in range(10):
        lightness = np.full((64, 96), 30, np.float32)
        place = np.s_[16:48, 4 + 4 * step : 36 + 4 * step]
        lightness[place] = 70 + texture
        ab = np.zeros((64, 96, 2), np.float32)
        ab[place] = (60, 40)
        result = steadier.steady(lightness, ab)
        outside = np.ones((64, 96), bool)
        outside[12:52, 2 + 4 * step : 38 + 4 * step] = False
        assert np.abs(result[outside]).max() < 8  # what the object uncovered is grey again
        inner = result[20:44, 8 + 4 * step : 32 + 4 * step]
        np.testing.assert_allclose(inner.mean((0, 1)), (60, 40), atol=3)


def test_frames_of_another_size_start_again() -> None:
    steadier = ColorSteadier()
    steadier.steady(np.full((48, 64), 50, np.float32), np.full((48, 64, 2), 30, np.float32))
    small = np.zeros((12, 10, 2), np.float32)
    np.testing.assert_array_equal(steadier.steady(np.full((12, 10), 50, np.float32), small), small)
    steadier.steady(np.full((12, 10), 50, np.float32), small + 10)  # too small for optical flow
