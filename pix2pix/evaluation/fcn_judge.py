"""A judge of generated photos: a network that reads label maps from photos (task photo2labels).

The FCN score of Isola et al. (CVPR 2017), section 3.2.2: a photo made from a label map is as good
as the map that a segmenter reads back from it. Its inner features compare sets of photos too.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.checkpoint import Model, load_checkpoint

LEVEL = 3  # the fourth halving of the encoder: at 256x256, 16x16 places
GRID = 4  # their features are averaged over so many by so many parts of the photo


@dataclass(frozen=True)
class Judge:
    """A segmenter in evaluation mode, and the side in pixels of the squares that it knows."""

    model: Model
    size: int
    device: torch.device

    @property
    def num_classes(self) -> int:
        return self.model.generator.config.out_channels

    @torch.inference_mode()
    def read(self, photos: Tensor) -> Tensor:
        """Class indices (N, H, W), on the CPU, found in photos (N, 3, H, W) in -1..1."""
        logits = self.model.generator(self._fit(photos)).float()
        return F.interpolate(logits, photos.shape[-2:], mode="bilinear").argmax(1).cpu()

    @torch.inference_mode()
    def features(self, photos: Tensor) -> Tensor:
        """Features (N, GRID * GRID, C) of photos (N, 3, H, W) in -1..1, on the CPU.

        The encoder's activations after its fourth halving (its last where it has fewer), past the
        normalisation and the LeakyReLU, averaged over each cell of a GRID x GRID grid. A cell, not
        a photo, is a sample: a hundred photos give 1,600, enough for the covariance of the 112
        channels that the trace recipe has there. Cells of one photo are not independent, so the
        distances compare sets of photos of about the same number and nothing else.
        """
        generator = self.model.generator
        levels = generator.encode(self._fit(photos))[-generator.config.depth :]
        chosen = F.leaky_relu(levels[min(LEVEL, len(levels) - 1)], 0.2)
        return F.adaptive_avg_pool2d(chosen, GRID).flatten(2).transpose(1, 2).float().cpu()

    def _fit(self, photos: Tensor) -> Tensor:
        """The photos as squares of the side that the judge knows, on its device."""
        shape = (self.size, self.size)
        if photos.shape[-2:] != shape:
            photos = F.interpolate(photos, shape, mode="bilinear", antialias=True)
        return photos.to(self.device, memory_format=torch.channels_last)


def load_judge(folder: str | Path, device: torch.device) -> Judge:
    """Raises ValueError where the folder is no checkpoint that reads label maps from photos."""
    config, model = load_checkpoint(folder)
    if config.task != "photo2labels":
        raise ValueError(
            f"{folder}: is a checkpoint for {config.task}, a judge is one for photo2labels"
        )
    return Judge(model.to(device, memory_format=torch.channels_last), config.size, device)  # type: ignore[call-overload]
