"""The browser engine reads and writes a photo's metadata as Python does, and lossless PNG files."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.engine import NodeJob, to_rgba
from helpers.printed import EXAMPLES
from PIL import Image, PngImagePlugin

from pix2pix.images.exif import ExifBlock, ExifTag
from pix2pix.images.metadata import Metadata, read_metadata
from pix2pix.images.reader import open_image
from pix2pix.images.writer import encode_image, read_dpi

CAPTION = "Großmutter, Łódź 1941"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" '
    'dc:creator="Ł. Uthor"><xmp:Thumbnails>GREY</xmp:Thumbnails></rdf:Description></x:xmpmeta>'
).encode()
IPTC = b"".join(
    b"\x1c\x02" + struct.pack(">BH", number, len(text.encode())) + text.encode()
    for number, text in ((5, "A title"), (80, "I. Author"), (120, CAPTION), (116, "CC0"))
)
WIDTH, HEIGHT = 77, 45  # no multiples of a JPEG block


def camera_exif(order: str, turned: int = 6) -> bytes:
    def text(value: str) -> ExifTag:
        raw = value.encode() + b"\0"
        return ExifTag(2, len(raw), raw)

    def short(value: int) -> ExifTag:
        return ExifTag(3, 1, struct.pack(order + "H", value))

    rows = {270: text(CAPTION), 271: text("A maker"), 274: short(turned), 256: short(9)}
    rows |= {306: text("1987:06:05 04:03:02"), 315: text("A. Uthor")}
    inner = {36867: text("1941:12:07 08:00:00"), 37500: ExifTag(7, 40, bytes(40))}
    place = {1: text("N"), 2: ExifTag(5, 3, struct.pack(order + "6I", 52, 1, 31, 1, 25, 2))}
    return ExifBlock(order, rows, {34665: inner, 34853: place}).pack()


def encoded(kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 30), (90, 120, 30)).save(buffer, kind, **options)
    return buffer.getvalue()


def photoshop(records: bytes) -> bytes:
    block = b"Photoshop 3.0\08BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    block += bytes(len(block) % 2)
    return b"\xff\xed" + struct.pack(">H", len(block) + 2) + block


def png_texts() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Title", "A title")
    notes.add_text("Author", "Zipped", zip=True)
    notes.add_itxt("Description", CAPTION, zip=True)
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return encoded("PNG", pnginfo=notes, dpi=(300, 301))


def full_png() -> bytes:
    image = Image.new("RGB", (16, 30))
    texts = (("Comment", "of a test"), ("Copyright", "Łódź"))
    return encode_image(image, "PNG", Metadata(camera_exif(">", 1), XMP, IPTC, texts), (72, 72))


FILES = {
    "plain": encoded("JPEG"),
    "camera": encoded("JPEG", exif=camera_exif(">"), dpi=(600, 600)),
    "little": encoded("JPEG", exif=camera_exif("<", 8)),
    "xmp": encoded("JPEG", xmp=XMP, comment=CAPTION.encode()),
    "iptc": encoded("JPEG", extra=photoshop(IPTC)),
    "broken exif": encoded("JPEG", exif=camera_exif(">")[:70]),
    "cut short": encoded("JPEG", exif=camera_exif(">"))[:200],
    "png texts": png_texts(),
    "full png": full_png(),
    "turned png": encoded("PNG", exif=camera_exif("<", 5)),
    "webp": encoded("WEBP", exif=camera_exif(">"), xmp=XMP),
    "lossless webp": encoded("WEBP", lossless=True),
    "gif": encoded("GIF"),
}
DAMAGED = ("cut short",)  # Python refuses it; its parts are read as far as they go


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Noise, a ramp, and a photo."""
    found = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    found[5:12] = np.arange(WIDTH, dtype=np.uint8)[:, None]
    found[12:] = to_rgba(Image.open(EXAMPLES[0]).convert("RGB").resize((WIDTH, HEIGHT - 12)))
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray) -> tuple[Path, list[Any]]:
    job = NodeJob(tmp_path_factory.mktemp("files"))
    for name, content in FILES.items():
        (job.folder / name).write_bytes(content)
    values = {"pixels": job.put("pixels", pixels), "width": WIDTH, "height": HEIGHT}
    values |= {"files": [{"name": n, "strip": n == "plain"} for n in FILES]}
    return job.folder, job.run(Path(__file__).with_name("write_photos.mjs"), values)


