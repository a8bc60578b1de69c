"""Learning rates over a run."""

import warnings

import pytest
import torch

from pix2pix.training.lr_schedule import LearningRates, lr_factor
from pix2pix.training.recipe import Recipe


def rates(steps: tuple[int, ...] = (0, 25, 50, 75, 99), **keys: object) -> list[float]:
    recipe = Recipe(task="labels2photo", **keys)  # type: ignore[arg-type]
    return [lr_factor(recipe, step, 100) for step in steps]


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


PLATEAU = {"lr_scheduler": "plateau", "best_metric": "psnr", "lr_gamma": 0.1, "lr_patience": 3}


def make_rates(**keys: object) -> LearningRates:
    """Rates of 1 for G and 2 for D, at the first of 100 steps."""
    optimizers = [torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr) for lr in (1.0, 2.0)]
    found = LearningRates(Recipe(task="labels2photo", **keys), optimizers)  # type: ignore[arg-type]
    found.start_at(0, 100)
    return found


def current(rates: LearningRates) -> list[float]:
    return [optimizer.param_groups[0]["lr"] for optimizer in rates.optimizers]


def test_every_step_has_its_rates_wherever_the_run_begins() -> None:
    for first in (0, 60):
        found = make_rates(decay_start=0.5, lr_warmup_steps=3)
        found.start_at(first, 100)
        for step in range(first, 100):
            factor = lr_factor(found.recipe, step, 100)
            assert found.next_rates() == pytest.approx([factor, 2 * factor])
            found.advance()
            assert current(found) == pytest.approx([factor, 2 * factor])


def test_an_optimizer_that_begins_late_is_no_reason_to_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = make_rates()
        for _ in range(3):
            found.advance()


def test_a_plateau_is_so_many_evaluations_since_the_best() -> None:
    found, factors = make_rates(**PLATEAU), []
    for psnr in (20, 20, 19, 21, 21, 5, float("nan"), 1, 1, 1):
        found.report_metric(psnr)
        found.advance()
        factors.append(current(found)[0])
    assert factors == pytest.approx([1, 1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_a_lower_error_is_an_improvement() -> None:
    found = make_rates(**{**PLATEAU, "best_metric": "l1", "lr_patience": 1})
    for l1 in (30, 20, 10):
        found.report_metric(l1)
    assert found.plateau_factor == 1
    found.report_metric(10)
    assert found.plateau_factor == pytest.approx(0.1)


@pytest.mark.parametrize("lr_scheduler", ["constant", "linear", "cosine", "step"])
def test_only_the_schedule_plateau_drops_at_a_plateau(lr_scheduler: str) -> None:
    found = make_rates(lr_scheduler=lr_scheduler, best_metric="psnr", lr_patience=1)
    for _ in range(5):
        found.report_metric(20.0)
    found.load_state_dict({"factor": 0.01, "misses": 2})  # as versions with that fault wrote it
    found.start_at(0, 100)
    found.advance()
    assert current(found) == [1, 2]


def test_the_plateau_of_an_older_state_goes_on_with_the_best_of_the_run() -> None:
    found = make_rates(**PLATEAU)
    found.load_state_dict({"factor": 0.1, "misses": 2}, best=20.0)
    found.report_metric(19.0)
    assert found.plateau_factor == pytest.approx(0.01)
