"""The residual generator of CycleGAN."""

import itertools
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.config import GeneratorConfig
from pix2pix.models.blocks import (
    InstanceNorm,
    Norm,
    Padding,
    ResizeConv,
    check_sides,
    init_weights,
)
from pix2pix.models.style_map import Style
from pix2pix.runtime.device import full_precision

PATCH_BLOCKS = (0, 4)  # indices of residual blocks that PatchNCE looks at
BLOCKS = {"resnet_6blocks": 6, "resnet_9blocks": 9}


class ResNetGenerator(nn.Module):
    """Residual generator: a 7x7 convolution, downsamplings, residual blocks, upsamplings, 7x7.

    Johnson et al., "Perceptual Losses for Real-Time Style Transfer" (ECCV 2016), as used by Zhu et
    al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks" (ICCV
    2017), appendix 7.2. There: `ngf` 64, `depth` 2, instance norm without scale and shift, reflect
    padding.

    Takes (N, in_channels, H, W), H and W multiples of 2 ** depth; returns (N, out_channels, H, W)
    in -1..1 (tanh), or logits without `final_tanh`. `upsample="transpose"` is a 3x3 transposed
    convolution, `resize` a ResizeConv. `padding` applies to the convolutions with stride 1; as
    published, those with stride 2 pad with zeros. With `residual` the output is the input plus the
    tanh, clipped to -1..1; it starts as the input itself, so that a short training without pairs
    does not have to learn to copy images first. With instance norm (`needs_fp32`), inference is
    always in float32, see UNet.
    """

    def __init__(self, config: GeneratorConfig, final_tanh: bool = True) -> None:
        super().__init__()
        self.config = config
        self.final: nn.Module = nn.Tanh() if final_tanh else nn.Identity()
        rim, bias = cast(Padding, config.padding), config.norm != "batch"
        widths = [min(config.ngf * 2**i, config.max_channels) for i in range(config.depth + 1)]
        levels = list(itertools.pairwise(widths))

        self.first = ConvNormReLU(
            nn.Conv2d(config.in_channels, widths[0], 7, padding=3, bias=bias, padding_mode=rim),
            config,
        )
        self.down = nn.ModuleList(
            ConvNormReLU(nn.Conv2d(inner, outer, 3, stride=2, padding=1, bias=bias), config)
            for inner, outer in levels
        )
        count = BLOCKS[config.architecture]
        self.blocks = nn.ModuleList(ResidualBlock(widths[-1], config) for _ in range(count))
        self.up = nn.ModuleList(
            ConvNormReLU(make_upsampling(inner, outer, config), config)
            for outer, inner in reversed(levels)
        )
        self.last = nn.Conv2d(widths[0], config.out_channels, 7, padding=3, padding_mode=rim)
        self.apply(init_weights)
        if config.residual:
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(cast(Tensor, self.last.bias))
        self.needs_fp32 = any(isinstance(module, InstanceNorm) for module in self.modules())

    @property
    def stages(self) -> list[nn.Module]:
        """The modules that take most of the time, in the order in which they run."""
        return [self.first, *self.down, *self.blocks, *self.up, self.last]

    def forward(self, x: Tensor, style: Style | None = None) -> Tensor:
        y = self.final(self.logits(x, style))
        return (x + y).clamp(-1, 1) if self.config.residual else y

    def logits(self, x: Tensor, style: Style | None = None) -> Tensor:
        """The output before the final activation. There are no styles: `style` is None."""
        if self.training or not self.needs_fp32:
            return self._logits(x)
        with full_precision(x.device):
            return self._logits(x.to(torch.promote_types(x.dtype, torch.float32)))

    def _logits(self, x: Tensor) -> Tensor:
        x = self.encode(x)[-1]  # (N, C, H / 2 ** depth, W / 2 ** depth)
        for up in self.up:
            x = up(x)
        return cast(Tensor, self.last(x))  # (N, out_channels, H, W)

    @property
    def patch_channels(self) -> list[int]:
        """The channels of each level of `patch_features`."""
        widths = [cast(ConvNormReLU, down).conv.out_channels for down in self.down]
        return [self.config.in_channels, *widths, *(widths[-1] for _ in PATCH_BLOCKS)]

    def patch_features(self, x: Tensor) -> list[Tensor]:
        """The levels that PatchNCE compares: the image, after each downsampling, and after the
        first and the fifth residual block (Park et al., ECCV 2020, appendix C.2)."""
        levels, y = [x], self.first(x)
        for down in self.down:
            y = down(y)
            levels.append(y)
        for i, block in enumerate(self.blocks[: PATCH_BLOCKS[-1] + 1]):
            y = block(y)
            if i in PATCH_BLOCKS:
                levels.append(y)
        return levels

    def encode(self, x: Tensor) -> list[Tensor]:
        """The outputs of the first convolution, of each downsampling and of each residual block."""
        check_sides(x, 2**self.config.depth)
        levels = []
        for stage in (self.first, *self.down, *self.blocks):
            x = stage(x)  # (N, widths[i], H / 2 ** i, W / 2 ** i) after i downsamplings
            levels.append(x)
        return levels


class ConvNormReLU(nn.Module):
    """A convolution, normalisation, ReLU."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d, config: GeneratorConfig) -> None:
        super().__init__()
        self.conv = conv
        self.norm = make_norm(conv.out_channels, config)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class ResidualBlock(nn.Module):
    """Adds to its input (N, channels, H, W) two 3x3 convolutions of it."""

    def __init__(self, channels: int, config: GeneratorConfig) -> None:
        super().__init__()
        rim, bias = cast(Padding, config.padding), config.norm != "batch"
        convs = (
            nn.Conv2d(channels, channels, 3, padding=1, bias=bias, padding_mode=rim)
            for _ in range(2)
        )
        self.conv1, self.conv2 = convs
        self.norm1, self.norm2 = (make_norm(channels, config) for _ in range(2))
        self.dropout = config.dropout

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        y = F.dropout(y, self.dropout, self.training) if self.dropout else y
        return x + cast(Tensor, self.norm2(self.conv2(y)))


def make_norm(channels: int, config: GeneratorConfig) -> Norm:
    return Norm(config.norm, channels, eps=config.norm_eps, affine=config.norm_affine)


def make_upsampling(
    inner: int, outer: int, config: GeneratorConfig
) -> nn.Conv2d | nn.ConvTranspose2d:
    """A layer that doubles the resolution: (N, inner, H, W) to (N, outer, 2 H, 2 W)."""
    bias = config.norm != "batch"
    if config.upsample == "resize":
        rim: Padding = "zeros" if config.padding == "zeros" else "replicate"
        return ResizeConv(inner, outer, bias=bias, padding=rim)
    return nn.ConvTranspose2d(inner, outer, 3, stride=2, padding=1, output_padding=1, bias=bias)
