"""The losses of training without pairs, as modules that DistributedDataParallel can wrap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.checkpoint import DIRECTIONS, Model
from pix2pix.models.patch_projections import draw_positions
from pix2pix.runtime.device import autocast
from pix2pix.training import gan
from pix2pix.training.augmentation import augment
from pix2pix.training.losses import discriminator_loss, generator_loss, patch_nce_loss
from pix2pix.training.recipe import Recipe


@dataclass(frozen=True)
class UnpairedMicrobatch:
    """Images of both sets that are computed together, (N, C, H, W) in -1..1."""

    a: Tensor
    b: Tensor
    seeds: list[int]  # N of them, of the random patches of PatchNCE
    chances: Tensor  # (N, CHANCES), of `augmentation`
    share: float  # of the images of a worker


@dataclass(frozen=True)
class UnpairedResult:
    """Loss of the generators for a microbatch; and, detached, what D and the log need."""

    total: Tensor  # weighted sum of the losses, with its graph
    losses: dict[str, Tensor]  # by name, each times its share of the step, unweighted
    fakes: dict[str, Tensor]  # the outputs by the set that they imitate, A or B


def judge(
    discriminator: nn.Module, recipe: Recipe, images: Tensor, chances: Tensor
) -> list[Tensor]:
    """The logits of D in float32 of augmented images, for each scale and each frozen level."""
    images = augment(images[:, :0], images, recipe.policies, recipe.shift, chances)
    seen = gan.see(discriminator, images[:, :0], images)
    return [logits.float() for logits, _ in gan.discriminate(discriminator, seen)]


def fool(discriminator: nn.Module, recipe: Recipe, fake: Tensor, chances: Tensor) -> Tensor:
    """The GAN loss of a generator, averaged over the outputs of D."""
    scales = judge(discriminator, recipe, fake, chances)
    return torch.stack([generator_loss(logits, recipe.gan_mode) for logits in scales]).mean()


def gather_result(
    losses: dict[str, Tensor], weights: Mapping[str, float], share: float, fakes: dict[str, Tensor]
) -> UnpairedResult:
    total = torch.stack([weights[name.split("_")[0]] * x for name, x in losses.items()]).sum()
    return UnpairedResult(
        total * share,
        {name: x.detach() * share for name, x in losses.items()},
        {side: fake.detach().float() for side, fake in fakes.items()},
    )


class CycleLoss(nn.Module):
    """Loss of both generators of CycleGAN: adversarial, cycle consistency and identity.

    Zhu et al. (ICCV 2017), eq. 3, and section 5.2 for the identity loss.
    """

    def __init__(self, recipe: Recipe, models: nn.ModuleDict, bf16: bool) -> None:
        super().__init__()
        self.recipe, self.models, self.bf16 = recipe, models, bf16

    def forward(
        self, part: UnpairedMicrobatch, discriminators: Mapping[str, nn.Module]
    ) -> UnpairedResult:
        """`discriminators` have frozen weights."""
        recipe, a, b = self.recipe, part.a, part.b
        to_b, to_a = (cast(Model, self.models[name]).generator for name in DIRECTIONS)
        with autocast(a.device, self.bf16):
            fake_b, fake_a = to_b(a), to_a(b)
            losses = {
                "gan_AtoB": fool(discriminators["B"], recipe, fake_b, part.chances),
                "gan_BtoA": fool(discriminators["A"], recipe, fake_a, part.chances),
                "cycle_A": F.l1_loss(to_a(fake_b).float(), a),
                "cycle_B": F.l1_loss(to_b(fake_a).float(), b),
            }
            if recipe.lambda_identity:
                losses["identity_A"] = F.l1_loss(to_a(a).float(), a)
                losses["identity_B"] = F.l1_loss(to_b(b).float(), b)
        weights = {
            "gan": recipe.lambda_gan,
            "cycle": recipe.lambda_cycle,
            "identity": recipe.lambda_identity * recipe.lambda_cycle,
        }
        return gather_result(losses, weights, part.share, {"A": fake_a, "B": fake_b})


class ContrastiveLoss(nn.Module):
    """Loss of the generator of CUT: adversarial and PatchNCE.

    Park et al. (ECCV 2020), eq. 5. With `nce_identity` both PatchNCE losses are halved, as in their
    code. `models` holds the model AtoB and the PatchProjections.
    """

    def __init__(self, recipe: Recipe, models: nn.ModuleDict, bf16: bool) -> None:
        super().__init__()
        self.recipe, self.models, self.bf16 = recipe, models, bf16

    def forward(
        self, part: UnpairedMicrobatch, discriminators: Mapping[str, nn.Module]
    ) -> UnpairedResult:
        """`discriminators` have frozen weights."""
        recipe, generator = self.recipe, cast(Model, self.models["AtoB"]).generator
        with autocast(part.a.device, self.bf16):
            fake = generator(part.a)
            losses = {
                "gan": fool(discriminators["B"], recipe, fake, part.chances),
                "nce": self._compare(part.a, fake, part.seeds),
            }
            if recipe.nce_identity:
                same = generator(part.b)
                losses["nce_identity"] = self._compare(part.b, same, part.seeds)
        nce = recipe.lambda_nce * (0.5 if recipe.nce_identity else 1.0)
        weights = {"gan": recipe.lambda_gan, "nce": nce}
        return gather_result(losses, weights, part.share, {"B": fake})

    def _compare(self, image: Tensor, output: Tensor, seeds: list[int]) -> Tensor:
        """PatchNCE of an output with its input, averaged over the levels of the encoder."""
        generator = cast(Model, self.models["AtoB"]).generator
        projections = self.models["projections"]
        with torch.no_grad():
            known = generator.patch_features(image)
            positions = draw_positions(known, self.recipe.nce_patches, seeds)
            keys = projections(known, positions)
        queries = projections(generator.patch_features(output), positions)
        temperature = self.recipe.nce_temperature
        each = [patch_nce_loss(q, k, temperature) for q, k in zip(queries, keys)]
        return torch.stack(each).mean()


class UnpairedDiscriminatorLoss(nn.Module):
    """GAN loss of the discriminator of each set, averaged over its scales."""

    def __init__(self, recipe: Recipe, discriminators: nn.ModuleDict, bf16: bool) -> None:
        super().__init__()
        self.recipe, self.discriminators, self.bf16 = recipe, discriminators, bf16

    def forward(
        self, part: UnpairedMicrobatch, fakes: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of the losses, with its graph, and each loss. `fakes` are detached outputs."""
        recipe, losses = self.recipe, {}
        with autocast(part.a.device, self.bf16):
            for side, fake in fakes.items():
                real = part.a if side == "A" else part.b
                scales = (
                    judge(self.discriminators[side], recipe, images, part.chances)
                    for images in (real, fake)
                )
                kind, smoothing = recipe.gan_mode, recipe.label_smoothing
                each = [discriminator_loss(r, f, kind, smoothing) for r, f in zip(*scales)]
                name = f"d_{side}" if len(fakes) > 1 else "d"
                losses[name] = torch.stack(each).mean() * part.share
        return torch.stack(list(losses.values())).sum(), {n: x.detach() for n, x in losses.items()}
