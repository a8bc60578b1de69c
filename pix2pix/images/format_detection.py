"""Image format detection from a file's first bytes."""

import re
from pathlib import Path

HEAD_BYTES = 32
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # header sizes; "BM" alone would match any text
_BRANDS = ("avif", "avis", "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1")


def detect_format(path: Path) -> str | None:
    """Pillow's name of the file's format, "HEIF" for HEIC; None if it is no supported image.

    Raises OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        return detect_format_of(file.read(HEAD_BYTES))


def detect_format_of(head: bytes) -> str | None:
    """`detect_format` of the first HEAD_BYTES of a file."""
    for start, kind in (
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"II+\0", "TIFF"),
        (b"MM\0+", "TIFF"),
    ):
        if head.startswith(start):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if re.match(rb"P[1-6]\s+[\d#]", head):
        return "PPM"
    brand = head[8:12].decode("latin-1")
    if head[4:8] == b"ftyp" and brand in _BRANDS:
        return "AVIF" if brand.startswith("avi") else "HEIF"
    return None
