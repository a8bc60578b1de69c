"""Metadata that keeps a reader busy or fills its memory is refused before it is read."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from pix2pix.images.metadata_limits import (
    MAX_EXIF_SEGMENTS,
    MAX_GIF_EXTENSION_BYTES,
    MAX_PARTS,
    MAX_SCANS,
)
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


def progressive(scans: int) -> bytes:
    """A progressive JPEG of 16 megapixels; each scan more takes 75 bytes and 15 ms."""
    buffer = io.BytesIO()
    Image.new("L", (4000, 4000), 100).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    last = content.rindex(b"\xff\xda")
    own = content.count(b"\xff\xda")
    return content[:-2] + content[last:-2] * (scans - own) + content[-2:]


def thumbnailed(content: bytes) -> bytes:
    """The JPEG with a comment that looks like the end of an image, then scans."""
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"\xff\xd9\xff\xd9"
    first = content.index(b"\xff\xda")
    second = content.index(b"\xff\xc4", first)
    return content[:second] + comment + content[second:]


EXIF = b"Exif\0\0" + b"A" * 65_000
BOMBS = {
    "a GIF comment of 20 MB, five minutes in Pillow": lambda: gif(20 << 20),
    "a JPEG with 60 MB of Exif": lambda: jpeg(0xE1, EXIF, 900),
    "a JPEG of four million segments": lambda: jpeg(0xE1, b"", 4_000_000),
    "a PNG of a million chunks": lambda: png(1_000_000),
}


SCANS = {
    "100,000 scans of 75 bytes": lambda: progressive(100_000),
    "one more than allowed": lambda: progressive(MAX_SCANS + 1),
    "behind what looks like the end": lambda: thumbnailed(progressive(1000)),
}


@pytest.mark.parametrize("name", SCANS)
def test_a_jpeg_of_many_scans_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"a\.jpg: is a JPEG of more than 64 scans"):
        open_image(SCANS[name](), "a.jpg")


def test_a_jpeg_of_many_scans_within_a_tiff_is_refused() -> None:
    bomb = progressive(MAX_SCANS + 1)
    tiff = io.BytesIO()
    with tifffile.TiffWriter(tiff) as writer:
        writer.write(
            iter([bomb]),
            shape=(4000, 4000),
            dtype="uint8",
            compression="jpeg",
            rowsperstrip=4000,
            photometric="minisblack",
        )
    with pytest.raises(ValueError, match="is a JPEG of more than 64 scans"):
        open_image(tiff.getvalue(), "a.tif")


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


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_progressive_jpeg_is_read(mode: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2000, 1500, len(mode)), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise.squeeze(), mode).save(buffer, "JPEG", progressive=True, quality=98)
    assert buffer.tell() > 2 << 20, "markers stand across several blocks"
    assert open_image(buffer.getvalue()).size == (1500, 2000)


def test_a_jpeg_of_as_many_scans_as_allowed_is_read() -> None:
    assert open_image(progressive(MAX_SCANS)).size == (4000, 4000)
