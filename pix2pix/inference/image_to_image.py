"""Image-to-image translation: drawings to photos, aerial views to maps, day to night."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig, LabelColor, require
from pix2pix.data.resize_crop import serving_geometry
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.images.line_drawing import UNIT_SIDE, lines_from_photo
from pix2pix.images.value_range import read_in_range
from pix2pix.inference.backends import Stop
from pix2pix.inference.gpu_on_demand import make_runner
from pix2pix.inference.styles import Styles
from pix2pix.inference.tiles import paint_in_tiles
from pix2pix.inference.working_shapes import mirror_to_multiple
from pix2pix.labels.label_map import check_label_map
from pix2pix.labels.line_art import INK, PAPER
from pix2pix.models.tensors import decode_photo, encode_photo

MAX_SIZE = 4096  # working height in pixels

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
DARK = 128  # grey levels below are ink


class Translator:
    """Translates an image into another one (task `image2image`)."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = make_runner(model, device, engine, live_shape=config.shape)
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
        """The translated RGB image, of the photo's size.

        The photo is fitted to the network as in training (`resize_mode` in config.json), with a
        height of `size` pixels (default: the training size). With `tile`, the photo's own pixels
        are processed in overlapping tiles of that height. For a model with styles, `style` or else
        the seed chooses the style. Raises ValueError like `check_sizes` and for an invalid style;
        InferenceCancelledError soon after `stop()` returns true.
        """
        self.check_sizes(size, tile)
        code = self.styles.code(seed, style)
        rgb = to_array(to_rgb(read_in_range(photo, self.config.input_range)))
        geometry = serving_geometry(self.config)
        if tile is not None:
            at = geometry.with_height(tile)
            painted = paint_in_tiles(
                rgb, (at.height, at.width), lambda part: self._generate(part, code, stop)
            )
            return Image.fromarray(painted)
        if size is not None:
            geometry = geometry.with_height(size)
        output = self._generate(geometry.prepare(rgb), code, stop)
        return Image.fromarray(geometry.restore(output, (photo.height, photo.width)))

    def check_sizes(self, size: int | None = None, tile: int | None = None) -> None:
        """Raises ValueError unless the model supports this working height or tile height."""
        least = max(16, 2**self.config.generator.depth)
        expected = f"from {least} to {MAX_SIZE} (the model was trained at {self.config.size})"
        for name, value in (("size", size), ("tile", tile)):
            require(value is None or least <= value <= MAX_SIZE, name, expected, value)
        require(size is None or tile is None, "size", "left out with tile", size)

    def _generate(self, shown: np.ndarray, code: Tensor | None, stop: Stop) -> np.ndarray:
        """The network's output (h, w, 3) uint8 for an input (h, w, 3) uint8."""
        height, width = shown.shape[:2]
        filled = mirror_to_multiple(shown, 2**self.config.generator.depth)
        output = self._runner(encode_photo(filled[None]), code, stop)
        return decode_photo(output)[0, :height, :width]


class LineTracer:
    """Draws the lines of a photo, as they are made of photos while training on them."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape  # (H, W) of the sheet

    def trace(self, photo: Image.Image) -> np.ndarray:
        """A label map of the sheet's shape, of paper and INK: the middle of the photo in lines."""
        height, width = self._shape
        middle = ImageOps.fit(to_rgb(photo), (width, height), Image.Resampling.BICUBIC)
        at_least_2_pixels = 2 * max(1.0, UNIT_SIDE / min(width, height))
        lines = lines_from_photo(to_array(middle), width=at_least_2_pixels)
        return np.where(lines < DARK, INK, PAPER).astype(np.uint8)


class LineDrawer:
    """Draws with a Translator trained on line art, from a label map of paper and ink."""

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
        """The image (H, W, 3) uint8 from lines (H, W) uint8, 0 for paper and INK.

        Raises ValueError for any other array, and the errors of `Translator.translate`.
        """
        check_label_map(label_map, len(self.palette))
        colors = np.array([entry.rgb for entry in self.palette], np.uint8)
        rgb = colors[(label_map == INK).astype(int)]
        return np.asarray(self._translator.translate(Image.fromarray(rgb), seed, style, stop))

    def style_from(self, photo: Image.Image) -> np.ndarray:
        """The style code (style_dim,) float32 of a photo. ValueError if there are no styles."""
        return self._translator.styles.read(photo)
