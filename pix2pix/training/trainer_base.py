"""The state of a trainer: networks, optimizers, learning rates and averaged weights.

`train_step.Trainer` makes the steps of training with pairs, `unpaired_step.UnpairedTrainer` those
of training without.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Loadable
from pix2pix.runtime.device import has_fast_bf16, seed_random
from pix2pix.training.distributed import Workers
from pix2pix.training.lr_schedule import LearningRates
from pix2pix.training.recipe import Recipe

M = TypeVar("M", bound=nn.Module)

SAVED = ("model", "ema", "discriminator", "g_optimizer", "d_optimizer")


class TrainerBase:
    """The networks of a run with their optimizers, learning rates and averaged weights.

    `model` holds the generators, `ema` their averaged weights, which are saved as checkpoints.
    """

    model: nn.Module
    ema: nn.Module

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device,
        total_steps: int,
        workers: Workers | None = None,
    ) -> None:
        seed_random(recipe.seed, device)
        self.recipe, self.device, self.total_steps = recipe, device, total_steps
        self.workers = workers or Workers(device)
        self.bf16 = recipe.mixed_precision == "bf16" or (
            recipe.mixed_precision == "auto" and has_fast_bf16(device)
        )
        # In fp32 on a CPU without AMX, a step of `facades` takes a tenth less time with NCHW
        channels_last = self.bf16 or device.type != "cpu"
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = self._place(self.make_model())
        self.ema = self._place(self.make_model()).eval().requires_grad_(False)
        # Without averaging, the saved model shares the tensors of the trained one
        self.ema.load_state_dict(self.model.state_dict(), assign=not recipe.ema)
        self.ema.requires_grad_(False)
        self.discriminator = self._place(self.make_discriminator())
        betas = (recipe.beta1, 0.999)
        # fused: one pass over the weights instead of ten; the paper's model has 57 million
        self.g_optimizer = torch.optim.AdamW(
            self._parameter_groups(), recipe.lr, betas, weight_decay=recipe.weight_decay, fused=True
        )
        self.d_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), recipe.d_lr, betas, fused=True
        )
        self.rates = LearningRates(recipe, (self.g_optimizer, self.d_optimizer))
        self.start_at(0)

    def make_model(self) -> nn.Module:
        raise NotImplementedError

    def make_discriminator(self) -> nn.Module:
        raise NotImplementedError

    def _parameter_groups(self) -> list[dict[str, Any]]:
        """The parameters that `g_optimizer` updates."""
        return [{"params": list(self.model.parameters())}]

    @property
    def served(self) -> Mapping[str, Model]:
        """The averaged models by the name of their folder in the run; "" is the run's own."""
        raise NotImplementedError

    @property
    def trained(self) -> Mapping[str, Model]:
        """The models that `served` are the averages of, by the same names."""
        raise NotImplementedError

    def step(self, loaded: Loadable) -> dict[str, Tensor]:
        """Makes a step with this worker's part of a batch; returns the losses by name."""
        raise NotImplementedError

    def _seed_step(self) -> None:
        """All random numbers of a step depend on its number only, so that resuming is exact."""
        seed_random(self.recipe.seed * 1_000_003 + self.steps_done, self.device)

    @torch.no_grad()
    def _update_ema(self) -> None:
        """Moves the averaged weights towards the new ones, faster in the first steps."""
        if not self.recipe.ema:
            return
        decay = min(self.recipe.ema, (1 + self.steps_done) / (10 + self.steps_done))
        for mean, tensor in zip(self.ema.state_dict().values(), self.model.state_dict().values()):
            if tensor.is_floating_point():
                mean.lerp_(tensor, 1 - decay)
            else:
                mean.copy_(tensor)

    def _backward(self, loss: Tensor) -> None:
        with self.workers.catch_lost_workers():
            loss.backward()

    def _clip_and_step(self, optimizer: torch.optim.Optimizer) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        if self.recipe.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(parameters, self.recipe.max_grad_norm)
        optimizer.step()

    def _place(self, module: M) -> M:
        return module.to(self.device).to(memory_format=self.layout)  # type: ignore[call-overload]

    def start_at(self, step: int) -> None:
        """Makes `step` the next step of the run."""
        self.steps_done = step
        self.rates.start_at(step, self.total_steps)

    def learning_rates(self) -> dict[str, float]:
        """The learning rates of the last step: of G, and of D if there is one."""
        return self._by_name(
            [o.param_groups[0]["lr"] for o in (self.g_optimizer, self.d_optimizer)]
        )

    def next_learning_rates(self) -> dict[str, float]:
        """The learning rates of the next step."""
        return self._by_name(self.rates.next_rates())

    def _by_name(self, rates: list[float]) -> dict[str, float]:
        return dict(zip(("lr", "d_lr") if self.recipe.lambda_gan else ("lr",), rates))

    def state_dict(self) -> dict[str, Any]:
        state = {name: getattr(self, name).state_dict() for name in SAVED}
        return {**state, "plateau": self.rates.state_dict()}

    def load_state_dict(self, state: dict[str, Any], best: float | None = None) -> None:
        """Restores everything but the position in the run, which `start_at` sets.

        `best` is the best value of best_metric, for states of earlier versions that lack it.
        """
        for name in SAVED:
            getattr(self, name).load_state_dict(state[name])
        if "plateau" in state:  # missing in the oldest runs
            self.rates.load_state_dict(state["plateau"], best)
        for optimizer in (self.g_optimizer, self.d_optimizer):
            for parameter, values in optimizer.state.items():
                for name, value in values.items():
                    if value.shape == parameter.shape:  # fused Adam reads memory, not strides
                        values[name] = torch.empty_like(parameter).copy_(value)
