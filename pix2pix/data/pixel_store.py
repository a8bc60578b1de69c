"""Decoded examples as packed pixels: kept on a device if they fit there, else sent with a batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pix2pix.data.image_cache import CachedExamples, ImageArrays
from pix2pix.data.resize_crop import Shape

DEVICE_PART = 0.25  # share of a GPU's free memory for decoded images


@dataclass(frozen=True)
class PackedImages:
    """Images of some examples, one after the other.

    `parts` has a tensor for each image of an example (photo, label map, mask): (P, 3) or (P,)
    uint8, the pixels of all examples in row-major order. All images of an example have one shape.
    """

    parts: tuple[Tensor, ...]
    starts: np.ndarray  # (N,) int64, index of the first pixel of each chosen example
    shapes: list[Shape]  # (H, W) of each chosen example


def pack(examples: Sequence[ImageArrays]) -> PackedImages:
    """The examples in host memory."""
    shapes = [(images[0].shape[0], images[0].shape[1]) for images in examples]
    parts = tuple(
        torch.from_numpy(np.concatenate([x.reshape(-1, *x.shape[2:]) for x in images]))
        for images in zip(*examples)
    )
    return PackedImages(parts, count_starts(shapes), shapes)


def count_starts(shapes: Sequence[Shape]) -> np.ndarray:
    """The index of the first pixel of each of these images, (N,) int64."""
    sizes = [height * width for height, width in shapes]
    return np.cumsum([0, *sizes[:-1]], dtype=np.int64)


class PixelStore:
    """The pixels of a set: with `keeps` all on `device`, else those asked for in host memory."""

    def __init__(self, examples: CachedExamples, device: torch.device, keeps: bool) -> None:
        self._examples = examples
        self._kept = _upload(examples, device) if keeps else None

    @property
    def is_on_device(self) -> bool:
        return self._kept is not None

    def take(self, indices: Sequence[int]) -> PackedImages:
        """The examples of these indices; ValueError "FILE: reason" for a bad file."""
        if self._kept is None:
            return pack([self._examples[i] for i in indices])
        shapes = [self._kept.shapes[i] for i in indices]
        return PackedImages(self._kept.parts, self._kept.starts[list(indices)], shapes)


def fits_on_device(examples: CachedExamples, device: torch.device) -> bool:
    """Whether the decoded examples are in memory, and take at most DEVICE_PART of a free GPU's."""
    if device.type != "cuda" or not examples.in_memory:
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return count_bytes(examples) <= free * DEVICE_PART


def count_bytes(examples: CachedExamples) -> int:
    """The size of all decoded examples."""
    return sum(image.nbytes for i in range(len(examples)) for image in examples[i])


def _upload(examples: CachedExamples, device: torch.device) -> PackedImages:
    shapes = [(x.shape[0], x.shape[1]) for x in (examples[i][0] for i in range(len(examples)))]
    starts = count_starts(shapes)
    total = sum(height * width for height, width in shapes)
    parts = tuple(
        torch.empty((total, *image.shape[2:]), dtype=torch.uint8, device=device)
        for image in examples[0]
    )
    for i, start in enumerate(starts.tolist()):
        for part, image in zip(parts, examples[i]):
            pixels = torch.from_numpy(image.reshape(-1, *image.shape[2:]))
            part[start : start + len(pixels)] = pixels
    return PackedImages(parts, starts, shapes)
