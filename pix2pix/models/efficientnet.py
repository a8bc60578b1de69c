"""The encoders of EfficientNet-Lite0 to Lite2, for weights pretrained on ImageNet.

Tan and Le, "EfficientNet" (ICML 2019), in the variant for phones: ReLU6, no squeeze and excitation.
The layers have the order of the published weights (`training.pretrained`).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-3  # of the published weights' batch norms
STEM = 32
LITE0 = "efficientnet-lite0"
# Channels and repeats of each encoder, as multiples of those of Lite0 (Tan and Le, section 4)
SCALES = {
    LITE0: (1.0, 1.0),
    "efficientnet-lite1": (1.0, 1.1),
    "efficientnet-lite2": (1.1, 1.2),
}
# The blocks of each level in Lite0: expansion, kernel, channels, repeats. The first block of a
# level halves the resolution; at the first level the stem does.
LEVELS: tuple[tuple[tuple[int, int, int, int], ...], ...] = (
    ((1, 3, 16, 1),),
    ((6, 3, 24, 2),),
    ((6, 5, 40, 2),),
    ((6, 3, 80, 3), (6, 5, 112, 3)),
    ((6, 5, 192, 4), (6, 3, 320, 1)),
)


def scale_channels(channels: int, factor: float) -> int:
    """The nearest multiple of 8, or the next one where that is below 0.9 of the product."""
    product = channels * factor
    nearest = max(8, int(product + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * product else nearest + 8


def encoder_channels(encoder: str) -> list[int]:
    """The channels of each level."""
    return [scale_channels(level[-1][2], SCALES[encoder][0]) for level in LEVELS]


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: the odd pixel is right and below.

    Under autocast on a CPU depthwise convolutions stay in float32: in bfloat16 their backward pass
    takes three to five times as long (PyTorch 2.14, AVX-512 BF16).
    """

    def __init__(self, inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(inner, outer, kernel, stride, groups=groups, bias=False)
        missing = kernel - stride
        self.rim = (missing // 2, missing - missing // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, self.rim) if any(self.rim) else x
        if self.groups > 1 and padded.is_cpu and torch.is_autocast_enabled("cpu"):
            with torch.autocast("cpu", enabled=False):
                return super().forward(padded.float())
        return super().forward(padded)


def conv(
    inner: int, outer: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution and batch norm."""
    norm = nn.BatchNorm2d(outer, eps=EPS)
    return nn.Sequential(SameConv(inner, outer, kernel, stride, groups), norm)


class InvertedResidual(nn.Module):
    """Inverted residual: expansion, depthwise convolution, projection (MobileNetV2, CVPR 2018)."""

    def __init__(self, inner: int, outer: int, expand: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inner * expand
        self.is_residual = stride == 1 and inner == outer
        layers: list[nn.Module] = [conv(inner, wide), nn.ReLU6()] if expand > 1 else []
        layers += [conv(wide, wide, kernel, stride, groups=wide), nn.ReLU6(), conv(wide, outer)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.is_residual else y


def encoder_stages(in_channels: int, encoder: str = LITE0) -> list[nn.Sequential]:
    """Five modules, each of which halves the resolution; see `encoder_channels`.

    In the larger encoders the stem and the repeats of the first and last blocks are those of Lite0.
    """
    width, depth = SCALES[encoder]
    modules, inner = [], STEM
    for index, level in enumerate(LEVELS):
        layers: list[nn.Module] = []
        if index == 0:
            layers += [conv(in_channels, STEM, 3, stride=2), nn.ReLU6()]
        for block, (expand, kernel, channels, repeats) in enumerate(level):
            outer = scale_channels(channels, width)
            for repeat in range(1 if repeats == 1 else math.ceil(repeats * depth)):
                stride = 2 if index > 0 and block == repeat == 0 else 1
                layers.append(InvertedResidual(inner, outer, expand, kernel, stride))
                inner = outer
        modules.append(nn.Sequential(*layers))
    return modules
