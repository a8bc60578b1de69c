"""Networks: the U-Net generator, the PatchGAN discriminator, the style encoder.

Generator and discriminator follow Isola et al., "Image-to-Image Translation with Conditional
Adversarial Networks" (CVPR 2017), appendix 6.1. With `upsample="transpose"`, `norm="batch"`, no
stem and no style they are the paper's networks, parameter for parameter.
"""

from itertools import pairwise
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.color import AB_SCALE, ab_grid
from pix2pix.config import GeneratorConfig

# Receptive field in pixels -> number of stride-2 layers (paper, appendix 6.1.2).
PATCH_LAYERS = {1: 0, 16: 1, 70: 3, 286: 5}


Padding = Literal["zeros", "replicate"]


class Norm(nn.Module):
    """Normalisation with a learned scale and shift, and those of a style code where there is one.

    Style modulation is that of Dumoulin et al., "A Learned Representation for Artistic Style"
    (2017), with a linear map of a continuous code in place of a table. With `classes`, each class
    of the label map has its own (Tan et al., "Efficient Semantic Image Synthesis via Class-Adaptive
    Normalization", 2021): normalisation alone would wash an evenly painted class out.
    """

    def __init__(self, kind: str, channels: int, style_dim: int = 0, classes: int = 0) -> None:
        super().__init__()
        self.norm: nn.Module
        if kind == "batch":
            self.norm = nn.BatchNorm2d(channels)
        elif kind == "instance":
            self.norm = nn.InstanceNorm2d(channels, affine=True)
        else:
            self.norm = nn.Identity()
        self.classes = classes
        self.style = nn.Linear(style_dim, 2 * channels * max(classes, 1)) if style_dim else None

    def forward(
        self, x: Tensor, style: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor:
        x = self.norm(x)
        if self.style is None or style is None:
            return x
        modulation = self.style(style)
        if labels is None or not self.classes:
            scale, shift = modulation[:, :, None, None].chunk(2, dim=1)  # (N, C, 1, 1) each
        else:
            table = modulation.view(len(x), 1, self.classes, -1)  # (N, 1, K, 2 C)
            by_pixel = labels.permute(0, 2, 3, 1) @ table  # (N, H, W, 2 C)
            scale, shift = by_pixel.permute(0, 3, 1, 2).chunk(2, dim=1)  # (N, C, H, W) each
        return x * (1 + scale) + shift


class ResizeConv(nn.Conv2d):
    """Nearest-neighbour 2x upsampling, then a 3x3 convolution, in one transposed convolution.

    Each output pixel sees a 2x2 patch of the small input, so the nine weights add up to a 4x4
    kernel: the same result at 4/9 of the multiplications. Unlike a free 4x4 transposed convolution
    it cannot learn the checkerboard (Odena et al., distill.pub/2016/deconv-checkerboard).
    """

    def __init__(
        self, in_channels: int, out_channels: int, bias: bool = True, padding: Padding = "zeros"
    ) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, bias=bias, padding_mode=padding)

    def transposed_weight(self) -> Tensor:
        """The equal kernel (I, O, 4, 4) of a transposed convolution with stride 2, padding 1."""
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
        """The same map with its kernel worked out once, for serving."""
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
    """Halves the resolution: LeakyReLU, 4x4 convolution, normalisation."""

    def __init__(
        self,
        inner: int,
        outer: int,
        norm: str,
        activate: bool = True,
        bias: bool = True,
        padding: Padding = "zeros",
    ) -> None:
        super().__init__()
        self.activate = activate
        self.conv = nn.Conv2d(inner, outer, 4, stride=2, padding=1, bias=bias, padding_mode=padding)
        self.norm = Norm(norm, outer)

    def forward(self, x: Tensor) -> Tensor:
        if self.activate:
            x = F.leaky_relu(x, 0.2)
        return self.norm(self.conv(x))


