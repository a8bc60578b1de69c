"""What learns in a run: the networks, their optimizers, and one step of both."""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.data.loader import Batch
from pix2pix.data.options import LABEL_TASKS
from pix2pix.labels.palette import FACADES
from pix2pix.runtime.device import has_fast_bf16
from pix2pix.training import gan
from pix2pix.training.augmentation import draw_chances, drop_elements
from pix2pix.training.discriminator_loss import DiscriminatorLoss
from pix2pix.training.distributed import Workers
from pix2pix.training.generator_loss import GeneratorLoss
from pix2pix.training.lr_schedule import Plateau, rate
from pix2pix.training.microbatch import Microbatch, accumulate, split_batch
from pix2pix.training.recipe import Recipe

M = TypeVar("M", bound=torch.nn.Module)

PARTS = ("model", "ema", "discriminator", "g_optimizer", "d_optimizer", "plateau")

EVERY_PIXEL = np.s_[:, :, :, :]


class Learner:
    """The networks of a run with their optimizers."""

    def __init__(
        self, recipe: Recipe, device: torch.device, workers: Workers | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.workers = workers or Workers(device)
        self.bf16 = recipe.mixed_precision == "bf16" or (
            recipe.mixed_precision == "auto" and has_fast_bf16(device)
        )
        # In fp32 on a CPU without AMX, a step of `facades` took a tenth less with NCHW.
        wide = self.bf16 or device.type != "cpu"
        self.layout = torch.channels_last if wide else torch.contiguous_format
        config = checkpoint_config(recipe)
        self.model = self._place(Model(config))
        self.ema = self._place(Model(config)).eval().requires_grad_(False)
        # Where there is no average, the weights that are served are those that learn, not a copy.
        self.ema.load_state_dict(self.model.state_dict(), assign=not recipe.ema)
        self.ema.requires_grad_(False)
        self.discriminator = self._place(gan.make_discriminator(recipe))
        betas = (recipe.beta1, 0.999)
        # fused: one pass over the weights, not ten; the paper's have 57 million
        self.g_optimizer = torch.optim.AdamW(
            self._groups(), recipe.lr, betas, weight_decay=recipe.weight_decay, fused=True
        )
        self.d_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), recipe.d_lr, betas, fused=True
        )
        self.plateau = Plateau(recipe.lr_gamma, recipe.lr_patience)
        self.generator_loss = self.workers.wrap(GeneratorLoss(recipe, self.model, self.bf16))
        self.discriminator_loss = self.workers.wrap(
            DiscriminatorLoss(recipe, self.discriminator, self.bf16)
        )

    def _place(self, module: M) -> M:
        return module.to(self.device).to(memory_format=self.layout)  # type: ignore[call-overload]

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).state_dict() for name in PARTS}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in PARTS:
            if name in state:  # runs begun before there were plateaus have none
                getattr(self, name).load_state_dict(state[name])
        for optimizer in (self.g_optimizer, self.d_optimizer):
            for parameter, values in optimizer.state.items():
                for name, value in values.items():
                    if value.shape == parameter.shape:  # fused Adam reads memory, not strides
                        values[name] = torch.empty_like(parameter).copy_(value)

    def step(self, batch: Batch, step: int, total_steps: int) -> dict[str, Tensor]:
        """One update of G and of D; the losses by name, still on the device.

        `batch` is this worker's part of the step's batch, and the mean of the losses over the
        workers is that of the whole batch. Computed in several microbatches the update is the same
        but for batch norm, which takes its statistics from a microbatch, and for dropout masks.
        """
        recipe = self.recipe
        # All chance in a step comes from its number: a resumed run repeats the unbroken one.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        progress = step / total_steps
        adversarial = recipe.lambda_gan > 0 and progress >= recipe.gan_start
        kl_weight = recipe.lambda_kl * min(1.0, progress / max(recipe.kl_warmup, 1e-9))
        self._set_learning_rates(rate(recipe, step, total_steps) * self.plateau.factor)
        parts = self._microbatches(batch.to(self.device, self.layout), step, adversarial)
        losses: dict[str, Tensor] = {}

        # G: near the truth where it has that truth's style, real to D everywhere
        if adversarial:
            gan.follow_weights(self.discriminator)
        judge = self.discriminator.requires_grad_(False) if adversarial else None
        self.g_optimizer.zero_grad(set_to_none=True)
        painted = []
        for part in accumulate(self.generator_loss, parts):
            result = self.generator_loss(part, judge, kl_weight)
            self._backward(result.total)
            painted.append(replace(result, total=result.total.detach()))
            add(losses, result.losses)
        self._update(self.g_optimizer)

        # D: real up, fake down
        if adversarial and step % recipe.d_every == 0:
            self.discriminator.requires_grad_(True)
            self.d_optimizer.zero_grad(set_to_none=True)
            for part, result in zip(accumulate(self.discriminator_loss, parts), painted):
                loss = self.discriminator_loss(part, result.real, result.fake)
                self._backward(loss)
                add(losses, {"d": loss.detach()})
            self._update(self.d_optimizer)

        # Averages: of the styles that real photos have, and of G's weights
        self._observe_styles([p.styles for p in painted if p.styles is not None], len(batch.input))
        self._average(step)
        return losses

    def _microbatches(self, batch: Batch, step: int, adversarial: bool) -> list[Microbatch]:
        """The batch in parts, with everything of the step that is left to chance drawn for them."""
        recipe, workers = self.recipe, self.workers
        whole = encoded = len(batch.input) * workers.world
        noise = None
        if self.model.style_encoder is not None:
            encoded -= int(
                whole * recipe.prior_fraction
            )  # the first so many have their photo's style
            noise = workers.own_part(torch.randn(whole, recipe.style_dim)).to(self.device)
        gaps = torch.zeros_like(batch.weight)
        if recipe.element_dropout:
            labels, gaps = self._drop_elements(batch.input, encoded, step)
            batch = replace(batch, input=labels)
        # Neighbours say the same and many classes cost much: a quarter of the pixels, in turn, does
        # until D wants whole pictures.
        pixels: Any = EVERY_PIXEL
        if recipe.ab_classes and not adversarial:
            pixels = np.s_[:, :, step % 2 :: 2, step // 2 % 2 :: 2]
            batch = replace(batch, target=batch.target[pixels], weight=batch.weight[pixels])
        generator = torch.Generator().manual_seed(recipe.seed + step)
        chances = workers.own_part(draw_chances(whole, generator))
        return split_batch(
            batch,
            noise,
            chances,
            gaps,
            pixels,
            encoded,
            recipe.gradient_accumulation_steps,
            workers,
        )

    def _drop_elements(
        self, labels: Tensor, encoded_whole: int, step: int
    ) -> tuple[Tensor, Tensor]:
        """This worker's label maps, those without a truth with some of their elements dropped; and
        where those were."""
        workers, share = self.workers, len(labels)
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + step)
        chances = torch.rand(share * workers.world, labels.shape[1] + 7, generator=generator)
        chances[:encoded_whole, 0] = 1  # these are painted whole
        chances = workers.own_part(chances).to(labels.device)
        chosen = (chances[:, 0] < self.recipe.element_dropout)[:, None, None, None]
        fewer, gaps = drop_elements(labels, chances[:, 1:])
        return torch.where(chosen, fewer, labels), gaps * chosen

    def _observe_styles(self, styles: list[Tensor], share: int) -> None:
        """Adds all workers' style codes of real photos to the encoder's running statistics."""
        if self.model.style_encoder is None:
            return
        whole = share * self.workers.world
        encoded = whole - int(whole * self.recipe.prior_fraction)
        if encoded:
            codes = self.workers.whole(torch.cat(styles), share, encoded)
            self.model.style_encoder.observe(codes)

    def _backward(self, loss: Tensor) -> None:
        with self.workers.watched():
            loss.backward()

    def _groups(self) -> list[dict[str, Any]]:
        """G's parameters, those of an encoder that knows photos with a rate of their own."""
        if self.recipe.encoder == "unet":
            return [{"params": list(self.model.parameters())}]
        known = list(self.model.generator.down.parameters())
        ids = set(map(id, known))
        rest = [p for p in self.model.parameters() if id(p) not in ids]
        return [{"params": rest}, {"params": known, "part": self.recipe.encoder_lr}]

    def learning_rates(self) -> dict[str, float]:
        """Those of the last step: of G, and of D where there is one."""
        rates = {"lr": self.g_optimizer.param_groups[0]["lr"]}
        if self.recipe.lambda_gan:
            rates["d_lr"] = self.d_optimizer.param_groups[0]["lr"]
        return rates

    def next_learning_rates(self, step: int, total_steps: int) -> dict[str, float]:
        """Those that the given step will have."""
        factor = rate(self.recipe, step, total_steps) * self.plateau.factor
        names = ("lr", "d_lr") if self.recipe.lambda_gan else ("lr",)
        return {name: getattr(self.recipe, name) * factor for name in names}

    def _set_learning_rates(self, factor: float) -> None:
        recipe = self.recipe
        for optimizer, lr in ((self.g_optimizer, recipe.lr), (self.d_optimizer, recipe.d_lr)):
            for group in optimizer.param_groups:
                group["lr"] = lr * factor * group.get("part", 1.0)

    def _update(self, optimizer: torch.optim.Optimizer) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        if self.recipe.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(parameters, self.recipe.max_grad_norm)
        optimizer.step()

    @torch.no_grad()
    def _average(self, step: int) -> None:
        """Moves the weights that are served to the new ones, closely while there is no average."""
        if not self.recipe.ema:
            return
        decay = min(self.recipe.ema, (1 + step) / (10 + step))
        for mean, tensor in zip(self.ema.state_dict().values(), self.model.state_dict().values()):
            if tensor.is_floating_point():
                mean.lerp_(tensor, 1 - decay)
            else:
                mean.copy_(tensor)


def add(sums: dict[str, Tensor], losses: dict[str, Tensor]) -> None:
    for name, loss in losses.items():
        sums[name] = sums[name] + loss if name in sums else loss


def checkpoint_config(
    recipe: Recipe, training: dict[str, Any] | None = None, metrics: dict[str, Any] | None = None
) -> CheckpointConfig:
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
