"""Style codes: from a seed, from numbers, or from a photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pix2pix.config import MAX_STYLE_VALUE, CheckpointConfig, check_style
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.inference.regions import Look
from pix2pix.inference.working_shapes import resize_photo
from pix2pix.models import StyleEncoder
from pix2pix.models.tensors import encode_photo, style_noise


class Styles:
    """The style codes of a checkpoint; it has none without a style encoder."""

    def __init__(self, config: CheckpointConfig, encoder: StyleEncoder | None) -> None:
        self._config = config
        self._encoder = encoder

    @torch.inference_mode()
    def read(self, photo: Image.Image) -> np.ndarray:
        """The style code (style_dim,) float32 of a photo of any size.

        The encoder sees the whole photo, resized to the training size, like the held-out samples
        in training. Raises ValueError if the checkpoint has no styles.
        """
        if self._encoder is None:
            raise ValueError("this checkpoint has no styles, so a photo cannot provide one")
        shape = (self._config.size, self._config.width or self._config.size)
        mean, _ = self._encoder(encode_photo(resize_photo(to_array(to_rgb(photo)), shape)[None]))
        return mean[0].clamp(-MAX_STYLE_VALUE, MAX_STYLE_VALUE).numpy()

    def code(self, seed: int, style: Sequence[float] | np.ndarray | None) -> Tensor | None:
        """The style code (1, style_dim): `style` if given, else sampled from the seed.

        None if the checkpoint has no styles. Raises ValueError for a style of the wrong length or
        range.
        """
        style_dim = self._config.generator.style_dim
        if style is not None:
            check_style(tuple(style), style_dim)
            return torch.tensor([list(style)], dtype=torch.float32)
        if self._encoder is None:
            return None
        return self._encoder.sample(style_noise(style_dim, seed))

    def look(self, look: Look) -> Tensor:
        """The style code (1, style_dim) of a seed or of a style.

        Raises ValueError as `code` does, and if the checkpoint has no styles.
        """
        if isinstance(look, int | np.integer):
            code = self.code(int(look), None)
        else:
            code = self.code(0, look)
        if code is None:
            raise ValueError("this checkpoint has no styles, so regions cannot have their own")
        return code
