"""Images of any depth and number of channels: read, scaled to 0..1 and back, shown.

A picture is 8-bit sRGB. All other images are samples (H, W, C) in units of their own, such as
Hounsfield units or metres; a `SampleFormat` says which values are learned as black and white.
"""

import contextlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from pix2pix.config import CheckpointConfig
from pix2pix.images.array_files import (
    ARRAY_SUFFIXES,
    SampleHeader,
    is_array_file,
    read_array,
    read_array_header,
)
from pix2pix.images.convert import strips, to_array
from pix2pix.images.exr import EXR_MAGIC, EXR_SUFFIX, read_exr, read_exr_header
from pix2pix.images.reader import (
    PHOTO_SUFFIXES,
    ImageSource,
    describe_source,
    open_image,
    open_rgb,
    read_mode,
    read_size,
)
from pix2pix.images.shards import find_shard, open_file
from pix2pix.images.tiff_layout import is_tiff
from pix2pix.images.tiff_samples import read_tiff_header, read_tiff_samples
from pix2pix.images.value_range import ValueRange, is_deep

SAMPLE_SUFFIXES = PHOTO_SUFFIXES | ARRAY_SUFFIXES | {EXR_SUFFIX}
PICTURE_CHANNELS = 3

_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type; without palettes


@dataclass(frozen=True)
class SampleFormat:
    """The samples of a set of images: their dtype, channels, and the values of black and white.

    A dtype of "" stands for 8-bit sRGB pictures; their `value_range` scales deep grey images.
    """

    dtype: str = ""
    channels: int = PICTURE_CHANNELS
    value_range: ValueRange = ()

    @property
    def is_picture(self) -> bool:
        return not self.dtype

    def scale(self, samples: np.ndarray) -> np.ndarray:
        """Samples (H, W, C) as fractions of the range, float32 in 0..1; values outside clipped."""
        low, high = self.value_range
        result = np.empty(samples.shape, np.float32)
        for rows in strips(samples.shape):
            result[rows] = ((samples[rows].astype(np.float64) - low) / (high - low)).clip(0, 1)
        return result

    def unscale(self, fractions: np.ndarray) -> np.ndarray:
        """Fractions of the range as samples in `dtype`, integers rounded."""
        low, high = self.value_range
        result: np.ndarray = np.empty(fractions.shape, self.dtype)
        for rows in strips(fractions.shape):
            values = low + fractions[rows].astype(np.float64).clip(0, 1) * (high - low)
            if result.dtype.kind in "iu":
                limits = np.iinfo(result.dtype)
                values = np.rint(values).clip(limits.min, limits.max)
            result[rows] = values.astype(result.dtype)
        return result

    def describe(self) -> str:
        """Such as "1 channel of uint16"."""
        return describe_samples(self.channels, self.dtype)


PICTURE = SampleFormat()


def input_format(config: CheckpointConfig) -> SampleFormat:
    """The format of a checkpoint's inputs."""
    return SampleFormat(config.input_dtype, config.generator.in_channels, config.input_range)


def output_format(config: CheckpointConfig) -> SampleFormat:
    """The format of the outputs of image2image."""
    return SampleFormat(config.output_dtype, config.generator.out_channels, config.output_range)


def describe_samples(channels: int, dtype: str) -> str:
    return f"{channels} channel{'s' * (channels != 1)} of {dtype or 'uint8'}"


def read_header(source: ImageSource, name: str | None = None) -> SampleHeader:
    """The size, channels and dtype of an image, from the header where the format has one.

    Raises ValueError "NAME: reason" like `read_samples`, except for damage that only decoding
    shows.
    """
    with _opened(source, name) as (file, kind):
        if kind == "array":
            return read_array_header(file)
        if kind == "tiff" and (header := read_tiff_header(file)) is not None:
            return header
        if kind == "exr":
            return read_exr_header(file)
        png = _read_png_header(file)
        if png is not None and png.dtype == "uint16":
            return png
        file.seek(0)
        width, height = read_size(file)
        file.seek(0)
        mode = read_mode(file)
        if is_deep(mode):
            dtype = "float32" if mode == "F" else "int32" if mode == "I" else "uint16"
            return SampleHeader(height, width, 1, dtype)
        return SampleHeader(height, width, 1 if mode in ("1", "L", "LA") else 3, "uint8")


