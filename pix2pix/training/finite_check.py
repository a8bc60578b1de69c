"""Detects losses and weights that are not finite."""

import math

import torch
from torch import Tensor, nn

from pix2pix.training.distributed import Workers


class FiniteCheck:
    """Remembers the first step with a loss that is not finite, without waiting for the GPU."""

    def __init__(self, device: torch.device) -> None:
        self.first_bad = torch.full((), math.inf, dtype=torch.float64, device=device)

    def add(self, losses: dict[str, Tensor], step: int) -> None:
        bad = ~torch.stack([loss.detach().float() for loss in losses.values()]).isfinite().all()
        self.first_bad = torch.where(bad, self.first_bad.clamp(max=step), self.first_bad)

    def check(self, workers: Workers, model: nn.Module) -> None:
        """Raises FloatingPointError on all workers if a loss was or a weight is not finite."""
        step = -workers.highest(-self.first_bad.item())
        if step < math.inf:
            raise FloatingPointError(f"step {int(step)}: a loss is not finite")
        for name, tensor in model.state_dict().items():
            if not tensor.isfinite().all():
                raise FloatingPointError(f"the weights {name} are not finite")
