"""Lab, old-photo defects and colour hints for a whole batch at once, on any device.

The functions equal those of `images/color.py`, `images/degradation.py` and `colorization_dataset`
within float error.
"""

import functools
from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.images.color import (
    LAB_EPSILON,
    LAB_KAPPA,
    LAB_OFFSET,
    LINEAR_OF_U8,
    RGB_TO_XYZ,
    WHITE_POINT,
)
from pix2pix.images.degradation import GRAIN_BLUR, Degradation
from pix2pix.runtime.device import full_precision

MAX_BLUR_RADIUS = 6  # of a blur by 1.5 pixels in cv2.GaussianBlur
LEAST_OVERLAP = 1e-3  # OpenCV ignores smaller overlaps of pixels


@functools.lru_cache(maxsize=8)
def _lab_tables(device: torch.device) -> tuple[Tensor, Tensor]:
    """Linear values of 8-bit sRGB (256,), and the matrix (3, 3) to XYZ relative to white."""
    matrix = torch.from_numpy(RGB_TO_XYZ / WHITE_POINT[:, None])
    return torch.from_numpy(LINEAR_OF_U8).to(device), matrix.to(device)


def levels_to_lab(levels: Tensor) -> Tensor:
    """Lab (N, 3, H, W) of sRGB levels 0..255 (N, 3, H, W), whole numbers."""
    table, matrix = _lab_tables(levels.device)
    linear = table[levels.long()]
    xyz = (linear.movedim(1, -1) @ matrix.T).movedim(-1, 1)
    root = xyz.clamp(min=LAB_EPSILON).pow(1 / 3)
    x, y, z = torch.where(xyz > LAB_EPSILON, root, LAB_KAPPA * xyz + LAB_OFFSET).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def gaussian_kernels(sigmas: Sequence[float], radius: int = MAX_BLUR_RADIUS) -> np.ndarray:
    """The kernels (N, 2 * radius + 1) of cv2.GaussianBlur on float images; 0 changes nothing."""
    kernels: np.ndarray = np.zeros((len(sigmas), 2 * radius + 1), np.float32)
    for kernel, sigma in zip(kernels, sigmas):
        reach = (round(8 * sigma + 1) | 1) // 2
        size = 2 * reach + 1
        kernel[radius - reach : radius + reach + 1] = (
            cv2.getGaussianKernel(size, sigma, cv2.CV_32F)[:, 0] if sigma else 1
        )
    return kernels


def blur(images: Tensor, kernels: Tensor) -> Tensor:
    """Images (N, C, H, W) blurred by a kernel each (N, K) in both directions, edges mirrored."""
    n, channels, height, width = images.shape
    radius = kernels.shape[1] // 2
    kernels = kernels.repeat_interleave(channels, 0)[:, None]  # (N * C, 1, K)
    x = F.pad(images.reshape(1, n * channels, height, width), [radius] * 4, mode="reflect")
    with full_precision(images.device):
        x = F.conv2d(x, kernels[:, :, :, None], groups=n * channels)
        x = F.conv2d(x, kernels[:, :, None], groups=n * channels)
    return x.reshape(images.shape)


def pack_degradations(defects: Sequence[Degradation], height: int, width: int) -> dict[str, Tensor]:
    """The defects of a batch of photos (H, W), as tensors for `degrade_batch`."""
    tones = np.array([(d.gamma, d.black, d.white) for d in defects], np.float32)
    flat = np.zeros((3, 3), np.float32)
    patches = np.stack([flat if d.patches is None else d.patches for d in defects])
    small = np.array([d.small or (height, width) for d in defects])
    grainy = [i for i, d in enumerate(defects) if d.grain is not None]
    scratched = [i for i, d in enumerate(defects) if d.scratches is not None]
    packed = {
        "tones": tones,  # (N, 3)
        "patches": patches,  # (N, 3, 3)
        "patch_rows": _cubic_matrix(height),  # (H, 3)
        "patch_columns": _cubic_matrix(width),  # (W, 3)
        "blur": gaussian_kernels([d.blur for d in defects]),  # (N, K)
        "small": small,  # (N, 2)
        "grainy": np.array(grainy, np.int64),  # (M,): indices of photos with grain
        "grain": _stack([defects[i].grain for i in grainy], np.float32, height, width),
        "grain_blur": gaussian_kernels([GRAIN_BLUR] * len(grainy)),  # (M, K)
        "grain_strength": np.array([defects[i].grain_strength for i in grainy], np.float32),
        "scratched": np.array(scratched, np.int64),  # (S,)
        "scratches": _stack([defects[i].scratches for i in scratched], np.uint8, height, width),
        "scratch_tone": np.array([defects[i].scratch_tone for i in scratched], np.float32),
    }
    return {name: torch.from_numpy(array) for name, array in packed.items()}


