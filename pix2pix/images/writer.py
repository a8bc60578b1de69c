"""Write image files atomically, with metadata and resolution."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from pix2pix.images.convert import to_rgb
from pix2pix.images.metadata import NO_METADATA, Metadata, save_options
from pix2pix.runtime.atomic_io import write_atomically

_OPTIONS = {
    "JPEG": {"quality": 95, "subsampling": 0},  # chroma at full resolution
    "WEBP": {"quality": 95},
    "PNG": {"compress_level": 3},  # half the time of the default, a few percent larger
}

DEEP_FORMATS = ("PNG", "TIFF")  # those that hold 16 bits a channel
_PNG_HEAD = 33  # bytes of the signature and IHDR
_IMAGE_WIDTH, _BITS_PER_SAMPLE, _SHORT = 256, 258, 3  # of TIFF

_OPAQUE = ("JPEG", "BMP")

# The formats of results, by file suffix
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}


def read_dpi(image: Image.Image) -> tuple[float, float] | None:
    """The resolution of a scan in pixels per inch (x, y); None if missing or implausible."""
    try:
        x, y = (float(v) for v in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if all(1 < v < 65536 for v in (x, y)) else None


def encode_image(
    image: Image.Image,
    kind: str,
    metadata: Metadata = NO_METADATA,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """The content of an image file in a format of FORMATS, on white if it has no alpha.

    Raises what Pillow raises.
    """
    if kind in _OPAQUE and image.has_transparency_data:
        image = to_rgb(image)
    options: dict[str, Any] = {**_OPTIONS.get(kind, {}), **save_options(kind, metadata)}
    if dpi:
        options["dpi"] = dpi
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def encode_deep(
    rgb: np.ndarray,
    kind: str,
    metadata: Metadata = NO_METADATA,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """The content of a PNG or TIFF of 16 bits a channel, from sRGB (H, W, 3) uint16.

    Pillow has no such mode: it writes the metadata, and what is the same in 8 bits.
    """
    height, width = rgb.shape[:2]
    if kind == "TIFF":  # a row has the bytes of a row in 8 bits that is twice as wide
        wide = Image.frombuffer("RGB", (2 * width, height), rgb.astype("<u2", copy=False).tobytes())
        return _widen_samples(encode_image(wide, kind, metadata, dpi), width)
    small = encode_image(Image.new("RGB", (1, 1)), kind, metadata, dpi)
    level = _OPTIONS[kind]["compress_level"]
    done, pixels = cv2.imencode(
        ".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, level]
    )
    if not done:
        raise ValueError("the PNG encoder failed")
    content = pixels.tobytes()
    start = content.index(b"IDAT") - 4
    kept = [
        small[at : at + size]
        for name, at, size in _chunks(small)
        if name not in (b"IHDR", b"IDAT", b"IEND")
    ]
    return b"".join([content[:_PNG_HEAD], *kept, content[start:]])


def _chunks(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name, position and bytes of each chunk of a PNG."""
    at = 8
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        yield name, at, length + 12
        at += length + 12


def _widen_samples(tiff: bytes, width: int) -> bytes:
    """A little-endian TIFF of 8-bit RGB with its samples declared as 16 bits, `width` pixels."""
    content = bytearray(tiff)
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from("<HH", content, at)
        if tag == _IMAGE_WIDTH:
            struct.pack_into("<H" if kind == _SHORT else "<I", content, at + 8, width)
        elif tag == _BITS_PER_SAMPLE:
            (where,) = struct.unpack_from("<I", content, at + 8)
            struct.pack_into("<3H", content, where, 16, 16, 16)
    return bytes(content)


def save_image(
    image: Image.Image | np.ndarray,
    path: Path,
    metadata: Metadata = NO_METADATA,
    dpi: tuple[float, float] | None = None,
) -> None:
    """Writes the image atomically in the format of the file's suffix.

    An array is sRGB (H, W, 3) uint16, for one of DEEP_FORMATS. Raises ValueError if the file cannot
    be written.
    """
    try:
        kind = FORMATS[path.suffix.lower()]
        encode = encode_deep if isinstance(image, np.ndarray) else encode_image
        content = encode(image, kind, metadata, dpi)  # type: ignore[arg-type]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except (OSError, ValueError) as error:  # a full disk; more pixels a side than the format has
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ValueError(f"{path} cannot be written ({reason})") from None
