"""The colours that photos have in each class, which painted drawings without a photo keep to."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.labels.facade_builder import CLASS_IDS

CELL = 2  # pixels
# What the background is, besides the class: above the building, below it
PARTS = (*CLASS_IDS, "sky", "street")
# Brightness, red - blue and green - others of `cell_colors`, lowest and highest each: the 2nd and
# 98th percentile in the training photos of CMP; of the sky's brightness the median and the 98th, as
# above a building photos have trees and roofs too. Measured by benchmarks/class_colors.py.
RANGES: dict[str, tuple[float, float, float, float, float, float]] = {
    "background": (-0.82, 0.96, -0.26, 0.30, -0.04, 0.05),
    "facade": (-0.80, 0.91, -0.12, 0.39, -0.07, 0.07),
    "window": (-0.85, 0.67, -0.14, 0.20, -0.03, 0.04),
    "door": (-0.95, 0.25, -0.11, 0.25, -0.05, 0.05),
    "cornice": (-0.71, 0.60, -0.06, 0.37, -0.04, 0.06),
    "sill": (-0.70, 0.60, -0.07, 0.37, -0.05, 0.06),
    "balcony": (-0.80, 0.65, -0.11, 0.33, -0.04, 0.05),
    "blind": (-0.84, 0.57, -0.12, 0.29, -0.12, 0.08),
    "deco": (-0.78, 0.62, -0.07, 0.36, -0.05, 0.06),
    "molding": (-0.81, 0.55, -0.08, 0.35, -0.05, 0.06),
    "pillar": (-0.63, 0.64, -0.08, 0.36, -0.05, 0.06),
    "shop": (-0.94, 0.52, -0.16, 0.38, -0.14, 0.08),
    "sky": (0.68, 1.00, -0.33, 0.26, -0.04, 0.04),
    "street": (-0.88, 0.51, -0.10, 0.30, -0.04, 0.06),
}


def cell_colors(images: Tensor) -> Tensor:
    """Brightness, red - blue and green - others (N, 3, h, w) of images (N, 3, H, W) in -1..1.

    They are means of cells of 2x2 pixels.
    """
    red, green, blue = F.avg_pool2d(images, CELL).unbind(1)
    parts = [(red + green + blue) / 3, (red - blue) / 2, (2 * green - red - blue) / 4]
    return torch.stack(parts, 1)


def cell_parts(labels: Tensor) -> Tensor:
    """Which cells are wholly of which of PARTS, (N, 14, h, w) of 0 and 1.

    `labels` are one-hot label maps of facades (N, 12, H, W).
    """
    index = CLASS_IDS["background"]
    background = labels[:, index : index + 1]
    building = labels.sum(1, keepdim=True) - background  # (N, 1, H, W)
    sky = background * is_above(building)
    street = background * is_above(building.flip(2)).flip(2)
    parts = torch.cat([labels, sky, street], 1)
    parts[:, index : index + 1] -= sky + street
    return 1 - F.max_pool2d(1 - parts, CELL)


def is_above(building: Tensor) -> Tensor:
    """What lies above a building (N, 1, H, W) of 0 and 1, in its columns and beside them."""
    begun = building.cummax(2).values
    under_roof = building.amax(3, keepdim=True).cummax(2).values  # (N, 1, H, 1)
    in_columns = building.amax(2, keepdim=True)
    return (1 - begun) * torch.maximum(in_columns, 1 - under_roof) * in_columns.amax(3, True)


def class_color_loss(images: Tensor, labels: Tensor) -> Tensor:
    """How far images leave the colours that photos have in their classes: L1, 0 within RANGES.

    Of `images` (N, 3, H, W) in -1..1 with one-hot `labels` (N, 12, H, W) of facades; 0 for none.
    Discriminators do not see to it: augmentation shows them photos in many more colours.
    """
    parts, colors = cell_parts(labels), cell_colors(images)
    ranges = images.new_tensor([RANGES[name] for name in PARTS])  # (14, 6)
    bounds = torch.einsum("nkhw,kr->nrhw", parts, ranges)  # 0 in mixed cells
    outside = F.relu(bounds[:, 0::2] - colors) + F.relu(colors - bounds[:, 1::2])
    return (outside * parts.sum(1, keepdim=True)).sum() / max(1, outside.numel())
