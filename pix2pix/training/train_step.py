"""One step of training: it updates the generator, the discriminator and the averaged weights."""

from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.data.loader import Batch
from pix2pix.data.options import LABEL_TASKS
from pix2pix.labels.palette import FACADES
from pix2pix.runtime.device import has_fast_bf16
from pix2pix.training import gan
from pix2pix.training.discriminator_loss import DiscriminatorLoss
from pix2pix.training.distributed import Workers
from pix2pix.training.generator_loss import GeneratorLoss, GeneratorResult
from pix2pix.training.lr_schedule import LearningRates
from pix2pix.training.microbatch import Microbatch, accumulate, make_microbatches
from pix2pix.training.recipe import Recipe

M = TypeVar("M", bound=torch.nn.Module)

SAVED = ("model", "ema", "discriminator", "g_optimizer", "d_optimizer")


class Trainer:
    """The networks of a run with their optimizers, learning rates and averaged weights."""

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device,
        total_steps: int,
        workers: Workers | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self.total_steps = recipe, device, total_steps
        self.workers = workers or Workers(device)
        self.bf16 = recipe.mixed_precision == "bf16" or (
            recipe.mixed_precision == "auto" and has_fast_bf16(device)
        )
        # In fp32 on a CPU without AMX, a step of `facades` takes a tenth less time with NCHW
        channels_last = self.bf16 or device.type != "cpu"
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        config = checkpoint_config(recipe)
        self.model = self._place(Model(config))
        self.ema = self._place(Model(config)).eval().requires_grad_(False)
        # Without averaging, the saved model shares the tensors of the trained one
        self.ema.load_state_dict(self.model.state_dict(), assign=not recipe.ema)
        self.ema.requires_grad_(False)
        self.discriminator = self._place(gan.make_discriminator(recipe))
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
        self.generator_loss = self.workers.wrap(GeneratorLoss(recipe, self.model, self.bf16))
        self.discriminator_loss = self.workers.wrap(
            DiscriminatorLoss(recipe, self.discriminator, self.bf16)
        )

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Updates G, D and the averaged weights; returns the losses by name, on the device.

        `batch` is this worker's part of the step's batch. The mean of the losses over the workers
        is that of the whole batch. With several microbatches the update is the same, except that
        batch norm takes its statistics from a microbatch and dropout masks differ.
        """
        recipe, step = self.recipe, self.steps_done
        # All random numbers of a step depend on its number only, so that resuming is exact
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        progress = step / self.total_steps
        is_adversarial = recipe.lambda_gan > 0 and progress >= recipe.gan_start
        kl_weight = recipe.lambda_kl * min(1.0, progress / max(recipe.kl_warmup, 1e-9))
        batch = batch.to(self.device, self.layout)
        microbatches = make_microbatches(recipe, batch, step, is_adversarial, self.workers)

        self.rates.advance()
        losses, results = self._update_generator(microbatches, is_adversarial, kl_weight)
        if is_adversarial and step % recipe.d_every == 0:
            losses["d"] = self._update_discriminator(microbatches, results)
        self._update_style_statistics(results, len(batch.input))
        self._update_ema()

        self.steps_done += 1
        return losses

    def _update_generator(
        self, microbatches: list[Microbatch], is_adversarial: bool, kl_weight: float
    ) -> tuple[dict[str, Tensor], list[GeneratorResult]]:
        """Losses by name, summed over the microbatches, and the results that D needs."""
        if is_adversarial:
            gan.update_spectral_norms(self.discriminator)
        frozen_d = self.discriminator.requires_grad_(False) if is_adversarial else None
        losses: dict[str, Tensor] = {}
        results = []
        self.g_optimizer.zero_grad(set_to_none=True)
        for microbatch in accumulate(self.generator_loss, microbatches):
            result = self.generator_loss(microbatch, frozen_d, kl_weight)
            self._backward(result.total)
            results.append(replace(result, total=result.total.detach()))
            for name, loss in result.losses.items():
                losses[name] = losses[name] + loss if name in losses else loss
        self._clip_and_step(self.g_optimizer)
        return losses, results

    def _update_discriminator(
        self, microbatches: list[Microbatch], results: list[GeneratorResult]
    ) -> Tensor:
        """The loss of D, summed over the microbatches."""
        self.discriminator.requires_grad_(True)
        total = torch.zeros((), device=self.device)
        self.d_optimizer.zero_grad(set_to_none=True)
        for microbatch, result in zip(accumulate(self.discriminator_loss, microbatches), results):
            loss = self.discriminator_loss(microbatch, result.real, result.fake)
            self._backward(loss)
            total = total + loss.detach()
        self._clip_and_step(self.d_optimizer)
        return total

    def _update_style_statistics(self, results: list[GeneratorResult], share: int) -> None:
        """Adds all workers' style codes of real photos to the encoder's running statistics.

        `share` is the number of images of one worker.
        """
        if self.model.style_encoder is None:
            return
        total = share * self.workers.world
        encoded = total - int(total * self.recipe.prior_fraction)
        if encoded:
            styles = torch.cat([r.styles for r in results if r.styles is not None])
            codes = self.workers.gather_rows(styles, share, encoded)
            self.model.style_encoder.observe(codes)

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

    def _parameter_groups(self) -> list[dict[str, Any]]:
        """G's parameters; those of a pretrained encoder have a learning rate of their own."""
        if self.recipe.encoder == "unet":
            return [{"params": list(self.model.parameters())}]
        encoder = list(self.model.generator.down.parameters())
        ids = set(map(id, encoder))
        rest = [p for p in self.model.parameters() if id(p) not in ids]
        lr = self.recipe.lr * self.recipe.encoder_lr
        return [{"params": rest}, {"params": encoder, "lr": lr}]

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


def checkpoint_config(
    recipe: Recipe, training: dict[str, Any] | None = None, metrics: dict[str, Any] | None = None
) -> CheckpointConfig:
    """The config of a checkpoint that a recipe trains."""
    return CheckpointConfig(
        task=recipe.task,
        size=recipe.size,
        width=recipe.width,
        generator=recipe.generator(),
        palette=(recipe.palette or FACADES.classes) if recipe.task in LABEL_TASKS else (),
        training=training or {},
        metrics=metrics or {},
        input_type=recipe.input_type,
        max_size=recipe.max_size(),
        resize_mode=recipe.data_options().geometry().resize_mode,
        crop_scale=recipe.crop_scale,
        input_range=recipe.input_range if recipe.task in ("image2image", "photo2labels") else (),
    )
