"""Repairs replace damaged places and leave every other pixel as it is."""

import json
from pathlib import Path

import numpy as np
import pytest

from pix2pix.images.repair import (
    FEATHER,
    GROW,
    THICK,
    fill_smooth,
    find_damage,
    grow_damage,
    keep_thick,
    repair_opacity,
    replace_damage,
)
from pix2pix.images.repair_brush import (
    MASK_SIDE,
    MAX_STROKES,
    Stroke,
    draw_strokes,
    parse_strokes,
    read_strokes,
)


def test_the_opacity_is_full_on_the_damage_and_fades_over_its_rim() -> None:
    damage = np.zeros((21, 21), bool)
    damage[:, 10] = True
    row = repair_opacity(damage)[10]
    assert (row[10 - GROW : 11 + GROW] == 1).all()
    assert (np.diff(row[10 + GROW : 11 + GROW + FEATHER]) < 0).all()
    assert (row[11 + GROW + FEATHER :] == 0).all() and (row[: 10 - GROW - FEATHER] == 0).all()


def test_a_photo_without_damage_stays_as_it_is() -> None:
    light = np.random.default_rng(0).uniform(0, 100, (20, 30)).astype(np.float32)
    none = np.zeros(light.shape, bool)
    np.testing.assert_array_equal(replace_damage(light, light * 0, none), light)


def test_only_the_damage_and_its_rim_are_replaced() -> None:
    light = np.random.default_rng(0).uniform(10, 100, (40, 40)).astype(np.float32)
    damage = np.zeros(light.shape, bool)
    damage[20, 20] = True
    repaired = replace_damage(light, np.zeros_like(light), damage)
    assert repaired[20, 20] == 0
    yy, xx = np.mgrid[:40, :40]
    away = np.hypot(yy - 20, xx - 20) > GROW + FEATHER + 1
    np.testing.assert_array_equal(repaired[away], light[away])


def test_what_is_darker_than_its_surroundings_must_be_more_likely_damage() -> None:
    light = np.full((20, 60), 50, np.float32)
    probability: np.ndarray = np.zeros(light.shape, np.uint16)
    expected = np.zeros(light.shape, bool)
    spots = [(90, 0.6, True), (10, 0.6, False), (10, 0.95, True), (90, 0.4, False)]
    for i, (tone, chance, is_damage) in enumerate(spots):
        spot = np.s_[8:11, 5 + 15 * i : 8 + 15 * i]
        light[spot], probability[spot], expected[spot] = tone, chance * 65535, is_damage
    np.testing.assert_array_equal(find_damage(light, probability), expected)


def test_marked_places_are_filled_from_around_them() -> None:
    ramp = np.tile(np.linspace(0, 100, 64, dtype=np.float32), (48, 1))
    marks: np.ndarray = np.zeros(ramp.shape, np.uint8)
    marks[:, 20:23] = marks[10:30, 40:52] = 1
    filled = fill_smooth(np.where(marks > 0, 100, ramp), marks)
    np.testing.assert_array_equal(filled[marks == 0], ramp[marks == 0])
    assert np.abs(filled - ramp)[:, 20:23].max() < 2
    assert np.abs(filled - ramp).max() < 15
    flat = fill_smooth(np.where(marks > 0, 0, np.float32(37)), marks)
    np.testing.assert_allclose(flat, 37, rtol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 5), (33, 2)])
def test_filling_takes_any_shape_and_any_share_of_marks(shape: tuple[int, int]) -> None:
    light = np.random.default_rng(0).uniform(20, 80, shape).astype(np.float32)
    for share in (0.0, 0.5, 0.97, 1.0):
        marks = (np.random.default_rng(1).random(shape) < share).astype(np.uint8)
        filled = fill_smooth(light, marks)
        assert filled.shape == shape and filled.dtype == np.float32
        assert filled.min() >= 19.9 and filled.max() <= 80.1


def test_grown_damage_is_what_a_repair_hides_in_full() -> None:
    damage = np.random.default_rng(0).random((30, 30)) < 0.02
    assert (repair_opacity(damage)[grow_damage(damage) > 0] > 0.7).all()


def test_thin_damage_is_left_to_the_finer_scale() -> None:
    damage = np.zeros((60, 60), bool)
    damage[10 : 10 + THICK - 1, 5:55] = True
    assert not keep_thick(damage).any()
    damage[30:38, 20:40] = True
    kept = keep_thick(damage)
    assert kept[30:38, 20:40].all() and not kept[:20].any()


