"""Photos with megabytes of metadata: opened in time, weighed with it, and saved without it."""

import io
import struct

import pytest
from helpers.stand_ins import SepiaColorizer
from PIL import Image

from pix2pix.app.server.colorize_schemas import ColorizeSettings, PhotoModels, finish_photo
from pix2pix.app.server.photo_store import open_upload

SIZE = 6_000_000  # bytes


def exif(tag: int, kind: int, count: int, value: int, rest: bytes = b"") -> bytes:
    """An Exif block with one entry (TIFF 6.0, section 2)."""
    entry = struct.pack(">HHII", tag, kind, count, value)
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + bytes(4) + rest


def laughs() -> bytes:
    """XMP with entities that would expand to 10^13 letters."""
    entities = ['<!ENTITY a0 "ha">']
    entities += [f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(13)]
    packet = '<x:xmpmeta xmlns:x="adobe:ns:meta/">&a13;</x:xmpmeta>'
    return f"<!DOCTYPE x [{''.join(entities)}]>{packet}".encode()


def profile() -> bytes:
    return struct.pack(">I", SIZE) + bytes(32) + b"acsp" + bytes(SIZE - 40)


METADATA = {
    "XMP": lambda: {"xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"A" * SIZE + b"</x:xmpmeta>"},
    "XMP of entities": lambda: {"xmp": laughs()},
    "ICC": lambda: {"icc_profile": profile()},
    "Exif": lambda: {"exif": exif(0x010E, 2, SIZE, 26, b"A" * SIZE)},
    "Exif in a circle": lambda: {"exif": exif(0x8769, 4, 1, 8)},
    "Exif of a billion values": lambda: {"exif": exif(0x010E, 2, 2**32 - 1, 26)},
}
CASES = [
    *((kind, name) for kind in ("WEBP", "AVIF") for name in METADATA),
    *(("TIFF", name) for name in ("ICC", "XMP", "XMP of entities", "Exif in a circle")),
    *(("PNG", name) for name in METADATA if name.startswith("Exif")),
    *(("JPEG", name) for name in ("ICC", "XMP of entities", "Exif in a circle")),
]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_metadata_is_weighed_when_kept_and_bounded_when_saved(kind: str, name: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 100)).save(buffer, kind, **METADATA[name]())
    content = buffer.getvalue()
    photo = open_upload(content, "a.jpg")
    assert photo.preview.info == photo.quick.info == {}
    assert len(content) < photo.weight < len(content) + 60_000
    settings = ColorizeSettings(1.0, 128, (), False, False, False, False, False)
    for saved in ("png", "jpeg", "webp"):
        result = finish_photo(
            PhotoModels(SepiaColorizer()), photo.content, photo.name, settings, saved
        )
        assert len(result) < 20_000


def test_an_icc_profile_that_inflates_to_gigabytes_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "PNG", icc_profile=profile())
    content = buffer.getvalue()
    assert len(content) < 50_000
    with pytest.raises(ValueError, match=r"a\.png: is damaged or cut short"):
        open_upload(content, "a.png")