class Up(nn.Module):
    """Doubles the resolution: ReLU, upsampling convolution, normalisation, dropout."""

    def __init__(
        self, inner: int, outer: int, config: GeneratorConfig, norm: str, dropout: float = 0.0
    ) -> None:
        super().__init__()
        bias = norm != "batch"  # batch norm takes any bias out again
        self.conv: nn.Module
        if config.upsample == "transpose":
            self.conv = nn.ConvTranspose2d(inner, outer, 4, stride=2, padding=1, bias=bias)
        else:
            self.conv = ResizeConv(inner, outer, bias=bias, padding=cast(Padding, config.padding))
        classes = config.in_channels if config.class_norm else 0
        self.norm = Norm(norm, outer, config.style_dim, classes)
        self.dropout = dropout

    def forward(self, x: Tensor, style: Tensor | None, labels: Tensor | None) -> Tensor:
        x = self.norm(self.conv(F.relu(x)), style, labels)
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


class AbMean(nn.Module):
    """a and b (N, 2, H, W), scaled by AB_SCALE, from logits (N, K, H, W) over the points of a grid.

    The annealed mean of Zhang et al., "Colorful Image Colorization" (ECCV 2016), eq. 5: between the
    mean, which is grey where several colours are likely, and the mode, which is blotchy. The paper
    has 0.38; 0.6 was chosen by eye, for fewer red blotches. On 96 held-out photos it has 0.13 dB
    more PSNR, but 0.12 more a/b error and 2.3 less colourfulness.
    """

    TEMPERATURE = 0.6

    points: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        points = torch.from_numpy(ab_grid())
        if classes != len(points):
            raise ValueError(f"ab_classes must be 0 or {len(points)}, got {classes}")
        self.register_buffer("points", points / AB_SCALE)  # (K, 2)

    def forward(self, logits: Tensor) -> Tensor:
        likely = torch.softmax(logits.float() / self.TEMPERATURE, dim=1)
        return torch.einsum("nkhw,kc->nchw", likely, self.points)


