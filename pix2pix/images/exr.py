"""Read and write OpenEXR images: by the package OpenEXR, else where OpenCV was built to read them.

The image is the display window of the file's only part. Half and float samples, and integers that
float32 holds, become float32.
"""

import io
import os
from collections.abc import Mapping
from typing import IO, Any

import cv2
import numpy as np

from pix2pix.images.array_files import MAX_CHANNELS, MAX_VALUES, SampleHeader

EXR_SUFFIX = ".exr"
EXR_MAGIC = b"\x76\x2f\x31\x01"
PACKAGE = "OpenEXR"
MAX_EXACT = 1 << 24  # integers up to it are exact in float32

_NAMES = {1: "Y", 3: "RGB", 4: "RGBA"}  # of the channels that are written
_ORDER = "RGBA"  # within a layer, where a file has its channels by the alphabet
_MAX_SIDE = 1 << 24  # of a window; sides beyond would overflow sums
_MAX_TILE_SIDE = 1024  # or the side of the image; whole tiles are decoded

Window = tuple[int, int, int, int]  # left, top, right and bottom; the last two are exclusive


def read_exr_header(file: IO[bytes]) -> SampleHeader:
    """The header of an EXR image; raises ValueError "reason" like `read_exr`.

    With OpenCV the whole image is decoded for it.
    """
    library = _import_library()
    if library is None:
        height, width, channels = _read_with_opencv(file).shape
        return SampleHeader(height, width, channels, "float32")
    names, (left, top, right, bottom), _ = _check_header(_open(library, file, header_only=True))
    return SampleHeader(bottom - top, right - left, len(names), "float32")


def read_exr(file: IO[bytes]) -> np.ndarray:
    """The channels (H, W, C) float32 of an EXR image: R, G, B and A first, others by name.

    Pixels outside the data window are 0. Raises ValueError "reason" for a file that is damaged, too
    large or of an unsupported kind, and where nothing can read EXR.
    """
    library = _import_library()
    if library is None:
        return _read_with_opencv(file)
    names, window, data = _check_header(_open(library, file, header_only=True))
    channels = _channels_of(_open(library, file, header_only=False))
    left, top, right, bottom = window
    result: np.ndarray = np.zeros((bottom - top, right - left, len(names)), np.float32)
    x, y = max(left, data[0]), max(top, data[1])
    right, bottom = min(right, data[2]), min(bottom, data[3])
    target = result[y - top : bottom - top, x - left : right - left]
    for index, name in enumerate(names):
        pixels = getattr(channels.get(name), "pixels", None)
        if pixels is None or pixels.shape != (data[3] - data[1], data[2] - data[0]):
            raise ValueError(f"is damaged or cut short (channel {name})")
        if pixels.dtype.kind == "u" and pixels.max() > MAX_EXACT:
            raise ValueError(
                f"has integers up to {pixels.max():,} in its channel {name}; the limit is "
                f"{MAX_EXACT:,}"
            )
        target[..., index] = pixels[y - data[1] : bottom - data[1], x - data[0] : right - data[0]]
    return result


def encode_exr(samples: np.ndarray) -> bytes:
    """The content of an EXR file with samples (H, W, C) float32, compressed without loss.

    Raises ValueError if the package OpenEXR is not installed.
    """
    library = _import_library()
    if library is None:
        raise ValueError(f"{PACKAGE} is not installed (pip install {PACKAGE})")
    count = samples.shape[2]
    names = _NAMES.get(count) or [f"C{index:03}" for index in range(count)]
    planes = {n: np.ascontiguousarray(samples[..., k], np.float32) for k, n in enumerate(names)}
    header = {"compression": library.ZIP_COMPRESSION, "type": library.scanlineimage}
    buffer = io.BytesIO()
    library.File(header, planes).write(buffer)
    return buffer.getvalue()


def _import_library() -> Any:
    """The module OpenEXR; None if it is not installed."""
    try:
        import OpenEXR
    except ModuleNotFoundError:
        return None
    return OpenEXR


def _open(library: Any, file: IO[bytes], header_only: bool) -> Any:
    file.seek(0)
    content = io.BytesIO(file.read())
    try:
        return library.File(content, True, header_only, 0)
    except Exception as error:  # of several types, without a common base
        raise ValueError(f"is damaged or cut short ({error})") from None


def _channels_of(opened: Any) -> Mapping[str, Any]:
    """The channels with their pixels. ValueError if the pixels of a damaged file are missing."""
    if len(opened.parts) != 1:
        raise ValueError("is damaged or cut short (its pixels cannot be decoded)")
    channels: Mapping[str, Any] = opened.channels()
    return channels


def _check_header(opened: Any) -> tuple[list[str], Window, Window]:
    """The names of the channels in order, the display window and the data window.

    Raises ValueError for a kind of image that is not read, and for one beyond the limits.
    """
    if len(opened.parts) != 1:
        raise ValueError(f"has {len(opened.parts)} parts; expected one image in a file")
    header = opened.header()
    if header["type"].name.startswith("deep"):
        raise ValueError("is a deep EXR image; flatten it to one sample a pixel")
    if any((each.xSampling, each.ySampling) != (1, 1) for each in header["channels"]):
        raise ValueError("has channels of several resolutions; convert it to RGB")
    names = sorted((each.name for each in header["channels"]), key=_position)
    if not 1 <= len(names) <= MAX_CHANNELS:
        raise ValueError(f"has {len(names)} channels; the limit is {MAX_CHANNELS}")
    display, data = _window(header, "displayWindow"), _window(header, "dataWindow")
    for left, top, right, bottom in (display, data):
        values = (right - left) * (bottom - top) * len(names)
        if values > MAX_VALUES:
            raise ValueError(f"has {values:,} values; the limit is {MAX_VALUES:,}")
    if "tiles" in header:
        width, height = header["tiles"].xSize, header["tiles"].ySize
        if max(width, height) > max(_MAX_TILE_SIDE, data[2] - data[0], data[3] - data[1]):
            raise ValueError(f"is damaged or cut short (tiles of {width:,} x {height:,} pixels)")
    if max(display[0], data[0]) >= min(display[2], data[2]) or (
        max(display[1], data[1]) >= min(display[3], data[3])
    ):
        raise ValueError("has no pixels in its display window")
    return names, display, data


def _window(header: Mapping[str, Any], key: str) -> Window:
    (left, top), (right, bottom) = (corner.tolist() for corner in header[key])
    if max(map(abs, (left, top, right, bottom))) > _MAX_SIDE or right < left or bottom < top:
        raise ValueError(f"has a {key} from {left}, {top} to {right}, {bottom}")
    return left, top, right + 1, bottom + 1


def _position(name: str) -> tuple[str, int, str]:
    """The key by which channels are sorted: "layer.R" by layer, then R, G, B, A, then others."""
    layer, _, own = name.rpartition(".")
    return layer, _ORDER.find(own) if own in tuple(_ORDER) else len(_ORDER), own


def _read_with_opencv(file: IO[bytes]) -> np.ndarray:
    os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")  # off by default
    file.seek(0)
    try:
        found = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        found = None
    if found is None:
        raise ValueError(
            f"is an EXR image, which cannot be read without the package {PACKAGE} (pip install "
            f"{PACKAGE}); or convert it to .npy or a float TIFF"
        )
    if found.size > MAX_VALUES:
        raise ValueError(f"has {found.size:,} values; the limit is {MAX_VALUES:,}")
    image = found[..., None] if found.ndim == 2 else found[..., [2, 1, 0, 3][: found.shape[2]]]
    return np.ascontiguousarray(image, np.float32)
