"""The generator of a config, in any of the architectures."""

from typing import TypeAlias

from pix2pix.config import GeneratorConfig
from pix2pix.models.resnet import ResNetGenerator
from pix2pix.models.unet import UNet

Generator: TypeAlias = UNet | ResNetGenerator


def make_generator(config: GeneratorConfig, final_tanh: bool = True) -> Generator:
    """The network with its initial weights; without `final_tanh` it returns logits."""
    if config.architecture == "unet":
        return UNet(config, final_tanh)
    return ResNetGenerator(config, final_tanh)
