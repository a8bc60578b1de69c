"""Label maps and photos: NAME.png and NAME.jpg, as in the CMP Facade Database."""

import cv2
import numpy as np
import torch

from pix2pix.data.device_batches import PendingBatch
from pix2pix.data.device_views import draw_views
from pix2pix.data.discovery import Example
from pix2pix.data.example_reader import example_size, read_labels, read_photo
from pix2pix.data.image_cache import CachedExamples, ImageArrays
from pix2pix.data.loader import Batch
from pix2pix.data.pixel_store import PixelStore
from pix2pix.data.resize_crop import Geometry
from pix2pix.images.value_range import ValueRange
from pix2pix.labels.label_map import VOID
from pix2pix.labels.palette import FACADES, Palette
from pix2pix.models.tensors import encode_labels, encode_levels, encode_photo, one_hot


def find_void(photo: np.ndarray) -> np.ndarray:
    """The empty corners of a rectified photo (H, W, 3) uint8, as a mask (H, W) bool.

    Rectification leaves wedges of pure black or middle grey, which label maps do not mark. They are
    found as uniform regions touching the border. Morphological opening keeps dark windows at the
    border, grey must be uniform over 9 pixels, and both are dilated to cover their soft edges.
    """
    window = np.ones((9, 9), np.uint8)
    high, low = photo.max(-1), photo.min(-1)
    black = cv2.morphologyEx((high <= 12).astype(np.uint8), cv2.MORPH_OPEN, window) > 0
    spread = (cv2.dilate(photo, window) - cv2.erode(photo, window)).max(-1)
    flat = (spread <= 6) & (high - low <= 4) & ((high <= 28) | ((low >= 116) & (high <= 142)))
    wedge = black | (cv2.dilate(flat.astype(np.uint8), window) > 0)
    _, regions = cv2.connectedComponents(wedge.astype(np.uint8))
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    touching = np.setdiff1d(np.unique(border), [0])
    void = np.isin(regions, touching).astype(np.uint8)
    return cv2.dilate(void, np.ones((5, 5), np.uint8)).astype(bool)


def read_pair(
    example: Example, geometry: Geometry, palette: Palette, photo_range: ValueRange = ()
) -> ImageArrays:
    """Photo (H, W, 3) and label map (H, W) as stored for cropping. ValueError "FILE: reason"."""
    example_size(example)
    photo = read_photo(example.parts[0], photo_range)
    labels = read_labels(example.parts[1], palette)
    if palette.is_facades:
        labels = np.where(find_void(photo), VOID, labels).astype(np.uint8)
    return geometry.resize_to_stored((photo, labels))


class FacadePairs:
    """Label map -> photo, for the classes of the palette."""

    def __init__(
        self, examples: CachedExamples, geometry: Geometry, palette: Palette = FACADES
    ) -> None:
        self.examples = examples
        self.geometry = geometry
        self.palette = palette
        self.names = examples.names

    def __len__(self) -> int:
        return len(self.examples)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        views = self.geometry.crop_views([self.examples[i] for i in indices], rngs, size)
        photos, labels = (np.stack(arrays) for arrays in zip(*views))
        encoded = encode_labels(labels, len(self.palette))
        weight = torch.from_numpy(labels != VOID)[:, None].float()
        return Batch(encoded, encode_photo(photos), weight, encoded)

    def draw(
        self,
        indices: list[int],
        rngs: list[np.random.Generator],
        size: int | None,
        store: PixelStore,
    ) -> PendingBatch:
        images = store.take(indices)
        views = draw_views(self.geometry, images, rngs, size)
        return PendingBatch(self.compute, images.parts, views)

    def compute(self, pending: PendingBatch) -> Batch:
        """The batch, on the device of the pending one."""
        assert pending.views is not None
        photos = encode_levels(pending.views.average(pending.parts[0]))
        labels = pending.views.nearest(pending.parts[1])
        encoded = one_hot(labels, len(self.palette))
        return Batch(encoded, photos, (labels != VOID)[:, None].float(), encoded)
