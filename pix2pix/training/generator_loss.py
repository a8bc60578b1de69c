"""The loss of the generator, as a module that DistributedDataParallel can wrap."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pix2pix.checkpoint import Model
from pix2pix.models import AnnealedMean
from pix2pix.models.tensors import apply_hints
from pix2pix.runtime.device import autocast
from pix2pix.training import gan
from pix2pix.training.augmentation import augment
from pix2pix.training.class_colors import class_color_loss
from pix2pix.training.losses import (
    ab_cross_entropy,
    background_loss,
    class_cross_entropy,
    color_loss,
    damage_cross_entropy,
    diversity_loss,
    feature_matching_loss,
    generator_loss,
    grid_loss,
    oasis_loss,
    reconstruction_loss,
    stain_loss,
    uniformity_loss,
)
from pix2pix.training.microbatch import Microbatch
from pix2pix.training.recipe import Recipe
from pix2pix.training.style_codes import encode_styles, style_error


@dataclass(frozen=True)
class GeneratorResult:
    """Loss of G for a microbatch; and, detached, what D and the log need."""

    total: Tensor  # weighted sum of the losses, with its graph
    losses: dict[str, Tensor]  # by name, each times its share of the step, unweighted
    styles: Tensor | None  # (encoded, style_dim), codes of the microbatch's photos
    real: gan.DiscriminatorInput | None  # input of D with the real images; None before gan_start
    fake: gan.DiscriminatorInput | None  # input of D with the outputs


class GeneratorLoss(nn.Module):
    """Reconstruction, adversarial and style losses."""

    def __init__(self, recipe: Recipe, model: Model, bf16: bool) -> None:
        super().__init__()
        self.recipe, self.model, self.bf16 = recipe, model, bf16

    def forward(
        self, microbatch: Microbatch, discriminator: nn.Module | None, kl_weight: float = 0.0
    ) -> GeneratorResult:
        """`discriminator` has frozen weights; it is None before gan_start."""
        recipe, losses = self.recipe, {}

        # Generate
        style = own = other_style = None
        if self.model.style_encoder is not None:
            assert microbatch.noise is not None
            with autocast(microbatch.input.device, self.bf16):
                style, own, kl = encode_styles(
                    self.model.style_encoder,
                    microbatch.target,
                    microbatch.noise,
                    microbatch.encoded,
                )
            losses["kl"] = kl * microbatch.encoded_share
            if recipe.lambda_diversity and discriminator is not None:
                assert microbatch.other_noise is not None
                noise = microbatch.other_noise[microbatch.random]
                other_style = self.model.style_encoder.sample(noise)
        logits, output, other = self._generate(microbatch, style, other_style)

        # Compare with the targets
        losses |= self._target_losses(microbatch, logits, output)
        if recipe.lambda_z and recipe.prior_fraction and style is not None:
            losses["z"] = self._style_loss(microbatch, output, style)

        # Adversarial losses
        real = fake = None
        if discriminator is not None:
            painted = microbatch.input if recipe.alters_label_maps else microbatch.condition
            with autocast(microbatch.input.device, self.bf16):
                with torch.no_grad():
                    real = gan.make_input(
                        discriminator, recipe, microbatch, microbatch.condition, microbatch.target
                    )
                fake = gan.make_input(discriminator, recipe, microbatch, painted, output)
                losses |= adversarial_losses(discriminator, recipe, microbatch, real, fake)
                if other_style is not None:
                    losses["diversity"] = compare_styles(
                        discriminator, recipe, microbatch, fake, other
                    )
            fake = fake.detach()

        total = self._weigh(losses, kl_weight)
        if not total.requires_grad:  # only random styles and no D yet: DDP needs a graph
            total = total + 0 * output.sum()
        return GeneratorResult(total, {n: x.detach() for n, x in losses.items()}, own, real, fake)

    def _generate(
        self, microbatch: Microbatch, style: Tensor | None, other_style: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, the output, and that of the images without a photo's style in `other_style`.

        Outputs have the target in place of pixels of weight 0.
        """
        generator, images = self.model.generator, microbatch.input
        count, again = len(images), microbatch.random
        if style is not None and other_style is not None:
            images = torch.cat([images, images[again]])
            style = torch.cat([style, other_style])
        with autocast(images.device, self.bf16):
            logits = generator.logits(images, style)
        logits = logits[microbatch.pixels].float()
        output = generator.final(logits)
        if self.recipe.hint_embed_dim:
            output = apply_hints(microbatch.input, output)
        output, other = output[:count], output[count:]
        valid = (microbatch.weight > 0).float()
        fixed = microbatch.target * (1 - valid)
        output = output * valid + fixed
        if len(other):
            other = other * valid[again] + fixed[again]
        return logits[:count], output, other

    def _target_losses(
        self, microbatch: Microbatch, logits: Tensor, output: Tensor
    ) -> dict[str, Tensor]:
        recipe, known = self.recipe, slice(microbatch.encoded)
        pictures = slice(1) if recipe.task == "restore" else slice(None)  # channels; then the map
        losses = {}
        if recipe.lambda_l1:
            distance = reconstruction_loss(
                output[known, pictures],
                microbatch.target[known, pictures],
                microbatch.weight[known],
                recipe.rec_loss,
                recipe.l1_beta,
            )
            losses[recipe.rec_loss] = distance * microbatch.encoded_weight_share
        if recipe.lambda_color:
            colors = color_loss(output[known, pictures], microbatch.target[known, pictures])
            losses["color"] = colors * microbatch.encoded_share
        if recipe.lambda_class_color:
            again = microbatch.random
            kept = class_color_loss(output[again], microbatch.input[again])
            losses["class_color"] = kept * microbatch.random_share
        if recipe.lambda_uniformity and recipe.element_dropout:
            stains = stain_loss(output, microbatch.input, microbatch.drawn)
            losses["uniformity"] = (
                uniformity_loss(output, microbatch.input, microbatch.gaps) + stains
            ) * microbatch.share
            if recipe.user_drawings and microbatch.random_share:
                drawings = microbatch.input[microbatch.random]
                painted = output[microbatch.random]
                smooth = background_loss(painted, drawings) + grid_loss(painted, drawings)
                losses["uniformity"] += smooth * microbatch.random_share
        if recipe.lambda_ce and recipe.task == "restore":
            found = damage_cross_entropy(logits[:, 1:], microbatch.target[:, 1:])
            losses["ce"] = found * microbatch.share
        elif recipe.lambda_ce:
            final = self.model.generator.final
            if isinstance(final, AnnealedMean):
                logits = logits[:, : len(final.points)]
                entropy = ab_cross_entropy(
                    logits, microbatch.target, final.points, microbatch.weight
                )
            else:
                entropy = class_cross_entropy(output, microbatch.target, microbatch.weight)
            losses["ce"] = entropy * microbatch.weight_share
        return losses

    def _style_loss(self, microbatch: Microbatch, output: Tensor, style: Tensor) -> Tensor:
        """Error of recovering the random style codes from the outputs."""
        if not microbatch.random_share:
            return output.new_zeros(())
        assert self.model.style_encoder is not None
        drawn = microbatch.random
        with autocast(output.device, self.bf16):
            error = style_error(self.model.style_encoder, output[drawn], style[drawn])
        return error * microbatch.random_share

    def _weigh(self, losses: dict[str, Tensor], kl_weight: float) -> Tensor:
        recipe = self.recipe
        weights = {
            recipe.rec_loss: recipe.lambda_l1,
            "ce": recipe.lambda_ce,
            "kl": kl_weight,
            "z": recipe.lambda_z,
            "gan": recipe.lambda_gan,
            "fm": recipe.lambda_fm,
            "perceptual": recipe.lambda_perceptual,
            "oasis": recipe.lambda_oasis,
            "uniformity": recipe.lambda_uniformity,
            "color": recipe.lambda_color,
            "class_color": recipe.lambda_class_color,
            "diversity": recipe.lambda_diversity,
        }
        return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()


