"""The styles of a checkpoint: by seed, by numbers, of a photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pix2pix.config import MAX_STYLE_VALUE, CheckpointConfig, check_style
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.inference.working_shapes import resize_photo
from pix2pix.models import StyleEncoder
from pix2pix.models.tensors import encode_photo, style_noise


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
        mean, _ = self._encoder(encode_photo(resize_photo(to_array(to_rgb(photo)), shape)[None]))
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
