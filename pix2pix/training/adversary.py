"""D in a run: what it is made of, what it learns, and what G learns from it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from pix2pix.augmentation import augment
from pix2pix.losses import discriminator_loss, feature_matching_loss, generator_loss
from pix2pix.networks import MultiScaleDiscriminator, PatchDiscriminator
from pix2pix.training.parts import Part
from pix2pix.training.recipe import Recipe


def make_discriminator(recipe: Recipe) -> nn.Module:
    channels = recipe.condition_channels() + recipe.generator().out_channels
    discriminators = [
        PatchDiscriminator(
            channels, recipe.ndf, recipe.receptive_field, recipe.d_norm, recipe.spectral
        )
        for _ in range(recipe.d_scales)
    ]
    return discriminators[0] if recipe.d_scales == 1 else MultiScaleDiscriminator(discriminators)


def follow_weights(discriminator: nn.Module) -> None:
    """One power iteration of D's spectral norms, once a step (Miyato et al., 2018, section 2.1).

    Left to themselves they make one whenever D judges, and how often it does depends on how a
    batch is shared out among workers and parts: D would be another on each.
    """
    for layer in discriminator.modules():
        if is_parametrized(layer):
            weight: Any = layer.parametrizations["weight"]  # type: ignore[index]
            weight[0].train()
            with torch.no_grad():
                weight()
            weight[0].eval()


def judge(
    discriminator: nn.Module, recipe: Recipe, part: Part, image: Tensor
) -> list[tuple[Tensor, list[Tensor]]]:
    """D's logits and features for each scale, of the images as augmentation shows them."""
    pair = augment(part.condition, image, recipe.policies, recipe.shift, part.chances)
    found = discriminator(pair)
    return found if isinstance(found, list) else [found]


def verdict_loss(discriminator: nn.Module, recipe: Recipe, part: Part, fake: Tensor) -> Tensor:
    """What D minimises: real up, fake down; the mean over its scales."""
    real = judge(discriminator, recipe, part, part.target)
    losses = [
        discriminator_loss(
            real_logits.float(), fake_logits.float(), recipe.gan_loss, recipe.label_smoothing
        )
        for (real_logits, _), (fake_logits, _) in zip(
            real, judge(discriminator, recipe, part, fake)
        )
    ]
    return torch.stack(losses).mean() * part.share


def adversarial_losses(
    discriminator: nn.Module, recipe: Recipe, part: Part, fake: Tensor
) -> dict[str, Tensor]:
    """What D thinks of the fakes and, for those that have a truth, feature matching.

    Both are means over D's scales: pix2pixHD adds them up.
    """
    verdicts = judge(discriminator, recipe, part, fake)
    scales = [generator_loss(logits.float(), recipe.gan_loss) for logits, _ in verdicts]
    losses = {"gan": torch.stack(scales).mean() * part.share}
    if recipe.lambda_fm and not part.encoded:
        losses["fm"] = fake.new_zeros(())
    elif recipe.lambda_fm:
        with torch.no_grad():
            truths = judge(discriminator, recipe, part, part.target)
        distances = [
            feature_matching_loss(
                [f[: part.encoded].float() for f in real],
                [f[: part.encoded].float() for f in found],
            )
            for (_, real), (_, found) in zip(truths, verdicts)
        ]
        losses["fm"] = torch.stack(distances).mean() * part.encoded_share
    return losses
