"""Pairs of images, such as edges and shoes, maps and aerial photos, two kinds of scans."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pix2pix.data.device_batches import PendingBatch
from pix2pix.data.device_views import Views, draw_views
from pix2pix.data.discovery import Example
from pix2pix.data.example_reader import (
    PICTURES,
    Formats,
    example_size,
    formats_of,
    open_parts,
    read_part,
)
from pix2pix.data.image_cache import CachedExamples, ImageArrays
from pix2pix.data.loader import Batch
from pix2pix.data.pair_detection import HALF_NAMES
from pix2pix.data.pixel_store import PixelStore
from pix2pix.data.resize_crop import Geometry
from pix2pix.images.convert import to_rgb
from pix2pix.images.samples import PICTURE, SampleFormat
from pix2pix.images.value_range import read_in_range
from pix2pix.labels.label_map import VOID
from pix2pix.models.tensors import encode_image, encode_levels


def read_images(example: Example, geometry: Geometry, formats: Formats = PICTURES) -> ImageArrays:
    """Input and target as stored for cropping. ValueError "FILE: reason".

    By `formats`, those of inputs and targets, they are (H, W, 3) uint8 or (H, W, C) float32.
    """
    size = example_size(example, formats)
    rows, columns = geometry.stored_shape(size[::-1])
    side = max(rows, columns) if geometry.resize_mode == "rotate" else 0
    at_least = (max(columns, side), max(rows, side))
    own = formats_of(example, formats)
    pictures = [part for part, each in zip(example.parts, own) if each.is_picture]
    opened = iter(open_parts(pictures, at_least))
    arrays = []
    for part, each in zip(example.parts, own):
        if each.is_picture:
            image = read_in_range(next(opened), each.value_range)
            arrays.append(np.asarray(to_rgb(image)))
        else:
            arrays.append(read_part(part, each))
    return geometry.resize_with_mask(arrays)


class ImagePairs:
    """Image -> image. The discriminator is conditioned on the whole input."""

    def __init__(
        self, examples: CachedExamples, geometry: Geometry, target_format: SampleFormat = PICTURE
    ) -> None:
        self.examples = examples
        self.geometry = geometry
        self.target_format = target_format
        self.names = examples.names

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def input_half(self) -> str:
        """The half of the input in side-by-side pairs, "left" or "right"; "" for other pairs."""
        half = self.examples.input_half
        return "" if half is None else HALF_NAMES[half]

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        views = self.geometry.crop_views([self.examples[i] for i in indices], rngs, size)
        source, target, *masks = (np.stack(arrays) for arrays in zip(*views))
        weight = weigh_padding(source, masks, self.geometry.resize_mode, rngs is None)
        encoded = encode_image(source)
        return Batch(encoded, encode_image(target), weight, encoded)

    def draw(
        self,
        indices: list[int],
        rngs: list[np.random.Generator],
        size: int | None,
        store: PixelStore,
    ) -> PendingBatch:
        images = store.take(indices)
        views = draw_views(self.geometry, images, rngs, size)
        return PendingBatch(self._compute, images.parts, views)

    def _compute(self, pending: PendingBatch) -> Batch:
        assert pending.views is not None
        source, target = (encode_levels(pending.views.average(part)) for part in pending.parts[:2])
        weight = weigh_padding_views(pending.views, pending.parts[2:], self.geometry.resize_mode)
        return Batch(source, target, weight, source)


def weigh_padding(
    images: np.ndarray, masks: Sequence[np.ndarray], resize_mode: str, in_evaluation: bool
) -> Tensor:
    """The weight (N, 1, H, W) of each pixel of images (N, H, W, C): 0 on padding, else 1.

    `masks` is empty, or holds the masks (N, H, W) of `Geometry.resize_with_mask`. Mirrored padding
    counts in training, but not in evaluation.
    """
    is_bare = resize_mode == "pad" or (bool(masks) and in_evaluation)
    picture = masks[0] != VOID if is_bare else np.ones(images.shape[:3], bool)
    return torch.from_numpy(picture)[:, None].float()


def weigh_padding_views(views: Views, masks: Sequence[Tensor], resize_mode: str) -> Tensor:
    """`weigh_padding` of training views on any device; `masks` (P,) is empty or packed."""
    if resize_mode == "pad":
        return (views.nearest(masks[0]) != VOID)[:, None].float()
    n, height = views.nearest_rows.shape
    width = views.nearest_columns.shape[1]
    return torch.ones(n, 1, height, width, device=views.nearest_rows.device)
