"""The one door to a model for the app and the command line: PIL or NumPy in, PIL or NumPy out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model, load_checkpoint
from pix2pix.colorizing import MAX_STRENGTH, Colorizer, PhotoSession
from pix2pix.config import CheckpointConfig, require
from pix2pix.device import choose_device
from pix2pix.encoding import decode_photo, encode_labels, encode_photo
from pix2pix.engines import ENGINES, Stop, StoppedError
from pix2pix.fallback import Steadfast
from pix2pix.hints import MAX_HINTS, Hint
from pix2pix.hub import resolve
from pix2pix.labels import check_label_map, resize_label_map
from pix2pix.pixels import to_array, to_rgb
from pix2pix.serving import Styles, pad_to_multiple, resize, working_shape
from pix2pix.translator import Translator

MAX_SIDE = 4096  # of a picture that is asked for, in pixels
STRIP_PIXELS = 1 << 18  # a photo is traced in strips, so that 50 megapixels fit in memory

__all__ = [
    "ENGINES",
    "MAX_HINTS",
    "MAX_STRENGTH",
    "Colorizer",
    "Drawer",
    "Hint",
    "PhotoSession",
    "Stop",
    "StoppedError",
    "Tracer",
    "Translator",
    "load_any",
    "load_colorizer",
    "load_drawer",
    "load_tracer",
    "load_translator",
]

Style: TypeAlias = "Sequence[float] | np.ndarray"


class Drawer:
    """Paints the photo of a label map (task `labels2photo`)."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self.largest = config.largest or min(config.shape)
        self._runner = Steadfast(model, device, engine)
        self._styles = Styles(config, model.style_encoder)

    @property
    def style_dim(self) -> int:
        """How many numbers a style has; 0 where each drawing has one building."""
        return self.config.generator.style_dim

    @property
    def styles(self) -> dict[str, tuple[float, ...]]:
        """The named styles that came with the checkpoint."""
        return self.config.styles

    def style_from(self, photo: Image.Image) -> np.ndarray:
        """The style (style_dim,) float32 of a photo of a building, any size, to draw others in.

        Raises ValueError where the checkpoint has no styles.
        """
        return self._styles.read(photo)

    def draw(
        self,
        label_map: np.ndarray,
        seed: int = 0,
        style: Style | None = None,
        stop: Stop = None,
        size: int | None = None,
    ) -> np.ndarray:
        """The photo (H, W, 3) uint8 of a label map (H, W) uint8 of class indices or VOID.

        The same map and style give the same photo. The style is `style` (style_dim numbers) where
        it is given, else one drawn by the seed. The photo's short side is `size`, or the map's. The
        model paints from its own size to `largest`, on the short side; what is asked for beyond is
        painted there and comes back enlarged or reduced. Raises ValueError for an array that is no
        label map, for a size below 1 or above MAX_SIDE, and for a style that is none of this
        checkpoint's; StoppedError soon after `stop()` is true.
        """
        num_classes = self.config.generator.in_channels
        check_label_map(label_map, num_classes)
        code = self._styles.code(seed, style)
        height, width = label_map.shape
        if size is not None:
            require(1 <= size <= MAX_SIDE, "size", f"from 1 to {MAX_SIDE}", size)
            height, width = (
                max(1, round(s * size / min(label_map.shape))) for s in (height, width)
            )
        side = min(height, width, self.largest)
        working = working_shape(height, width, max(side, min(self.config.shape)))
        labels = pad_to_multiple(
            resize_label_map(label_map, working), 2**self.config.generator.depth
        )
        output = self._runner(encode_labels(labels[None], num_classes), code, stop)
        photo = decode_photo(output)[0, : working[0], : working[1]]
        return resize(photo, (height, width)) if photo.shape[:2] != (height, width) else photo


class Tracer:
    """Reads the label map out of a photo (task `photo2labels`)."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = Steadfast(model, device, engine)

    def trace(self, photo: Image.Image) -> np.ndarray:
        """The class index of each pixel of the photo, (H, W) uint8, at the photo's size."""
        return largest_class(self.likelihoods(to_array(to_rgb(photo))), (photo.height, photo.width))

    def likelihoods(self, rgb: np.ndarray) -> np.ndarray:
        """How likely each class is (h, w, K) float32 in 0..1, of a photo (H, W, 3) uint8.

        h and w are the working size, or half of it. The mean of the photo's and its mirror image's:
        what is left and what is right should not matter.
        """
        height, width = working_shape(rgb.shape[0], rgb.shape[1], min(self.config.shape))
        small = pad_to_multiple(resize(rgb, (height, width)), 2**self.config.generator.depth)
        logits = self._runner(encode_photo(np.stack([small, small[:, ::-1]])), None)
        straight, mirrored = torch.softmax(logits, dim=1)  # (K, h, w) each
        mean = (straight + mirrored.flip(-1)) / 2
        part = len(small) // mean.shape[1]
        return (
            mean[:, : -(-height // part), : -(-width // part)].permute(1, 2, 0).contiguous().numpy()
        )


def largest_class(likelihoods: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The most likely class (H, W) uint8 of likelihoods (h, w, K) interpolated to `shape`.

    In strips: twelve likelihoods of each of 50 million pixels would take 2.4 GB.
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


def load_drawer(folder: str | Path, device: str = "auto", engine: str = "torch") -> Drawer:
    """Raises ValueError where the folder is no labels2photo checkpoint."""
    return Drawer(*_load(folder, "labels2photo"), choose_device(device), engine)


def load_colorizer(folder: str | Path, device: str = "auto", engine: str = "torch") -> Colorizer:
    """Raises ValueError where the folder is no colorize checkpoint."""
    return Colorizer(*_load(folder, "colorize"), choose_device(device), engine)


def load_tracer(folder: str | Path, device: str = "auto", engine: str = "torch") -> Tracer:
    """Raises ValueError where the folder is no photo2labels checkpoint."""
    return Tracer(*_load(folder, "photo2labels"), choose_device(device), engine)


def load_translator(folder: str | Path, device: str = "auto", engine: str = "torch") -> Translator:
    """Raises ValueError where the folder is no image2image checkpoint."""
    return Translator(*_load(folder, "image2image"), choose_device(device), engine)


def load_any(
    folder: str | Path, device: str = "auto", engine: str = "torch"
) -> Drawer | Colorizer | Tracer | Translator:
    """The service of a checkpoint, whatever its task. ValueError where the folder is none."""
    config, model = load_checkpoint(resolve(folder))
    services: dict[str, type[Drawer | Colorizer | Tracer | Translator]] = {
        "labels2photo": Drawer,
        "colorize": Colorizer,
        "photo2labels": Tracer,
        "image2image": Translator,
    }
    return services[config.task](config, model, choose_device(device), engine)


def _load(folder: str | Path, task: str) -> tuple[CheckpointConfig, Model]:
    config, model = load_checkpoint(resolve(folder))
    if config.task != task:
        raise ValueError(f"{folder}: is a checkpoint for {config.task}, expected one for {task}")
    return config, model