def adversarial_losses(
    discriminator: nn.Module,
    recipe: Recipe,
    microbatch: Microbatch,
    real: gan.DiscriminatorInput,
    fake: gan.DiscriminatorInput,
) -> dict[str, Tensor]:
    """GAN loss (gan), OASIS loss (oasis) and, for images with a target, feature matching in D (fm)
    and in the pretrained network (perceptual).

    All are means over the scales of D; pix2pixHD sums them.
    """
    outputs = gan.discriminate(discriminator, fake)
    scales = [generator_loss(logits.float(), recipe.gan_mode) for logits, _ in outputs]
    losses = {"gan": torch.stack(scales).mean() * microbatch.share}
    readings = gan.segment(discriminator, fake)
    if readings is not None:
        losses["oasis"] = oasis_loss(readings, fake.condition) * microbatch.share
    if recipe.lambda_fm:
        with torch.no_grad():
            truths = gan.discriminate(discriminator, real) if microbatch.encoded else []
        pairs = [(r, f) for (_, r), (_, f) in zip(truths, outputs) if r]
        losses["fm"] = matching_loss(pairs, microbatch, fake.image)
    if recipe.lambda_perceptual:
        pairs = (
            [([r], [f]) for r, f in zip(real.features, fake.features)] if microbatch.encoded else []
        )
        losses["perceptual"] = matching_loss(pairs, microbatch, fake.image)
    return losses


def compare_styles(
    discriminator: nn.Module,
    recipe: Recipe,
    microbatch: Microbatch,
    fake: gan.DiscriminatorInput,
    other: Tensor,
) -> Tensor:
    """Diversity loss of the outputs with random styles and of `other`, in other styles.

    Not of drawings as people make them: few discriminators judge these, and walls would be torn.
    """
    if not len(other):
        return fake.image.new_zeros(())
    again, empty = microbatch.random, other[:, :0]
    image = augment(empty, other, recipe.policies, recipe.shift, microbatch.chances[again])
    assert microbatch.noise is not None and microbatch.other_noise is not None
    noise = (microbatch.noise - microbatch.other_noise)[again]
    features = [level[again].float() for level in fake.features]
    others = [level.float() for level in gan.see(discriminator, empty, image).features]
    lacking = diversity_loss(features, others, noise) * ~microbatch.drawn[again].flatten()
    return lacking.mean() * microbatch.random_share


def matching_loss(
    pairs: list[tuple[list[Tensor], list[Tensor]]], microbatch: Microbatch, like: Tensor
) -> Tensor:
    """Feature matching loss over the images with a target, averaged over `pairs`."""
    known = slice(microbatch.encoded)
    distances = [
        feature_matching_loss([r[known].float() for r in real], [f[known].float() for f in fake])
        for real, fake in pairs
    ]
    return gan.mean_or_zero(distances, like) * microbatch.encoded_share
