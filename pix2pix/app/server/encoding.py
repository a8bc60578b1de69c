"""How label maps and pictures are written for the page: packed ids, image files, data URIs."""

import base64
import binascii
import io
import zlib
from typing import Any

import numpy as np
from PIL import Image

from pix2pix.labels.label_map import NUM_CLASSES, check_label_map


def pack_ids(label_map: np.ndarray) -> str:
    """Class ids as text: zlib, then base64."""
    return base64.b64encode(zlib.compress(label_map.tobytes(), 9)).decode()


def unpack_ids(text: Any, shape: tuple[int, int], num_classes: int = NUM_CLASSES) -> np.ndarray:
    """The label map (H, W) uint8 in `text`. Never inflates more than `shape` needs.

    Raises ValueError for anything but H*W ids below `num_classes`.
    """
    if not isinstance(text, str):
        raise ValueError(f"ids must be a base64 text, got {type(text).__name__}")
    height, width = shape
    expected = height * width
    if len(text) > 2 * expected + 1024:
        raise ValueError(f"ids hold more than a {width}x{height} drawing can need")
    try:
        inflate = zlib.decompressobj()
        ids = inflate.decompress(base64.b64decode(text, validate=True), expected + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise ValueError("ids are not zlib-compressed bytes in base64") from None
    if len(ids) != expected:
        many = "more" if len(ids) > expected else str(len(ids))
        raise ValueError(f"a drawing here is {width}x{height}, {expected} ids; got {many}")
    if not inflate.eof:  # the checksum is missing
        raise ValueError("ids are not zlib-compressed bytes in base64")
    label_map = np.frombuffer(ids, np.uint8).reshape(shape)
    check_label_map(label_map, num_classes)
    return label_map


def image_bytes(image: Image.Image, format_: str, **options: Any) -> bytes:
    """The image as a file of a format of Pillow's."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def data_uri(image: Image.Image, format_: str, **options: Any) -> str:
    """The image as a data URI."""
    return bytes_uri(image_bytes(image, format_, **options), f"image/{format_}")


def bytes_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def preview_uri(image: Image.Image) -> str:
    """A JPEG, which is encoded several times as fast as WebP."""
    return data_uri(image, "jpeg", quality=90)


def thumbnail_bytes(image: Image.Image, side: int) -> bytes:
    """A WebP file of the image, no side over `side` pixels. The image is left as it is."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BOX)
    return image_bytes(small, "webp", quality=86, method=1)


def thumbnail_uri(image: Image.Image, side: int) -> str:
    return bytes_uri(thumbnail_bytes(image, side), "image/webp")
