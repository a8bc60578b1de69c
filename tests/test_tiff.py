"""Every kind of TIFF that scanners and programs write opens as the picture that it is."""

import io
import itertools
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from tiffs import ALPHA, GREY, RGB, by_hand, packed, pages, written

from pix2pix.imaging.open import count_pages, open_image, open_rgb, read_size
from pix2pix.imaging.pixels import to_rgb
from pix2pix.imaging.tiff_layout import MAX_DIRECTORIES

WIDE = GREY.astype(np.uint16) * 257
WIDE_RGB = RGB.astype(np.uint16) * 257
DEEP = GREY.astype(np.uint32) * 16843009
GREY_RGB = GREY[..., None].repeat(3, 2)
LAID = np.round(GREY.astype(float) * (ALPHA / 255.0) + 255 - ALPHA)[..., None].repeat(3, 2)
LAID_RGB = np.round(RGB * (ALPHA / 255.0)[..., None] + (255 - ALPHA)[..., None])
SOFT = np.stack(np.broadcast_arrays(np.arange(64)[None] * 3, np.arange(40)[:, None] * 5, 90), -1)
SOFT = SOFT.astype(np.uint8)
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


# Name: how the file is made, the 8-bit RGB expected, and by how much it may be off.
KINDS: dict[str, tuple[Callable[[], bytes], np.ndarray, float]] = {
    "white is zero, 8": (lambda: written(255 - GREY, photometric="miniswhite"), GREY_RGB, 0),
    "white is zero, 16": (lambda: written(65535 - WIDE, photometric="miniswhite"), GREY_RGB, 0),
    "white is zero, 12 in 16": (
        lambda: written(4095 - GREY.astype(np.uint16) * 16, photometric="miniswhite"),
        GREY_RGB,
        1,
    ),
    "white is zero, 4": (
        lambda: by_hand([packed(15 - (GREY >> 4), 4)], (258, 3, [4]), (262, 3, [0])),
        ((GREY >> 4) * 17)[..., None].repeat(3, 2),
        0,
    ),
    "white is zero, float": (
        lambda: written((1 - GREY / 255).astype(np.float32), photometric="miniswhite"),
        GREY_RGB,
        1,
    ),
    "white is zero, grey and alpha, 16": (
        lambda: written(
            np.stack([65535 - WIDE, ALPHA.astype(np.uint16) * 257], -1),
            photometric="miniswhite",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "planes, 8": (lambda: written(planes(RGB), photometric="rgb", planarconfig="separate"), RGB, 0),
    "planes, 16": (
        lambda: written(planes(WIDE_RGB), photometric="rgb", planarconfig="separate"),
        RGB,
        0,
    ),
    "planes, 16, big-endian, deflate, strips": (
        lambda: written(
            planes(WIDE_RGB),
            photometric="rgb",
            planarconfig="separate",
            byteorder=">",
            compression="zlib",
            predictor=True,
            rowsperstrip=7,
        ),
        RGB,
        0,
    ),
    "planes with alpha, 8, tiles": (
        lambda: written(
            planes(with_alpha(RGB)),
            photometric="rgb",
            planarconfig="separate",
            extrasamples=["unassalpha"],
            tile=(16, 16),
        ),
        LAID_RGB,
        1,
    ),
    "planes of grey and alpha, 16": (
        lambda: written(
            planes(with_alpha(GREY, 257)),
            photometric="minisblack",
            planarconfig="separate",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "rgb 16": (lambda: written(WIDE_RGB, photometric="rgb"), RGB, 0),
    "rgb 12 in 16": (lambda: written(RGB.astype(np.uint16) * 16, photometric="rgb"), RGB, 1),
    "rgb 32": (lambda: written(RGB.astype(np.uint32) * 16843009, photometric="rgb"), RGB, 0),
    "rgb float": (lambda: written((RGB / 255).astype(np.float32), photometric="rgb"), RGB, 0),
    "rgb half float": (lambda: written((RGB / 255).astype(np.float16), photometric="rgb"), RGB, 1),
    "rgb with alpha, 8": (
        lambda: written(with_alpha(RGB), photometric="rgb", extrasamples=["unassalpha"]),
        LAID_RGB,
        1,
    ),
    "rgb with alpha, 16": (
        lambda: written(with_alpha(RGB, 257), photometric="rgb", extrasamples=["unassalpha"]),
        LAID_RGB,
        1,
    ),
    "rgb with associated alpha, 8": (
        lambda: written(with_alpha(RGB, 1, True), photometric="rgb", extrasamples=["assocalpha"]),
        LAID_RGB,
        1,
    ),
    "rgb with associated alpha, 16": (
        lambda: written(with_alpha(RGB, 257, True), photometric="rgb", extrasamples=["assocalpha"]),
        LAID_RGB,
        1.5,
    ),
    "rgb with one more that is no alpha": (
        lambda: written(with_alpha(RGB), photometric="rgb", extrasamples=["unspecified"]),
        RGB,
        0,
    ),
    "grey and alpha, 8": (
        lambda: written(
            with_alpha(GREY),
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "grey and alpha, 16": (
        lambda: written(
            with_alpha(GREY, 257),
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        ),
        LAID,
        1,
    ),
    "grey and associated alpha, 8": (
        lambda: written(
            with_alpha(GREY, 1, True),
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["assocalpha"],
        ),
        LAID,
        1,
    ),
    "grey with one more that is empty": (
        lambda: by_hand(
            [np.stack([GREY, GREY * 0], -1).tobytes()], (258, 3, [8, 8]), (277, 3, [2])
        ),
        GREY_RGB,
        0,
    ),
    "10 in 16": (lambda: grey(GREY.astype(np.uint16) * 4 + 3), GREY_RGB, 1),
    "12 in 16": (lambda: grey(GREY.astype(np.uint16) * 16), GREY_RGB, 1),
    "14 in 16": (lambda: grey(GREY.astype(np.uint16) * 64), GREY_RGB, 1),
    "11 in 16, said": (
        lambda: by_hand([(GREY.astype("<u2") * 8).tobytes()], (258, 3, [16]), (281, 3, [2047])),
        GREY_RGB,
        1,
    ),
    "a dark photo of 16, said": (
        lambda: by_hand([(GREY.astype("<u2") * 16).tobytes()], (258, 3, [16]), (281, 3, [65535])),
        (GREY_RGB / 16.06).round(),
        1,
    ),
    "a dark photo of 8": (lambda: grey(GREY // 16), GREY_RGB // 16, 0),
    "16 all black": (lambda: grey(WIDE * 0), GREY_RGB * 0, 0),
    "10 packed": (
        lambda: by_hand([packed(GREY.astype(np.uint16) * 4 + 3, 10)], (258, 3, [10])),
        GREY_RGB,
        1,
    ),
    "12 packed": (
        lambda: by_hand([packed(GREY.astype(np.uint16) * 16 + 15, 12)], (258, 3, [12])),
        GREY_RGB,
        1,
    ),
    "14 packed rgb": (
        lambda: by_hand(
            [packed(RGB.astype(np.uint16) * 64 + 63, 14)],
            (258, 3, [14] * 3),
            (262, 3, [2]),
            (277, 3, [3]),
        ),
        RGB,
        1,
    ),
    "unsigned 32": (lambda: grey(DEEP), GREY_RGB, 1),
    "unsigned 32 that holds 16": (lambda: grey(WIDE.astype(np.uint32)), GREY_RGB, 1),
    "unsigned 64": (lambda: grey(DEEP.astype(np.uint64) << np.uint64(32)), GREY_RGB, 1),
    "signed 8": (lambda: grey((GREY.astype(int) - 128).astype(np.int8)), GREY_RGB, 1),
    "signed 16": (lambda: grey((WIDE.astype(int) - 32768).astype(np.int16)), GREY_RGB, 1),
    "signed 16 from 0": (lambda: grey((WIDE // 2).astype(np.int16)), GREY_RGB, 1),
    "float to 1": (lambda: grey((GREY / 255).astype(np.float32)), GREY_RGB, 0),
    "float to 255": (lambda: grey(GREY.astype(np.float64)), GREY_RGB, 0),
    "float to 1.5": (lambda: grey((GREY / 170).astype(np.float32)), GREY_RGB, 0),
    "half float": (lambda: grey((GREY / 255).astype(np.float16)), GREY_RGB, 1),
    "palette, 8": (lambda: palette_file(8), palette_pixels(8), 1),
    "palette, 4": (lambda: palette_file(4), palette_pixels(4), 1),
    "palette, 1": (lambda: palette_file(1), palette_pixels(1), 1),
    "cmyk, 8": (
        lambda: written(
            np.concatenate([255 - RGB, GREY[..., None] * 0], -1), photometric="separated"
        ),
        RGB,
        1,
    ),
    "cmyk, 16, planes": (
        lambda: written(
            planes(np.concatenate([65535 - WIDE_RGB, WIDE[..., None] * 0], -1)),
            photometric="separated",
            planarconfig="separate",
        ),
        RGB,
        1,
    ),
    "lab, 8": (lab_file, GREY_RGB, 4),
    "jpeg, ycbcr": (
        lambda: written(
            RGB,
            photometric="rgb",
            compression="jpeg",
            subsampling=(1, 1),
            compressionargs={"level": 98},
        ),
        RGB,
        24,
    ),
    "jpeg, ycbcr, chroma at half size": (
        lambda: written(
            SOFT,
            photometric="rgb",
            compression="jpeg",
            subsampling=(2, 2),
            compressionargs={"level": 98},
        ),
        SOFT,
        6,
    ),
    "jpeg, grey, tiles": (
        lambda: grey(GREY, compression="jpeg", compressionargs={"level": 98}, tile=(32, 32)),
        GREY_RGB,
        24,
    ),
    "jpeg of the old style": (old_jpeg, RGB, 24),
    "lzw": (lambda: grey(GREY, compression="lzw"), GREY_RGB, 0),
    "lzw, 16, predictor": (lambda: grey(WIDE, compression="lzw", predictor=True), GREY_RGB, 0),
    "deflate, rgb 16, predictor": (
        lambda: written(WIDE_RGB, photometric="rgb", compression="zlib", predictor=True),
        RGB,
        0,
    ),
    "deflate, float, predictor 3": (
        lambda: grey((GREY / 255).astype(np.float32), compression="zlib", predictor=3),
        GREY_RGB,
        0,
    ),
    "adobe deflate of 32946": (lambda: grey(GREY, compression=32946), GREY_RGB, 0),
    "packbits": (lambda: grey(GREY, compression="packbits"), GREY_RGB, 0),
    "zstandard": (lambda: grey(WIDE, compression="zstd"), GREY_RGB, 0),
    "tiles, 16, big-endian": (lambda: grey(WIDE, tile=(16, 32), byteorder=">"), GREY_RGB, 0),
    "strips of three": (lambda: written(RGB, photometric="rgb", rowsperstrip=3), RGB, 0),
    "bigtiff": (lambda: written(WIDE_RGB, photometric="rgb", bigtiff=True), RGB, 0),
    "bigtiff, big-endian": (lambda: grey(WIDE, bigtiff=True, byteorder=">"), GREY_RGB, 0),
    "1 bit": (lambda: by_hand([packed(BITS, 1)], (258, 3, [1])), BLACK_AND_WHITE, 0),
    "1 bit, white is zero": (
        lambda: by_hand([packed(1 - BITS, 1)], (258, 3, [1]), (262, 3, [0])),
        BLACK_AND_WHITE,
        0,
    ),
    "1 bit, least significant first": (
        lambda: by_hand(
            [np.packbits(BITS, axis=1, bitorder="little").tobytes()], (258, 3, [1]), (266, 3, [2])
        ),
        BLACK_AND_WHITE,
        0,
    ),
    "ccitt rle": (lambda: bilevel("tiff_ccitt"), BLACK_AND_WHITE, 0),
    "ccitt g3": (lambda: bilevel("group3", 0), BLACK_AND_WHITE, 0),
    "ccitt g4": (lambda: bilevel("group4"), BLACK_AND_WHITE, 0),
    "ccitt g4, white is zero": (lambda: bilevel("group4", 0), BLACK_AND_WHITE, 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_tiff_is_the_picture_that_it_is(kind: str) -> None:
    make, expected, off = KINDS[kind]
    data = make()
    pixels = np.asarray(open_rgb(data)).astype(float)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= off
    assert read_size(data) == (64, 40)


# What stands beside the picture, and how it lies


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_of_16_bits_is_turned_upright(orientation: int) -> None:
    upright = WIDE[:, :40] if orientation < 5 else WIDE
    turns = {1: (0, 0), 2: (0, 1), 3: (2, 0), 4: (2, 1), 5: (1, 2), 6: (1, 0), 7: (3, 2), 8: (3, 0)}
    count, flip = turns[orientation]
    stored = np.rot90(upright, count)
    if flip == 1:
        stored = stored[:, ::-1]
    if flip == 2:
        stored = stored[::-1]
    data = grey(np.ascontiguousarray(stored), extratags=[(274, 3, 1, orientation, True)])
    image = open_image(data)
    assert (image.mode, read_size(data)) == ("I;16", image.size)
    np.testing.assert_array_equal(np.asarray(image), upright)
    assert 0x0112 not in image.getexif()


def test_the_resolution_the_profile_and_the_notes_come_with_it() -> None:
    data = written(
        WIDE_RGB,
        photometric="rgb",
        resolution=(240, 240),
        resolutionunit="CENTIMETER",
        iccprofile=b"a profile",
        description="Aunt Mary",
        datetime="1987:06:05 04:03:02",
        extratags=[(700, 1, 5, b"<xmp>", True), (33723, 7, 4, b"iptc", True)],
    )
    image = open_image(data)
    assert image.info["dpi"] == pytest.approx((609.6, 609.6))
    assert image.info["icc_profile"] == b"a profile"
    assert (image.info["xmp"], image.info["iptc"]) == (b"<xmp>", b"iptc")
    exif = image.getexif()
    assert (exif[270], exif[306]) == ("Aunt Mary", "1987:06:05 04:03:02")


@pytest.mark.parametrize("order", ["II", "MM"])
def test_the_dates_and_the_place_of_a_camera_come_with_it(order: str) -> None:
    exif = Image.Exif()
    exif.endian = "<" if order == "II" else ">"
    exif[315] = "A. Uthor"
    exif.get_ifd(0x8769)[0x9003] = "1941:12:07 08:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.5)})
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "TIFF", exif=exif.tobytes())
    found = open_image(buffer.getvalue()).getexif()
    assert found[315] == "A. Uthor"
    assert found.get_ifd(0x8769)[0x9003] == "1941:12:07 08:00:00"
    assert [float(v) for v in found.get_ifd(0x8825)[2]] == [52, 31, 12.5]


def test_a_guessed_range_is_said_and_the_values_stay() -> None:
    image = open_image(grey(GREY.astype(np.uint16) * 16))
    assert image.info["notes"] == ("its values end at 4080 of 65535, so they were read as 12-bit",)
    assert image.mode == "I;16" and np.asarray(image).max() == 4080
    assert "notes" not in open_image(grey(WIDE)).info


def test_alpha_stays_alpha() -> None:
    for color, mode in ((GREY, "LA"), (RGB, "RGBA")):
        data = written(
            with_alpha(color, 257),
            photometric="minisblack" if mode == "LA" else "rgb",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        )
        image = open_image(data)
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image)[..., -1], ALPHA)


# Pages


def test_the_largest_page_counts_where_the_first_is_a_thumbnail() -> None:
    for small in (GREY[::2, ::2], np.zeros((8, 8), np.uint8)):
        data = pages(small, GREY, photometric="minisblack")
        assert (count_pages(data), read_size(data)) == (1, (64, 40))
        np.testing.assert_array_equal(np.asarray(open_image(data)), GREY)


def test_a_page_said_to_be_reduced_or_a_mask_is_none() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(255 - GREY[:30], subfiletype=1, metadata=None)
        writer.write(GREY, metadata=None)
        writer.write(BITS > 0, photometric="mask", subfiletype=4, metadata=None)
    data = buffer.getvalue()
    assert count_pages(data) == 1
    np.testing.assert_array_equal(np.asarray(open_image(data)), GREY)


def test_the_picture_may_stand_below_its_thumbnail() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(GREY[::4, ::4], subifds=1, subfiletype=1, metadata=None)
        writer.write(WIDE, metadata=None)
    data = buffer.getvalue()
    assert count_pages(data) == 1
    np.testing.assert_array_equal(np.asarray(open_image(data)), WIDE)


def test_every_page_can_be_opened() -> None:
    parts = GREY, 255 - GREY[:30], WIDE[:36]
    data = pages(*parts, photometric="minisblack")
    assert count_pages(data) == 3
    for i, part in enumerate(parts):
        np.testing.assert_array_equal(np.asarray(open_image(data, page=i)), part)
    np.testing.assert_array_equal(np.asarray(open_image(data)), GREY)
    with pytest.raises(ValueError, match=r"^a: has 3 pages, not 4"):
        open_image(data, "a", page=3)


# What is hostile or of no known kind


def test_a_file_cut_short_is_refused_wherever_it_ends() -> None:
    for data in (
        written(WIDE_RGB, photometric="rgb", compression="zlib", predictor=True),
        written(planes(RGB), photometric="rgb", planarconfig="separate"),
        grey(WIDE, compression="lzw", tile=(16, 16)),
    ):
        for length in range(1, len(data) - 100, 97):
            with pytest.raises(ValueError, match=r"^cut: is (damaged or cut short|no image)"):
                open_image(data[:length], "cut")


def refused(data: bytes) -> str:
    with pytest.raises(ValueError) as raised:
        open_image(data, "bad")
    return str(raised.value)


def test_a_page_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    assert refused(by_hand([b"x"], width=100_000, height=100_000)) == (
        "bad: is 100000x100000 pixels; the limit is 50 megapixels"
    )
    huge = by_hand([b"x"], (322, 4, [2**31]), (323, 4, [2**31]), (324, 4, [8]), (325, 4, [1]))
    assert "a strip or tile of more than 300 MB" in refused(huge)


def test_what_unpacks_to_far_more_than_its_page_takes_no_memory() -> None:
    bomb = zlib.compress(bytes(300_000_000), 1)
    data = by_hand([bomb], (259, 3, [8]))
    assert measured_peak(lambda: refused(data)) < 40_000_000


def measured_peak(work: Callable[[], Any]) -> int:
    """Bytes that Python and numpy took at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_jpeg_larger_than_its_page_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("L", (6000, 6000)).save(buffer, "JPEG")
    assert "a JPEG in it is of another size" in refused(by_hand([buffer.getvalue()], (259, 3, [7])))


def test_directories_in_circles_or_without_end_are_refused() -> None:
    data = bytearray(by_hand([GREY.tobytes()]))
    start = struct.unpack_from("<I", data, 4)[0]
    end = start + 2 + 12 * struct.unpack_from("<H", data, start)[0]
    struct.pack_into("<I", data, end, start)
    assert "go in circles" in refused(bytes(data))
    chain = b"".join(struct.pack("<HI", 0, 8 + 6 * (i + 1)) for i in range(MAX_DIRECTORIES + 1))
    assert "far too many pages" in refused(b"II*\0" + struct.pack("<I", 8) + chain)


def test_the_same_strip_again_and_again_is_refused() -> None:
    data = by_hand(
        [GREY.tobytes()], (278, 4, [1]), (273, 4, [8] * 40), (279, 4, [len(GREY.tobytes())] * 40)
    )
    assert "again and again" in refused(data)


def test_absurdly_large_tags_are_refused() -> None:
    text = bytes(9 << 20)
    assert "absurdly large tags" in refused(by_hand([b"x"], (270, 2, text), (305, 2, text)))


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (((262, 3, [32803]),), "is a camera's raw file"),
        (((259, 3, [34712]),), "of a kind that cannot be read (compression 34712)"),
        (((262, 3, [32845]),), "of a kind that cannot be read"),
        (((262, 3, [2]), (277, 3, [2]), (258, 3, [8, 8])), "of a kind that cannot be read"),
        (((339, 3, [6]), (258, 3, [64])), "cannot be read (volumes or complex numbers)"),
        (((257, 4, [0]),), "it has no page"),
        (((273, 4, [0]),), "lies outside the file"),
        (((279, 4, [100]),), "a strip is too short"),
    ],
)
def test_what_is_of_no_known_kind_is_said(tags: tuple, reason: str) -> None:
    assert reason in refused(by_hand([GREY.tobytes()], *tags))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "lab, 8"])
def test_damage_anywhere_is_a_picture_or_a_reason(kind: str) -> None:
    data = KINDS[kind][0]()
    rng = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 6):
            damaged[place] = rng.integers(256)
        tail = rng.integers(max(0, len(data) - 400), len(data), 2)
        damaged[tail[0]] = damaged[tail[1]]
        try:
            to_rgb(open_image(bytes(damaged), "bad"))
        except ValueError as error:
            assert str(error).startswith("bad: ")


def test_nothing_is_said_beside_the_error(capfd: pytest.CaptureFixture[str]) -> None:
    refused(by_hand([GREY.tobytes()], (279, 4, [100])))
    for length in itertools.chain(range(200, 400, 20)):
        refused(written(WIDE, photometric="minisblack", rowsperstrip=4)[:length])
    assert capfd.readouterr() == ("", "")
