"""What the generator minimises, as one module whose forward takes a microbatch.

As a module it can be wrapped in DistributedDataParallel, and one autocast covers it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pix2pix.checkpoint import Model
from pix2pix.models import AnnealedMean
from pix2pix.models.tensors import apply_hints
from pix2pix.runtime.device import autocast
from pix2pix.training import gan
from pix2pix.training.losses import (
    ab_cross_entropy,
    class_cross_entropy,
    evenness_loss,
    feature_matching_loss,
    generator_loss,
    reading_loss,
    reconstruction_loss,
)
from pix2pix.training.microbatch import Microbatch
from pix2pix.training.recipe import Recipe
from pix2pix.training.style_codes import encode_styles, style_error


@dataclass(frozen=True)
class GeneratorResult:
    """What a microbatch gave: what G minimises, and what D and the log need of it, detached."""

    total: Tensor  # weighted sum of the losses, with its graph
    losses: dict[str, Tensor]  # each times its share of the step, unweighted
    styles: Tensor | None  # (encoded, style_dim), codes of the microbatch's own photos
    real: gan.DiscriminatorInput | None  # what D sees of the truth; None before D takes part
    fake: gan.DiscriminatorInput | None  # what D sees of the output


class GeneratorLoss(nn.Module):
    """Distance to the truth where there is one, realism, and a style that can be read back."""

    def __init__(self, recipe: Recipe, model: Model, bf16: bool) -> None:
        super().__init__()
        self.recipe, self.model, self.bf16 = recipe, model, bf16

    def forward(
        self, part: Microbatch, discriminator: nn.Module | None, kl_weight: float = 0.0
    ) -> GeneratorResult:
        """`discriminator` is None until the adversarial part of the run; its weights are frozen."""
        recipe, losses = self.recipe, {}

        # Paint
        style = own = None
        if self.model.style_encoder is not None:
            assert part.noise is not None
            with autocast(part.input.device, self.bf16):
                style, own, kl = encode_styles(
                    self.model.style_encoder, part.target, part.noise, part.encoded
                )
            losses["kl"] = kl * part.encoded_share
        logits, output = self._paint(part, style)

        # Near the truth
        losses |= self._truth_losses(part, logits, output)
        if recipe.lambda_z and recipe.prior_fraction and style is not None:
            losses["z"] = self._style_loss(part, output, style)

        # Real to D
        real = fake = None
        if discriminator is not None:
            painted = part.input if recipe.element_dropout else part.condition
            with autocast(part.input.device, self.bf16):
                with torch.no_grad():
                    real = gan.show(discriminator, recipe, part, part.condition, part.target)
                fake = gan.show(discriminator, recipe, part, painted, output)
                losses |= adversarial_losses(discriminator, recipe, part, real, fake)
            fake = fake.detach()

        total = self._weigh(losses, kl_weight)
        if not total.requires_grad:  # drawn styles alone and no D yet: workers still meet here
            total = total + 0 * output.sum()
        return GeneratorResult(total, {n: x.detach() for n, x in losses.items()}, own, real, fake)

    def _paint(self, part: Microbatch, style: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits, and the output made of them with the truth where the weight is 0."""
        generator = self.model.generator
        with autocast(part.input.device, self.bf16):
            logits = generator.logits(part.input, style)
        logits = logits[part.pixels].float()
        output = generator.final(logits)
        if self.recipe.hint_embed_dim:
            output = apply_hints(part.input, output)
        valid = (part.weight > 0).float()
        return logits, output * valid + part.target * (1 - valid)

    def _truth_losses(self, part: Microbatch, logits: Tensor, output: Tensor) -> dict[str, Tensor]:
        recipe, known = self.recipe, slice(part.encoded)
        losses = {}
        if recipe.lambda_l1:
            distance = reconstruction_loss(
                output[known],
                part.target[known],
                part.weight[known],
                recipe.rec_loss,
                recipe.l1_beta,
            )
            losses[recipe.rec_loss] = distance * part.encoded_weight_share
        if recipe.lambda_uniformity and recipe.element_dropout:
            losses["even"] = evenness_loss(output, part.input, part.gaps) * part.share
        if recipe.lambda_ce:
            final = self.model.generator.final
            if isinstance(final, AnnealedMean):
                logits = logits[:, : len(final.points)]
                entropy = ab_cross_entropy(logits, part.target, final.points, part.weight)
            else:
                entropy = class_cross_entropy(output, part.target, part.weight)
            losses["ce"] = entropy * part.weight_share
        return losses

    def _style_loss(self, part: Microbatch, output: Tensor, style: Tensor) -> Tensor:
        """How legible the drawn styles are in the outputs."""
        if not part.drawn_share:
            return output.new_zeros(())
        assert self.model.style_encoder is not None
        drawn = slice(part.encoded, None)
        with autocast(output.device, self.bf16):
            error = style_error(self.model.style_encoder, output[drawn], style[drawn])
        return error * part.drawn_share

    def _weigh(self, losses: dict[str, Tensor], kl_weight: float) -> Tensor:
        recipe = self.recipe
        weights = {
            recipe.rec_loss: recipe.lambda_l1,
            "ce": recipe.lambda_ce,
            "kl": kl_weight,
            "z": recipe.lambda_z,
            "gan": recipe.lambda_gan,
            "fm": recipe.lambda_fm,
            "known": recipe.lambda_perceptual,
            "seg": recipe.lambda_oasis,
            "even": recipe.lambda_uniformity,
        }
        return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()


def adversarial_losses(
    discriminator: nn.Module,
    recipe: Recipe,
    part: Microbatch,
    real: gan.DiscriminatorInput,
    fake: gan.DiscriminatorInput,
) -> dict[str, Tensor]:
    """Realism (gan), legibility of the drawn classes (seg) and, for images with a truth, distance
    to it in D's features (fm) and in those of the pretrained network (known).

    All are means over D's scales; pix2pixHD adds them up.
    """
    count, share = gan.judged(recipe, part)
    verdicts = gan.discriminate(discriminator, fake.first(count)) if count else []
    scales = [generator_loss(logits.float(), recipe.gan_mode) for logits, _ in verdicts]
    losses = {"gan": gan.mean_of(scales, fake.image) * share}
    readings = gan.read(discriminator, fake)
    if readings is not None:
        losses["seg"] = reading_loss(readings, fake.condition) * part.share
    if recipe.lambda_fm:
        with torch.no_grad():
            truths = gan.discriminate(discriminator, real.first(count)) if part.encoded else []
        pairs = [(r, f) for (_, r), (_, f) in zip(truths, verdicts) if r]
        losses["fm"] = matching_loss(pairs, part, fake.image)
    if recipe.lambda_perceptual:
        pairs = [([r], [f]) for r, f in zip(real.known, fake.known)] if part.encoded else []
        losses["known"] = matching_loss(pairs, part, fake.image)
    return losses


def matching_loss(
    pairs: list[tuple[list[Tensor], list[Tensor]]], part: Microbatch, like: Tensor
) -> Tensor:
    """Mean distance of real and fake activations, scale by scale, of the images with a truth."""
    known = slice(part.encoded)
    distances = [
        feature_matching_loss([r[known].float() for r in real], [f[known].float() for f in fake])
        for real, fake in pairs
    ]
    return gan.mean_of(distances, like) * part.encoded_share
