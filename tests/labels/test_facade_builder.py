"""Facades made up: what holds for every one of them."""

import sys

import numpy as np
import pytest

from pix2pix.labels.facade_builder import CLASS_IDS, FacadePlan, build_facade
from pix2pix.labels.facade_presets import PRESETS, make_random_plan
from pix2pix.labels.label_map import NUM_CLASSES, check_label_map

SIZE = 256
SEEDS = range(50)
FACADES = {seed: build_facade(make_random_plan(seed), SIZE) for seed in SEEDS}


def wall_of(plan: FacadePlan) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(v * SIZE / 100) for v in plan.wall)
    return left, top, right, bottom


@pytest.mark.parametrize("size", [64, 256, 512])
def test_every_facade_is_a_label_map(size: int) -> None:
    for plan in [*PRESETS, *(make_random_plan(seed) for seed in SEEDS)]:
        facade = build_facade(plan, size)
        assert facade.shape == (size, size)
        check_label_map(facade)
        assert facade.max() < NUM_CLASSES


def test_the_same_seed_gives_the_same_facade_and_no_two_seeds_do() -> None:
    for seed in SEEDS:
        np.testing.assert_array_equal(build_facade(make_random_plan(seed), SIZE), FACADES[seed])
    assert len({facade.tobytes() for facade in FACADES.values()}) == len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_above_the_ground_floor_a_facade_is_symmetric(seed: int) -> None:
    plan, facade = make_random_plan(seed), FACADES[seed]
    storey = (plan.wall[3] - plan.wall[1] - plan.crown) / plan.storeys
    upper = facade[: int((plan.wall[3] - storey) * SIZE / 100) - 1]
    np.testing.assert_array_equal(upper, upper[:, ::-1])


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_is_on_the_wall_with_sky_above_and_street_below(seed: int) -> None:
    left, top, right, bottom = wall_of(make_random_plan(seed))
    outside = FACADES[seed].copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any()
    assert top > 0 and bottom < SIZE
    assert (FACADES[seed][top:bottom, left:right] > 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_there_is_a_door_and_it_reaches_the_ground(seed: int) -> None:
    rows, columns = np.nonzero(FACADES[seed] == CLASS_IDS["door"])
    *_, bottom = wall_of(make_random_plan(seed))
    assert rows.max() == bottom - 1
    assert np.ptp(rows) > np.ptp(columns) * 0.8, "a door is not wider than high"
    assert np.ptp(rows) > 8


@pytest.mark.parametrize("seed", SEEDS)
def test_each_storey_has_a_window_in_each_bay(seed: int) -> None:
    plan, facade = make_random_plan(seed), FACADES[seed]
    rows = facade == CLASS_IDS["window"]
    starts = np.diff(rows.astype(int), axis=1, prepend=0) == 1
    assert starts.sum(1).max() == plan.bays * plan.panes
    floors = np.diff(rows.any(1).astype(int), prepend=0) == 1
    assert floors.sum() >= plan.storeys - 1


def test_facades_are_as_full_as_real_ones() -> None:
    """Shares of the 400 CMP training maps: wall 38%, background 15%, window 13%."""
    share = np.bincount(np.concatenate([f.ravel() for f in FACADES.values()]), minlength=12)
    share = share / share.sum()
    assert 0.3 < share[CLASS_IDS["facade"]] < 0.55
    assert 0.05 < share[CLASS_IDS["background"]] < 0.3
    assert 0.08 < share[CLASS_IDS["window"]] < 0.22
    assert (share > 0.002).all(), "every class is in use"


def test_a_facade_is_made_in_no_time() -> None:
    """Counted in calls, a few thousand: none is made for each of the 65,536 pixels."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    for seed in range(10):
        sys.setprofile(count)
        try:
            build_facade(make_random_plan(seed), SIZE)
        finally:
            sys.setprofile(None)
    assert 0 < calls < 10 * 20_000


def test_there_are_eight_starts_and_they_use_the_whole_vocabulary() -> None:
    assert len(PRESETS) >= 8 and len({plan.name for plan in PRESETS}) == len(PRESETS)
    drawings = [build_facade(plan, SIZE) for plan in PRESETS]
    assert set(np.unique(drawings)) == set(range(12))
    assert all((drawing[0] == 0).all() for drawing in drawings), "there is sky above each"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"door": 5}, "door 5"), ({"wall": (9, 9, 5, 90)}, "percent"), ({"rhythm": (1, 2)}, "rhythm")],
)
def test_a_plan_that_cannot_be_built_is_refused(wrong: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        FacadePlan("wrong", **wrong)
