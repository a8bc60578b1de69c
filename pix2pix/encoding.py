"""How each task's arrays become the tensors that a generator takes and gives.

Training and inference share these, so that a model is served what it was trained on. Images are
(N, H, W, C) as arrays and (N, C, H, W) as tensors in -1..1.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.color import AB_SCALE
from pix2pix.labels import VOID

SPREAD_STEP = 8  # pixels of a cell of the grid on which hints are spread
SPREAD_SIGMA = 2.5  # cells


def encode_labels(label_maps: np.ndarray, num_classes: int) -> Tensor:
    """One-hot (N, num_classes, H, W) float of class indices (N, H, W) uint8; VOID is all zeros."""
    labels = torch.from_numpy(label_maps)
    classes = torch.arange(num_classes, dtype=torch.uint8)
    assert num_classes <= VOID
    return (labels[:, None] == classes[None, :, None, None]).float()


def encode_photo(rgb_u8: np.ndarray) -> Tensor:
    """(N, 3, H, W) in -1..1 of sRGB (N, H, W, 3) uint8."""
    return torch.from_numpy(rgb_u8).permute(0, 3, 1, 2).float() / 127.5 - 1


def decode_photo(photo: Tensor) -> np.ndarray:
    """sRGB (N, H, W, 3) uint8 of (N, 3, H, W) in -1..1."""
    u8 = ((photo.float() + 1) * 127.5 + 0.5).clamp(0, 255).to(torch.uint8)
    return u8.permute(0, 2, 3, 1).cpu().numpy()


def encode_lightness(lightness: np.ndarray) -> Tensor:
    """(N, 1, H, W) in -1..1 of L (N, H, W) in 0..100."""
    return torch.from_numpy(lightness)[:, None].float() / 50 - 1


def encode_ab(ab: np.ndarray) -> Tensor:
    """(N, 2, H, W) of a and b (N, H, W, 2), scaled by AB_SCALE."""
    return torch.from_numpy(ab).permute(0, 3, 1, 2).float() / AB_SCALE


def decode_ab(ab: Tensor) -> np.ndarray:
    """a and b (N, H, W, 2) float32 of a colouriser's output (N, 2, H, W)."""
    return (ab.float() * AB_SCALE).permute(0, 2, 3, 1).cpu().numpy()


def encode_colorize_input(lightness: np.ndarray, hints: np.ndarray, mask: np.ndarray) -> Tensor:
    """(N, 7, H, W): L; hint a/b (N, H, W, 2) where mask (N, H, W) is 1; the mask; all three spread.

    H and W are multiples of SPREAD_STEP.
    """
    known = torch.from_numpy(mask)[:, None].float()
    spots = torch.cat([encode_ab(hints) * known, known], 1)
    return torch.cat([encode_lightness(lightness), spots, spread_hints(spots)], 1)


def spread_hints(spots: Tensor) -> Tensor:
    """Each pixel's mean of the hints (N, 3, H, W) by nearness, and how near they are, in 0..1.

    Normalised convolution (Knutsson and Westin, 1993) with a Gaussian. A few pixels say little to
    a convolution that looks at all of them; this says at once which hints a place lies between.
    """
    if not spots.any():
        return torch.zeros_like(spots)
    height, width = spots.shape[-2:]
    grid = F.avg_pool2d(spots, SPREAD_STEP)
    reach = max(grid.shape[-2:])
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-offsets.square() / (2 * SPREAD_SIGMA**2)).clamp(min=1e-12)
    rows = kernel.view(1, 1, -1, 1).expand(3, 1, -1, 1)
    grid = F.conv2d(grid, rows, padding=(reach, 0), groups=3)
    grid = F.conv2d(grid, rows.transpose(2, 3), padding=(0, reach), groups=3)
    total = grid[:, 2:]
    spread = torch.cat([grid[:, :2] / total.clamp(min=1e-24), total / (total + 0.1)], 1)
    spread = torch.where(total > 0, spread, torch.zeros_like(spread))
    return F.interpolate(spread, (height, width), mode="bilinear", align_corners=False)


def style_noise(style_dim: int, seed: int) -> Tensor:
    """Standard normal noise (1, style_dim) of a seed, the same on every device."""
    # torch takes 64 bits; any other integer is as good a seed as its remainder
    return torch.randn(1, style_dim, generator=torch.Generator().manual_seed(seed % 2**63))
