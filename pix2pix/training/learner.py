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
from pix2pix.data.palette import FACADES
from pix2pix.device import autocast, has_fast_bf16
from pix2pix.encoding import honour_hints
from pix2pix.networks import AbMean
from pix2pix.training import adversary
from pix2pix.training.augmentation import draw_chances, take_out
from pix2pix.training.distributed import Workers
from pix2pix.training.losses import (
    ab_cross_entropy,
    class_cross_entropy,
    evenness_loss,
    reconstruction_loss,
)
from pix2pix.training.parts import Part, split_batch
from pix2pix.training.recipe import Recipe
from pix2pix.training.schedule import Plateau, rate
from pix2pix.training.styles import style_error, styles_of_batch

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
        self.bf16 = recipe.precision == "bf16" or (
            recipe.precision == "auto" and has_fast_bf16(device)
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
        self.discriminator = self._place(adversary.make_discriminator(recipe))
        betas = (recipe.beta1, 0.999)
        # fused: one pass over the weights, not ten; the paper's have 57 million
        self.g_optimizer = torch.optim.AdamW(
            self._groups(), recipe.lr, betas, weight_decay=recipe.weight_decay, fused=True
        )
        self.d_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), recipe.d_lr, betas, fused=True
        )
        self.plateau = Plateau(recipe.drop, recipe.drop_after)

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
        """One update of D and of G; the losses by name, still on the device.

        `batch` is this worker's part of the step's batch, and the mean of the losses over the
        workers is that of the whole batch. It may be computed in several parts: the same update
        but for batch norm, which takes its statistics from a part, and for dropout, which draws
        other masks.
        """
        recipe, workers = self.recipe, self.workers
        # All chance in a step comes from its number: a resumed run repeats the unbroken one.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        progress = step / total_steps
        adversarial = recipe.lambda_gan > 0 and progress >= recipe.gan_start
        batch = batch.to(self.device, self.layout)
        self._set_learning_rates(rate(recipe, step, total_steps) * self.plateau.factor)
        losses: dict[str, Tensor] = {}

        # Styles of the whole batch. Parts see a copy that gathers their gradients.
        # Of all workers' images, the first so many have their own photo's style
        whole = encoded = len(batch.input) * workers.world
        style = copy = None
        if self.model.style_encoder is not None:
            encoded -= int(whole * recipe.prior_part)
            noise = torch.randn(whole, recipe.style_dim).to(self.device)  # on every device the same
            with autocast(self.device, self.bf16):
                style, losses["kl"] = styles_of_batch(
                    self.model.style_encoder, batch.target, noise, encoded, workers
                )
            copy = style.detach().requires_grad_()

        gaps = torch.zeros_like(batch.weight)
        if recipe.take_out:
            labels, gaps = self._take_out(batch.input, encoded, step)
            batch = replace(batch, input=labels)

        # Neighbours say the same and many classes cost much: a quarter of the pixels, in turn, does
        # until D wants whole pictures.
        pixels: Any = EVERY_PIXEL
        if recipe.ab_classes and not adversarial:
            pixels = np.s_[:, :, step % 2 :: 2, step // 2 % 2 :: 2]
            batch = replace(batch, target=batch.target[pixels], weight=batch.weight[pixels])
        chances = draw_chances(whole, torch.Generator().manual_seed(recipe.seed + step))
        parts = split_batch(
            batch, copy, workers.own_part(chances), gaps, encoded, recipe.accumulate, workers
        )
        # A single part's fakes serve D and G; several are made again for G, to hold one at a time.
        fakes = [self._paint(parts[0], pixels)] if len(parts) == 1 else None
        shown = self._show(parts[0], fakes[0][1]) if fakes and adversarial else None

        # D: real up, fake down
        if adversarial:
            adversary.follow_weights(self.discriminator)
        if adversarial and step % recipe.d_every == 0:
            self.discriminator.requires_grad_(True)
            self.d_optimizer.zero_grad(set_to_none=True)
            for i, part in enumerate(parts):
                if shown is None:
                    with torch.no_grad():
                        _, fake = self._paint(part, pixels, step, i)
                        real, seen = self._show(part, fake)
                else:
                    real, seen = shown
                with autocast(self.device, self.bf16):
                    loss = adversary.verdict_loss(
                        self.discriminator, recipe, part, real, seen.detach()
                    )
                loss.backward()
                add(losses, {"d": loss.detach()})
            self._update(self.d_optimizer)

        # G: near the truth where it has that truth's style, real to D everywhere
        self.discriminator.requires_grad_(False)
        self.g_optimizer.zero_grad(set_to_none=True)
        for i, part in enumerate(parts):
            logits, fake = fakes[0] if fakes else self._paint(part, pixels, step, i)
            found = self._truth_losses(part, logits, fake)
            if adversarial:
                real, seen = shown or self._show(part, fake)
                with autocast(self.device, self.bf16):
                    found |= adversary.adversarial_losses(
                        self.discriminator, recipe, part, real, seen
                    )
            loss = self._weigh(found)
            if loss.requires_grad:  # else the part has drawn styles alone, and there is no D yet
                loss.backward()
            add(losses, {name: loss.detach() for name, loss in found.items()})
        if style is not None and copy is not None:
            ramp = min(1.0, progress / max(recipe.kl_warmup, 1e-9))
            kl = ramp * recipe.lambda_kl * losses["kl"]
            grad = torch.zeros_like(style) if copy.grad is None else copy.grad
            if style.requires_grad:  # not where a worker's styles are all drawn
                torch.autograd.backward((style, kl), (grad, None))
            losses["kl"] = losses["kl"].detach()
        self._update(self.g_optimizer)
        self._average(step)
        return losses

    def _take_out(self, labels: Tensor, encoded_whole: int, step: int) -> tuple[Tensor, Tensor]:
        """This worker's label maps, those that have no truth without some of their elements; and
        where those were."""
        workers, share = self.workers, len(labels)
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + step)
        chances = torch.rand(share * workers.world, labels.shape[1] + 7, generator=generator)
        chances[:encoded_whole, 0] = 1  # these are painted whole
        chances = workers.own_part(chances).to(labels.device)
        chosen = (chances[:, 0] < self.recipe.take_out)[:, None, None, None]
        fewer, gaps = take_out(labels, chances[:, 1:])
        return torch.where(chosen, fewer, labels), gaps * chosen

    def _paint(
        self, part: Part, pixels: Any, step: int = 0, index: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits and the fakes made of them, with the truth where the weight is 0."""
        if index is not None:  # dropout must not change from one painting to the next
            torch.manual_seed((self.recipe.seed * 1_000_003 + step) * 1_009 + index)
        with autocast(self.device, self.bf16):
            logits = self.model.generator.logits(part.input, part.style)
        logits = logits[pixels].float()
        fake = self.model.generator.final(logits)
        if self.recipe.hint_dim:
            fake = honour_hints(part.input, fake)
        valid = (part.weight > 0).float()
        return logits, fake * valid + part.target * (1 - valid)

    def _show(self, part: Part, fake: Tensor) -> tuple[adversary.Seen, adversary.Seen]:
        """A part's truth and its fakes as D sees them."""
        discriminator, recipe = self.discriminator, self.recipe
        painted = part.input if recipe.take_out else part.condition
        with autocast(self.device, self.bf16):
            with torch.no_grad():
                real = adversary.show(discriminator, recipe, part, part.condition, part.target)
            return real, adversary.show(discriminator, recipe, part, painted, fake)

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
        self.workers.average_gradients(parameters)
        if self.recipe.clip_grad:
            torch.nn.utils.clip_grad_norm_(parameters, self.recipe.clip_grad)
        optimizer.step()

    def _weigh(self, losses: dict[str, Tensor]) -> Tensor:
        """The sum that G minimises."""
        recipe = self.recipe
        weights = {
            recipe.rec_loss: recipe.lambda_l1,
            "ce": recipe.lambda_ce,
            "z": recipe.lambda_z,
            "gan": recipe.lambda_gan,
            "fm": recipe.lambda_fm,
            "known": recipe.lambda_known,
            "seg": recipe.lambda_seg,
            "even": recipe.lambda_even,
        }
        terms = [weights[name] * loss for name, loss in losses.items()]
        return torch.stack(terms).sum()

    def _truth_losses(self, part: Part, logits: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """How far the fakes are from the truth, and from the styles that were drawn for them."""
        recipe, known = self.recipe, slice(part.encoded)
        losses, none = {}, fake.new_zeros(())
        if recipe.lambda_l1:
            distance = reconstruction_loss(
                fake[known],
                part.target[known],
                part.weight[known],
                recipe.rec_loss,
                recipe.l1_beta,
            )
            losses[recipe.rec_loss] = distance * part.encoded_weight_share
        if recipe.lambda_even and recipe.take_out:
            losses["even"] = evenness_loss(fake, part.input, part.gaps) * part.share
        if recipe.lambda_ce:
            entropy = self._cross_entropy(logits, fake, part.target, part.weight)
            losses["ce"] = entropy * part.weight_share
        if recipe.lambda_z and recipe.prior_part and part.style is not None:
            losses["z"] = none
            if part.drawn_share:
                assert self.model.style_encoder is not None
                drawn = slice(part.encoded, None)
                with autocast(self.device, self.bf16):
                    error = style_error(self.model.style_encoder, fake[drawn], part.style[drawn])
                losses["z"] = error * part.drawn_share
        return losses

    def _cross_entropy(
        self, logits: Tensor, output: Tensor, target: Tensor, weight: Tensor
    ) -> Tensor:
        final = self.model.generator.final
        if isinstance(final, AbMean):
            return ab_cross_entropy(logits[:, : len(final.points)], target, final.points, weight)
        return class_cross_entropy(output, target, weight)

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
        canvas=recipe.canvas,
        largest=recipe.largest(),
        fit=recipe.data_options().geometry().fit,
        jitter=recipe.jitter,
    )
