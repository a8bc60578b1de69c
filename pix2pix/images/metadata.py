"""Copy a photo's metadata (captions, people, dates, GPS position) to a result of any format.

Reads Exif, XMP, IPTC, PNG texts and comments, and writes what the target format supports. Drops
what no longer applies to the result: orientation, thumbnails, MakerNote. Each kind has a size
limit.
"""

import binascii
import re
import struct
from dataclasses import dataclass
from typing import Any

from PIL import Image, PngImagePlugin, TiffImagePlugin

from pix2pix.images import exif
from pix2pix.images.exif import ExifBlock, parse_exif

MAX_XMP_BYTES = 500_000
MAX_IPTC_BYTES = 60_000  # like Exif: a JPEG segment holds 65,533
MAX_TEXT_CHARS = 50_000  # of one PNG text
MAX_TEXTS_CHARS = 200_000  # of all PNG texts
_JPEG_ROOM = 65_000

_PHOTOSHOP, _IPTC_BLOCK = b"Photoshop 3.0\0", 0x0404
_XMP_TEXT, _RAW = "XML:com.adobe.xmp", "Raw profile type "
_XMP_TAG, _IPTC_TAG = 700, 33723

# PNG text keywords and the corresponding Exif tags (PNG 1.2, 4.2.3.1)
_TEXT_TAGS = {
    "Description": exif.DESCRIPTION,
    "Title": exif.DESCRIPTION,
    "Comment": exif.DESCRIPTION,
    "Author": exif.ARTIST,
    "Copyright": exif.COPYRIGHT,
    "Software": exif.SOFTWARE,
}
# IPTC records by (record, number), and the corresponding Exif tags (IIM 4.2)
_IPTC_TAGS = {(2, 120): exif.DESCRIPTION, (2, 80): exif.ARTIST, (2, 116): exif.COPYRIGHT}


@dataclass(frozen=True)
class Metadata:
    """A photo's metadata, as bytes that can be written unchanged."""

    exif: bytes = b""  # a block with its "Exif" header
    xmp: bytes = b""
    iptc: bytes = b""  # IIM records
    texts: tuple[tuple[str, str], ...] = ()  # (keyword, text), comments included


NO_METADATA = Metadata()


def read_metadata(image: Image.Image) -> Metadata:
    """The metadata of an opened image. Broken parts are ignored."""
    info = image.info
    return Metadata(
        parse_exif(original_exif(image)).pack(),
        _clean_xmp(_bytes(info.get("xmp")) or _bytes(info.get(_XMP_TEXT))),
        _read_iptc(info),
        _read_texts(image),
    )


def original_exif(image: Image.Image) -> bytes:
    """The Exif block as stored in the file; empty if it has none."""
    return _bytes(image.info.get("exif")) or _raw_profile(image.info, "exif")


def save_options(kind: str, metadata: Metadata) -> dict[str, Any]:
    """The options of Pillow's `save` that write the metadata in a format, as far as it can."""
    block = parse_exif(metadata.exif)
    if kind != "PNG":
        _fill_from_texts(block, metadata.texts, but=("Comment",) if kind == "JPEG" else ())
    if kind in ("WEBP", "PNG"):  # most programs read no IPTC in these
        _fill_from_iptc(block, metadata.iptc)
    packed = block.pack()
    if kind == "JPEG":
        return _jpeg_options(packed, metadata)
    if kind == "PNG":
        return _png_options(packed, metadata)
    if kind == "WEBP":
        return _given(exif=packed, xmp=metadata.xmp)
    if kind == "TIFF":
        return _given(tiffinfo=_tiff_directory(packed, metadata))
    return {}


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}


def _jpeg_options(packed: bytes, metadata: Metadata) -> dict[str, Any]:
    xmp = metadata.xmp if len(metadata.xmp) <= _JPEG_ROOM else b""
    extra = b""
    if metadata.iptc:
        size = struct.pack(">I", len(metadata.iptc))
        block = b"8BIM" + struct.pack(">H", _IPTC_BLOCK) + bytes(2) + size + metadata.iptc
        block = _PHOTOSHOP + block + bytes(len(block) % 2)
        extra = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    comment = dict(metadata.texts).get("Comment", "").encode()
    return _given(exif=packed, xmp=xmp, extra=extra, comment=comment)


def _png_options(packed: bytes, metadata: Metadata) -> dict[str, Any]:
    notes = PngImagePlugin.PngInfo()
    for key, text in metadata.texts:
        if key.isascii() and text.isascii():
            notes.add_text(key, text)
        else:
            notes.add_itxt(key, text)
    if metadata.xmp:
        notes.add_itxt(_XMP_TEXT, metadata.xmp.decode("utf-8", "replace"))
    if metadata.iptc:  # the form of ImageMagick and ExifTool
        digits = binascii.hexlify(metadata.iptc).decode()
        lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
        notes.add_text(f"{_RAW}iptc", f"\niptc\n{len(metadata.iptc):8}\n{lines}\n", zip=True)
    return _given(exif=packed, pnginfo=notes if notes.chunks else None)


