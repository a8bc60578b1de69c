"""Keeps an even input even: instance norm makes a picture of anything, of rounding noise too."""

import copy
import dataclasses
from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from pix2pix.networks.generator import UNet
from pix2pix.networks.layers import Down, Up

LEAST_VARIANCE = 1e-3  # of a channel, as a part of its layer's mean


@torch.inference_mode()
def steady_norms(
    generator: UNet, inputs: Iterable[tuple[Tensor, Tensor | None]], share: float = 0.1
) -> UNet:
    """A copy whose instance norms add to each variance the `share` of that channel's usual one.

    What is usual is measured on `inputs`: (x, style) as the generator takes them. There the outputs
    stay about what they were; where a channel varies far less, as on an evenly painted drawing,
    what little there is no longer becomes a pattern. The convolutions before the norms are scaled
    so that a usual variance is 1, and `share` becomes the config's `norm_eps`.
    Raises ValueError for a generator without instance norm, or no inputs.
    """
    steady = copy.deepcopy(generator).eval()
    pairs = [
        (cast(nn.Conv2d, block.conv), block.norm.norm)
        for block in steady.modules()
        if isinstance(block, (Down, Up)) and isinstance(block.norm.norm, nn.InstanceNorm2d)
    ]
    usual = usual_variances(steady, [norm for _, norm in pairs], inputs)
    if not pairs or not usual:
        raise ValueError(f"expected instance norms and inputs, got {len(pairs)} and {len(usual)}")
    for (conv, norm), variance in zip(pairs, usual):
        scale = variance.clamp_min(LEAST_VARIANCE * variance.mean()).rsqrt()  # (C,)
        transposed = isinstance(conv, nn.ConvTranspose2d)
        conv.weight.mul_(scale.view((1, -1, 1, 1) if transposed else (-1, 1, 1, 1)))
        if conv.bias is not None:
            conv.bias.mul_(scale)
        norm.weight.mul_((1 + share) ** 0.5)
        norm.eps = share
    steady.config = dataclasses.replace(generator.config, norm_eps=share)
    return steady


def usual_variances(
    generator: UNet, norms: Sequence[nn.Module], inputs: Iterable[tuple[Tensor, Tensor | None]]
) -> list[Tensor]:
    """The mean variance (C,) of each channel before each norm."""
    found: dict[nn.Module, list[Tensor]] = {norm: [] for norm in norms}

    def note(norm: nn.Module, arguments: tuple[Tensor]) -> None:
        found[norm].append(arguments[0].var((2, 3), unbiased=False).mean(0))

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    for x, style in inputs:
        generator(x, style)
    for hook in hooks:
        hook.remove()
    return [torch.stack(each).mean(0) for each in found.values() if each]
