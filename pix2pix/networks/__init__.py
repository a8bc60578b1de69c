"""Networks: the U-Net generator, the PatchGAN discriminator, the style encoder.

Generator and discriminator follow Isola et al., "Image-to-Image Translation with Conditional
Adversarial Networks" (CVPR 2017), appendix 6.1. With `upsample="transpose"`, `norm="batch"`, no
stem and no style they are the paper's networks, parameter for parameter.
"""

from pix2pix.networks.discriminator import (
    PATCH_LAYERS,
    MultiScaleDiscriminator,
    PatchDiscriminator,
    smallest_side,
)
from pix2pix.networks.generator import AbMean, UNet
from pix2pix.networks.layers import Down, InstanceNorm, Norm, ResizeConv, Up, count_parameters
from pix2pix.networks.style import StyleEncoder

__all__ = [
    "PATCH_LAYERS",
    "AbMean",
    "Down",
    "InstanceNorm",
    "MultiScaleDiscriminator",
    "Norm",
    "PatchDiscriminator",
    "ResizeConv",
    "StyleEncoder",
    "UNet",
    "Up",
    "count_parameters",
    "smallest_side",
]