def _tiff_directory(packed: bytes, metadata: Metadata) -> TiffImagePlugin.ImageFileDirectory_v2:
    """The TIFF directory for Pillow, with texts as bytes: it would replace non-ASCII by "?"."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    found = Image.Exif()
    if packed:
        found.load(packed)
    inner = {tag: found.get_ifd(tag) for tag in (exif.EXIF, exif.GPS)}
    for tag, value in found.items():
        if tag not in inner:
            directory[tag] = _encoded(value)
    for tag, values in inner.items():
        if values:
            directory[tag] = {key: _encoded(value) for key, value in values.items()}
    for tag, kind, content in (
        (_XMP_TAG, 1, metadata.xmp),
        (_IPTC_TAG, 7, metadata.iptc),
    ):
        if content:
            directory.tagtype[tag] = kind
            directory[tag] = content
    return directory


def _encoded(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return value.encode("latin-1")  # the encoding that Pillow decoded it with
    return value


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else b""


def _raw_profile(info: dict[Any, Any], name: str) -> bytes:
    """A block that ImageMagick stored as PNG text: name, length, hexadecimal digits."""
    text = info.get(f"{_RAW}{name}")
    if not isinstance(text, str) or len(text) > 4 * MAX_XMP_BYTES:
        return b""
    try:
        return binascii.unhexlify("".join(text.split()[2:]))
    except (ValueError, binascii.Error):
        return b""


def _clean_xmp(packet: bytes) -> bytes:
    """The XMP packet without orientation, thumbnails and references to extended XMP."""
    if not 0 < len(packet) <= MAX_XMP_BYTES:
        return b""
    packet = packet.rstrip(b"\0 \n\r\t")
    head, *others = packet.split(b"<xmp:Thumbnails>")
    packet = head + b"".join(part.partition(b"</xmp:Thumbnails>")[2] for part in others)
    for pattern in (
        rb'\s?tiff:Orientation="\d"',
        rb"<tiff:Orientation>\d</tiff:Orientation>",
        rb'\s?xmpNote:HasExtendedXMP="\w{0,40}"',
    ):
        packet = re.sub(pattern, b"", packet)
    return packet


def _read_iptc(info: dict[Any, Any]) -> bytes:
    photoshop = info.get("photoshop")
    found = photoshop.get(_IPTC_BLOCK) if isinstance(photoshop, dict) else None
    found = _bytes(found) or _bytes(info.get("iptc")) or _raw_profile(info, "iptc")
    if found.startswith(b"8BIM"):  # some programs wrap it in a Photoshop block
        found = found[12:] if found[4:8] == b"\x04\x04\0\0" else b""
    return found if found.startswith(b"\x1c") and len(found) <= MAX_IPTC_BYTES else b""


def _read_texts(image: Image.Image) -> tuple[tuple[str, str], ...]:
    texts = image.info.get("texts")  # set by `open_image`, which returns no PngImageFile
    found = dict(texts) if isinstance(texts, dict) else {}
    comment = image.info.get("comment")
    if isinstance(comment, bytes):
        comment = comment.decode("utf-8", "replace")
    if isinstance(comment, str) and comment.strip("\0 \n"):
        found.setdefault("Comment", comment.strip("\0"))
    kept, total = [], 0
    for key, text in found.items():
        if key == _XMP_TEXT or key.startswith(_RAW) or not 0 < len(key) < 80:
            continue
        total += len(text)
        if len(text) <= MAX_TEXT_CHARS and total <= MAX_TEXTS_CHARS:
            kept.append((str(key), str(text)))
    return tuple(kept)


def _fill_from_texts(
    block: ExifBlock, texts: tuple[tuple[str, str], ...], but: tuple[str, ...]
) -> None:
    known = dict(texts)
    for key, tag in _TEXT_TAGS.items():
        if key in known and key not in but:
            block.fill(tag, known[key])


def _fill_from_iptc(block: ExifBlock, records: bytes) -> None:
    """Fills missing tags from IPTC records: marker, record, number, length, value (IIM 4.2)."""
    at = 0
    while records[at : at + 1] == b"\x1c" and at + 5 <= len(records):
        record, number, length = struct.unpack_from(">BBH", records, at + 1)
        value = records[at + 5 : at + 5 + length]
        tag = _IPTC_TAGS.get((record, number))
        if tag is not None and length < 32768:
            try:
                text = value.decode()
            except UnicodeDecodeError:
                text = value.decode("latin-1")
            block.fill(tag, text)
        at += 5 + length
