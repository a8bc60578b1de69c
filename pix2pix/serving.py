"""A generator made ready to serve, and the sizes that it works at."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import MAX_STYLE_VALUE, CheckpointConfig, check_style
from pix2pix.encoding import encode_photo, style_noise
from pix2pix.engines import Stop, StoppedError, make_engine
from pix2pix.networks import StyleEncoder
from pix2pix.pixels import to_array, to_rgb

MAX_ASPECT = 4  # the working picture is at most this many times as long as it is wide


class Styles:
    """The styles of a checkpoint that has a style encoder; of any other there are none."""

    def __init__(self, config: CheckpointConfig, encoder: StyleEncoder | None) -> None:
        self._config = config
        self._encoder = encoder

    @torch.inference_mode()
    def read(self, photo: Image.Image) -> np.ndarray:
        """The style (style_dim,) float32 of a photo of any size.

        The encoder sees it whole and squeezed to the size of training, black corners and all: so
        training's held-out pictures are made.
        Raises ValueError where the checkpoint has no styles.
        """
        if self._encoder is None:
            raise ValueError("this checkpoint has no styles, so none can be taken from a photo")
        shape = (self._config.size, self._config.width or self._config.size)
        mean, _ = self._encoder(encode_photo(resize(to_array(to_rgb(photo)), shape)[None]))
        return mean[0].clamp(-MAX_STYLE_VALUE, MAX_STYLE_VALUE).numpy()

    def code(self, seed: int, style: Sequence[float] | np.ndarray | None) -> Tensor | None:
        """(1, style_dim): `style` where it is given, else one drawn by the seed; None without any.

        Raises ValueError for a style that is none of this checkpoint's.
        """
        style_dim = self._config.generator.style_dim
        if style is not None:
            check_style(tuple(style), style_dim)
            return torch.tensor([list(style)], dtype=torch.float32)
        if self._encoder is None:
            return None
        return self._encoder.sample(style_noise(style_dim, seed))


class Runner:
    """A generator made ready to serve, by an engine. May be called from several threads.

    Networks run one at a time, whichever Runner they belong to: each takes all cores.
    """

    _turn = threading.Lock()

    def __init__(self, model: Model, device: torch.device, engine: str = "torch") -> None:
        self._engine = make_engine(engine, model.generator, device)

    def __call__(self, x: Tensor, style: Tensor | None, stop: Stop = None) -> Tensor:
        """Takes and gives tensors on the CPU. Raises StoppedError soon after `stop()` is true."""
        with self._turn:
            if stop is not None and stop():
                raise StoppedError
            return self._engine(x, style, stop)


def working_shape(height: int, width: int, size: int) -> tuple[int, int]:
    """(H, W) with the short side `size` and the same aspect, as far as MAX_ASPECT allows."""
    scale = size / min(height, width)
    limit = size * MAX_ASPECT
    return min(round(height * scale), limit), min(round(width * scale), limit)


def pad_to_multiple(array: np.ndarray, multiple: int) -> np.ndarray:
    """(H, W, ...) with its last row and column repeated up to multiples of `multiple`."""
    height, width, *rest = array.shape
    sides = [(0, -height % multiple), (0, -width % multiple), *[(0, 0)] * len(rest)]
    return np.pad(array, sides, mode="edge")


def covering_shape(height: int, width: int, shape: tuple[int, int]) -> tuple[int, int]:
    """(H, W) of the same aspect that just covers `shape`, as far as MAX_ASPECT allows."""
    scale = max(shape[0] / height, shape[1] / width)
    limit = MAX_ASPECT * min(shape)
    return tuple(  # type: ignore[return-value]
        min(round(side * scale), max(limit, least)) for side, least in zip((height, width), shape)
    )


def mirror_to_multiple(array: np.ndarray, multiple: int) -> np.ndarray:
    """(H, W, ...) continued by its own mirror image, down and right, to multiples of `multiple`."""
    height, width, *rest = array.shape
    sides = [(0, -height % multiple), (0, -width % multiple), *[(0, 0)] * len(rest)]
    return np.pad(array, sides, mode="symmetric")


def resize(photo: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The photo at (H, W): averaged when it shrinks, interpolated when it grows."""
    shrinks = shape[0] * shape[1] < photo.shape[0] * photo.shape[1]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(photo, shape[::-1], interpolation=kind)
