"""One step of training: it updates the generator, the discriminator and the averaged weights."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.data.loader import Loadable
from pix2pix.data.options import LABEL_TASKS
from pix2pix.labels.palette import FACADES
from pix2pix.training import gan
from pix2pix.training.discriminator_loss import DiscriminatorLoss
from pix2pix.training.distributed import Workers
from pix2pix.training.generator_loss import GeneratorLoss, GeneratorResult
from pix2pix.training.microbatch import Microbatch, accumulate, make_microbatches
from pix2pix.training.recipe import Recipe
from pix2pix.training.trainer_base import TrainerBase


class Trainer(TrainerBase):
    """Trains a generator on pairs of images."""

    model: Model
    ema: Model

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device,
        total_steps: int,
        workers: Workers | None = None,
    ) -> None:
        super().__init__(recipe, device, total_steps, workers)
        self.generator_loss = self.workers.wrap(GeneratorLoss(recipe, self.model, self.bf16))
        self.discriminator_loss = self.workers.wrap(
            DiscriminatorLoss(recipe, self.discriminator, self.bf16)
        )

    def make_model(self) -> Model:
        return Model(checkpoint_config(self.recipe))

    def make_discriminator(self) -> torch.nn.Module:
        return gan.make_discriminator(self.recipe)

    @property
    def served(self) -> dict[str, Model]:
        return {"": self.ema}

    @property
    def trained(self) -> dict[str, Model]:
        return {"": self.model}

    def step(self, loaded: Loadable) -> dict[str, Tensor]:
        """Updates G, D and the averaged weights; returns the losses by name, on the device.

        `loaded` is this worker's part of the step's batch. The mean of the losses over the workers
        is that of the whole batch. With several microbatches the update is the same, except that
        batch norm takes its statistics from a microbatch and dropout masks differ.
        """
        recipe, step = self.recipe, self.steps_done
        self._seed_step()
        progress = step / self.total_steps
        self.freeze_global(progress < recipe.freeze_global)
        is_adversarial = recipe.lambda_gan > 0 and progress >= recipe.gan_start
        kl_weight = recipe.lambda_kl * min(1.0, progress / max(recipe.kl_warmup, 1e-9))
        batch = loaded.to(self.device, self.layout)
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
        encoder = self.model.style_encoder
        if encoder is None or not encoder.training:
            return
        total = share * self.workers.world
        encoded = total - int(total * self.recipe.prior_fraction)
        if encoded:
            styles = torch.cat([r.styles for r in results if r.styles is not None])
            codes = self.workers.gather_rows(styles, share, encoded)
            encoder.observe(codes)

    def freeze_global(self, frozen: bool) -> None:
        """Whether of the model only the local enhancer learns, if it has one.

        The global network then keeps its running statistics, and the style encoder its codes, so
        that a style means the same as in the checkpoint that they come from.
        """
        enhancer = getattr(self.model.generator, "enhancer", None)
        if enhancer is None or frozen != self.model.training:
            return
        self.model.train(not frozen).requires_grad_(not frozen)
        self.model.generator.training = True  # computes in the precision of training
        enhancer.train().requires_grad_(True)

    def _parameter_groups(self) -> list[dict[str, Any]]:
        """G's parameters; those of a pretrained encoder have a learning rate of their own."""
        if self.recipe.encoder == "unet":
            return [{"params": list(self.model.parameters())}]
        encoder = list(self.model.generator.down.parameters())
        ids = set(map(id, encoder))
        rest = [p for p in self.model.parameters() if id(p) not in ids]
        lr = self.recipe.lr * self.recipe.encoder_lr
        return [{"params": rest}, {"params": encoder, "lr": lr}]


def checkpoint_config(
    recipe: Recipe,
    training: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
    direction: str = "",
) -> CheckpointConfig:
    """The config of a checkpoint that a recipe trains; of `direction` AtoB or BtoA, if of both."""
    sides = recipe.data_options().formats()
    source, target = sides[::-1] if direction == "BtoA" else sides
    generator = recipe.generator()
    if recipe.task == "image2image":
        generator = replace(generator, in_channels=source.channels, out_channels=target.channels)
    return CheckpointConfig(
        task=recipe.task,
        size=recipe.size,
        width=recipe.width,
        generator=generator,
        palette=(recipe.palette or FACADES.classes) if recipe.task in LABEL_TASKS else (),
        training=training or {},
        metrics=metrics or {},
        input_type=recipe.input_type,
        max_size=recipe.max_size(),
        resize_mode=recipe.data_options().geometry().resize_mode,
        crop_scale=recipe.crop_scale,
        input_range=source.value_range if recipe.task in ("image2image", "photo2labels") else (),
        input_dtype=source.dtype,
        output_range=target.value_range if target.dtype else (),
        output_dtype=target.dtype,
    )
