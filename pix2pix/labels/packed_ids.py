"""Label maps as text, as they travel between the page and the app: zlib, then base64."""

import base64
import binascii
import zlib
from typing import Any

import numpy as np

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
