"""A segmentation network (task photo2labels) that scores generated photos.

The FCN score of Isola et al. (CVPR 2017), section 3.2.2: a segmenter predicts the label map of
a generated photo, which is compared with the true one. Its features also compare sets of photos.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.checkpoint import Model, load_checkpoint

LEVEL = 3  # index of the encoder stage that provides features: 16x16 pixels at 256x256
GRID = 4  # features are averaged over a grid of GRID x GRID cells


@dataclass(frozen=True)
class FcnScorer:
    """A segmenter in evaluation mode, and the side of its square input in pixels."""

    model: Model
    size: int
    device: torch.device

    @property
    def num_classes(self) -> int:
        return self.model.generator.config.out_channels

    @torch.inference_mode()
    def segment(self, photos: Tensor) -> Tensor:
        """Predicted class indices (N, H, W), on the CPU, for photos (N, 3, H, W) in -1..1."""
        logits = self.model.generator(self._fit(photos)).float()
        return F.interpolate(logits, photos.shape[-2:], mode="bilinear").argmax(1).cpu()

    @torch.inference_mode()
    def features(self, photos: Tensor) -> Tensor:
        """Features (N, GRID * GRID, C) of photos (N, 3, H, W) in -1..1, on the CPU.

        The encoder's activations after its fourth stage (or its last), past normalisation and
        LeakyReLU, averaged over each cell of a GRID x GRID grid. Each cell is a sample: a hundred
        photos give 1,600, enough for the covariance of the trace recipe's 112 channels. Cells of
        one photo are not independent, so distances are only comparable between sets of about the
        same size.
        """
        generator = self.model.generator
        levels = generator.encode(self._fit(photos))[-generator.config.depth :]
        chosen = F.leaky_relu(levels[min(LEVEL, len(levels) - 1)], 0.2)
        return F.adaptive_avg_pool2d(chosen, GRID).flatten(2).transpose(1, 2).float().cpu()

    def _fit(self, photos: Tensor) -> Tensor:
        """The photos resized to the segmenter's square input, on its device."""
        shape = (self.size, self.size)
        if photos.shape[-2:] != shape:
            photos = F.interpolate(photos, shape, mode="bilinear", antialias=True)
        return photos.to(self.device, memory_format=torch.channels_last)


def load_fcn_scorer(folder: str | Path, device: torch.device) -> FcnScorer:
    """The scorer from a checkpoint. Raises ValueError unless its task is photo2labels."""
    config, model = load_checkpoint(folder)
    if config.task != "photo2labels":
        raise ValueError(
            f"{folder}: is a checkpoint for {config.task}, the FCN score needs one for photo2labels"
        )
    return FcnScorer(model.to(device, memory_format=torch.channels_last), config.size, device)  # type: ignore[call-overload]
