"""The local enhancer of pix2pixHD: detail at twice the resolution of a U-Net."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.config import GeneratorConfig
from pix2pix.models.blocks import Down, Norm, Padding, Up


class LocalEnhancer(nn.Module):
    """Adds detail to the enlarged output of a U-Net that works at half the resolution.

    Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs"
    (CVPR 2018), section 3.1: a convolution and one with stride 2, whose result is added to the last
    feature map of the global network; residual blocks at that resolution; and back to the full one.
    Theirs replaces the output of the global network; this one is added to it before the tanh and
    starts at zero, so that training begins with the enlarged picture of a trained global network.
    A skip of the full-resolution features keeps edges as sharp as in the input.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        fine, width = config.enhancer, 2 * config.stem
        rim, bias = cast(Padding, config.padding), config.norm != "batch"
        self.stem = nn.Conv2d(config.in_channels, fine, 3, padding=1, padding_mode=rim)
        self.down = Down(fine, width, config.norm, bias, rim, config.norm_eps, config.norm_affine)
        count = config.enhancer_blocks
        self.blocks = nn.ModuleList(EnhancerBlock(width, config) for _ in range(count))
        self.up = Up(width, fine, config, config.norm)
        self.head = nn.Conv2d(2 * fine, config.out_channels, 3, padding=1, padding_mode=rim)

    def start_at_zero(self) -> None:
        """Sets the output to zero, whatever the input."""
        if not self.head.weight.is_meta:
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(cast(Tensor, self.head.bias))

    @property
    def stages(self) -> list[nn.Module]:
        """The modules that take most of the time, in the order in which they run."""
        return [self.stem, self.down, *self.blocks, self.up, self.head]

    def forward(
        self,
        x: Tensor,
        features: Tensor,
        style: Tensor | None,
        parts: list[Tensor] | None,
    ) -> Tensor:
        """What is added to the logits, (N, out_channels, H, W).

        `x` (N, in_channels, H, W) is the input, `features` (N, 2 * stem, H / 2, W / 2) the last
        feature map of the global network. `parts` are the shares by which styles modulate features
        (see `Norm`), at the full and at half the resolution.
        """
        full, half = parts or (None, None)
        fine = F.leaky_relu(self.stem(x), 0.2)  # (N, enhancer, H, W)
        y = self.down(fine) + features  # (N, 2 * stem, H / 2, W / 2)
        for block in self.blocks:
            y = block(y, style, half)
        y = self.up(y, style, full)  # (N, enhancer, H, W)
        return cast(Tensor, self.head(F.relu(torch.cat([y, fine], dim=1))))


class EnhancerBlock(nn.Module):
    """Adds to its input (N, channels, H, W) two 3x3 convolutions of it; the style modulates the
    first."""

    def __init__(self, channels: int, config: GeneratorConfig) -> None:
        super().__init__()
        rim, bias = cast(Padding, config.padding), config.norm != "batch"
        convs = (
            nn.Conv2d(channels, channels, 3, padding=1, bias=bias, padding_mode=rim)
            for _ in range(2)
        )
        self.conv1, self.conv2 = convs
        classes = config.in_channels if config.class_norm else 0
        how = config.norm_eps, config.norm_affine
        self.norm1 = Norm(config.norm, channels, config.style_dim, classes, *how)
        self.norm2 = Norm(config.norm, channels, 0, 0, *how)

    def forward(self, x: Tensor, style: Tensor | None, parts: Tensor | None) -> Tensor:
        y = self.norm1(self.conv1(F.relu(x)), style, parts)
        return x + cast(Tensor, self.norm2(self.conv2(F.relu(y))))
