"""The discriminators of a run: how they are built, their inputs and their outputs."""

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
from pix2pix.training.pretrained import load_encoder_stages
from pix2pix.training.recipe import Recipe


@dataclass(frozen=True)
class DiscriminatorInput:
    """Input of D for the images of a microbatch, augmented.

    Conditional discriminators see the condition of the first `known` images alone, and zeros with
    the others: label maps that were altered belong to no photo, but their outputs should look like
    photos too.
    """

    condition: Tensor  # (N, C, H, W)
    image: Tensor  # (N, D, H, W)
    features: list[Tensor]  # of FrozenFeatures, by level; empty without EnsembleDiscriminator
    known: int

    @property
    def shown(self) -> Tensor:
        """The condition that conditional discriminators see, (N, C, H, W)."""
        if self.known >= len(self.condition):
            return self.condition
        return torch.cat([self.condition[: self.known], 0 * self.condition[self.known :]])

    @property
    def pair(self) -> Tensor:
        return torch.cat([self.shown, self.image], 1)

    def detach(self) -> "DiscriminatorInput":
        features = [level.detach() for level in self.features]
        return DiscriminatorInput(
            self.condition.detach(), self.image.detach(), features, self.known
        )


class EnsembleDiscriminator(nn.Module):
    """PatchGANs, and discriminators on the features of a frozen pretrained network."""

    def __init__(
        self,
        patches: nn.Module,
        features: FrozenFeatures,
        projected: ProjectedDiscriminator | None,
        oasis: OasisDiscriminator | None,
    ) -> None:
        super().__init__()
        self.patches, self.features = patches, features
        # These names are part of state.pt
        self.knowing, self.segmenting = projected, oasis


def make_discriminator(recipe: Recipe, side: str = "B") -> nn.Module:
    """The discriminator of the images of set B, the targets, or of set A.

    Raises ValueError if pretrained weights are not installed.
    """
    generator, condition = recipe.generator(), recipe.condition_channels()
    image = generator.in_channels if side == "A" else generator.out_channels
    discriminators = [
        PatchDiscriminator(
            condition + image,
            recipe.ndf,
            recipe.receptive_field,
            recipe.d_norm,
            recipe.spectral_norm,
            recipe.norm_affine or recipe.d_norm != "instance",
        )
        for _ in range(recipe.d_scales)
    ]
    patches = discriminators[0] if recipe.d_scales == 1 else MultiScaleDiscriminator(discriminators)
    if not recipe.uses_frozen_features:
        return patches
    features = FrozenFeatures(load_encoder_stages())
    return EnsembleDiscriminator(
        patches,
        features,
        ProjectedDiscriminator(condition, features.channels) if recipe.projected_d else None,
        OasisDiscriminator(condition, features.channels) if recipe.lambda_oasis else None,
    )


def update_spectral_norms(discriminator: nn.Module) -> None:
    """Makes one power iteration of D's spectral norms (Miyato et al., 2018, section 2.1).

    By default they make one in every forward pass of D. The number of passes depends on how a batch
    is split among workers and microbatches, and so would the weights of D.
    """
    for layer in discriminator.modules():
        if is_parametrized(layer):
            weight: Any = layer.parametrizations["weight"]  # type: ignore[index]
            weight[0].train()
            with torch.no_grad():
                weight()
            weight[0].eval()


def make_input(
    discriminator: nn.Module,
    recipe: Recipe,
    microbatch: Microbatch,
    condition: Tensor,
    image: Tensor,
) -> DiscriminatorInput:
    """Input of D: images of a microbatch with their condition, augmented."""
    pair = augment(condition, image, recipe.policies, recipe.shift, microbatch.chances)
    condition, image = pair.split((condition.shape[1], image.shape[1]), 1)
    known = microbatch.encoded if recipe.alters_label_maps else len(image)
    return see(discriminator, condition, image, known)


def see(
    discriminator: nn.Module, condition: Tensor, image: Tensor, known: int | None = None
) -> DiscriminatorInput:
    """Input of D: images, with their features where it has a frozen network. `known` None: all."""
    ensemble = discriminator if isinstance(discriminator, EnsembleDiscriminator) else None
    features = ensemble.features(image) if ensemble else []
    return DiscriminatorInput(condition, image, features, len(image) if known is None else known)


def discriminate(
    discriminator: nn.Module, seen: DiscriminatorInput
) -> list[tuple[Tensor, list[Tensor]]]:
    """Logits of D and activations of its hidden layers, for each scale."""
    ensemble = discriminator if isinstance(discriminator, EnsembleDiscriminator) else None
    outputs = (ensemble.patches if ensemble else discriminator)(seen.pair)
    scales = outputs if isinstance(outputs, list) else [outputs]
    projected = ensemble.knowing if ensemble else None
    more = projected(seen.shown, seen.features) if projected else []
    return [*scales, *((logits, []) for logits in more)]


def segment(discriminator: nn.Module, seen: DiscriminatorInput) -> Tensor | None:
    """Class logits (N, K + 1, h, w) of the OasisDiscriminator; None if there is none."""
    oasis = discriminator.segmenting if isinstance(discriminator, EnsembleDiscriminator) else None
    return oasis(seen.features).float() if oasis else None


def mean_or_zero(losses: list[Tensor], like: Tensor) -> Tensor:
    """Mean of losses; 0 on the device of `like` if there are none."""
    return torch.stack(losses).mean() if losses else like.new_zeros(())
