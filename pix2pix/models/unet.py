"""The U-Net generator."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.config import GeneratorConfig
from pix2pix.images.color import AB_SCALE, ab_grid
from pix2pix.models import efficientnet
from pix2pix.models.blocks import (
    Down,
    InstanceNorm,
    LateralConv,
    Norm,
    Padding,
    Up,
    check_sides,
    fill_normal,
    init_weights,
)
from pix2pix.models.enhancer import LocalEnhancer
from pix2pix.models.style_map import Style, StyleMap
from pix2pix.runtime.device import full_precision

CODE_LEVEL = 3  # encoder level of the deep features for the pixel embedding, at most depth - 1


class AnnealedMean(nn.Module):
    """a and b (N, 2, H, W), scaled by AB_SCALE, from logits (N, K, H, W) over the points of a grid.

    Channels beyond the logits are pixel embeddings and pass unchanged. With `returns_logits`, the
    logits follow at the end.

    The annealed mean of Zhang et al., "Colorful Image Colorization" (ECCV 2016), eq. 5: a
    compromise between the mean, which is grey if several colours are likely, and the mode, which is
    blotchy. The paper uses 0.38. With the bundled weights on 317 held-out photos, 0.4 paints what
    is nearly grey with a chroma of 5.4 where 0.5 has 5.9 and 0.3 has 4.8; the a/b error is lowest
    at 0.4, by 0.01 and 0.05.
    """

    TEMPERATURE = 0.4

    points: Tensor
    returns_logits = False

    def __init__(self, classes: int) -> None:
        super().__init__()
        points = torch.from_numpy(ab_grid())
        if classes != len(points):
            raise ValueError(f"ab_classes must be 0 or {len(points)}, got {classes}")
        self.register_buffer("points", points / AB_SCALE)  # (K, 2)

    def forward(self, logits: Tensor) -> Tensor:
        classes = len(self.points)
        mean = annealed_mean(logits[:, :classes].float(), self.points.float(), self.TEMPERATURE)
        parts = [mean, logits[:, classes:]]
        if self.returns_logits:
            parts.append(logits[:, :classes])
        return torch.cat(parts, 1)


def annealed_mean(logits: Tensor, points: Tensor, temperature: float) -> Tensor:
    """The mean (N, 2, H, W) of the points (K, 2) by logits (N, K, H, W); see `AnnealedMean`."""
    return torch.einsum("nkhw,kc->nchw", torch.softmax(logits / temperature, dim=1), points)


def return_logits(generator: nn.Module) -> None:
    """Makes a colouriser return the logits of its colours as well, if it has any."""
    final = getattr(generator, "final", None)
    if isinstance(final, AnnealedMean):
        final.returns_logits = True


class UNet(nn.Module):
    """U-Net with `depth` downsamplings, `depth` upsamplings and a skip connection at each level.

    Takes (N, in_channels, H, W), H and W multiples of 2 ** depth; returns (N, out_channels, H, W)
    in -1..1 (tanh), or logits without `final_tanh`. A stem, a full-resolution convolution at both
    ends, keeps edges as sharp as in the input. `half_output` drops the last upsampling, which is
    enough for chroma. `encoder` replaces the downsamplings by the first `depth` levels of a
    pretrained network; 1x1 convolutions then fit them to the decoder. `hint_embed_dim` adds that
    many output channels: a per-pixel embedding to propagate hints (`tensors.apply_hints`). With
    `style_dim`, `forward` takes one style code for the image, or a `StyleMap`. With `enhancer`, the
    U-Net is the global network of pix2pixHD: it works at half of H and W, which are then multiples
    of 2 ** (depth + 1), and a `LocalEnhancer` adds detail to its enlarged output.

    With instance norm or `class_norm` (`needs_fp32`), inference is always in float32, regardless of
    autocast and TF32. Instance norm divides by a map's standard deviation, which in a uniform map
    is mere rounding error: in bfloat16, a bare wall showed ghost windows with errors up to 139 of
    255; in float16, which has TF32's precision, up to 99. With batch norm modulated by class,
    bfloat16 was off by 2.8 to 4.1 on hard drawings, as training went on; 3 are allowed.
    """

    def __init__(self, config: GeneratorConfig, final_tanh: bool = True) -> None:
        super().__init__()
        self.config = config
        self.final: nn.Module = nn.Tanh() if final_tanh else nn.Identity()
        if config.ab_classes:
            self.final = AnnealedMean(config.ab_classes)
        elif config.half_output and not final_tanh:
            self.final = nn.Upsample(scale_factor=2, mode="bilinear")
        depth, stem, outputs = config.depth, config.stem, config.ab_classes or config.out_channels
        widths = [min(config.ngf * 2**i, config.max_channels) for i in range(depth)]

        rim = cast(Padding, config.padding)
        self.stem = (
            nn.Conv2d(config.in_channels, stem, 3, padding=1, padding_mode=rim) if stem else None
        )
        self.down = nn.ModuleList()
        self.side: nn.ModuleList | None = None
        if config.encoder == "unet":
            previous = stem or config.in_channels
            for i, width in enumerate(widths):
                # As in the paper, no normalisation in the first layer and the bottleneck.
                norm = "none" if i in (0, depth - 1) else config.norm
                bias = config.norm != "batch"
                self.down.append(
                    Down(previous, width, norm, bias, rim, config.norm_eps, config.norm_affine)
                )
                previous = width
        else:
            stages = efficientnet.encoder_stages(config.in_channels, config.encoder)
            self.down.extend(stages[:depth])
            pairs = zip(efficientnet.encoder_channels(config.encoder), widths)
            self.side = nn.ModuleList(LateralConv(c, config.in_channels, w) for c, w in pairs)

        self.up = nn.ModuleList()
        for i in reversed(range(depth)):
            inner = widths[i] * (1 if i == depth - 1 else 2)
            if i > 0:
                # In the paper's U-Net-256, decoder blocks two to four have dropout.
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
        self.code: PixelEmbedding | None = None
        if config.hint_embed_dim:
            last = stem or widths[0]
            deep = 2 * widths[self.code_level - 1]
            self.code = PixelEmbedding(deep, 2 * last, config.hint_embed_dim)
        self.enhancer = LocalEnhancer(config) if config.enhancer else None
        self.apply(init_weights)
        for module in self.modules():
            if isinstance(module, Norm) and module.style is not None:
                fill_normal(module.style.weight, 0.0, 0.1)  # styles must matter from the start
        if self.enhancer is not None:
            self.enhancer.start_at_zero()
        self.needs_fp32 = config.class_norm or any(
            isinstance(module, InstanceNorm) for module in self.modules()
        )

    @property
    def stages(self) -> list[nn.Module]:
        """The modules that take most of the time, in the order in which they run."""
        return [*self.down, *self.up, *(self.enhancer.stages if self.enhancer else ())]

    def forward(self, x: Tensor, style: Style | None = None) -> Tensor:
        return self.final(self.logits(x, style))

    def logits(self, x: Tensor, style: Style | None = None) -> Tensor:
        """The output before the final activation."""
        if self.config.style_dim and style is None:
            raise ValueError(
                f"this generator needs a style code of {self.config.style_dim} numbers"
            )
        if self.training or not self.needs_fp32:
            return self._logits(x, style)
        with full_precision(x.device):
            wide = torch.promote_types(x.dtype, torch.float32)
            return self._logits(x.to(wide), None if style is None else style.to(wide))

    def _logits(self, x: Tensor, style: Style | None) -> Tensor:
        config = self.config
        check_sides(x, config.multiple)
        parts = x if config.class_norm else None  # (N, K, H, W)
        if isinstance(style, StyleMap):
            parts = style.weights if parts is None else style.parts(x)  # (N, R K, H, W)
            style = style.codes
        levels = config.depth + (self.enhancer is not None)
        pyramid = None if parts is None else label_pyramid(parts, levels)
        if self.enhancer is None:
            return self._decode(x, style, pyramid)[0]
        half = F.avg_pool2d(x, 2)
        y, features = self._decode(half, style, pyramid[1:] if pyramid else None)
        y = F.interpolate(y, scale_factor=2.0, mode="bilinear")  # (N, out_channels, H, W)
        return y + self.enhancer(x, features, style, pyramid[:2] if pyramid else None)

    def _decode(
        self, x: Tensor, style: Tensor | None, pyramid: list[Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """The logits at the resolution of x, and the last feature map before the head."""
        skips = self.encode(x)
        if self.side is not None:
            stem = skips[: len(skips) - len(self.side)]
            skips = stem + [s(level, x) for s, level in zip(self.side, skips[len(stem) :])]
        x = skips.pop()  # the bottleneck is no skip
        for i, up in zip(reversed(range(self.config.depth)), self.up):
            x = up(
                x, style, pyramid[i] if pyramid else None
            )  # (N, widths[i - 1], H / 2 ** i, W / 2 ** i)
            if skips:
                x = torch.cat([x, skips.pop()], dim=1)
            if i == self.code_level:
                deep = x
        code = self.code(deep, x) if self.code is not None else None
        features = x  # with a stem (N, 2 * stem, H, W)
        if self.head is not None:
            x = self.head(F.relu(x))  # (N, out_channels, H, W), or half of H and W
        return x if code is None else torch.cat([x, code], dim=1), features

    @property
    def patch_channels(self) -> list[int]:
        """The channels of each level of `patch_features`."""
        if self.config.encoder == "unet":
            widths = [cast(Down, down).conv.out_channels for down in self.down]
        else:
            widths = efficientnet.encoder_channels(self.config.encoder)
        return [self.config.in_channels, *widths[: self._patch_levels]]

    @property
    def _patch_levels(self) -> int:
        """How many encoder levels PatchNCE compares: those with enough cells."""
        return min(4, max(1, self.config.depth - 3))

    def patch_features(self, x: Tensor) -> list[Tensor]:
        """The levels that PatchNCE compares: the image and the first encoder levels."""
        levels = self.encode(x)[-self.config.depth :]
        return [x, *levels[: self._patch_levels]]

    @property
    def code_level(self) -> int:
        """The level (number of downsamplings) of the deep features for the pixel embedding."""
        return min(CODE_LEVEL, self.config.depth - 1)

    def encode(self, x: Tensor) -> list[Tensor]:
        """The outputs of the stem, if any, and of each of the `depth` encoder levels.

        They are taken after the LeakyReLU; the decoder's ReLU makes this equivalent to skips that
        branch off before it, as in the paper.
        """
        check_sides(x, 2**self.config.depth)
        levels = []
        if self.stem is not None:
            levels.append(F.leaky_relu(self.stem(x), 0.2))  # (N, stem, H, W)
            if self.side is None:  # a pretrained encoder sees the input itself
                x = levels[0]
        for down in self.down:
            x = down(x)  # (N, widths[i], H / 2 ** (i + 1), W / 2 ** (i + 1))
            levels.append(x)
        return levels


class PixelEmbedding(nn.Module):
    """A per-pixel embedding (N, dim, H, W), constant within each cell of the deep features.

    Combines deep features (N, deep, h, w), which recognise objects, and fine features
    (N, fine, H, W), which locate their edges.
    """

    def __init__(self, deep: int, fine: int, dim: int, width: int = 64) -> None:
        super().__init__()
        self.mix = nn.Conv2d(deep + fine, width, 1)
        self.code = nn.Conv2d(width, dim, 3, padding=1)

    def forward(self, deep: Tensor, fine: Tensor) -> Tensor:
        factor = fine.shape[-1] // deep.shape[-1]
        both = torch.cat([deep, F.avg_pool2d(fine, factor)], dim=1)  # (N, deep + fine, h, w)
        code = self.code(F.relu(self.mix(F.relu(both))))  # (N, dim, h, w)
        return F.interpolate(code, scale_factor=float(factor), mode="nearest")


def label_pyramid(parts: Tensor, depth: int) -> list[Tensor]:
    """The share of each class (N, K, H / 2 ** i, W / 2 ** i), for i from 0 to depth - 1.

    `parts` (N, K, H, W): a one-hot label map, or the shares of classes in regions.
    """
    levels = [parts]
    for _ in range(depth - 1):
        levels.append(F.avg_pool2d(levels[-1], 2))
    return levels
