"""Refuse images with more metadata or scans than any photo has, before Pillow reads them.

Pillow joins the parts of a GIF comment and of a JPEG's Exif one by one, in quadratic time: a GIF of
1 MB kept it busy for 2 s, one of 20 MB for more than five minutes. It inflates up to 64 MB of PNG
texts. Other formats store their metadata uncompressed, in one piece.

A scan of a progressive JPEG makes the decoder pass over all pixels, and takes 75 bytes at least: at
50 megapixels 1 MB of scans took ten minutes.
"""

import io
import os
import re
from typing import IO

from PIL import PngImagePlugin

MAX_GIF_EXTENSION_BYTES = 128 << 10  # before the first frame: 0.03 s in Pillow
MAX_EXIF_SEGMENTS = 64  # of 64 kB; cameras write one, a few wrote up to ten
MAX_PARTS = 10_000  # segments of a JPEG, or chunks of a PNG that are no pixels
MAX_SCANS = 64  # of a JPEG: cameras write one, encoders up to 23; the limit in libtiff is 100
MAX_PNG_TEXT_BYTES = 8 << 20  # inflated, all together; `metadata` keeps far less

_TOO_MUCH = "has more metadata than any photo needs"
_STANDALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length
_SCAN, _EXIF, _END = 0xDA, 0xE1, 0xD9
# In the coded pixels of a scan, the byte FF stands before a 0 or in a restart marker.
_NEXT_SEGMENT = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_BLOCK_BYTES = 1 << 20

# Pillow's documented limit of the texts of one PNG; its own is 64 MB.
PngImagePlugin.MAX_TEXT_MEMORY = MAX_PNG_TEXT_BYTES


def check_metadata(file: IO[bytes]) -> None:
    """Raises ValueError for a GIF, JPEG or PNG with too much metadata, or a JPEG of too many scans.

    Leaves the file at 0.
    """
    file.seek(0)
    head = file.read(8)
    if head[:4] == b"GIF8":
        _check_gif(file)
    elif head[:2] == b"\xff\xd8":
        _check_jpeg(file)
    elif head == b"\x89PNG\r\n\x1a\n":
        _check_png(file)
    file.seek(0)


def _check_gif(file: IO[bytes]) -> None:
    """Walks the extensions before the first frame (GIF89a, sections 18 to 24)."""
    file.seek(10)
    flags = file.read(3)[:1]
    if flags and flags[0] & 0x80:
        file.seek(3 << ((flags[0] & 7) + 1), os.SEEK_CUR)
    total = 0
    while file.read(1) == b"!":
        file.read(1)
        while (size := file.read(1)) not in (b"", b"\0"):
            total += 1 + size[0]
            if total > MAX_GIF_EXTENSION_BYTES:
                raise ValueError(_TOO_MUCH)
            file.seek(size[0], os.SEEK_CUR)


def _check_jpeg(file: IO[bytes]) -> None:
    """Walks the segments of the first image (ITU-T T.81, annex B)."""
    file.seek(2)
    exif = scans = 0
    for _ in range(MAX_PARTS):
        marker = _next_marker(file) if scans == 0 else _marker_after_scan(file)
        if marker is None or (marker == _END and scans > 0):
            return
        if marker in _STANDALONE:
            continue
        length = int.from_bytes(file.read(2), "big")
        exif += marker == _EXIF and file.read(6) == b"Exif\0\0"
        scans += marker == _SCAN
        if exif > MAX_EXIF_SEGMENTS:
            raise ValueError(_TOO_MUCH)
        if scans > MAX_SCANS:
            raise ValueError(f"is a JPEG of more than {MAX_SCANS} scans, more than any photo needs")
        file.seek(max(0, length - 2 - 6 * (marker == _EXIF)), os.SEEK_CUR)
    raise ValueError(_TOO_MUCH)


def check_scans(content: bytes) -> None:
    """Raises ValueError for a JPEG with too many scans; for the JPEG in a TIFF."""
    _check_jpeg(io.BytesIO(content))


def _next_marker(file: IO[bytes]) -> int | None:
    """The next marker; like Pillow, skips a few bytes that are none."""
    for _ in range(MAX_PARTS):
        byte = file.read(1)
        if byte == b"\xff":
            while (byte := file.read(1)) == b"\xff":
                pass
            if byte and byte != b"\0":
                return byte[0]
        if not byte:
            return None
    raise ValueError(_TOO_MUCH)


def _marker_after_scan(file: IO[bytes]) -> int | None:
    """The first marker after the coded pixels that begin at the file's position."""
    start = file.tell()
    while block := file.read(_BLOCK_BYTES):
        if found := _NEXT_SEGMENT.search(block):
            file.seek(start + found.end())
            return found[1][0]
        start += len(block)
        if block[-1] == 0xFF and len(block) > 1:  # a marker may stand across two blocks
            start -= 1
            file.seek(start)
    return None


def _check_png(file: IO[bytes]) -> None:
    """Counts the chunks other than pixels (PNG 1.2, 3.2)."""
    parts = 0
    while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
        parts += head[4:] != b"IDAT"
        if parts > MAX_PARTS:
            raise ValueError(_TOO_MUCH)
        file.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)