def read_samples(
    source: ImageSource,
    name: str | None = None,
    channels: int | None = None,
    allow_exr: bool = True,
) -> np.ndarray:
    """The samples (H, W, C) of an image in their own dtype, one of config.SAMPLE_DTYPES.

    Pictures of 8 bits have one channel if grey, else RGB; with `channels` 1 or 3 they are converted
    to that. EXR, which a large C++ library decodes, is for trusted files. Raises ValueError
    "NAME: reason" for a file that is missing, damaged or of an unsupported kind, and for values
    that are not finite.
    """
    with _opened(source, name) as (file, kind):
        if kind == "exr" and not allow_exr:
            raise ValueError("is an EXR image, which is not taken here; convert it to .npy or TIFF")
        samples = _decode(file, kind, channels)
        if samples.dtype.kind == "f":
            bad = samples.size - int(np.isfinite(samples).sum())
            if bad:
                raise ValueError(
                    f"has {bad:,} values that are NaN or infinite; expected numbers in all pixels"
                )
        return samples


def _decode(file: IO[bytes], kind: str, channels: int | None) -> np.ndarray:
    if kind == "array":
        return read_array(file)
    if kind == "exr":
        return read_exr(file)
    if kind == "tiff" and read_tiff_header(file) is not None:
        return read_tiff_samples(file)
    png = _read_png_header(file)
    file.seek(0)
    image = open_image(file)
    if png is not None and png.dtype == "uint16" and png.channels > 1:
        return _read_deep_png(file, png)
    if is_deep(image.mode):
        samples = to_array(image)
        dtype = {"F": np.float32, "I": np.int32}.get(image.mode, np.uint16)
        return samples.astype(dtype)[..., None]
    is_grey = image.mode in ("1", "L", "LA") if channels is None else channels == 1
    file.seek(0)
    rgb = open_rgb(file)
    return to_array(rgb.convert("L"))[..., None] if is_grey else to_array(rgb)


@contextlib.contextmanager
def _opened(source: ImageSource, name: str | None) -> Iterator[tuple[IO[bytes], str]]:
    """The file and its kind; a ValueError within gets the name of the file."""
    label = name or describe_source(source)
    try:
        with contextlib.ExitStack() as stack:
            if isinstance(source, bytes):
                file: IO[bytes] = io.BytesIO(source)
            elif isinstance(source, (str, Path)):
                path = Path(source)
                if not path.is_file() and find_shard(path) is None:
                    read_size(source)  # the words for what is no file
                file = stack.enter_context(open_file(path))
            else:
                file = source
            yield file, _kind_of(file)
    except OSError as error:
        raise ValueError(f"{label}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        words = str(error).removeprefix("image: ")
        raise ValueError(words if words.startswith(f"{label}: ") else f"{label}: {words}") from None


def _kind_of(file: IO[bytes]) -> str:
    if is_array_file(file):
        return "array"
    if is_tiff(file):
        return "tiff"
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return "exr" if start == EXR_MAGIC else "picture"


def _read_png_header(file: IO[bytes]) -> SampleHeader | None:
    """The header of a PNG; None for other formats and for palettes."""
    file.seek(0)
    start = file.read(26)
    file.seek(0)
    if len(start) < 26 or not start.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height, bits, kind = struct.unpack(">IIBB", start[16:26])
    channels = _PNG_CHANNELS.get(kind)
    if channels is None:
        return None
    return SampleHeader(height, width, channels, "uint16" if bits == 16 else "uint8")


def _read_deep_png(file: IO[bytes], header: SampleHeader) -> np.ndarray:
    """RGB, RGBA or grey with alpha in 16 bits, of which Pillow keeps 8."""
    file.seek(0)
    found = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.ndim != 3:
        raise ValueError("is a PNG of 16 bits that cannot be decoded")
    if header.channels == 2:
        return np.ascontiguousarray(found[..., [0, 3]])
    order = [2, 1, 0, 3][: header.channels]
    return np.ascontiguousarray(found[..., order])
