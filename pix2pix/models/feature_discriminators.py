"""Discriminators on the features of a pretrained network."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from pix2pix.models.blocks import init_weights
from pix2pix.models.efficientnet import InvertedResidual, SameConv
from pix2pix.models.tensors import as_rgb

NUM_LEVELS = 4  # a fifth level has a receptive field of a whole facade
WIDTH = 64  # channels of the ProjectedDiscriminator's heads
WIDTHS = (32, 64, 64, 64)  # channels of the OasisDiscriminator, from fine to coarse


class FixedConv(nn.Module):
    """A frozen convolution with its batch norm folded in.

    Its weights are buffers that are not saved, since they are the same in every run.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, conv: SameConv, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
        factor = norm.weight.detach() / (variance + norm.eps).sqrt()
        weight = conv.weight.detach() * factor[:, None, None, None]
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", norm.bias.detach() - mean * factor, persistent=False)
        self.stride, self.groups, self.rim = conv.stride, conv.groups, conv.rim

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.rim) if any(self.rim) else x
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)


class FrozenFeatures(nn.Module):
    """The features of each level of a frozen encoder, with channels of mean ~0 and variance ~1.

    Takes (N, C, H, W) in -1..1, shown in RGB by `as_rgb`, H and W multiples of 2 ** NUM_LEVELS;
    returns (N, F, H / 2 ** i, W / 2 ** i) for i from 1 to NUM_LEVELS. Gradients flow to the input.
    """

    def __init__(self, stages: list[nn.Sequential]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(stages[:NUM_LEVELS])
        for index, level in enumerate(self.levels):
            mean, variance = measure_activations(cast(nn.Sequential, level))
            self.register_buffer(f"mean_{index}", mean[:, None, None], persistent=False)
            self.register_buffer(
                f"scale_{index}", variance.clamp_min(1e-6).rsqrt()[:, None, None], persistent=False
            )
        freeze_convs(self.levels)

    @property
    def channels(self) -> list[int]:
        return [len(self.get_buffer(f"mean_{i}")) for i in range(len(self.levels))]

    def forward(self, x: Tensor) -> list[Tensor]:
        found, x = [], as_rgb(x)
        for index, level in enumerate(self.levels):
            x = level(x)
            mean, scale = self.get_buffer(f"mean_{index}"), self.get_buffer(f"scale_{index}")
            found.append((x - mean) * scale)
        return found


def measure_activations(level: nn.Sequential) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) of a level's output, from its batch norms.

    Assumes that a residual block's input and output are independent.
    """
    mean = variance = torch.zeros(())
    for block in level:
        if isinstance(block, InvertedResidual):
            norm = cast(nn.BatchNorm2d, cast(nn.Sequential, block.layers[-1])[1])
            added, spread = norm.bias.detach(), norm.weight.detach().square()
            kept = block.is_residual
            mean, variance = (mean + added, variance + spread) if kept else (added, spread)
    return mean, variance


def freeze_convs(module: nn.Module) -> None:
    """Replaces each pair of convolution and batch norm by a FixedConv, in place."""
    for name, child in module.named_children():
        if len(parts := list(child.children())) == 2 and isinstance(parts[0], SameConv):
            setattr(module, name, FixedConv(parts[0], cast(nn.BatchNorm2d, parts[1])))
        else:
            freeze_convs(child)


class ProjectedDiscriminator(nn.Module):
    """A discriminator of (condition, image) with a small head on each level of FrozenFeatures.

    Sauer et al., "Projected GANs Converge Faster" (NeurIPS 2021), without the random projections;
    each head also gets the condition, averaged down to its level, unless that has no channels.
    """

    def __init__(self, condition_channels: int, channels: list[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(inner + condition_channels, WIDTH, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3, padding=1)),
                nn.LeakyReLU(0.2),
                nn.Conv2d(WIDTH, 1, 1),
            )
            for inner in channels
        )
        self.heads.apply(init_weights)

    def forward(self, condition: Tensor, known: list[Tensor]) -> list[Tensor]:
        """The logits (N, 1, H / 2 ** i, W / 2 ** i) for each level."""
        inputs = known
        if condition.shape[1]:
            inputs = [
                torch.cat([level, F.avg_pool2d(condition, 2**index)], 1)
                for index, level in enumerate(known, 1)
            ]
        return [head(level) for head, level in zip(self.heads, inputs)]


class OasisDiscriminator(nn.Module):
    """A discriminator that classifies each pixel of a photo as one of the classes, or as fake.

    Schönfeld et al., "You Only Need Adversarial Supervision for Semantic Image Synthesis" (OASIS,
    ICLR 2021), on FrozenFeatures combined by a feature pyramid (Lin et al., "Feature Pyramid
    Networks", CVPR 2017). It does not get the label map as an input.
    """

    def __init__(self, classes: int, channels: list[int]) -> None:
        super().__init__()
        self.sides = nn.ModuleList(
            spectral_norm(nn.Conv2d(inner, width, 1)) for inner, width in zip(channels, WIDTHS)
        )
        finer = (WIDTHS[0], *WIDTHS)
        self.mixes = nn.ModuleList(
            spectral_norm(nn.Conv2d(width, outer, 3, padding=1))
            for width, outer in zip(WIDTHS, finer)
        )
        self.last = nn.Conv2d(WIDTHS[0], classes + 1, 1)
        self.apply(init_weights)

    def forward(self, known: list[Tensor]) -> Tensor:
        """Logits (N, classes + 1, H / 2, W / 2); the last channel means fake."""
        x: Tensor | None = None
        for side, mix, level in reversed(list(zip(self.sides, self.mixes, known))):
            y = side(level)  # (N, WIDTHS[i], H / 2 ** i, W / 2 ** i)
            x = y if x is None else y + F.interpolate(x, scale_factor=2.0)
            x = F.leaky_relu(mix(x), 0.2)
        logits: Tensor = self.last(x)
        return logits
