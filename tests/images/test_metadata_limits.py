"""Metadata that keeps a reader busy or fills its memory is refused before it is read."""

import io
import struct
import zlib

import pytest
from PIL import Image

from pix2pix.images.metadata_limits import MAX_EXIF_SEGMENTS, MAX_GIF_EXTENSION_BYTES, MAX_PARTS
from pix2pix.images.reader import open_image


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, kind)
    return buffer.getvalue()


def gif(comment_bytes: int) -> bytes:
    content = encoded("GIF")
    place = content.index(b",\0\0\0\0")
    comment = b"!\xfe" + (b"\xff" + b"A" * 255) * (comment_bytes // 256) + b"\0"
    return content[:place] + comment + content[place:]


def jpeg(marker: int, data: bytes, count: int) -> bytes:
    content = encoded("JPEG")
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data
    return content[:2] + segment * count + content[2:]


def png(count: int) -> bytes:
    content = encoded("PNG")
    chunk = struct.pack(">I4sI", 0, b"juNk", zlib.crc32(b"juNk"))
    return content[:33] + chunk * count + content[33:]


EXIF = b"Exif\0\0" + b"A" * 65_000
BOMBS = {
    "a GIF comment of 20 MB, five minutes in Pillow": lambda: gif(20 << 20),
    "a JPEG with 60 MB of Exif": lambda: jpeg(0xE1, EXIF, 900),
    "a JPEG of four million segments": lambda: jpeg(0xE1, b"", 4_000_000),
    "a PNG of a million chunks": lambda: png(1_000_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"a\.jpg: has more metadata than any photo needs"):
        open_image(BOMBS[name](), "a.jpg")


@pytest.mark.parametrize(
    "content",
    [
        gif(MAX_GIF_EXTENSION_BYTES - 1024),
        jpeg(0xE1, EXIF, MAX_EXIF_SEGMENTS),
        jpeg(0xE2, b"MPF\0" + b"A" * 60_000, 100),  # depth maps and previews of a phone
        png(MAX_PARTS // 2),
    ],
    ids=["gif", "exif", "previews", "png"],
)
def test_what_cameras_write_is_read(content: bytes) -> None:
    assert open_image(content).size == (8, 8)
