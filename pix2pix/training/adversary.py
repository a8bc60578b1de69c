"""D in a run: what it is made of, what it learns, and what G learns from it."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from pix2pix.networks import MultiScaleDiscriminator, PatchDiscriminator
from pix2pix.networks.known import (
    KnowingDiscriminator,
    KnownFeatures,
    SegmentingDiscriminator,
)
from pix2pix.training.augmentation import augment
from pix2pix.training.losses import (
    discriminator_loss,
    feature_matching_loss,
    generator_loss,
    reading_loss,
)
from pix2pix.training.parts import Part
from pix2pix.training.pretrained import load_halvings
from pix2pix.training.recipe import Recipe


@dataclass(frozen=True)
class Seen:
    """What D is shown of a part's images, as augmentation varies them."""

    condition: Tensor  # (N, C, H, W)
    image: Tensor  # (N, D, H, W)
    known: list[Tensor]  # what KnownFeatures make of it, where a Jury has any

    @property
    def pair(self) -> Tensor:
        return torch.cat([self.condition, self.image], 1)

    def first(self, count: int) -> "Seen":
        known = [level[:count] for level in self.known]
        return Seen(self.condition[:count], self.image[:count], known)

    def detach(self) -> "Seen":
        known = [level.detach() for level in self.known]
        return Seen(self.condition.detach(), self.image.detach(), known)


class Jury(nn.Module):
    """PatchGANs, and who else judges the same images by the features of a network that knows
    photos."""

    def __init__(
        self,
        patches: nn.Module,
        features: KnownFeatures,
        knowing: KnowingDiscriminator | None,
        segmenting: SegmentingDiscriminator | None,
    ) -> None:
        super().__init__()
        self.patches, self.features = patches, features
        self.knowing, self.segmenting = knowing, segmenting


def make_discriminator(recipe: Recipe) -> nn.Module:
    """ValueError where it takes published weights that are not installed."""
    condition, image = recipe.condition_channels(), recipe.generator().out_channels
    discriminators = [
        PatchDiscriminator(
            condition + image, recipe.ndf, recipe.receptive_field, recipe.d_norm, recipe.spectral
        )
        for _ in range(recipe.d_scales)
    ]
    patches = discriminators[0] if recipe.d_scales == 1 else MultiScaleDiscriminator(discriminators)
    if not recipe.knows:
        return patches
    features = KnownFeatures(load_halvings())
    return Jury(
        patches,
        features,
        KnowingDiscriminator(condition, features.channels) if recipe.d_known else None,
        SegmentingDiscriminator(condition, features.channels) if recipe.lambda_seg else None,
    )


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


def show(
    discriminator: nn.Module, recipe: Recipe, part: Part, condition: Tensor, image: Tensor
) -> Seen:
    """Images that belong to a part, under a condition, as D sees them."""
    pair = augment(condition, image, recipe.policies, recipe.shift, part.chances)
    condition, image = pair.split((condition.shape[1], image.shape[1]), 1)
    known = discriminator.features(image) if isinstance(discriminator, Jury) else []
    return Seen(condition, image, known)


def judge(discriminator: nn.Module, seen: Seen) -> list[tuple[Tensor, list[Tensor]]]:
    """D's logits for each scale, and its hidden layers' activations."""
    jury = discriminator if isinstance(discriminator, Jury) else None
    found = (jury.patches if jury else discriminator)(seen.pair)
    verdicts = found if isinstance(found, list) else [found]
    knowing = jury.knowing if jury else None
    more = knowing(seen.condition, seen.known) if knowing else []
    return [*verdicts, *((logits, []) for logits in more)]


def read(discriminator: nn.Module, seen: Seen) -> Tensor | None:
    """What D takes each place for, where a Jury has a SegmentingDiscriminator."""
    segmenting = discriminator.segmenting if isinstance(discriminator, Jury) else None
    return segmenting(seen.known).float() if segmenting else None


def judged(recipe: Recipe, part: Part) -> tuple[int, float]:
    """How many of a part's images, from the first on, are judged by those who are told the label
    map; and their share of all such images.

    They know that no photo has a map from which elements were taken out, whatever G paints there.
    """
    whole = len(part.input), part.share
    return (part.encoded, part.encoded_share) if recipe.take_out else whole


def verdict_loss(
    discriminator: nn.Module, recipe: Recipe, part: Part, real: Seen, fake: Seen
) -> Tensor:
    """What D minimises: real up, fake down, the mean over its scales; to read real ones as they
    are labelled and fakes as painted."""
    count, share = judged(recipe, part)
    verdicts = (judge(discriminator, seen.first(count)) for seen in (real, fake) if count)
    losses = [
        discriminator_loss(
            real_logits.float(), fake_logits.float(), recipe.gan_loss, recipe.label_smoothing
        )
        for (real_logits, _), (fake_logits, _) in zip(*verdicts)
    ]
    loss = mean_of(losses, fake.image) * share
    read_real, read_fake = read(discriminator, real), read(discriminator, fake)
    if read_real is not None and read_fake is not None:
        painted = reading_loss(read_fake, fake.condition, painted=True)
        loss = loss + (reading_loss(read_real, real.condition) + painted) / 2 * part.share
    return loss


def adversarial_losses(
    discriminator: nn.Module, recipe: Recipe, part: Part, real: Seen, fake: Seen
) -> dict[str, Tensor]:
    """What D thinks of the fakes (gan), whether it reads what was drawn (seg) and, for those that
    have a truth, how far from it they are in D's features (fm) and in those of the network that
    knows photos (known).

    All are means over D's scales: pix2pixHD adds them up.
    """
    count, share = judged(recipe, part)
    verdicts = judge(discriminator, fake.first(count)) if count else []
    scales = [generator_loss(logits.float(), recipe.gan_loss) for logits, _ in verdicts]
    losses = {"gan": mean_of(scales, fake.image) * share}
    readings = read(discriminator, fake)
    if readings is not None:
        losses["seg"] = reading_loss(readings, fake.condition) * part.share
    if recipe.lambda_fm:
        with torch.no_grad():
            truths = judge(discriminator, real.first(count)) if part.encoded else []
        pairs = [(r, f) for (_, r), (_, f) in zip(truths, verdicts) if r]
        losses["fm"] = matching_loss(pairs, part, fake.image)
    if recipe.lambda_known:
        pairs = [([r], [f]) for r, f in zip(real.known, fake.known)] if part.encoded else []
        losses["known"] = matching_loss(pairs, part, fake.image)
    return losses


def matching_loss(
    pairs: list[tuple[list[Tensor], list[Tensor]]], part: Part, like: Tensor
) -> Tensor:
    """Mean distance of real and fake activations, scale by scale, of those that have a truth."""
    known = slice(part.encoded)
    distances = [
        feature_matching_loss([r[known].float() for r in real], [f[known].float() for f in fake])
        for real, fake in pairs
    ]
    return mean_of(distances, like) * part.encoded_share


def mean_of(losses: list[Tensor], like: Tensor) -> Tensor:
    """Their mean; 0 where there are none."""
    return torch.stack(losses).mean() if losses else like.new_zeros(())
