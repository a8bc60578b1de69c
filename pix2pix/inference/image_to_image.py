"""Image to image: a photo of a drawing, a map of an aerial view, a night of a day."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig, LabelColor, require
from pix2pix.data.resize_crop import serving_geometry
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.images.value_range import read_in_range
from pix2pix.inference.backends import Stop
from pix2pix.inference.oom_fallback import OomFallback
from pix2pix.inference.styles import Styles
from pix2pix.inference.tiles import paint_in_tiles
from pix2pix.inference.working_shapes import mirror_to_multiple
from pix2pix.labels.label_map import check_label_map
from pix2pix.labels.line_art import INK
from pix2pix.models.tensors import decode_photo, encode_photo

MAX_SIZE = 4096  # height at work, in pixels

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


class Translator:
    """Makes of a picture the one that belongs to it (task `image2image`)."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = OomFallback(model, device, engine, live_shape=config.shape)
        self.styles = Styles(config, model.style_encoder)

    def translate(
        self,
        photo: Image.Image,
        seed: int = 0,
        style: Sequence[float] | None = None,
        stop: Stop = None,
        size: int | None = None,
        tile: int | None = None,
    ) -> Image.Image:
        """The picture, RGB and of the photo's size, that the model makes of it.

        The model is shown the photo as it was in training (`resize_mode` of its config), `size`
        pixels high in place of its own size where that is given. With `tile`, it is shown the
        photo's own pixels instead, in tiles of that height that overlap. The seed, or `style` where
        it is given, chooses among the pictures of a model that has styles. Raises ValueError as
        `check_sizes` does and for a style that is none of this checkpoint's, and StoppedError soon
        after `stop()` is true.
        """
        self.check_sizes(size, tile)
        code = self.styles.code(seed, style)
        rgb = to_array(to_rgb(read_in_range(photo, self.config.input_range)))
        geometry = serving_geometry(self.config)
        if tile is not None:
            at = geometry.with_height(tile)
            painted = paint_in_tiles(
                rgb, (at.height, at.width), lambda part: self._paint(part, code, stop)
            )
            return Image.fromarray(painted)
        if size is not None:
            geometry = geometry.with_height(size)
        output = self._paint(geometry.prepare(rgb), code, stop)
        return Image.fromarray(geometry.restore(output, (photo.height, photo.width)))

    def check_sizes(self, size: int | None = None, tile: int | None = None) -> None:
        """Raises ValueError unless it can work at that height, or in tiles of it."""
        least = max(16, 2**self.config.generator.depth)
        expected = f"from {least} to {MAX_SIZE} (the model was trained at {self.config.size})"
        for name, value in (("size", size), ("tile", tile)):
            require(value is None or least <= value <= MAX_SIZE, name, expected, value)
        require(size is None or tile is None, "size", "left out with tile", size)

    def _paint(self, shown: np.ndarray, code: Tensor | None, stop: Stop) -> np.ndarray:
        """What the network makes (h, w, 3) uint8 of what it is shown (h, w, 3) uint8."""
        height, width = shown.shape[:2]
        filled = mirror_to_multiple(shown, 2**self.config.generator.depth)
        output = self._runner(encode_photo(filled[None]), code, stop)
        return decode_photo(output)[0, :height, :width]


class LineDrawer:
    """Draws with a Translator whose input is lines: they are a label map of paper and ink."""

    def __init__(self, translator: Translator) -> None:
        config = translator.config
        self.config = config
        self.size = config.size
        self.style_dim = config.generator.style_dim
        self.styles = config.styles
        colors = (BLACK, WHITE) if config.input_type == "lines-white" else (WHITE, BLACK)
        self.palette = tuple(LabelColor(n, rgb) for n, rgb in zip(("paper", "ink"), colors))
        self._translator = translator

    def draw(
        self,
        label_map: np.ndarray,
        seed: int = 0,
        style: Sequence[float] | None = None,
        stop: Stop = None,
    ) -> np.ndarray:
        """The picture (H, W, 3) uint8 of lines (H, W) uint8, 0 for paper and INK.

        Raises ValueError for an array that is no such map, and as `translate` does.
        """
        check_label_map(label_map, len(self.palette))
        colors = np.array([entry.rgb for entry in self.palette], np.uint8)
        rgb = colors[(label_map == INK).astype(int)]
        return np.asarray(self._translator.translate(Image.fromarray(rgb), seed, style, stop))

    def style_from(self, photo: Image.Image) -> np.ndarray:
        """The style (style_dim,) float32 of a photo. ValueError where there are no styles."""
        return self._translator.styles.read(photo)
