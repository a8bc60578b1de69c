"""The discriminator of a run: what it is made of, what it is shown, and its verdicts."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from pix2pix.models import MultiScaleDiscriminator, PatchDiscriminator
from pix2pix.models.feature_discriminators import (
    FrozenFeatures,
    OasisDiscriminator,
    ProjectedDiscriminator,
)
from pix2pix.training.augmentation import augment
from pix2pix.training.microbatch import Microbatch
from pix2pix.training.pretrained import load_halvings
from pix2pix.training.recipe import Recipe


@dataclass(frozen=True)
class DiscriminatorInput:
    """What D is shown of a part's images, as augmentation varies them."""

    condition: Tensor  # (N, C, H, W)
    image: Tensor  # (N, D, H, W)
    known: list[Tensor]  # what FrozenFeatures make of it, where an EnsembleDiscriminator has any

    @property
    def pair(self) -> Tensor:
        return torch.cat([self.condition, self.image], 1)

    def first(self, count: int) -> "DiscriminatorInput":
        known = [level[:count] for level in self.known]
        return DiscriminatorInput(self.condition[:count], self.image[:count], known)

    def detach(self) -> "DiscriminatorInput":
        known = [level.detach() for level in self.known]
        return DiscriminatorInput(self.condition.detach(), self.image.detach(), known)


class EnsembleDiscriminator(nn.Module):
    """PatchGANs, and who else judges the same images by the features of a network that knows
    photos."""

    def __init__(
        self,
        patches: nn.Module,
        features: FrozenFeatures,
        knowing: ProjectedDiscriminator | None,
        segmenting: OasisDiscriminator | None,
    ) -> None:
        super().__init__()
        self.patches, self.features = patches, features
        self.knowing, self.segmenting = knowing, segmenting


def make_discriminator(recipe: Recipe) -> nn.Module:
    """ValueError where it takes published weights that are not installed."""
    condition, image = recipe.condition_channels(), recipe.generator().out_channels
    discriminators = [
        PatchDiscriminator(
            condition + image,
            recipe.ndf,
            recipe.receptive_field,
            recipe.d_norm,
            recipe.spectral_norm,
        )
        for _ in range(recipe.d_scales)
    ]
    patches = discriminators[0] if recipe.d_scales == 1 else MultiScaleDiscriminator(discriminators)
    if not recipe.uses_frozen_features:
        return patches
    features = FrozenFeatures(load_halvings())
    return EnsembleDiscriminator(
        patches,
        features,
        ProjectedDiscriminator(condition, features.channels) if recipe.projected_d else None,
        OasisDiscriminator(condition, features.channels) if recipe.lambda_oasis else None,
    )


def update_spectral_norms(discriminator: nn.Module) -> None:
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


def show(
    discriminator: nn.Module, recipe: Recipe, part: Microbatch, condition: Tensor, image: Tensor
) -> DiscriminatorInput:
    """Images that belong to a part, under a condition, as D sees them."""
    pair = augment(condition, image, recipe.policies, recipe.shift, part.chances)
    condition, image = pair.split((condition.shape[1], image.shape[1]), 1)
    known = (
        discriminator.features(image) if isinstance(discriminator, EnsembleDiscriminator) else []
    )
    return DiscriminatorInput(condition, image, known)


def discriminate(
    discriminator: nn.Module, seen: DiscriminatorInput
) -> list[tuple[Tensor, list[Tensor]]]:
    """D's logits for each scale, and its hidden layers' activations."""
    jury = discriminator if isinstance(discriminator, EnsembleDiscriminator) else None
    found = (jury.patches if jury else discriminator)(seen.pair)
    verdicts = found if isinstance(found, list) else [found]
    knowing = jury.knowing if jury else None
    more = knowing(seen.condition, seen.known) if knowing else []
    return [*verdicts, *((logits, []) for logits in more)]


def read(discriminator: nn.Module, seen: DiscriminatorInput) -> Tensor | None:
    """What D takes each place for, where an EnsembleDiscriminator has an OasisDiscriminator."""
    segmenting = (
        discriminator.segmenting if isinstance(discriminator, EnsembleDiscriminator) else None
    )
    return segmenting(seen.known).float() if segmenting else None


def judged(recipe: Recipe, part: Microbatch) -> tuple[int, float]:
    """How many of a microbatch's images, from the first on, the conditional discriminators see;
    and their share of all such images.

    They never see maps with dropped elements: no photo has such a map, whatever G paints there.
    """
    whole = len(part.input), part.share
    return (part.encoded, part.encoded_share) if recipe.element_dropout else whole


def mean_of(losses: list[Tensor], like: Tensor) -> Tensor:
    """Their mean; 0 where there are none."""
    return torch.stack(losses).mean() if losses else like.new_zeros(())
