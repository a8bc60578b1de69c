"""Profiles written by hand (ICC.1:2010), so that what they mean is known to the digit."""

import io
import struct
from collections.abc import Mapping

import numpy as np
import pytest
from PIL import Image, ImageCms

from pix2pix.images.icc import MAX_PROFILE_BYTES, to_srgb
from pix2pix.images.reader import MAX_PIXELS, open_image, open_rgb

D50 = (0.9642, 1.0, 0.8249)
# sRGB's primaries, adapted to D50 (IEC 61966-2-1 through Bradford)
RED, GREEN, BLUE = (
    (0.4361, 0.2225, 0.0139),
    (0.3851, 0.7169, 0.0971),
    (0.1431, 0.0606, 0.7141),
)


def xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def words(text: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text.encode() + bytes(1 + 78 + 1)


def profile(space: bytes, tags: Mapping[bytes, bytes], name: str = "by hand") -> bytes:
    tags = {b"desc": words(name), b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz(D50), **tags}
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content
    header = struct.pack(">I4xI", start + len(body), 0x02400000) + b"mntr" + space + b"XYZ "
    header += bytes(12) + b"acsp" + bytes(28) + xyz(D50)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


LINEAR_GREY = profile(b"GRAY", {b"kTRC": gamma(1.0)})
CURVES = {b"rTRC": gamma(2.2), b"gTRC": gamma(2.2), b"bTRC": gamma(2.2)}
SWAPPED = profile(b"RGB ", {b"rXYZ": xyz(GREEN), b"gXYZ": xyz(RED), b"bXYZ": xyz(BLUE), **CURVES})


def saved(image: Image.Image, icc: bytes, kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, icc_profile=icc)
    return buffer.getvalue()


def srgb_of_linear(value: float) -> float:
    return 255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_scan_in_linear_grey_comes_out_as_light_as_it_was(depth: int) -> None:
    values = np.array([[0, 32, 128, 200, 255]], np.uint8)
    grey = Image.fromarray(values if depth == 8 else values.astype(np.uint16) * 257)
    result = to_srgb(open_image(saved(grey, LINEAR_GREY)))
    expected = [srgb_of_linear(v / 255) for v in values[0]]
    assert result.mode == "L"
    np.testing.assert_allclose(np.asarray(result)[0], expected, atol=1.01)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_colours_are_those_of_the_profile(kind: str) -> None:
    image = Image.new("RGB", (40, 30), (250, 128, 180))
    opened = open_rgb(saved(image, SWAPPED, kind))
    np.testing.assert_allclose(np.asarray(opened)[5, 5], (128, 250, 180), atol=2)
    assert "icc_profile" not in opened.info  # no second time


def test_transparency_stays_and_a_palette_has_the_profiles_colours_too() -> None:
    image = Image.new("RGBA", (8, 8), (250, 128, 180, 77))
    result = to_srgb(open_image(saved(image, SWAPPED)))
    assert result.mode == "RGBA" and np.asarray(result)[0, 0, 3] == 77
    np.testing.assert_allclose(np.asarray(result)[0, 0, :3], (128, 250, 180), atol=2)
    palette = Image.new("RGB", (8, 8), (250, 128, 180)).quantize(4)
    opened = open_rgb(saved(palette, SWAPPED))
    np.testing.assert_allclose(np.asarray(opened)[0, 0], (128, 250, 180), atol=2)


@pytest.mark.parametrize(
    "icc",
    [
        b"not a profile",
        LINEAR_GREY,  # not for an image in colour
        SWAPPED[:150],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        b"\0" * (MAX_PROFILE_BYTES + 1),
    ],
    ids=["junk", "of_grey", "cut_short", "srgb", "huge"],
)
def test_any_other_profile_leaves_the_image_itself(icc: bytes) -> None:
    image = Image.new("RGB", (8, 8), (250, 128, 180))
    image.info["icc_profile"] = icc
    assert to_srgb(image) is image


def test_a_picture_of_several_strips_is_converted_whole() -> None:
    grey = Image.new("L", (5000, 1000), 128)
    grey.info["icc_profile"] = LINEAR_GREY
    assert MAX_PIXELS > 5000 * 1000
    assert to_srgb(grey).getextrema() == (188, 188)
