"""Embeddings of patches for PatchNCE."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.models.blocks import init_weights

DIM = 256


class PatchProjections(nn.Module):
    """Embeds patches at each level of a generator's encoder, with a two-layer MLP for each level.

    Park et al., "Contrastive Learning for Unpaired Image-to-Image Translation" (ECCV 2020), section
    3 and appendix C.2.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(nn.Linear(inner, DIM), nn.ReLU(), nn.Linear(DIM, DIM))
            for inner in channels
        )
        self.apply(init_weights)

    def forward(self, features: Sequence[Tensor], positions: Sequence[Tensor]) -> list[Tensor]:
        """Unit vectors (N, P, DIM) float32 for each level.

        `features` are (N, C, H, W), `positions` (N, P) indices into their H * W cells.
        """
        found = []
        for level, maps, places in zip(self.levels, features, positions):
            cells = maps.flatten(2).transpose(1, 2)  # (N, H * W, C)
            index = places[:, :, None].expand(-1, -1, cells.shape[2])
            found.append(F.normalize(level(cells.gather(1, index)).float(), dim=2))
        return found


def draw_positions(features: Sequence[Tensor], count: int, seeds: Sequence[int]) -> list[Tensor]:
    """At most `count` distinct random cells (N, P) of each level, by the seed of each image."""
    found = []
    for maps in features:
        cells = maps.shape[2] * maps.shape[3]
        draws = (
            torch.randperm(cells, generator=torch.Generator().manual_seed(seed))[:count]
            for seed in seeds
        )
        found.append(torch.stack(list(draws)).to(maps.device))
    return found
