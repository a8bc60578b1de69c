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
SPREAD_SIGMA = 0.12  # short sides
SPREAD_LIGHT = 0.3  # of L in -1..1
SPREAD_DOUBT = 0.1  # hints, in cells: where there are so many the nearness is a half
HONOUR_DOUBT = 0.02  # the same for what the network was off by


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
    light = encode_lightness(lightness)
    return torch.cat([light, spots, spread_hints(spots, light)], 1)


def spread_hints(spots: Tensor, light: Tensor, doubt: float = SPREAD_DOUBT) -> Tensor:
    """Each pixel's mean of the hints (N, 3, H, W) by nearness, and how near they are, in 0..1.

    Near is what is close by and as light in `light` (N, 1, H, W), -1..1: normalised convolution
    (Knutsson and Westin, 1993) with the kernel of a bilateral filter. A few pixels say little to a
    convolution that looks at all of them; this says at once which hints a place belongs to.
    """
    if not spots.any():
        return torch.zeros_like(spots)
    cells = F.avg_pool2d(torch.cat([spots, light], 1), SPREAD_STEP)
    spread = torch.stack([_spread(cell[:3], cell[3], doubt) for cell in cells])
    return F.interpolate(spread, spots.shape[-2:], mode="bilinear", align_corners=False)


def honour_hints(x: Tensor, ab: Tensor) -> Tensor:
    """a and b (N, 2, h, w), scaled by AB_SCALE, so that where a hint was given there is its colour.

    `x` is the input (N, 7, H, W) that they were made from. What the network is off by at the hints
    is spread like the hints themselves: what is near and as light is off by as much.
    """
    known = x[:, 3:4]
    if not known.any():
        return ab
    own = F.interpolate(ab, x.shape[-2:], mode="bilinear", align_corners=False)
    missing = torch.cat([x[:, 1:3] - own * known, known], 1)
    spread = spread_hints(missing, x[:, :1], HONOUR_DOUBT)
    return ab + F.interpolate(spread[:, :2] * spread[:, 2:], ab.shape[-2:], mode="area")


def _spread(spots: Tensor, light: Tensor, doubt: float) -> Tensor:
    """(3, h, w) of one photo's hints (3, h, w) and L (h, w), both by cells."""
    height, width = light.shape
    places = torch.cartesian_prod(torch.arange(height), torch.arange(width)).float()
    places = places / (SPREAD_SIGMA * min(height, width))
    points = torch.cat([places, light.reshape(-1, 1) / SPREAD_LIGHT], 1)  # (h * w, 3)
    hints = spots.flatten(1).T  # (h * w, 3)
    given = hints[:, 2] > 0
    if not given.any():
        return torch.zeros_like(spots)
    hints = hints[given]  # (n, 3)
    nearness = torch.cdist(points, points[given]).square() / -2 + hints[:, 2].log()  # (h * w, n)
    total = nearness.exp().sum(1, keepdim=True)
    colors = nearness.softmax(1) @ (hints[:, :2] / hints[:, 2:])
    return torch.cat([colors, total / (total + doubt)], 1).T.reshape(3, height, width)


def style_noise(style_dim: int, seed: int) -> Tensor:
    """Standard normal noise (1, style_dim) of a seed, the same on every device."""
    # torch takes 64 bits; any other integer is as good a seed as its remainder
    return torch.randn(1, style_dim, generator=torch.Generator().manual_seed(seed % 2**63))
