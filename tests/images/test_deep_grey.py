"""Grey of more than 8 bits keeps its lightness from file to file."""

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from pix2pix.images.border import Border
from pix2pix.images.border_overlay import BorderOverlay
from pix2pix.images.chroma_upsampling import light_to_lightness, recolor_deep
from pix2pix.images.color import RGB_TO_XYZ, decode_gamma, lightness_of_luminance
from pix2pix.images.convert import SAMPLE_RANGE
from pix2pix.images.deep_grey import is_deep, read_deep
from pix2pix.images.metadata import Metadata
from pix2pix.images.writer import encode_deep

STEP = 100 / 65535  # of L


def deep(values: np.ndarray, **info: object) -> Image.Image:
    image = Image.fromarray(values.astype(np.uint16))
    image.info.update(info)
    return image


def lightness_of(rgb_u16: np.ndarray) -> np.ndarray:
    """L (H, W) float64 of sRGB (H, W, 3) uint16."""
    return lightness_of_luminance(decode_gamma(rgb_u16 / 65535) @ RGB_TO_XYZ[1].astype(np.float64))


def grey_profile(curve: bytes) -> bytes:
    """An ICC profile of a grey device with this tone curve."""
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)  # D50
    name = struct.pack(">4s4xI", b"desc", 5) + b"grey\0" + bytes(78)
    start, table, body = 128 + 4 + 3 * 12, b"", b""
    for tag, content in ((b"kTRC", curve), (b"wtpt", white), (b"desc", name)):
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", tag, start + len(body), len(content))
        body += content
    head = bytearray(128)
    struct.pack_into(
        ">I4sI4s4s4s", head, 0, start + len(body), b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ "
    )
    head[36:40] = b"acsp"
    head[68:80] = white[8:]
    return bytes(head) + struct.pack(">I", 3) + table + body


CURVES = {
    "gamma": struct.pack(">4s4xIH", b"curv", 1, 461),
    "linear": struct.pack(">4s4xI", b"curv", 0),
    "table": struct.pack(">4s4xI", b"curv", 64)
    + (np.linspace(0, 1, 64) ** 1.8 * 65535).astype(">u2").tobytes(),
    "parametric": struct.pack(">4s4xHxx", b"para", 3)
    + np.rint(np.array([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]) * 65536)
    .astype(">i4")
    .tobytes(),
}


@pytest.mark.parametrize("name", CURVES)
def test_a_tone_curve_gives_what_littlecms_gives(name: str) -> None:
    profile = grey_profile(CURVES[name])
    grey = np.arange(256, dtype=np.uint16)[None] * 257
    found = read_deep(deep(grey, icc_profile=profile))
    assert found is not None
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), "L", "RGB"
    )
    image = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    expected = np.asarray(ImageCms.applyTransform(image, transform))[..., 0]
    difference = np.abs(found.values / 257 - expected)
    assert difference[:, 64:].max() < 1, "LittleCMS interpolates the curve coarsely below"


def test_values_are_read_in_their_own_range() -> None:
    found = read_deep(deep(np.array([[0, 2048, 4095]]), **{SAMPLE_RANGE: (0, 4095)}))
    assert found is not None
    assert found.values.tolist() == [[0, round(2048 / 4095 * 65535), 65535]]
    assert found.light.tolist()[0][::2] == [0, 65535]


def test_eight_bits_are_not_deep_and_a_curve_that_cannot_be_read_neither() -> None:
    assert read_deep(Image.new("L", (4, 4))) is None
    assert not is_deep(Image.new("RGB", (4, 4)))
    broken = grey_profile(struct.pack(">4s4xHxx", b"para", 9))
    assert read_deep(deep(np.zeros((4, 4)), icc_profile=broken)) is None


def test_lightness_in_16_bits_is_the_photos_own_within_a_step() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 65536, (200, 300))
    values[:20] = np.arange(6000).reshape(20, 300)  # near black a step of sRGB is largest in L
    found = read_deep(deep(values))
    assert found is not None
    small = light_to_lightness(cv2.resize(found.light, (30, 20), interpolation=cv2.INTER_AREA))
    result = recolor_deep(found.light, small, rng.normal(0, 40, (20, 30, 2)).astype(np.float32))
    error = np.abs(lightness_of(result) - lightness_of(values[..., None].repeat(3, -1)))
    assert error.max() < 1.2 * STEP
    assert len(np.unique(result[..., 1])) > 30_000


@pytest.mark.parametrize("inverted", [False, True])
def test_the_border_keeps_its_values_in_16_bits(inverted: bool) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (100, 120)).astype(np.uint16)
    border = Border(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)))
    canvas = np.full((100, 120, 3), 7, np.uint16)
    BorderOverlay(Image.new("L", (120, 100)), border, inverted).copy_deep(values, canvas)
    expected = 65535 - values if inverted else values
    assert (canvas[10:90, 12:108] == 7).all()
    for part in (np.s_[:10], np.s_[:, :12], np.s_[90:], np.s_[:, 108:]):
        np.testing.assert_array_equal(canvas[part], expected[part][..., None].repeat(3, -1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_files_of_16_bits_hold_the_picture_and_its_metadata(kind: str) -> None:
    rgb = np.random.default_rng(0).integers(0, 65536, (33, 47, 3)).astype(np.uint16)
    exif = Image.Exif()
    exif[0x010E] = "Aunt Mary"
    content = encode_deep(rgb, kind, Metadata(exif=exif.tobytes()), (600, 600))
    if kind == "PNG":
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert found is not None
        found = found[..., ::-1]
    else:
        found = tifffile.imread(io.BytesIO(content))
    np.testing.assert_array_equal(found, rgb)
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (47, 33)
        assert image.getexif()[0x010E] == "Aunt Mary"
        assert round(float(image.info["dpi"][0])) == 600