class UNet(nn.Module):
    """U-Net of any depth: `depth` halvings, `depth` doublings, a skip connection at each level.

    Takes (N, in_channels, H, W), H and W multiples of 2 ** depth; gives (N, out_channels, H, W) in
    -1..1 (tanh), or logits where `final_tanh` is off. With a stem, a convolution at full
    resolution before and after gives edges that are as sharp as the input's. With `half_output` the
    last doubling is left out: chroma needs no more.
    """

    def __init__(self, config: GeneratorConfig, final_tanh: bool = True) -> None:
        super().__init__()
        self.config = config
        self.final: nn.Module = nn.Tanh() if final_tanh else nn.Identity()
        if config.ab_classes:
            self.final = AbMean(config.ab_classes)
        elif config.half_output and not final_tanh:
            self.final = nn.Upsample(scale_factor=2, mode="bilinear")
        depth, stem, outputs = config.depth, config.stem, config.ab_classes or config.out_channels
        widths = [min(config.ngf * 2**i, config.max_channels) for i in range(depth)]

        rim = cast(Padding, config.padding)
        self.stem = (
            nn.Conv2d(config.in_channels, stem, 3, padding=1, padding_mode=rim) if stem else None
        )
        self.down = nn.ModuleList()
        previous = stem or config.in_channels
        for i, width in enumerate(widths):
            # As in the paper, no normalisation at the first layer nor at the bottleneck.
            norm = "none" if i in (0, depth - 1) else config.norm
            activate, bias = i > 0 or bool(stem), config.norm != "batch"
            self.down.append(Down(previous, width, norm, activate, bias, rim))
            previous = width

        self.up = nn.ModuleList()
        for i in reversed(range(depth)):
            inner = widths[i] * (1 if i == depth - 1 else 2)
            if i > 0:
                # In the paper's U-Net-256 the second to fourth of the decoder have dropout.
                dropout = config.dropout if depth - 4 <= i < depth - 1 else 0.0
                self.up.append(Up(inner, widths[i - 1], config, config.norm, dropout))
            elif stem:
                self.up.append(Up(inner, stem, config, config.norm))
            elif not config.half_output:
                self.up.append(Up(inner, outputs, config, "none"))
        self.head: nn.Module | None = None
        if stem:
            self.head = nn.Conv2d(2 * stem, outputs, 3, padding=1, padding_mode=rim)
        elif config.half_output:
            self.head = nn.Conv2d(2 * widths[0], outputs, 1)
        self.apply(init_weights)
        for module in self.modules():
            if isinstance(module, Norm) and module.style is not None:
                nn.init.normal_(module.style.weight, 0.0, 0.1)  # a code must matter from the start

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        return self.final(self.logits(x, style))

    def logits(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """The output before its last nonlinearity."""
        if self.config.style_dim and style is None:
            raise ValueError(
                f"this generator needs a style code of {self.config.style_dim} numbers"
            )
        pyramid = label_pyramid(x, self.config.depth) if self.config.class_norm else None
        skips = self.encode(x)
        x = skips.pop()  # the bottleneck is no skip
        for i, up in zip(reversed(range(self.config.depth)), self.up):
            labels = pyramid[i] if pyramid else None
            x = up(x, style, labels)  # (N, widths[i - 1], H / 2 ** i, W / 2 ** i)
            if skips:
                x = torch.cat([x, skips.pop()], dim=1)
        if self.head is not None:
            x = self.head(F.relu(x))  # (N, out_channels, H, W), or half of H and W
        return x

    def encode(self, x: Tensor) -> list[Tensor]:
        """What the stem, if there is one, and each of the `depth` halvings give, in this order."""
        multiple = 2**self.config.depth
        if x.shape[-2] % multiple or x.shape[-1] % multiple:
            raise ValueError(
                f"height and width must be multiples of {multiple}, got {tuple(x.shape[-2:])}"
            )
        levels = []
        if self.stem is not None:
            x = self.stem(x)  # (N, stem, H, W)
            levels.append(x)
        for down in self.down:
            x = down(x)  # (N, widths[i], H / 2 ** (i + 1), W / 2 ** (i + 1))
            levels.append(x)
        return levels


def label_pyramid(one_hot: Tensor, depth: int) -> list[Tensor]:
    """The part of each class (N, K, H / 2 ** i, W / 2 ** i), for i from 0 to depth - 1."""
    levels = [one_hot]
    for _ in range(depth - 1):
        levels.append(F.avg_pool2d(levels[-1], 2))
    return levels


class PatchDiscriminator(nn.Module):
    """PatchGAN: judges each patch of (condition, image) by itself.

    `receptive_field` is 1, 16, 70 or 286 pixels. Takes (N, in_channels, H, W); gives logits
    (N, 1, h, w), 30x30 at 70 pixels and 256x256, and the activations of each hidden layer, for
    feature matching. `spectral` adds spectral norm (Miyato et al., 2018) to all layers but
    the last.
    """

    def __init__(
        self,
        in_channels: int,
        ndf: int = 64,
        receptive_field: int = 70,
        norm: str = "batch",
        spectral: bool = False,
    ) -> None:
        super().__init__()
        if receptive_field not in PATCH_LAYERS:
            raise ValueError(
                f"receptive_field must be one of {sorted(PATCH_LAYERS)}, got {receptive_field}"
            )
        layers = PATCH_LAYERS[receptive_field]
        kernel, stride, padding = (4, 2, 1) if layers else (1, 1, 0)

        def conv(inner: int, outer: int, stride: int, bias: bool = True) -> nn.Module:
            layer = nn.Conv2d(inner, outer, kernel, stride=stride, padding=padding, bias=bias)
            return nn.utils.parametrizations.spectral_norm(layer) if spectral else layer

        self.layers = nn.ModuleList([conv(in_channels, ndf, stride)])
        self.norms = nn.ModuleList([Norm("none", ndf)])
        width = ndf
        for i in range(max(layers, 1)):
            wider = ndf * min(2 ** (i + 1), 8)
            last = i == max(layers, 1) - 1
            self.layers.append(conv(width, wider, 1 if last else stride, bias=norm != "batch"))
            self.norms.append(Norm(norm, wider))
            width = wider
        # The last layer keeps its scale free: bounded too, hinge's margin would be out of reach.
        self.layers.append(nn.Conv2d(width, 1, kernel, stride=1, padding=padding))
        self.apply(init_weights)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer, norm in zip(self.layers, self.norms):
            x = F.leaky_relu(norm(layer(x)), 0.2)
            features.append(x)
        return self.layers[-1](x), features


class MultiScaleDiscriminator(nn.Module):
    """PatchGANs of one kind on an image and its halves (Wang et al., pix2pixHD, 2018, section 3.2).

    Takes what one of them takes; gives their logits and features in a list, full size first.
    """

    def __init__(self, discriminators: list[PatchDiscriminator]) -> None:
        super().__init__()
        self.scales = nn.ModuleList(discriminators)

    def forward(self, x: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        verdicts = []
        for i, discriminator in enumerate(self.scales):
            if i:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            verdicts.append(discriminator(x))
        return verdicts


def smallest_side(receptive_field: int, scales: int = 1) -> int:
    """The smallest image, in pixels, that a discriminator and its scales can judge."""
    layers = PATCH_LAYERS[receptive_field]
    # Each of the two last 4x4 convolutions, with stride 1 and padding 1, takes one pixel away.
    return (3 * 2**layers if layers else 2) * 2 ** (scales - 1)


class StyleEncoder(nn.Module):
    """The style of a photo as a Gaussian over style codes (Zhu et al., BicycleGAN, 2017).

    Takes (N, 3, H, W) in -1..1; gives mean and log-variance, (N, style_dim) each.

    The codes of real photos do not fill the standard normal that the KL term draws them to, and off
    their own ground the generator paints no photo. So the encoder keeps the mean and covariance of
    the codes that it gave, and `sample` draws from these.
    """

    style_mean: Tensor
    style_covariance: Tensor

    def __init__(self, style_dim: int, nef: int = 32, layers: int = 4) -> None:
        super().__init__()
        widths = [3] + [min(nef * 2**i, 128) for i in range(layers)]
        self.layers = nn.ModuleList(
            Down(a, b, "instance" if i else "none", activate=i > 0)
            for i, (a, b) in enumerate(pairwise(widths))
        )
        # Instance norm hides each layer's mean colour, which is most of a style: the raw photo's
        # mean and spread by channel go straight to the head.
        self.apply(init_weights)
        self.head = nn.Linear(widths[-1] + 6, 2 * style_dim)
        # Certain at first: a code lost in noise is one that the generator learns to ignore.
        nn.init.constant_(self.head.bias[style_dim:], -4.0)
        self.register_buffer("style_mean", torch.zeros(style_dim))
        self.register_buffer("style_covariance", torch.eye(style_dim))

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        x = photo
        for layer in self.layers:
            x = layer(x)
        pooled = F.leaky_relu(x, 0.2).mean((2, 3))  # (N, widths[-1])
        moments = torch.cat([photo.mean((2, 3)), photo.std((2, 3))], 1)  # (N, 6)
        mean, log_variance = self.head(torch.cat([pooled, moments], 1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-8, 4)

    @torch.no_grad()
    def observe(self, styles: Tensor, momentum: float = 0.01) -> None:
        """Takes styles (N, style_dim) of real photos into the running mean and covariance."""
        self.style_mean.lerp_(styles.mean(0), momentum)
        offsets = styles - self.style_mean  # (N, style_dim)
        products = offsets[:, :, None] * offsets[:, None, :]  # no matmul: autocast would round it
        self.style_covariance.lerp_(products.mean(0), momentum)

    def sample(self, noise: Tensor) -> Tensor:
        """Styles (N, style_dim) as likely as those of real photos, from standard normal noise."""
        jitter = 1e-4 * torch.eye(len(self.style_mean), device=noise.device)
        scale = torch.linalg.cholesky(self.style_covariance.float() + jitter)
        return self.style_mean + (scale * noise[:, None, :]).sum(-1)


def init_weights(module: nn.Module) -> None:
    """Weights from N(0, 0.02), as in the paper (appendix 6.2)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def count_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
