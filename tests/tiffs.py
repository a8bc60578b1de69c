"""TIFF files of every kind, written tag by tag or by tifffile: small, with known pixels."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import tifffile

# 8-bit grey, a slope with every step of 8: (40, 64)
GREY = ((np.arange(64)[None] * 4 + np.arange(40)[:, None]) % 256).astype(np.uint8)
RGB = np.stack([GREY, GREY[::-1], 255 - GREY], -1)
ALPHA = np.where(np.arange(64)[None] < 32, 255, 96).repeat(40, 0).reshape(40, 64).astype(np.uint8)


def written(array: np.ndarray, **options: Any) -> bytes:
    """What tifffile writes; several pages where `array` is a list of them."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, metadata=None, **options)
    return buffer.getvalue()


def pages(*arrays: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for array in arrays:
            writer.write(array, metadata=None, contiguous=False, **options)
    return buffer.getvalue()


def packed(values: np.ndarray, bits: int) -> bytes:
    """Rows of `bits` each value, most significant first, each row filled to whole bytes."""
    flat = values.reshape(len(values), -1).astype(np.uint64)
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint64)
    rows = ((flat[..., None] >> shifts) & np.uint64(1)).reshape(len(flat), -1).astype(np.uint8)
    return np.packbits(rows, axis=1).tobytes()


Tag = tuple[int, int, Sequence[int] | bytes]  # code, type, values


def by_hand(strips: Sequence[bytes], *tags: Tag, width: int = 64, height: int = 40) -> bytes:
    """A little-endian TIFF with these strips, and tags that replace or join the plain ones."""
    known: dict[int, Tag] = {
        256: (256, 4, [width]),
        257: (257, 4, [height]),
        258: (258, 3, [8]),
        259: (259, 3, [1]),
        262: (262, 3, [1]),
        277: (277, 3, [1]),
        278: (278, 4, [height]),
        279: (279, 4, [len(s) for s in strips]),
    }
    place = 8
    offsets = []
    for strip in strips:
        offsets.append(place)
        place += len(strip) + len(strip) % 2
    known[273] = (273, 4, offsets)
    known |= {tag[0]: tag for tag in tags}
    body = b"".join(s + bytes(len(s) % 2) for s in strips)
    rows, values = b"", b""
    start = 8 + len(body)
    after = start + 2 + 12 * len(known) + 4
    for code, kind, value in sorted(known.values()):
        form = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B"}[kind]
        raw = (
            bytes(value)
            if isinstance(value, bytes)
            else struct.pack(f"<{len(value)}{form}", *value)
        )
        cell = raw.ljust(4, b"\0")
        if len(raw) > 4:
            cell = struct.pack("<I", after + len(values))
            values += raw + bytes(len(raw) % 2)
        rows += struct.pack("<HHI4s", code, kind, len(value), cell)
    head = b"II*\0" + struct.pack("<I", start)
    return head + body + struct.pack("<H", len(known)) + rows + bytes(4) + values