# ---- the brush ------------------------------------------------------------------------------


def test_strokes_mark_places_in_units_of_the_photo() -> None:
    stroke = Stroke(((0.25, 0.5), (0.75, 0.5)), 0.05)
    repair, keep = draw_strokes([stroke], (100, 200))
    assert repair.shape == (100, 200) and not keep.any()
    assert repair[50, 50:151].all() and repair[42:59, 100].all()
    assert not repair[:36].any() and not repair[:, :38].any()


def test_later_strokes_win() -> None:
    line = ((0.2, 0.5), (0.8, 0.5))
    repair, keep = draw_strokes([Stroke(line, 0.05), Stroke(line, 0.05, keep=True)], (100, 100))
    assert keep[50, 50] and not repair.any()


def test_a_large_photo_gets_a_mask_of_bounded_size() -> None:
    repair, _ = draw_strokes([Stroke(((0.5, 0.5),), 0.01)], (3000, 12000))
    assert repair.shape == (MASK_SIDE // 4, MASK_SIDE)
    assert repair[MASK_SIDE // 8, MASK_SIDE // 2]


def test_strokes_of_a_scan_are_shown_in_its_box() -> None:
    stroke = Stroke(((0.5, 0.5),), 0.05)
    repair, _ = draw_strokes([stroke], (100, 100), (30, 40, 90, 90))
    assert repair.shape == (50, 60)
    assert repair[10, 20] and not repair[30:].any()


def test_strokes_are_read_from_json(tmp_path: Path) -> None:
    path = tmp_path / "strokes.json"
    path.write_text(json.dumps([{"points": [[0, 1], [0.5, 0.25]], "radius": 0.02, "keep": True}]))
    assert read_strokes(path) == (Stroke(((0, 1), (0.5, 0.25)), 0.02, True),)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "expected a list of strokes, got dict"),
        ([1], "expected a stroke with points and radius"),
        ([{"points": [[0.5, 0.5]]}], "radius must be a number, got None"),
        ([{"points": [], "radius": 0.1}], "needs 1 to 2048 points, got 0"),
        ([{"points": [[0.5]], "radius": 0.1}], "pairs of numbers"),
        ([{"points": [[True, 0.5]], "radius": 0.1}], "pairs of numbers"),
        ([{"points": [[0.5, 1.5]], "radius": 0.1}], "from 0 to 1, got \\(0.5, 1.5\\)"),
        ([{"points": [[0.5, float("nan")]], "radius": 0.1}], "from 0 to 1"),
        ([{"points": [[0.5, 0.5]], "radius": 0}], "above 0 and at most 0.25, got 0"),
        ([{"points": [[0.5, 0.5]], "radius": float("inf")}], "above 0 and at most"),
        ([{"points": [[0.5, 0.5]], "radius": 0.1, "keep": 1}], "true or false, got 1"),
        ([{"points": [[0.5, 0.5]], "radius": 0.1}] * (MAX_STROKES + 1), "at most 256 strokes"),
    ],
)
def test_wrong_strokes_are_refused_in_words(value, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_strokes(value)


@pytest.mark.parametrize(
    ("points", "radius", "count"),
    [
        ([[0, 0], [1, 1]] * 1024, 0.2, 1),  # over the photo again and again, with a wide brush
        ([[0.5, 0.5]] * 2048, 0.001, 25),  # more points than are drawn in time
    ],
)
def test_strokes_that_would_take_long_to_draw_are_refused(points, radius, count: int) -> None:
    stroke = {"points": points, "radius": radius}
    with pytest.raises(ValueError, match="too many or too long; please clear some"):
        parse_strokes([stroke] * count)


def test_a_patient_visitors_strokes_are_accepted() -> None:
    path = [[0.2 + i * 1e-3, 0.5] for i in range(300)]  # 1 px apart in a preview
    assert len(parse_strokes([{"points": path, "radius": 0.02}] * 160)) == 160


@pytest.mark.parametrize(
    ("content", "reason"), [("[", "is not valid JSON"), ("{}", "expected a list of strokes")]
)
def test_a_wrong_file_of_strokes_is_named(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "strokes.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"strokes\.json: {reason}"):
        read_strokes(path)
