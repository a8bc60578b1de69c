"""Learning rates over a run, as factors of the recipe's `lr` and `d_lr`."""

import math
from typing import Any

from pix2pix.training.recipe import Recipe


def rate(recipe: Recipe, step: int, total_steps: int) -> float:
    """The factor at a step. A plateau's drops depend on figures, not on steps: see `Plateau`."""
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


class Plateau:
    """Multiplies the rates by `drop` after `lr_patience` evaluations without a better figure."""

    def __init__(self, drop: float, lr_patience: int) -> None:
        self.drop = drop
        self.lr_patience = lr_patience
        self.factor = 1.0
        self.misses = 0  # evaluations since the best one or the last drop

    def take(self, is_best: bool) -> None:
        """Learns whether an evaluation was the best of all so far."""
        self.misses = 0 if is_best else self.misses + 1
        if self.misses == self.lr_patience:
            self.factor *= self.drop
            self.misses = 0

    def state_dict(self) -> dict[str, Any]:
        return {"factor": self.factor, "misses": self.misses}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.factor, self.misses = state["factor"], state["misses"]
