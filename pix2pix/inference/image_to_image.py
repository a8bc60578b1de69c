"""Image-to-image translation: drawings to photos, aerial views to maps, day to night."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig, LabelColor
from pix2pix.config_fields import require
from pix2pix.data.resize_crop import serving_geometry
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.images.line_drawing import UNIT_SIDE, ink_from_photo
from pix2pix.images.reader import ImageSource, describe_source, open_rgb
from pix2pix.images.samples import (
    PICTURE_CHANNELS,
    SampleFormat,
    describe_samples,
    input_format,
    output_format,
    read_samples,
)
from pix2pix.images.value_range import read_in_range
from pix2pix.inference.backends import Stop
from pix2pix.inference.drawing_frame import find_frame
from pix2pix.inference.gpu_on_demand import make_runner
from pix2pix.inference.styles import Styles
from pix2pix.inference.tiles import paint_in_tiles
from pix2pix.inference.working_shapes import mirror_to_multiple
from pix2pix.labels.label_map import check_label_map
from pix2pix.labels.line_art import INK, PAPER
from pix2pix.models.tensors import decode_fractions, decode_photo, encode_image, show_images

MAX_SIZE = 4096  # working height in pixels

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
MIDDLE = 128  # a grey between paper and ink


class Translator:
    """Translates an image into another one (task `image2image`)."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = make_runner(model, device, engine, live_shape=config.shape)
        self.styles = Styles(config, model.style_encoder)

    @property
    def source(self) -> SampleFormat:
        """The format of the inputs."""
        return input_format(self.config)

    @property
    def target(self) -> SampleFormat:
        """The format of the outputs."""
        return output_format(self.config)

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
        rgb = to_array(to_rgb(read_in_range(photo, self.config.input_range)))
        samples = self.convert_picture(rgb)
        return self.show_output(self.translate_samples(samples, seed, style, stop, size, tile))

    def translate_samples(
        self,
        samples: np.ndarray,
        seed: int = 0,
        style: Sequence[float] | None = None,
        stop: Stop = None,
        size: int | None = None,
        tile: int | None = None,
    ) -> np.ndarray:
        """The translated image (H, W, C) in the unit and the dtype of the training targets.

        `samples` (H, W, C) are in the unit of the training inputs; for models of pictures both are
        RGB uint8. All else is as in `translate`. Raises ValueError also for another number of
        channels.
        """
        self.check_sizes(size, tile)
        code = self.styles.code(seed, style)
        self._check_samples(samples)
        picture = samples if self.source.is_picture else self.source.scale(samples)
        geometry = serving_geometry(self.config)
        if tile is not None:
            at = geometry.with_height(tile)
            output = paint_in_tiles(
                picture,
                (at.height, at.width),
                lambda part: self._generate(part, code, stop),
                channels=self.target.channels,
                dtype="uint8" if self.target.is_picture else "float32",
            )
        else:
            if size is not None:
                geometry = geometry.with_height(size)
            output = self._generate(geometry.prepare(picture), code, stop)
            output = geometry.restore(output, (samples.shape[0], samples.shape[1]))
        return output if self.target.is_picture else self.target.unscale(output)

    def translate_view(
        self,
        view: np.ndarray,
        seed: int = 0,
        style: Sequence[float] | None = None,
        stop: Stop = None,
    ) -> np.ndarray:
        """The picture (H, W, 3) uint8 of an input (H, W, 3) uint8 as the network sees it, for
        models of pictures: nothing is resized. Errors as in `translate`."""
        return self._generate(view, self.styles.code(seed, style), stop)

    def read(
        self, source: ImageSource, name: str | None = None, allow_exr: bool = False
    ) -> np.ndarray:
        """The samples (H, W, C) of a file for `translate_samples`; EXR only if it is trusted.

        Raises ValueError "NAME: reason" for a file that is no input of this model.
        """
        own = self.source
        if own.is_picture:
            return to_array(open_rgb(source, name, value_range=own.value_range))
        samples = read_samples(
            source, name, own.channels if own.dtype == "uint8" else None, allow_exr
        )
        try:
            self._check_samples(samples)
        except ValueError as error:
            raise ValueError(f"{name or describe_source(source)}: {error}") from None
        return samples

    def _check_samples(self, samples: np.ndarray) -> None:
        own, is_8_bit = self.source, samples.dtype == np.uint8
        # Deep samples in the same unit may have another dtype; 8 bits have lost the unit
        fits = is_8_bit if own.is_picture else not is_8_bit or own.dtype == "uint8"
        if fits and samples.ndim == 3 and samples.shape[2] == own.channels:
            return
        found = describe_samples(samples.shape[-1], samples.dtype.name)
        low, high = own.value_range or (0, 255)
        raise ValueError(
            f"has {found}; the model takes {own.describe()} with values from {low:g} to {high:g}"
        )

    def convert_picture(self, rgb: np.ndarray) -> np.ndarray:
        """A picture (H, W, 3) uint8 as samples of the model's inputs, black to white its range."""
        own = self.source
        if own.is_picture:
            return rgb
        channels = rgb if own.channels == PICTURE_CHANNELS else rgb.mean(2, keepdims=True)
        fractions = np.broadcast_to(channels / 255, (*rgb.shape[:2], own.channels))
        return own.unscale(fractions)

    def show_input(self, samples: np.ndarray) -> Image.Image:
        """A picture of the samples of an input; see `tensors.as_rgb`."""
        return show_samples(samples, self.source)

    def show_output(self, samples: np.ndarray) -> Image.Image:
        """A picture of an output of `translate_samples`."""
        return show_samples(samples, self.target)

    def check_sizes(self, size: int | None = None, tile: int | None = None) -> None:
        """Raises ValueError unless the model supports this working height or tile height."""
        least = max(16, self.config.generator.multiple)
        expected = f"from {least} to {MAX_SIZE} (the model was trained at {self.config.size})"
        for name, value in (("size", size), ("tile", tile)):
            require(value is None or least <= value <= MAX_SIZE, name, expected, value)
        require(size is None or tile is None, "size", "left out with tile", size)

    def _generate(self, shown: np.ndarray, code: Tensor | None, stop: Stop) -> np.ndarray:
        """The network's output (h, w, C) for an input (h, w, C): uint8, or float32 in 0..1."""
        height, width = shown.shape[:2]
        filled = mirror_to_multiple(shown, self.config.generator.multiple)
        output = self._runner(encode_image(filled[None]), code, stop)
        decode = decode_photo if self.target.is_picture else decode_fractions
        return decode(output)[0, :height, :width]


