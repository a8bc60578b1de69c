"""TIFF files of every kind, written tag by tag or by tifffile: small, with known pixels."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import tifffile
from PIL import Image, ImageCms

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


def by_hand(
    strips: Sequence[bytes | bytearray], *tags: Tag, width: int = 64, height: int = 40
) -> bytes:
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


WIDE = GREY.astype(np.uint16) * 257
WIDE_RGB = RGB.astype(np.uint16) * 257
DEEP = GREY.astype(np.uint32) * 16843009
GREY_RGB = GREY[..., None].repeat(3, 2)
LAID = np.round(GREY.astype(float) * (ALPHA / 255.0) + 255 - ALPHA)[..., None].repeat(3, 2)
LAID_RGB = np.round(RGB * (ALPHA / 255.0)[..., None] + (255 - ALPHA)[..., None])
SOFT = np.stack(np.broadcast_arrays(np.arange(64)[None] * 3, np.arange(40)[:, None] * 5, 90), -1)
SOFT = SOFT.astype(np.uint8)
YCBCR = (258, 3, [8] * 3), (262, 3, [6]), (277, 3, [3])
YCC = np.asarray(Image.fromarray(SOFT).convert("YCbCr"))
HALVED = np.concatenate(  # blocks of four Y, then Cb and Cr of them all (TIFF 6.0, 21)
    [
        YCC[..., 0].reshape(20, 2, 32, 2).transpose(0, 2, 1, 3).reshape(20, 32, 4),
        YCC[..., 1:].reshape(20, 2, 32, 2, 2).mean((1, 3)).round().astype(np.uint8),
    ],
    -1,
)
BITS = (GREY > 127).astype(np.uint8)
BLACK_AND_WHITE = (BITS * 255)[..., None].repeat(3, 2)


def with_alpha(color: np.ndarray, scale: int = 1, premultiplied: bool = False) -> np.ndarray:
    color = color.reshape(*GREY.shape, -1).astype(float)
    if premultiplied:
        color = np.round(color * (ALPHA / 255.0)[..., None])
    return (
        np.concatenate([color, ALPHA[..., None]], -1).astype([np.uint8, np.uint16][scale > 1])
        * scale
    )


def planes(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(array, -1, 0))


def grey(array: np.ndarray, **options: Any) -> bytes:
    return written(array, photometric="minisblack", **options)


def bilevel(compression: str, photometric: int = 1) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(BITS * 255).convert("1").save(
        buffer, "TIFF", compression=compression, tiffinfo={262: photometric}
    )
    return buffer.getvalue()


def palette_file(bits: int) -> bytes:
    indices = GREY >> (8 - bits)
    table = np.linspace(0, 65535, 2**bits).astype(int)
    colors = [*table, *table[::-1], *table]
    tags = (258, 3, [bits]), (262, 3, [3]), (320, 3, colors)
    return by_hand([packed(indices, bits)], *tags)


def palette_pixels(bits: int) -> np.ndarray:
    value = np.round((GREY >> (8 - bits)) * 255.0 / (2**bits - 1))
    return np.stack([value, 255 - value, value], -1)


def old_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "JPEG", quality=95, subsampling=0)
    data = buffer.getvalue()
    tags = (258, 3, [8, 8, 8]), (259, 3, [6]), (262, 3, [6]), (277, 3, [3])
    return by_hand([data], *tags, (513, 4, [8]), (514, 4, [len(data)]))


def lab_file() -> bytes:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.applyTransform(
        Image.fromarray(GREY_RGB), ImageCms.buildTransform(*profiles, "RGB", "LAB")
    )
    buffer = io.BytesIO()
    assert lab is not None
    lab.save(buffer, "TIFF")
    return buffer.getvalue()
