"""Building blocks of the networks: normalisation with styles, downsampling, upsampling."""

from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.config import GeneratorConfig

Padding = Literal["zeros", "replicate", "reflect"]


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm, with a learned scale and shift if `affine`, always computed in float32.

    It divides by the standard deviation of a map, which is nearly zero for a uniform map:
    statistics in bfloat16 would amplify rounding errors.
    """

    def __init__(self, channels: int, eps: float, affine: bool = True) -> None:
        super().__init__(channels, eps=eps, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        wide = torch.promote_types(x.dtype, torch.float32)
        weight, bias = (t.to(wide) if self.affine else None for t in (self.weight, self.bias))
        y = F.instance_norm(x.to(wide), weight=weight, bias=bias, eps=self.eps)
        if len(x) == 1 and y.requires_grad:
            # torch 2.14 on a CPU: of one image, a gradient in channels-last order is misread
            y.register_hook(torch.Tensor.contiguous)
        return y.to(x.dtype)


class Norm(nn.Module):
    """Normalisation, by default with a learned scale and shift; modulated by a style code if there
    is one.

    Style modulation follows Dumoulin et al., "A Learned Representation for Artistic Style" (2017),
    with a linear map of a continuous code instead of a table. With `classes`, each class of the
    label map has its own modulation (Tan et al., "Efficient Semantic Image Synthesis via
    Class-Adaptive Normalization", 2021), since normalisation alone washes out uniform areas.

    `style` is (N, style_dim), or (N, R, style_dim) for R regions. `parts` (N, R * K, H, W) are the
    shares of the K classes (1 without `classes`) in each region at each pixel; without `parts` the
    modulation is the same everywhere.
    """

    def __init__(
        self,
        kind: str,
        channels: int,
        style_dim: int = 0,
        classes: int = 0,
        eps: float = 1e-5,
        affine: bool = True,
    ) -> None:
        super().__init__()
        self.norm: nn.Module
        if kind == "batch":
            self.norm = nn.BatchNorm2d(channels)
        elif kind == "instance":
            self.norm = InstanceNorm(channels, eps, affine)
        else:
            self.norm = nn.Identity()
        self.classes = classes
        self.style = nn.Linear(style_dim, 2 * channels * max(classes, 1)) if style_dim else None

    def forward(
        self, x: Tensor, style: Tensor | None = None, parts: Tensor | None = None
    ) -> Tensor:
        x = self.norm(x)
        if self.style is None or style is None:
            return x
        modulation = self.style(style)
        if parts is None:
            scale, shift = modulation[:, :, None, None].chunk(2, dim=1)  # (N, C, 1, 1) each
        else:
            table = modulation.view(x.shape[0], 1, parts.shape[1], -1)  # (N, 1, R K, 2 C)
            by_pixel = parts.permute(0, 2, 3, 1) @ table  # (N, H, W, 2 C)
            scale, shift = by_pixel.permute(0, 3, 1, 2).chunk(2, dim=1)  # (N, C, H, W) each
        return x * (1 + scale) + shift


class ResizeConv(nn.Conv2d):
    """Nearest-neighbour 2x upsampling and a 3x3 convolution, as one transposed convolution.

    Each output pixel depends on a 2x2 patch of the small input, so the nine weights combine to a
    4x4 kernel: the same result with 4/9 of the multiplications. Unlike a free 4x4 transposed
    convolution, it cannot produce checkerboard artefacts (Odena et al.,
    distill.pub/2016/deconv-checkerboard).
    """

    def __init__(
        self, in_channels: int, out_channels: int, bias: bool = True, padding: Padding = "zeros"
    ) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, bias=bias, padding_mode=padding)

    def transposed_weight(self) -> Tensor:
        """The equivalent kernel (I, O, 4, 4) of a transposed convolution, stride 2, padding 1."""
        w = self.weight.transpose(0, 1)  # (I, O, 3, 3)
        for axis in (2, 3):
            first, middle, last = w.unbind(axis)
            w = torch.stack([last, middle + last, first + middle, first], axis)
        return w

    def forward(self, x: Tensor) -> Tensor:
        rim = self.padding_mode == "replicate"
        if rim:
            x = F.pad(x, (1, 1, 1, 1), mode="replicate")
        return F.conv_transpose2d(
            x, self.transposed_weight(), self.bias, stride=2, padding=3 if rim else 1
        )

    def folded(self) -> nn.Module:
        """An equivalent module with a precomputed kernel, for inference."""
        rim = self.padding_mode == "replicate"
        conv = nn.ConvTranspose2d(
            self.in_channels,
            self.out_channels,
            4,
            stride=2,
            padding=3 if rim else 1,
            bias=self.bias is not None,
        ).requires_grad_(False)
        conv.weight.copy_(self.transposed_weight())
        if self.bias is not None and conv.bias is not None:
            conv.bias.copy_(self.bias)
        return nn.Sequential(nn.ReplicationPad2d(1), conv) if rim else conv


class Down(nn.Module):
    """Halves the resolution: 4x4 convolution, normalisation, LeakyReLU."""

    def __init__(
        self,
        inner: int,
        outer: int,
        norm: str,
        bias: bool = True,
        padding: Padding = "zeros",
        eps: float = 1e-5,
        affine: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inner, outer, 4, stride=2, padding=1, bias=bias, padding_mode=padding)
        self.norm = Norm(norm, outer, eps=eps, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), 0.2)


class LateralConv(nn.Module):
    """Projects an encoder level to the decoder's width: (N, inner, H, W) to (N, outer, H, W).

    Also takes the generator's input, averaged down to H and W, since the encoder may lose hints.
    """

    def __init__(self, inner: int, in_channels: int, outer: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inner + in_channels, outer, 1, bias=False)
        self.norm = nn.BatchNorm2d(outer)

    def forward(self, level: Tensor, x: Tensor) -> Tensor:
        factor = x.shape[-1] // level.shape[-1]
        y: Tensor = self.norm(self.conv(torch.cat([level, F.avg_pool2d(x, factor)], dim=1)))
        return y


class Up(nn.Module):
    """Doubles the resolution: ReLU, upsampling convolution, normalisation, dropout."""

    def __init__(
        self, inner: int, outer: int, config: GeneratorConfig, norm: str, dropout: float = 0.0
    ) -> None:
        super().__init__()
        bias = norm != "batch"  # batch norm removes any bias
        self.conv: nn.Module
        if config.upsample == "transpose":
            self.conv = nn.ConvTranspose2d(inner, outer, 4, stride=2, padding=1, bias=bias)
        else:
            self.conv = ResizeConv(inner, outer, bias=bias, padding=cast(Padding, config.padding))
        classes = config.in_channels if config.class_norm else 0
        self.norm = Norm(
            norm, outer, config.style_dim, classes, config.norm_eps, config.norm_affine
        )
        self.dropout = dropout

    def forward(self, x: Tensor, style: Tensor | None, parts: Tensor | None) -> Tensor:
        x = self.norm(self.conv(F.relu(x)), style, parts)
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


def init_weights(module: nn.Module) -> None:
    """Weights from N(0, 0.02), as in the paper (appendix 6.2)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        fill_normal(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        fill_normal(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def fill_normal(tensor: Tensor, mean: float, std: float) -> None:
    """Initialises a parameter from a normal distribution, except on the meta device, where it would
    load torch's compiler: two seconds at the start of every command."""
    if not tensor.is_meta:
        nn.init.normal_(tensor, mean, std)


def count_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def check_sides(x: Tensor, multiple: int) -> None:
    """Raises ValueError unless height and width of x (N, C, H, W) are multiples of it."""
    if x.shape[-2] % multiple or x.shape[-1] % multiple:
        raise ValueError(
            f"height and width must be multiples of {multiple}, got {tuple(x.shape[-2:])}"
        )
