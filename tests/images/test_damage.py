"""Random damage: within range, repeatable, of every kind, and marked where it shows."""

import numpy as np
import pytest

from pix2pix.images.damage import (
    DRAWN,
    DRAWN_SHARES,
    VISIBLE,
    add_damage,
    place_mask,
    random_brush,
)

GREY = np.full((96, 128), 0.5, np.float32)


def make_mask() -> np.ndarray:
    mask = np.zeros((400, 400), np.uint8)
    mask[190:210, 50:350] = 255
    return mask


@pytest.mark.parametrize("masks", [[], [make_mask()]], ids=["drawn", "masks"])
def test_damage_is_marked_where_it_shows_and_nowhere_else(masks: list[np.ndarray]) -> None:
    shares = []
    for seed in range(30):
        damaged, where = add_damage(GREY, masks, np.random.default_rng(seed))
        assert damaged.dtype == np.float32 and damaged.min() >= 0 and damaged.max() <= 1
        np.testing.assert_array_equal(where, np.abs(damaged - GREY) > VISIBLE)
        shares.append(where.mean())
    assert sum(share > 0 for share in shares) >= 28
    assert 0.005 < np.mean(shares) < 0.3


def test_damage_repeats_with_its_generator() -> None:
    first, second, other = (add_damage(GREY, [], np.random.default_rng(s))[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_damage_is_light_and_dark() -> None:
    changes = [add_damage(GREY, [], np.random.default_rng(s))[0] - GREY for s in range(30)]
    assert np.max(changes) > 0.3 and np.min(changes) < -0.3


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_each_kind_draws_an_opacity(draw) -> None:
    assert sum(DRAWN_SHARES) == pytest.approx(1)
    drawn = [draw((96, 128), np.random.default_rng(seed)) for seed in range(12)]
    for opacity in drawn:
        assert opacity.shape == (96, 128) and opacity.dtype == np.float32
        assert opacity.min() >= 0 and opacity.max() <= 1.001
    assert 0.0005 < np.mean(drawn) < 0.5


def test_a_mask_is_placed_in_many_ways() -> None:
    placed = [place_mask(make_mask(), (96, 128), np.random.default_rng(s)) for s in range(20)]
    assert all(p.shape == (96, 128) and p.min() >= 0 and p.max() <= 1 for p in placed)
    assert len({p.tobytes() for p in placed if p.any()}) >= 15


def test_a_brush_covers_damage_with_a_margin_or_is_anywhere() -> None:
    damage = np.zeros((96, 128), np.uint8)
    damage[40:44, 20:100] = 1
    covering = 0
    for seed in range(40):
        marks = random_brush(damage, np.random.default_rng(seed))
        assert set(np.unique(marks)) <= {0, 1} and marks.any()
        covering += bool(marks[39:45, 20:100].all())
    assert 15 <= covering <= 38
