"""What stands in a TIFF beside the picture, how it lies, and which page is the picture."""

import io

import numpy as np
import pytest
import tifffile
from helpers.tiffs import ALPHA, BITS, GREY, RGB, WIDE, WIDE_RGB, grey, pages, with_alpha, written
from PIL import Image

from pix2pix.images.reader import count_pages, open_image, read_size


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
