"""Convert between arrays and the tensors of a generator, for each task.

Training and inference share these functions, so that both encode inputs in the same way. Images are
(N, H, W, C) as arrays and (N, C, H, W) as tensors in -1..1.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.images.color import AB_SCALE
from pix2pix.images.repair import fill_smooth
from pix2pix.labels.label_map import VOID

SPREAD_STEP = 8  # cell size in pixels of the grid on which hints are propagated
MAX_DENSE_PAIRS = 1 << 26  # of cells in a batch; each takes 4 bytes, a few times over


def encode_labels(label_maps: np.ndarray, num_classes: int) -> Tensor:
    """One-hot (N, num_classes, H, W) float from indices (N, H, W) uint8; VOID is all zeros."""
    return one_hot(torch.from_numpy(label_maps), num_classes)


def one_hot(labels: Tensor, num_classes: int) -> Tensor:
    """As `encode_labels`, from indices (N, H, W) uint8 on any device."""
    classes = torch.arange(num_classes, dtype=torch.uint8, device=labels.device)
    assert num_classes <= VOID
    return (labels[:, None] == classes[None, :, None, None]).float()


def encode_photo(rgb_u8: np.ndarray) -> Tensor:
    """(N, 3, H, W) in -1..1 of sRGB (N, H, W, 3) uint8."""
    return encode_levels(torch.from_numpy(rgb_u8).permute(0, 3, 1, 2))


def encode_levels(levels: Tensor) -> Tensor:
    """(N, 3, H, W) in -1..1 of sRGB levels (N, 3, H, W) in 0..255 on any device."""
    return levels.float() / 127.5 - 1


def decode_photo(photo: Tensor) -> np.ndarray:
    """sRGB (N, H, W, 3) uint8 of (N, 3, H, W) in -1..1."""
    u8 = ((photo.float() + 1) * 127.5 + 0.5).clamp(0, 255).to(torch.uint8)
    return u8.permute(0, 2, 3, 1).cpu().numpy()


def encode_image(images: np.ndarray) -> Tensor:
    """(N, C, H, W) in -1..1 of pictures (N, H, W, 3) uint8, or of float32 fractions in 0..1."""
    if images.dtype == np.uint8:
        return encode_photo(images)
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() * 2 - 1


def decode_fractions(images: Tensor) -> np.ndarray:
    """Fractions of the value range, (N, H, W, C) float32 in 0..1, of (N, C, H, W) in -1..1."""
    fractions = ((images.float() + 1) / 2).clamp(0, 1)
    return fractions.permute(0, 2, 3, 1).cpu().numpy()


def as_rgb(images: Tensor) -> Tensor:
    """Images (N, C, H, W) as (N, 3, H, W), to be shown or compared as pictures.

    One channel is grey; two are magenta and green; of more than three, the first, the middle and
    the last are red, green and blue.
    """
    channels = images.shape[1]
    if channels == 3:
        return images
    if channels == 1:
        return images.expand(-1, 3, -1, -1)
    return images[:, [0, 1, 0] if channels == 2 else [0, channels // 2, channels - 1]]


def show_images(images: Tensor) -> np.ndarray:
    """Pictures (N, H, W, 3) uint8 of images (N, C, H, W) in -1..1; see `as_rgb`."""
    return decode_photo(as_rgb(images))


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
    """The input (N, 7, H, W): L, hint a/b, hint mask, and the propagated a, b and mask.

    `hints` (N, H, W, 2) are a/b where `mask` (N, H, W) is 1. H and W are multiples of SPREAD_STEP.
    """
    known = torch.from_numpy(mask)[:, None].float()
    spots = torch.cat([encode_ab(hints) * known, known], 1)
    return join_colorize_input(encode_lightness(lightness), spots)


def join_colorize_input(light: Tensor, spots: Tensor) -> Tensor:
    """The input (N, 7, H, W) of encoded L (N, 1, H, W) and hints (N, 3, H, W): a, b, mask."""
    return torch.cat([light, spots, spread_hints(spots, light)], 1)


def encode_restore_input(lightness: np.ndarray, marks: np.ndarray) -> Tensor:
    """The input (N, 2, H, W): L, filled smoothly where a place is marked, and the marks.

    `lightness` (N, H, W) is L in 0..100, `marks` (N, H, W) is 1 at places to repair, else 0.
    """
    filled = np.stack([fill_smooth(x, mask) for x, mask in zip(lightness, marks)])
    return torch.cat([encode_lightness(filled), torch.from_numpy(marks)[:, None].float()], 1)


def decode_restored(output: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """L without damage in 0..100 and the probability of damage, (N, H, W) float32 each."""
    lightness, damage = ((output.float() + 1) / 2).cpu().numpy().transpose(1, 0, 2, 3)
    return lightness * 100, damage


@dataclass(frozen=True)
class Kernel:
    """Parameters of the hint propagation."""

    sigma: float  # spatial standard deviation, relative to the short side
    light: float  # standard deviation in L, which is in -1..1
    doubt: float  # total hint weight at which the confidence is one half


AS_INPUT = Kernel(0.12, 0.3, 0.1)
AS_MISSED = Kernel(0.12, 0.3, 0.02)
BY_CODE = Kernel(0.18, 0.26, 0.01)  # learned together with the embeddings


def spread_hints(
    spots: Tensor, light: Tensor, kernel: Kernel = AS_INPUT, code: Tensor | None = None
) -> Tensor:
    """Propagates hints (N, 3, H, W) to similar pixels: a, b and a confidence in 0..1.

    Pixels are similar if they are close, have a similar L in `light` (N, 1, H, W), -1..1, and a
    similar embedding `code` (N, K, h, w): normalised convolution (Knutsson and Westin, 1993) with
    a bilateral kernel. Convolutions alone hardly react to a few hinted pixels.
    """
    on_cpu = spots.device.type == "cpu"
    if on_cpu and not spots.any():
        return torch.zeros_like(spots)
    cells = F.avg_pool2d(torch.cat([spots, light], 1), SPREAD_STEP)
    codes = cells[:, :0] if code is None else F.interpolate(code, cells.shape[-2:], mode="area")
    if on_cpu or cells[:, 0].numel() * cells[0, 0].numel() > MAX_DENSE_PAIRS:
        spread = torch.stack(
            [_spread(cell[:3], cell[3:], c, kernel) for cell, c in zip(cells, codes)]
        )
    else:
        spread = spread_densely(cells[:, :3], cells[:, 3:], codes, kernel)
    return F.interpolate(spread, spots.shape[-2:], mode="bilinear", align_corners=False)


def apply_hints(x: Tensor, output: Tensor) -> Tensor:
    """a and b (N, 2, h, w), scaled by AB_SCALE, that match the hints.

    `output` (N, 2 + hint_embed_dim, h, w) is the generator's for the input `x` (N, 7, H, W).
    Propagates the residual at hints to similar pixels, like the hints themselves.
    """
    ab, code = output[:, :2], output[:, 2:]
    known = x[:, 3:4]
    if x.device.type == "cpu" and not known.any():
        return ab
    own = F.interpolate(ab, x.shape[-2:], mode="bilinear", align_corners=False)
    missing = torch.cat([x[:, 1:3] - own * known, known], 1)
    has_code = code.shape[1] > 0
    kernel = BY_CODE if has_code else AS_MISSED
    spread = spread_hints(missing, x[:, :1], kernel, code if has_code else None)
    return ab + F.interpolate(spread[:, :2] * spread[:, 2:], ab.shape[-2:], mode="area")


def with_flip(x: Tensor) -> Tensor:
    """(2 N, C, H, W): images, then their mirror images. See `merge_flip`."""
    return torch.cat([x, x.flip(-1)])


def merge_flip(output: Tensor) -> Tensor:
    """The mean (N, C, H, W) of the outputs for a `with_flip` batch, flipped back."""
    straight, mirrored = output.chunk(2)
    return (straight + mirrored.flip(-1)) / 2


def _spread(spots: Tensor, light: Tensor, code: Tensor, kernel: Kernel) -> Tensor:
    """Propagated hints (3, h, w) of one photo: hints (3, h, w), L (1, h, w), code (K, h, w)."""
    height, width = light.shape[-2:]
    hints = spots.flatten(1).T  # (h * w, 3)
    given = hints[:, 2] > 0
    if not given.any():
        return torch.zeros_like(spots)
    hints = hints[given]  # (n, 3)
    places = _places(height, width, light.device, kernel)
    points = torch.cat([places, light.flatten(1).T / kernel.light, code.flatten(1).T], 1)
    nearness = -squared_distances(points, points[given]) / 2 + hints[:, 2].log()  # (h * w, n)
    total = nearness.exp().sum(1, keepdim=True)
    colors = nearness.softmax(1) @ (hints[:, :2] / hints[:, 2:])
    return torch.cat([colors, total / (total + kernel.doubt)], 1).T.reshape(3, height, width)


def spread_densely(spots: Tensor, light: Tensor, code: Tensor, kernel: Kernel) -> Tensor:
    """`_spread` of a batch: hints (N, 3, h, w), L (N, 1, h, w), code (N, K, h, w) -> (N, 3, h, w).

    Every cell counts as a hint, those without one with a weight of 0. So a GPU neither waits for
    the CPU to count hints, nor gets a dozen small kernels for each photo.
    """
    height, width = light.shape[-2:]
    hints = spots.flatten(2).mT  # (N, h * w, 3)
    weight = hints[:, None, :, 2]  # (N, 1, h * w)
    given = weight > 0
    places = _places(height, width, light.device, kernel).expand(len(light), -1, -1)
    points = torch.cat([places, light.flatten(2).mT / kernel.light, code.flatten(2).mT], 2)
    nearness = -squared_distances(points, points) / 2  # (N, h * w, h * w)
    nearness = torch.where(given, nearness + torch.where(given, weight, 1).log(), -torch.inf)
    total = nearness.exp().sum(2, keepdim=True)
    # Photos without hints: a softmax of -inf only would be NaN
    nearness = torch.where(given.any(2, keepdim=True), nearness, 0)
    colors = hints[..., :2] / torch.where(given, weight, 1).mT
    colors = nearness.softmax(2) @ torch.where(given.mT, colors, 0)
    return torch.cat([colors, total / (total + kernel.doubt)], 2).mT.unflatten(2, (height, width))


def _places(height: int, width: int, device: torch.device, kernel: Kernel) -> Tensor:
    """The positions (height * width, 2) of cells, in units of the kernel."""
    rows, columns = (torch.arange(side, device=device) for side in (height, width))
    return torch.cartesian_prod(rows, columns) / (kernel.sigma * min(height, width))


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Squared distances (..., N, M) of points (..., N, D) and (..., M, D).

    The gradient is finite everywhere.
    """
    squares = a.square().sum(-1, keepdim=True) + b.square().sum(-1)[..., None, :]
    return (squares - 2 * a @ b.mT).clamp(min=0)


def style_noise(style_dim: int, seed: int) -> Tensor:
    """Standard normal noise (1, style_dim) of a seed, the same on every device."""
    # torch seeds have 64 bits; larger integers are reduced
    return torch.randn(1, style_dim, generator=torch.Generator().manual_seed(seed % 2**63))