def show_samples(samples: np.ndarray, own: SampleFormat) -> Image.Image:
    """A picture of samples (H, W, C), the range of their format from black to white."""
    if own.is_picture:
        return Image.fromarray(samples)
    return Image.fromarray(show_images(encode_image(own.scale(samples)[None]))[0])


class LineTracer:
    """Draws the lines of a photo, as they are made of photos while training on them."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape  # (H, W) of the sheet

    def trace(self, photo: Image.Image) -> np.ndarray:
        """A label map of the sheet's shape, of paper and INK: the middle of the photo in lines."""
        height, width = self._shape
        middle = ImageOps.fit(to_rgb(photo), (width, height), Image.Resampling.BICUBIC)
        at_least_2_pixels = 2 * max(1.0, UNIT_SIDE / min(width, height))
        ink = ink_from_photo(to_array(middle), width=at_least_2_pixels)
        return np.where(ink, INK, PAPER).astype(np.uint8)


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

        A model with an `object_box` in its config draws small objects at their size in training.
        Raises ValueError for any other array, and the errors of `Translator.translate`.
        """
        check_label_map(label_map, len(self.palette))
        box = self.config.object_box
        if box and (frame := find_frame(label_map, box)):
            return frame.paste(self._draw(frame.cut(label_map), seed, style, stop))
        return self._draw(label_map, seed, style, stop)

    def translate_samples(
        self, samples: np.ndarray, seed: int = 0, size: int | None = None, tile: int | None = None
    ) -> np.ndarray:
        """The image from a picture of lines (H, W, 3) uint8; see `Translator.translate_samples`.

        Small objects are drawn as by `draw`, except in tiles.
        """
        box = self.config.object_box
        paper, ink = (entry.rgb[0] for entry in self.palette)
        if box and tile is None:
            is_ink = (samples.mean(2) < MIDDLE) == (ink < MIDDLE)
            if frame := find_frame(np.where(is_ink, INK, PAPER).astype(np.uint8), box):
                part = frame.cut_picture(samples, paper)
                return frame.paste(self._translator.translate_samples(part, seed, size=size))
        return self._translator.translate_samples(samples, seed, size=size, tile=tile)

    def _draw(
        self, label_map: np.ndarray, seed: int, style: Sequence[float] | None, stop: Stop
    ) -> np.ndarray:
        colors = np.array([entry.rgb for entry in self.palette], np.uint8)
        rgb = colors[(label_map == INK).astype(int)]
        if label_map.shape == self.config.shape:  # lines of training were not resized either
            return self._translator.translate_view(rgb, seed, style, stop)
        return np.asarray(self._translator.translate(Image.fromarray(rgb), seed, style, stop))

    def style_from(self, photo: Image.Image) -> np.ndarray:
        """The style code (style_dim,) float32 of a photo. ValueError if there are no styles."""
        return self._translator.styles.read(photo)
