"""Networks: the U-Net and residual generators, the PatchGAN discriminator, the style encoder.

U-Net and discriminator follow Isola et al., "Image-to-Image Translation with Conditional
Adversarial Networks" (CVPR 2017), appendix 6.1. With `upsample="transpose"`, `norm="batch"`, no
stem and no style they are identical to the paper's networks.
"""

from pix2pix.models.blocks import Down, InstanceNorm, Norm, ResizeConv, Up, count_parameters
from pix2pix.models.enhancer import LocalEnhancer
from pix2pix.models.generator import Generator, make_generator
from pix2pix.models.patchgan import (
    PATCH_LAYERS,
    MultiScaleDiscriminator,
    PatchDiscriminator,
    smallest_side,
)
from pix2pix.models.resnet import ResNetGenerator
from pix2pix.models.style_encoder import StyleEncoder
from pix2pix.models.style_map import Style, StyleMap
from pix2pix.models.unet import AnnealedMean, UNet, annealed_mean, return_logits

__all__ = [
    "PATCH_LAYERS",
    "AnnealedMean",
    "Down",
    "Generator",
    "InstanceNorm",
    "LocalEnhancer",
    "MultiScaleDiscriminator",
    "Norm",
    "PatchDiscriminator",
    "ResNetGenerator",
    "ResizeConv",
    "Style",
    "StyleEncoder",
    "StyleMap",
    "UNet",
    "Up",
    "annealed_mean",
    "count_parameters",
    "make_generator",
    "return_logits",
    "smallest_side",
]
