"""Label maps from photos (task `photo2labels`)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.data.resize_crop import Placement, serving_geometry
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.images.value_range import read_in_range
from pix2pix.inference.gpu_on_demand import make_runner
from pix2pix.inference.working_shapes import pad_to_multiple, resize_photo, working_shape
from pix2pix.labels.label_map import resize_label_map
from pix2pix.models.tensors import encode_photo, merge_flip, with_flip

STRIP_PIXELS = 1 << 18  # upsampling works in strips, so that 50 megapixels fit in memory


class Tracer:
    """Finds the label map of a photo (task `photo2labels`)."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = make_runner(model, device, engine)

    def trace(self, photo: Image.Image) -> np.ndarray:
        """The class index of each pixel of the photo, (H, W) uint8, at the photo's size."""
        rgb = self._read(photo)
        return argmax_upsampled(self.likelihoods(rgb), (photo.height, photo.width))

    def complete(self, photo: Image.Image, partial: np.ndarray, known: Sequence[int]) -> np.ndarray:
        """A partial label map with the rest traced, (H, W) uint8 at the photo's size.

        `partial` (h, w) uint8 marks the classes `known` completely: its pixels of these classes
        keep them, and all others get the most likely of the other classes. Raises ValueError if
        the aspect ratios differ or `known` is empty or holds every class.
        """
        classes = self.config.generator.out_channels
        others = [i for i in range(classes) if i not in known]
        if not known or not others:
            raise ValueError(
                f"some but not all of the {classes} classes must be known, got {len(known)}"
            )
        if abs(partial.shape[1] / partial.shape[0] * photo.height / photo.width - 1) > 0.02:
            raise ValueError(
                f"the label map is {partial.shape[1]}x{partial.shape[0]} and the photo "
                f"{photo.width}x{photo.height}: their aspect ratios must be equal"
            )
        rgb = self._read(photo)
        partial = resize_label_map(partial, rgb.shape[:2])
        likely = self.likelihoods(rgb)[..., others]
        traced = np.array(others, np.uint8)[argmax_upsampled(likely, rgb.shape[:2])]
        return np.where(np.isin(partial, known), partial, traced)

    def _read(self, photo: Image.Image) -> np.ndarray:
        """The photo as (H, W, 3) uint8."""
        return to_array(to_rgb(read_in_range(photo, self.config.input_range)))

    def likelihoods(self, rgb: np.ndarray) -> np.ndarray:
        """The class probabilities (h, w, K) float32 in 0..1 of a photo (H, W, 3) uint8.

        h and w are the sides of the network's input, or half of them. Averages the predictions for
        the photo and its mirror image.
        """
        geometry = serving_geometry(self.config)
        if geometry.resize_mode == "squeeze":  # keep the aspect, as training nearly does
            shape = working_shape(rgb.shape[0], rgb.shape[1], min(self.config.shape))
            small, placement = resize_photo(rgb, shape), Placement(shape, shape)
        else:
            small, placement = (
                geometry.prepare(rgb),
                geometry.placement((rgb.shape[0], rgb.shape[1])),
            )
        height, width = placement.outer
        small = pad_to_multiple(small, self.config.generator.multiple)
        logits = self._runner(with_flip(encode_photo(small[None])), None)
        mean = merge_flip(torch.softmax(logits, dim=1))[0]  # (K, h, w)
        part = len(small) // mean.shape[1]
        found = mean[:, : -(-height // part), : -(-width // part)].permute(1, 2, 0)
        return placement.extract(found.contiguous().numpy())


def argmax_upsampled(likelihoods: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The most likely class (H, W) uint8 from probabilities (h, w, K) interpolated to `shape`.

    Works in strips: twelve probabilities for 50 million pixels would take 2.4 GB.
    """
    height, width = shape
    rows, _, classes = likelihoods.shape
    result = np.empty(shape, np.uint8)
    step = max(1, 12 * STRIP_PIXELS // (classes * width))
    for top in range(0, height, step):
        y = (np.arange(top, min(top + step, height)) + 0.5) * (rows / height) - 0.5
        y = y.clip(0, rows - 1).astype(np.float32)
        above = y.astype(int)
        below = np.minimum(above + 1, rows - 1)
        part = (y - above).astype(np.float32)[:, None, None]
        strip = likelihoods[above] * (1 - part) + likelihoods[below] * part  # (step, w, K)
        wide = cv2.resize(strip, (width, len(y)), interpolation=cv2.INTER_LINEAR)
        result[top : top + len(y)] = wide.reshape(len(y), width, classes).argmax(-1)
    return result
