"""What learns in a run: the networks, their optimizers, and one step of both."""

from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.data.loader import Batch
from pix2pix.data.options import LABEL_TASKS
from pix2pix.data.palette import FACADES
from pix2pix.device import autocast, has_fast_bf16
from pix2pix.losses import (
    ab_cross_entropy,
    augment_for_discriminator,
    class_cross_entropy,
    discriminator_loss,
    feature_matching_loss,
    generator_loss,
    kl_to_standard_normal,
    weighted_l1,
)
from pix2pix.networks import AbMean, PatchDiscriminator
from pix2pix.training.distributed import Workers
from pix2pix.training.recipe import Recipe

M = TypeVar("M", bound=torch.nn.Module)

PARTS = ("model", "ema", "discriminator", "g_optimizer", "d_optimizer")


class Learner:
    """The networks of a run with their optimizers."""

    def __init__(
        self, recipe: Recipe, device: torch.device, workers: Workers | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.workers = workers or Workers(device)
        config = checkpoint_config(recipe)
        self.model = self._place(Model(config))
        self.ema = self._place(Model(config)).eval().requires_grad_(False)
        self.ema.load_state_dict(self.model.state_dict())
        self.discriminator = self._place(
            PatchDiscriminator(
                recipe.condition_channels() + config.generator.out_channels,
                recipe.ndf,
                recipe.receptive_field,
                recipe.d_norm,
                recipe.spectral,
            )
        )
        betas = (recipe.beta1, 0.999)
        self.g_optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.lr, betas, weight_decay=recipe.weight_decay
        )
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), recipe.d_lr, betas)
        self.bf16 = recipe.precision == "bf16" or (
            recipe.precision == "auto" and has_fast_bf16(device)
        )

    def _place(self, module: M) -> M:
        return module.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).state_dict() for name in PARTS}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in PARTS:
            getattr(self, name).load_state_dict(state[name])

    def step(self, batch: Batch, step: int, total_steps: int) -> dict[str, Tensor]:
        """One update of D and of G; the losses by name, still on the device.

        `batch` is this worker's part of the step's batch, and the mean of the losses over the
        workers is that of the whole batch.
        """
        recipe, workers = self.recipe, self.workers
        # All chance in a step comes from its number: a resumed run repeats the unbroken one.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        progress = step / total_steps
        adversarial = recipe.lambda_gan > 0 and progress >= recipe.gan_start
        self._set_learning_rates(progress)
        losses: dict[str, Tensor] = {}

        # Fake images
        share = len(batch.input)
        whole = encoded_whole = share * workers.world
        with autocast(self.device, self.bf16):
            style = None
            if self.model.style_encoder is not None:
                encoded_whole -= int(whole * recipe.prior_part)
                style, losses["kl"] = self._styles(batch, encoded_whole)
            logits = self.model.generator.logits(batch.input, style)
        encoded = self._encoded(share, encoded_whole)
        target, weight = batch.target, batch.weight
        if recipe.ab_classes and not adversarial:
            # Neighbours say the same and many classes cost much: a quarter of the pixels, in turn,
            # does until D wants whole pictures
            thin = np.s_[:, :, step % 2 :: 2, step // 2 % 2 :: 2]
            logits, target, weight = logits[thin], target[thin], weight[thin]
        logits = logits.float()
        fake = self.model.generator.final(logits)
        valid = (weight > 0).float()
        fake = fake * valid + target * (1 - valid)

        # D: real up, fake down
        if adversarial and step % recipe.d_every == 0:
            losses["d"] = self._step_discriminator(batch.condition, target, fake.detach(), step)

        # G: near the truth where it has that truth's style, real to D everywhere
        loss = torch.zeros((), device=self.device)
        if recipe.lambda_l1:
            losses["l1"] = weighted_l1(
                fake[:encoded], target[:encoded], weight[:encoded], recipe.l1_beta
            ) * workers.portion(weight[:encoded].sum())
            loss = loss + recipe.lambda_l1 * losses["l1"]
        if recipe.lambda_ce:
            cross_entropy = self._cross_entropy(logits, fake, target, weight)
            losses["ce"] = cross_entropy * workers.portion(weight.sum())
            loss = loss + recipe.lambda_ce * losses["ce"]
        if "kl" in losses:
            ramp = min(1.0, progress / max(recipe.kl_warmup, 1e-9))
            loss = loss + ramp * recipe.lambda_kl * losses["kl"]
        if recipe.lambda_z and style is not None and encoded_whole < whole:
            losses["z"] = self._style_error(fake[encoded:], style[encoded:])
            losses["z"] *= (share - encoded) * workers.world / (whole - encoded_whole)
            loss = loss + recipe.lambda_z * losses["z"]
        if adversarial:
            losses |= self._adversarial_losses(batch.condition, target, fake, encoded, step)
            loss = loss + recipe.lambda_gan * losses["gan"]
            if recipe.lambda_fm:
                losses["fm"] *= encoded * workers.world / encoded_whole
                loss = loss + recipe.lambda_fm * losses["fm"]
        self.g_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        workers.average_gradients(self.model.parameters())
        self.g_optimizer.step()
        self._average(step)
        return losses

    def _set_learning_rates(self, progress: float) -> None:
        recipe = self.recipe
        for optimizer, lr in ((self.g_optimizer, recipe.lr), (self.d_optimizer, recipe.d_lr)):
            for group in optimizer.param_groups:
                group["lr"] = lr * min(1.0, (1 - progress) / max(1 - recipe.decay_start, 1e-9))

    def _encoded(self, share: int, encoded_whole: int) -> int:
        """How many of this worker's part are among the first `encoded_whole` of the whole batch."""
        return min(max(encoded_whole - self.workers.rank * share, 0), share)

    def _styles(self, batch: Batch, encoded_whole: int) -> tuple[Tensor, Tensor]:
        """Style codes, the first `encoded_whole` of all workers' batch of their own photos, the
        rest drawn; the KL term."""
        encoder, workers, share = self.model.style_encoder, self.workers, len(batch.input)
        assert encoder is not None
        encoded = self._encoded(share, encoded_whole)
        noise = workers.own_part(self._normal(share * workers.world, self.recipe.style_dim))
        own, kl = noise[:0], noise.new_zeros(())
        if encoded:
            mean, log_variance = encoder(batch.target[:encoded])
            mean, log_variance = mean.float(), log_variance.float()
            own = mean + noise[:encoded] * (log_variance / 2).exp()
            kl = kl_to_standard_normal(mean, log_variance)
            kl = kl * (encoded * workers.world / encoded_whole)
        encoder.observe(workers.whole(own, share, encoded_whole))
        return torch.cat([own, encoder.sample(noise[encoded:])]), kl

    def _style_error(self, fake: Tensor, style: Tensor) -> Tensor:
        """How far the encoder's reading of the fakes is from their styles, in standard deviations.

        Only G learns from it (BicycleGAN's latent regression, Zhu et al., 2017, eq. 6): a style
        that cannot be seen in the picture was not used.
        """
        encoder = self.model.style_encoder
        assert encoder is not None
        if not len(fake):
            return fake.new_zeros(())
        encoder.requires_grad_(False)
        with autocast(self.device, self.bf16):
            read, _ = encoder(fake)
        encoder.requires_grad_(True)
        deviation = encoder.style_covariance.diagonal().sqrt()
        return ((read.float() - style).abs() / (deviation + 0.01)).mean()

    def _cross_entropy(
        self, logits: Tensor, output: Tensor, target: Tensor, weight: Tensor
    ) -> Tensor:
        final = self.model.generator.final
        if isinstance(final, AbMean):
            return ab_cross_entropy(logits, target, final.points, weight)
        return class_cross_entropy(output, target, weight)

    def _step_discriminator(
        self, condition: Tensor, real: Tensor, fake: Tensor, step: int
    ) -> Tensor:
        self.discriminator.requires_grad_(True)
        with autocast(self.device, self.bf16):
            real_logits, _ = self._judge(condition, real, step)
            fake_logits, _ = self._judge(condition, fake, step)
        loss = discriminator_loss(real_logits.float(), fake_logits.float(), self.recipe.gan_loss)
        self.d_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.workers.average_gradients(self.discriminator.parameters())
        self.d_optimizer.step()
        return loss.detach()

    def _adversarial_losses(
        self, condition: Tensor, real: Tensor, fake: Tensor, encoded: int, step: int
    ) -> dict[str, Tensor]:
        """What D thinks of the fakes and, for the `encoded` that have a truth, feature matching."""
        losses = {}
        self.discriminator.requires_grad_(False)
        with autocast(self.device, self.bf16):
            fake_logits, fake_features = self._judge(condition, fake, step)
            losses["gan"] = generator_loss(fake_logits.float(), self.recipe.gan_loss)
            if self.recipe.lambda_fm and not encoded:
                losses["fm"] = fake.new_zeros(())
            elif self.recipe.lambda_fm:
                with torch.no_grad():
                    _, real_features = self._judge(condition, real, step)
                losses["fm"] = feature_matching_loss(
                    [f[:encoded].float() for f in real_features],
                    [f[:encoded].float() for f in fake_features],
                )
        return losses

    def _judge(self, condition: Tensor, image: Tensor, step: int) -> tuple[Tensor, list[Tensor]]:
        shifts = torch.Generator().manual_seed(self.recipe.seed + step)
        pair = torch.cat([condition, image], 1)
        part = (self.workers.rank, self.workers.world)
        return self.discriminator(
            augment_for_discriminator(pair, self.recipe.d_shift, shifts, part).contiguous(
                memory_format=torch.channels_last
            )
        )

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape).to(self.device)  # drawn on the CPU: the same on every device

    @torch.no_grad()
    def _average(self, step: int) -> None:
        """Moves the weights that are served to the new ones, closely while there is no average."""
        decay = min(self.recipe.ema, (1 + step) / (10 + step))
        for mean, tensor in zip(self.ema.state_dict().values(), self.model.state_dict().values()):
            if tensor.is_floating_point():
                mean.lerp_(tensor, 1 - decay)
            else:
                mean.copy_(tensor)


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
    )