def spaced(metadata: Metadata) -> Metadata:
    """With single spaces in XMP: Pillow leaves two where it takes the orientation out."""
    return replace(metadata, xmp=b" ".join(metadata.xmp.split()))


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("name", [name for name in FILES if name not in DAMAGED])
def test_a_result_carries_the_metadata_that_python_writes(
    written: tuple[Path, list[Any]], name: str, suffix: str
) -> None:
    source = open_image(FILES[name])
    kind = {"png": "PNG", "jpg": "JPEG"}[suffix]
    expected = encode_image(Image.new("RGB", (4, 4)), kind, read_metadata(source), read_dpi(source))
    found = open_image((written[0] / f"{name}.out.{suffix}").read_bytes())
    assert spaced(read_metadata(found)) == spaced(read_metadata(open_image(expected)))
    assert found.getexif().get(274, 1) == 1
    if name not in ("little", "broken exif"):  # Pillow says 72 dpi where they say nothing
        wanted = read_dpi(open_image(expected))
        assert read_dpi(found) == (wanted and pytest.approx(wanted))


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_described_by_its_first_bytes(written: tuple[Path, list[Any]], name: str) -> None:
    answer = written[1][list(FILES).index(name)]
    kinds = {
        "full png": "PNG",
        "png texts": "PNG",
        "turned png": "PNG",
        "webp": "WEBP",
        "lossless webp": "WEBP",
    }
    assert answer["format"] == kinds.get(name, "GIF" if name == "gif" else "JPEG")
    assert answer.get("size") == (None if name in DAMAGED else [16, 30])
    turned = {"little": 8, "turned png": 5}
    turned |= dict.fromkeys(("camera", "webp", "cut short", "xmp", "png texts", "full png"), 6)
    assert answer["orientation"] == turned.get(name, 1)
    if name not in DAMAGED:
        image = Image.open(io.BytesIO(FILES[name]))
        assert answer["orientation"] == image.getexif().get(274, 1)  # Exif's, else XMP's


def test_a_png_has_the_pixels_it_was_given(
    written: tuple[Path, list[Any]], pixels: np.ndarray
) -> None:
    for name in ("camera", "full png"):
        image = Image.open(written[0] / f"{name}.out.png")
        np.testing.assert_array_equal(np.asarray(image), pixels)
    opaque = Image.open(written[0] / "plain.out.png")
    assert opaque.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(opaque), pixels[..., :3])


def test_a_jpeg_is_as_good_as_pillows_with_full_chroma(
    written: tuple[Path, list[Any]], pixels: np.ndarray
) -> None:
    """Of the same tables: the same picture but for rounding, and a file as large."""
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    expected = encode_image(image, "JPEG")
    content = (written[0] / "plain.out.jpg").read_bytes()
    found: Any = Image.open(io.BytesIO(content))
    other: Any = Image.open(io.BytesIO(expected))
    assert found.quantization == other.quantization
    others = np.asarray(other).astype(int)
    assert np.abs(np.asarray(found) - others).mean() < 0.5
    own, theirs = (
        np.square(np.asarray(each) - pixels[..., :3].astype(int)).mean() for each in (found, others)
    )
    assert own < 1.01 * theirs
    assert abs(len(content) - len(expected)) < 0.02 * len(expected)


@pytest.mark.parametrize("name", ["camera", "little", "turned png", "webp"])
def test_what_the_browser_decodes_is_not_turned(written: tuple[Path, list[Any]], name: str) -> None:
    before, after = (FILES[name], (written[0] / f"{name}.upright").read_bytes())
    assert Image.open(io.BytesIO(before)).getexif()[274] != 1
    image = Image.open(io.BytesIO(after))  # raises where a PNG's checksum is wrong
    image.load()
    assert image.getexif()[274] == 1
    assert len(after) == len(before)
