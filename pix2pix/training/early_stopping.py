"""Tracks the best evaluation of a run by one of its metrics."""

import math
from dataclasses import dataclass
from typing import Any

from pix2pix.evaluation import direction


def check_metric(metric: str, figures: dict[str, Any]) -> None:
    """Raises ValueError unless `metric` is in `figures` and has a better direction."""
    choices = [name for name in figures if direction(name)]
    if metric not in choices:
        raise ValueError(f"best_metric must be one of {', '.join(choices)}, got {metric!r}")


@dataclass
class Best:
    """The best evaluation so far, and the number of evaluations since."""

    value: float | None = None
    step: int = 0
    misses: int = 0

    def update(self, metric: str, value: float, step: int) -> bool:
        """Records the evaluation at `step`; returns whether it is better than all before."""
        sign = 1 if direction(metric) == "higher" else -1
        better = self.value is None or sign * value > sign * self.value
        if math.isfinite(value) and better:
            self.value, self.step, self.misses = value, step, 0
            return True
        self.misses += 1
        return False
