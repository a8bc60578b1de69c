"""A style for each place of an image."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class StyleMap(NamedTuple):
    """A style code for each pixel, as a mixture of a few codes.

    `codes` (N, R, style_dim) are the styles of R regions. `weights` (N, R, H, W) at the input's
    resolution are their shares of each pixel, which sum to 1. A generator modulates its features by
    linear functions of the style, so mixing the modulations of the codes equals modulating by the
    map of mixed codes (N, style_dim, H, W), with R instead of style_dim + 1 channels.
    """

    codes: Tensor
    weights: Tensor

    def to(self, target: torch.device | torch.dtype) -> StyleMap:
        return StyleMap(self.codes.to(target), self.weights.to(target))

    def split(self, size: int) -> tuple[StyleMap, ...]:
        """Batches of `size`, as `Tensor.split`."""
        pairs = zip(self.codes.split(size), self.weights.split(size))
        return tuple(StyleMap(*pair) for pair in pairs)

    def parts(self, one_hot: Tensor) -> Tensor:
        """The share of each class in each region (N, R * K, H, W), for labels (N, K, H, W)."""
        return (self.weights[:, :, None] * one_hot[:, None]).flatten(1, 2)


Style = Tensor | StyleMap  # a Tensor is one code (N, style_dim) for the whole image
