"""What a photo says of itself stays with the result in every format that has room for it."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pix2pix.images.exif import EXIF_HEADER, MAX_EXIF_BYTES, ExifBlock, ExifTag, parse_exif
from pix2pix.images.metadata import NO_METADATA, Metadata, read_metadata
from pix2pix.images.reader import open_image
from pix2pix.images.writer import encode_image

KINDS = ["JPEG", "PNG", "WEBP", "TIFF"]
CAPTION = "Großmutter, Łódź 1941"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" '
    'dc:creator="Ł. Uthor"><xmp:Thumbnails>GREY</xmp:Thumbnails></rdf:Description></x:xmpmeta>'
)


def iptc(*fields: tuple[int, str]) -> bytes:
    return b"".join(
        b"\x1c\x02" + struct.pack(">BH", number, len(text.encode())) + text.encode()
        for number, text in fields
    )


IPTC = iptc((5, "A title"), (80, "I. Author"), (120, CAPTION), (116, "CC0"))


def camera_exif(order: str = ">") -> bytes:
    """As a camera and a cataloguer leave it: caption in UTF-8, place, maker's note, thumbnail."""

    def text(value: str) -> ExifTag:
        raw = value.encode() + b"\0"
        return ExifTag(2, len(raw), raw)

    def short(value: int) -> ExifTag:
        return ExifTag(3, 1, struct.pack(order + "H", value))

    place = struct.pack(order + "6I", 52, 1, 31, 1, 25, 2)
    return ExifBlock(
        order,
        {
            270: text(CAPTION),
            271: text("A maker"),
            274: short(6),
            306: text("1987:06:05 04:03:02"),
            315: text("A. Uthor"),
            0x9C9B: ExifTag(1, 6, "abc".encode("utf-16-le")),
            256: short(9),
        },
        {
            34665: {
                36867: text("1941:12:07 08:00:00"),
                37500: ExifTag(7, 40, bytes(40)),
                40962: short(9),
                37386: ExifTag(5, 1, struct.pack(order + "2I", 50, 1)),
            },
            34853: {1: text("N"), 2: ExifTag(5, 3, place)},
        },
    ).pack()


def encoded(kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 24), (90, 120, 30)).save(buffer, kind, **options)
    return buffer.getvalue()


def result_of(data: bytes, kind: str) -> Image.Image:
    """The file of the same picture in another format, with what the first says of itself."""
    image = open_image(data)
    content = encode_image(image.convert("RGB"), kind, read_metadata(image))
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_captions_people_dates_and_place_stay(kind: str, order: str) -> None:
    result = result_of(encoded("JPEG", exif=camera_exif(order)), kind)
    found = result.getexif()
    assert found[270].encode("latin-1").decode() == CAPTION
    assert (found[271], found[306], found[315]) == ("A maker", "1987:06:05 04:03:02", "A. Uthor")
    assert bytes(found[0x9C9B]).decode("utf-16-le").rstrip("\0") == "abc"
    inner, place = found.get_ifd(34665), found.get_ifd(34853)
    assert (inner[36867], float(inner[37386])) == ("1941:12:07 08:00:00", 50)
    assert (place[1], [float(v) for v in place[2]]) == ("N", [52, 31, 12.5])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_of_the_result_does_not(kind: str) -> None:
    result = result_of(encoded("JPEG", exif=camera_exif()), kind)
    assert result.size == (24, 16)
    result.load()
    found = result.getexif()
    assert 274 not in found and not found.get_ifd(1)
    assert not {37500, 40962} & found.get_ifd(34665).keys()
    assert found.get(256, result.width) == result.width


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_xmp_stays_without_what_it_says_of_the_old_file(kind: str, source: str) -> None:
    if source == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_itxt("XML:com.adobe.xmp", XMP)
        data = encoded(source, pnginfo=notes)
    else:
        tiff = {"tiffinfo": {700: XMP.encode()}}
        data = encoded(source, **(tiff if source == "TIFF" else {"xmp": XMP.encode()}))
    packet = result_of(data, kind).info["xmp"]
    text = (packet if isinstance(packet, bytes) else packet.encode()).decode()
    assert 'dc:creator="Ł. Uthor"' in text and text.endswith("</x:xmpmeta>")
    assert "Orientation" not in text and "GREY" not in text


def segment(records: bytes) -> bytes:
    block = b"Photoshop 3.0\08BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    block += bytes(len(block) % 2)
    return b"\xff\xed" + struct.pack(">H", len(block) + 2) + block


