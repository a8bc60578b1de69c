"""Parts of a drawing that have styles of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import torch

from pix2pix.labels.label_map import VOID, check_label_map
from pix2pix.models import StyleMap

MAX_REGIONS = 8
RADII_PER_SIDE = 256  # the short side, in radii of the soft edge: wider ones look sprayed on

Look: TypeAlias = "int | Sequence[float] | np.ndarray"  # a seed, or a style code


@dataclass(frozen=True)
class Regions:
    """The styles of parts of a drawing.

    `ids` (H, W) uint8, of the drawing's shape: i + 1 where `looks[i]` applies, 0 where the
    drawing's own style does. Raises ValueError for another array, for no looks or more than
    MAX_REGIONS, and for ids without a look.
    """

    ids: np.ndarray
    looks: Sequence[Look]

    def __post_init__(self) -> None:
        if not 1 <= len(self.looks) <= MAX_REGIONS:
            raise ValueError(f"regions have from 1 to {MAX_REGIONS} looks, got {len(self.looks)}")
        try:
            check_label_map(self.ids, len(self.looks) + 1)
        except ValueError as error:
            raise ValueError(f"regions with {len(self.looks)} looks: {error}") from None

    def check_shape(self, shape: tuple[int, int]) -> None:
        """Raises ValueError unless the drawing has the shape (H, W) of the regions."""
        if self.ids.shape != shape:
            (height, width), (rows, columns) = shape, self.ids.shape
            raise ValueError(
                f"regions must have the drawing's {width}x{height} pixels, got {columns}x{rows}"
            )


def edge_radius(side: int) -> int:
    """The radius of the blur between regions, in pixels, for a short side in pixels."""
    return max(1, round(side / RADII_PER_SIDE))


def blend_weights(ids: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """The ids that occur (R,), and the share (R, H, W) float32 of each in every pixel.

    `ids` (H, W) uint8; VOID counts as 0. Across an edge the shares change smoothly: two box blurs,
    each of 2 * radius + 1 pixels a side. Sums of whole numbers keep them the same on every machine.
    """
    ids = np.where(ids == VOID, 0, ids)
    present = np.unique(ids)
    side = 2 * radius + 1
    layers = []
    for region in present:
        layer = (ids == region).astype(np.float32)
        for _ in range(2):
            layer = cv2.boxFilter(
                layer, -1, (side, side), normalize=False, borderType=cv2.BORDER_REPLICATE
            )
        layers.append(layer / np.float32(side**4))
    return present, np.stack(layers)


def make_style_map(ids: np.ndarray, codes: torch.Tensor, radius: int) -> StyleMap:
    """The StyleMap of regions `ids` (H, W) with `codes` (K, style_dim) by id."""
    present, weights = blend_weights(ids, radius)
    return StyleMap(codes[present.tolist()][None], torch.from_numpy(weights)[None])
