"""Learning rates of G and D: LambdaLR over steps, ReduceLROnPlateau over evaluations."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from pix2pix.evaluation import direction
from pix2pix.training.recipe import Recipe


def lr_factor(recipe: Recipe, step: int, total_steps: int) -> float:
    """The factor of all learning rates at a step, without the drops at a plateau."""
    progress = step / total_steps
    factor = 1.0
    if recipe.lr_scheduler in ("linear", "cosine"):
        # 1 until decay_start, then down to 0 at the end
        left = min(1.0, (1 - progress) / max(1 - recipe.decay_start, 1e-9))
        factor = left if recipe.lr_scheduler == "linear" else (1 - math.cos(math.pi * left)) / 2
    elif recipe.lr_scheduler == "step":
        drops = math.floor(progress / recipe.lr_step + 1e-9)  # 0.3 / 0.1 is below 3
        factor = recipe.lr_gamma**drops
    return factor * min(1.0, (step + 1) / (recipe.lr_warmup_steps + 1))


class LearningRates:
    """Sets the learning rates in the parameter groups of some optimizers.

    The rates that the groups have at first are those to which all factors apply.
    """

    def __init__(self, recipe: Recipe, optimizers: Sequence[Optimizer]) -> None:
        self.recipe = recipe
        self.optimizers = optimizers
        self.base = [[group["lr"] for group in opt.param_groups] for opt in optimizers]
        self.next_step, self.total_steps = 0, 1
        self.schedules: list[LambdaLR] = []
        # LambdaLR multiplies the rates of G and D by one of 1, which ReduceLROnPlateau lowers
        self.scale = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        self.plateau = make_plateau(recipe, self.scale)

    @property
    def plateau_factor(self) -> float:
        return float(self.scale.param_groups[0]["lr"])

    def start_at(self, step: int, total_steps: int) -> None:
        """Makes `step` of `total_steps` the step that the next `advance` sets the rates of."""
        self.next_step, self.total_steps = step, total_steps
        self.schedules = []
        for optimizer, rates in zip(self.optimizers, self.base):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = group["initial_lr"] = rate
            with warnings.catch_warnings():
                # LambdaLR warns if its first `step` comes before the optimizer's, which for D may
                # be late in the run. So the first one, to step - 1, is made here.
                warnings.simplefilter("ignore", UserWarning)
                schedule = LambdaLR(optimizer, self._factor, last_epoch=step - 3)
                schedule.step()
            self.schedules.append(schedule)

    def _factor(self, step: int) -> float:
        return lr_factor(self.recipe, step, self.total_steps) * self.plateau_factor

    def advance(self) -> None:
        """Sets the rates of the next step."""
        self.next_step += 1
        for schedule in self.schedules:
            schedule.step()

    def next_rates(self) -> list[float]:
        """The rates that the next `advance` sets in the first group of each optimizer."""
        return [rates[0] * self._factor(self.next_step) for rates in self.base]

    def report_metric(self, value: float) -> None:
        """Lowers the rates if lr_scheduler is plateau and best_metric has stopped improving."""
        if self.plateau is not None:
            self.plateau.step(value)
            self.start_at(self.next_step, self.total_steps)

    def state_dict(self) -> dict[str, Any]:
        """The state of the plateau, if there is one; the rest follows from recipe and step."""
        if self.plateau is None:
            return {}
        best, misses = float(self.plateau.best), self.plateau.num_bad_epochs
        return {"factor": self.plateau_factor, "best": best, "misses": misses}

    def load_state_dict(self, state: dict[str, Any], best: float | None = None) -> None:
        """Sets the state of the plateau; `best` is its best metric if `state` lacks that.

        Earlier versions saved no best metric. They also lowered the rates of the other schedules;
        that is not restored.
        """
        if self.plateau is None or not state:
            return
        self.scale.param_groups[0]["lr"] = state["factor"]
        self.plateau.num_bad_epochs = state["misses"]
        best = state.get("best", best)
        if best is not None:
            self.plateau.best = best


def make_plateau(recipe: Recipe, optimizer: Optimizer) -> ReduceLROnPlateau | None:
    if recipe.lr_scheduler != "plateau":
        return None
    return ReduceLROnPlateau(
        optimizer,
        "max" if direction(recipe.best_metric) == "higher" else "min",
        factor=recipe.lr_gamma,
        patience=recipe.lr_patience - 1,  # torch counts the evaluations before the one that drops
        threshold=0.0,
        eps=0.0,
    )
