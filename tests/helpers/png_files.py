"""PNG files of every bit depth and colour type, which Pillow does not write."""

import struct
import zlib

import numpy as np


def raw_png(
    samples: np.ndarray,
    depth: int,
    kind: int,
    *chunks: tuple[bytes, bytes],
    interlaced: bool = False,
) -> bytes:
    """A PNG file of samples (H, W, C), with every filter in turn."""
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)]
        passes += [(1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b"".join(
        pack_rows(samples[top::down, left::across], depth) for left, top, across, down in passes
    )
    header = struct.pack(">IIBBBBB", *samples.shape[1::-1], depth, kind, 0, 0, interlaced)
    body = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in body
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def checksum(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))


def pack_rows(samples: np.ndarray, depth: int) -> bytes:
    if not samples.size:
        return b""
    values = samples.reshape(len(samples), -1)
    if depth == 16:
        rows = values.astype(">u2").view(np.uint8)
    else:
        bits = np.unpackbits(values.astype(np.uint8)[..., None], axis=2)[..., 8 - depth :]
        rows = np.packbits(bits.reshape(len(values), -1), axis=1)
    step = max(1, samples.shape[2] * depth // 8)
    packed, above = b"", np.zeros(rows.shape[1], int)
    for i, row in enumerate(rows.astype(int)):
        left, corner = (np.r_[np.zeros(step, int), x][: len(row)] for x in (row, above))
        a, b, c = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
        paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
        guess = (0 * row, left, above, (left + above) // 2, paeth)[i % 5]
        packed += bytes([i % 5]) + ((row - guess) % 256).astype(np.uint8).tobytes()
        above = row
    return packed
