"""Learning rates over a run."""

import pytest

from pix2pix.training.lr_schedule import Plateau, rate
from pix2pix.training.recipe import Recipe


def rates(steps: tuple[int, ...] = (0, 25, 50, 75, 99), **keys: object) -> list[float]:
    recipe = Recipe(task="labels2photo", **keys)  # type: ignore[arg-type]
    return [rate(recipe, step, 100) for step in steps]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"lr_scheduler": "constant"}, [1, 1, 1, 1, 1]),
        ({"lr_scheduler": "linear"}, [1, 1, 1, 0.5, 0.02]),
        ({"lr_scheduler": "linear", "decay_start": 0.0}, [1, 0.75, 0.5, 0.25, 0.01]),
        ({"lr_scheduler": "linear", "decay_start": 1.0}, [1, 1, 1, 1, 1]),
        ({"lr_scheduler": "cosine", "decay_start": 0.0}, [1, 0.853553, 0.5, 0.146447, 0.000247]),
        ({"lr_scheduler": "cosine"}, [1, 1, 1, 0.5, 0.000987]),
        ({"lr_scheduler": "step", "lr_gamma": 0.5}, [1, 0.5, 0.25, 0.125, 0.125]),
        ({"lr_scheduler": "step", "lr_gamma": 0.1, "lr_step": 0.5}, [1, 1, 0.1, 0.1, 0.1]),
        ({"lr_scheduler": "plateau", "best_metric": "psnr"}, [1, 1, 1, 1, 1]),
    ],
    ids=str,
)
def test_schedules_have_their_shape(keys: dict, expected: list[float]) -> None:
    assert rates(**keys) == pytest.approx(expected, abs=1e-5)


def test_steps_fall_on_their_boundaries() -> None:
    found = rates((9, 10, 29, 30, 69, 70), lr_scheduler="step", lr_gamma=0.1, lr_step=0.1)
    assert found == pytest.approx([1, 0.1, 0.01, 0.001, 1e-6, 1e-7])


def test_a_warmup_rises_to_the_full_rate() -> None:
    found = rates((0, 1, 2, 3, 4), lr_scheduler="constant", lr_warmup_steps=3)
    assert found == pytest.approx([0.25, 0.5, 0.75, 1, 1])


def test_a_plateau_is_so_many_evaluations_since_the_best() -> None:
    plateau = Plateau(0.1, 3)
    factors = []
    for is_best in (True, False, False, True, False, False, False, False, False, False):
        plateau.take(is_best)
        factors.append(plateau.factor)
    assert factors == pytest.approx([1, 1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01])
