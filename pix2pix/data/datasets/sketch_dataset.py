"""Photos with line drawings of them as input, made while training."""

import cv2
import numpy as np
import torch

from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.loader import Batch
from pix2pix.data.resize_crop import Geometry
from pix2pix.images.line_drawing import PAPER, Sketch, lines_from_photo, random_sketch
from pix2pix.labels.label_map import VOID
from pix2pix.models.tensors import encode_photo

MIN_STROKES = 2  # fewer show nothing that could be painted
CALM_SIDE = 3  # pixels per side of the colours that remain of the photo then


class SketchPhotos:
    """Line drawing -> photo, from plain photos.

    Training lines differ in each view; those of evaluation are `lines_from_photo`. A sheet with
    fewer than MIN_STROKES becomes a smooth background in the photo's colours, so that an empty
    sheet does not show half an object.
    """

    def __init__(self, examples: CachedExamples, geometry: Geometry, is_white: bool) -> None:
        """`is_white`: white lines on black instead of black ones on white."""
        self.examples = examples
        self.geometry = geometry
        self.is_white = is_white
        self.names = examples.names

    def __len__(self) -> int:
        return len(self.examples)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        views = self.geometry.crop_views([self.examples[i] for i in indices], rngs, size)
        photos, *masks = (np.stack(arrays) for arrays in zip(*views))
        if rngs is None:
            lines = np.stack([lines_from_photo(photo) for photo in photos])
        else:
            sketches = [random_sketch(photo, rng) for photo, rng in zip(photos, rngs)]
            lines = np.stack([sketch.image for sketch in sketches])
            photos = np.stack([calm_target(p, s) for p, s in zip(photos, sketches)])
        if self.is_white:
            lines = PAPER - lines
        is_bare = self.geometry.resize_mode == "pad" or (bool(masks) and rngs is None)
        picture = masks[0] != VOID if is_bare else np.ones(lines.shape, bool)
        weight = torch.from_numpy(picture)[:, None].float()
        encoded = encode_photo(np.repeat(lines[..., None], 3, axis=-1))
        return Batch(encoded, encode_photo(photos), weight, encoded)


def calm_target(photo: np.ndarray, sketch: Sketch) -> np.ndarray:
    """The photo, or for a nearly empty sketch a smooth background in its colours."""
    if sketch.num_strokes >= MIN_STROKES:
        return photo
    colors = cv2.resize(photo, (CALM_SIDE, CALM_SIDE), interpolation=cv2.INTER_AREA)
    return cv2.resize(colors, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