def degrade_batch(lightness: Tensor, packed: dict[str, Tensor]) -> Tensor:
    """L (N, 1, H, W) in 0..100 with the defects of `pack_degradations`."""
    gamma, black, white = packed["tones"].T[:, :, None, None, None]  # (N, 1, 1, 1) each
    x = black + (lightness / 100).clamp(min=0).pow(gamma) * (white - black)
    x = x + (packed["patch_rows"] @ packed["patches"] @ packed["patch_columns"].T)[:, None]
    x = blur(x, packed["blur"])
    height, width = x.shape[-2:]
    rows = shrink_and_grow(packed["small"][:, 0], height)
    columns = shrink_and_grow(packed["small"][:, 1], width)
    x = rows[:, None] @ x @ columns[:, None].mT
    if len(packed["grainy"]):
        grain = blur(packed["grain"][:, None], packed["grain_blur"])
        x = x.index_add(0, packed["grainy"], grain * packed["grain_strength"][:, None, None, None])
    if len(chosen := packed["scratched"]):
        tone = packed["scratch_tone"][:, None, None, None]
        marked = torch.where(packed["scratches"][:, None] > 0, tone, x[chosen])
        x = x.index_copy(0, chosen, marked)
    return (x * 100).clamp(0, 100)


def shrink_and_grow(small: Tensor, size: int) -> Tensor:
    """Matrices (N, size, size): area average to `small` (N,) values, linear interpolation back.

    They are those of cv2.resize with INTER_AREA and INTER_LINEAR; `small` equal to `size` changes
    nothing.
    """
    small = small[:, None, None].to(torch.float32)
    at = torch.arange(size, device=small.device)
    scale = size / small  # (N, 1, 1)
    low = at[:, None] * scale  # (N, size, 1): row i of the small image begins here
    overlap = torch.minimum(low + scale, at + 1.0) - torch.maximum(low, at.float())
    shrink = torch.where(overlap > LEAST_OVERLAP, overlap, 0) / scale  # (N, small, size)
    source = (at[:, None] + 0.5) / scale - 0.5
    source = torch.minimum(source.clamp(min=0), small - 1)
    grow = (1 - (source - at).abs()).clamp(min=0)  # (N, size, small)
    return grow @ shrink


def paint_hints(hints: Sequence[np.ndarray], height: int, width: int) -> dict[str, Tensor]:
    """The hints (k, 3) of each photo, reach, y and x, as tensors for `hint_batch`."""
    spots: np.ndarray = np.zeros((len(hints), height, width), np.uint8)
    for spot, own in zip(spots, hints):
        for number, (reach, y, x) in enumerate(own.tolist(), 1):
            spot[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = number
    counts = [len(own) for own in hints]
    return {
        "hints": torch.from_numpy(np.concatenate(hints)),  # (M, 3) of the whole batch
        "hint_photos": torch.from_numpy(np.repeat(np.arange(len(hints)), counts)),  # (M,)
        "hint_starts": torch.from_numpy(np.cumsum([0, *counts[:-1]])),  # (N,): of each photo in M
        "spots": torch.from_numpy(spots),  # (N, H, W): number of the last hint there, 0 for none
    }


def hint_batch(ab: Tensor, drawn: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """a/b (N, 2, H, W) at the hints, and their mask (N, 1, H, W): the mean colours of the spots."""
    height, width = ab.shape[-2:]
    reach, y, x = drawn["hints"].T[:, :, None]  # (M, 1) each
    span = torch.arange(-3, 4, device=ab.device)  # (7,)
    rows, columns = y + span, x + span  # (M, 7)
    in_rows = (span.abs() <= reach) & (rows >= 0) & (rows < height)
    in_columns = (span.abs() <= reach) & (columns >= 0) & (columns < width)
    inside = (in_rows[:, :, None] & in_columns[:, None]).to(ab)[..., None]  # (M, 7, 7, 1)
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    photos = drawn["hint_photos"][:, None, None]
    patches = ab[photos, :, rows[:, :, None], columns[:, None]]  # (M, 7, 7, 2)
    colors = (patches * inside).sum((1, 2)) / inside.sum((1, 2))
    colors = torch.cat([colors.new_zeros(1, 2), colors])  # the first: no hint
    spots = drawn["spots"].long()
    index = torch.where(spots > 0, spots + drawn["hint_starts"][:, None, None], 0)
    return colors[index].movedim(-1, 1), (spots > 0).to(ab)[:, None]


@functools.lru_cache(maxsize=16)
def _cubic_matrix(size: int) -> np.ndarray:
    """The matrix (size, 3) that enlarges three values as cv2.INTER_CUBIC does."""
    return cv2.resize(np.eye(3, dtype=np.float32), (3, size), interpolation=cv2.INTER_CUBIC)


def _stack(images: list[np.ndarray | None], kind: type, height: int, width: int) -> np.ndarray:
    return np.stack(images) if images else np.zeros((0, height, width), kind)  # type: ignore[arg-type]