@pytest.mark.parametrize("source", ["JPEG", "TIFF", "PNG"])
def test_iptc_stays_where_it_has_a_place_and_its_caption_everywhere(source: str) -> None:
    if source == "JPEG":
        data = encoded("JPEG", extra=segment(IPTC))
    elif source == "TIFF":
        data = result_file(Metadata(iptc=IPTC), "TIFF")
    else:
        data = result_file(Metadata(iptc=IPTC), "PNG")
    assert result_of(data, "JPEG").info["photoshop"][0x0404] == IPTC
    assert (
        read_metadata(open_image(result_file(read_metadata(open_image(data)), "TIFF"))).iptc == IPTC
    )
    assert (
        read_metadata(open_image(result_file(read_metadata(open_image(data)), "PNG"))).iptc == IPTC
    )
    for kind in ("WEBP", "PNG"):
        found = result_of(data, kind).getexif()
        assert found[270].encode("latin-1").decode() == CAPTION
        assert (found[315], found[33432]) == ("I. Author", "CC0")


def result_file(metadata: Metadata, kind: str) -> bytes:
    return encode_image(Image.new("RGB", (16, 24)), kind, metadata)


def test_the_texts_of_a_png_stay_and_become_exif_elsewhere() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "A. Uthor")
    notes.add_itxt("Description", CAPTION)
    notes.add_text("Comment", "dusty", zip=True)
    data = encoded("PNG", pnginfo=notes)
    again = result_of(data, "PNG")
    again.load()
    assert isinstance(again, PngImagePlugin.PngImageFile)
    assert again.text == {"Author": "A. Uthor", "Description": CAPTION, "Comment": "dusty"}
    for kind in ("JPEG", "WEBP", "TIFF"):
        result = result_of(data, kind)
        assert result.getexif()[270].encode("latin-1").decode() == CAPTION
        assert result.getexif()[315] == "A. Uthor"
    assert result_of(data, "JPEG").info["comment"] == b"dusty"


def test_the_comment_of_a_jpeg_or_gif_stays() -> None:
    for source in ("JPEG", "GIF"):
        data = encoded(source, comment=b"from the attic")
        assert result_of(data, "JPEG").info["comment"] == b"from the attic"
        assert result_of(data, "PNG").info["Comment"] == "from the attic"
        assert result_of(data, "WEBP").getexif()[270] == "from the attic"


def test_what_is_absurdly_large_is_left_out_and_the_rest_stays() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "A" * 60_000_000, zip=True)
    try:
        texts = read_metadata(open_image(encoded("PNG", pnginfo=notes))).texts
    except ValueError as error:  # refused before it is unpacked
        assert "is damaged" in str(error)
    else:
        assert texts == ()
    block = parse_exif(camera_exif())
    block.rows[305] = ExifTag(2, MAX_EXIF_BYTES - 9, b"s" * (MAX_EXIF_BYTES - 9))
    kept = parse_exif(block.pack())
    assert 270 in kept.rows and 305 not in kept.rows
    assert len(block.pack()) < MAX_EXIF_BYTES + 1000
    huge = Metadata(xmp=b"<" * 400_000, exif=camera_exif())
    result = Image.open(io.BytesIO(result_file(huge, "JPEG")))
    assert "xmp" not in result.info and result.getexif()[315] == "A. Uthor"


@pytest.mark.parametrize("kind", KINDS)
def test_of_nothing_nothing_is_written(kind: str) -> None:
    result = Image.open(io.BytesIO(result_file(NO_METADATA, kind)))
    result.load()
    assert read_metadata(open_image(result_file(NO_METADATA, kind))) == NO_METADATA
    assert "xmp" not in result.info and "exif" not in result.info


def test_any_damage_to_a_block_leaves_a_block_or_nothing() -> None:
    rng = np.random.default_rng(0)
    whole = camera_exif()
    for _ in range(3000):
        damaged = bytearray(whole[: rng.integers(6, len(whole) + 1)])
        for place in rng.integers(0, len(damaged), 3):
            damaged[place] = rng.choice([0, 255, 8, int(rng.integers(256))])
        packed = parse_exif(bytes(damaged)).pack()
        assert len(packed) < MAX_EXIF_BYTES + 1000
        if packed:
            assert parse_exif(packed).pack() == packed
            result_file(Metadata(exif=packed), "JPEG")
    assert parse_exif(EXIF_HEADER + b"II*\0").pack() == b""


def test_a_thousand_thumbnails_without_end_take_no_time() -> None:
    packet = b"<xmp:Thumbnails>" * 30_000
    data = encoded("WEBP", xmp=packet)
    assert read_metadata(open_image(data)).xmp == b""


def test_a_raw_profile_in_a_png_is_read() -> None:
    digits = camera_exif().hex()
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Raw profile type exif", f"\nexif\n{len(digits) // 2:8}\n{digits}\n", zip=True)
    data = encoded("PNG", pnginfo=notes)
    assert len(zlib.compress(data)) < 10_000
    result = result_of(data, "TIFF")
    assert result.getexif()[315] == "A. Uthor"
