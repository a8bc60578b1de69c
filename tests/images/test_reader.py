"""Any picture opens, upright and whole; anything else is a ValueError that says what it is."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from pix2pix.images.convert import to_rgb
from pix2pix.images.reader import MAX_PIXELS, find_images, has_end, open_image, open_rgb, read_size

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")

RED, GREEN, BLUE, WHITE_POINT = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def make_png(
    width: int, height: int, bits: int, kind: int, rows: bytes, extra: bytes = b""
) -> bytes:
    """A PNG chunk by chunk, for what Pillow would not write."""
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    body = make_chunk(b"IHDR", header) + extra + make_chunk(b"IDAT", zlib.compress(rows, 1))
    return b"\x89PNG\r\n\x1a\n" + body + make_chunk(b"IEND", b"")


def make_chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def make_noise(width: int = 48, height: int = 32) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def pixel(image: Image.Image) -> Any:
    return image.getpixel((0, 0))


# Modes


@pytest.mark.parametrize(
    ("mode", "color", "rgb"),
    [
        ("1", 1, WHITE_POINT),
        ("L", 90, (90, 90, 90)),
        ("LA", (90, 255), (90, 90, 90)),
        ("La", (90, 255), (90, 90, 90)),
        ("RGB", RED, RED),
        ("RGBX", (*RED, 0), RED),
        ("RGBA", (*RED, 255), RED),
        ("RGBA", (*RED, 0), WHITE_POINT),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("RGBa", (51, 0, 0, 51), (255, 204, 204)),
        ("CMYK", (0, 255, 255, 0), RED),
        ("YCbCr", (90, 128, 128), (90, 90, 90)),
        ("HSV", (0, 255, 255), RED),
        ("I", 90, (90, 90, 90)),
        ("I", 257 * 90, (90, 90, 90)),
        ("I;16", 257 * 90, (90, 90, 90)),
        ("I;16", 90, (0, 0, 0)),
        ("I;16B", 257 * 90, (90, 90, 90)),
        ("F", 90.0, (90, 90, 90)),
        ("F", 0.2, (51, 51, 51)),
        ("F", 257 * 90.0, (90, 90, 90)),
    ],
)
def test_every_mode_becomes_the_rgb_it_means(mode: str, color: Any, rgb: tuple) -> None:
    image = to_rgb(Image.new(mode, (3, 2), color))
    assert (image.mode, image.size, pixel(image)) == ("RGB", (3, 2), rgb)


def test_lab_becomes_rgb_though_its_a_is_no_alpha() -> None:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(*profiles, "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.new("RGB", (2, 2), (200, 30, 40)), to_lab)
    assert lab is not None
    np.testing.assert_allclose(pixel(to_rgb(lab)), (200, 30, 40), atol=3)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_wide_values_are_spread_over_their_own_range(dtype: type) -> None:
    values: np.ndarray = np.array([[0, 50_000, 100_000]], dtype)
    assert np.asarray(to_rgb(Image.fromarray(values)))[0, :, 0].tolist() == [0, 128, 255]


def test_negative_values_are_spread_too() -> None:
    values = np.array([[-100, 0, 100]], np.int32)
    assert np.asarray(to_rgb(Image.fromarray(values)))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_black_and_spoil_no_others(odd: float) -> None:
    values = np.array([[odd, 0.2, 1.0]], np.float32)
    assert np.asarray(to_rgb(Image.fromarray(values)))[0, :, 0].tolist() == [0, 51, 255]


def test_transparent_palette_entries_are_laid_on_white() -> None:
    image = Image.new("P", (2, 2))
    image.putpalette([*RED, *GREEN])
    data = encode(image, "PNG", transparency=0)
    assert pixel(open_rgb(data)) == WHITE_POINT


def test_a_16_bit_grey_png_is_scaled() -> None:
    data = make_png(2, 1, 16, 0, b"\0" + struct.pack(">HH", 257 * 90, 65535))
    assert np.asarray(open_rgb(data))[0, :, 0].tolist() == [90, 255]


def test_a_16_bit_rgb_png_is_scaled() -> None:
    data = make_png(1, 1, 16, 2, b"\0" + struct.pack(">HHH", 65535, 257 * 90, 0))
    assert pixel(open_rgb(data)) == (255, 90, 0)


def test_an_image_opens_in_its_own_mode() -> None:
    assert open_image(encode(Image.new("P", (2, 2)), "PNG")).mode == "P"


# Orientation and frames


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16], upright[:8, 16:] = RED, GREEN
    upright[8:, :16], upright[8:, 16:] = BLUE, WHITE_POINT
    # How a camera stores the picture for each value of the tag (Exif 2.3, 4.6.4.A)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    opened = np.asarray(open_rgb(encode(image, kind, exif=exif)))
    assert opened.shape == upright.shape
    corners = [opened[y, x].astype(int) for y in (4, 12) for x in (8, 24)]
    np.testing.assert_allclose(corners, [RED, GREEN, BLUE, WHITE_POINT], atol=12)


def test_an_upright_picture_no_longer_says_how_to_turn_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = open_image(encode(make_noise(), "JPEG", exif=exif))
    assert 0x0112 not in image.getexif()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), c) for c in (RED, GREEN, BLUE)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(pixel(open_rgb(data)), RED, atol=3)


@pytest.mark.parametrize(
    "exif",
    [b"garbage", b"MM\0*\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"II*\0"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_broken_exif_does_not_break_the_picture(kind: str, exif: bytes) -> None:
    data = encode(make_noise(), kind, exif=b"Exif\0\0" + exif)
    assert open_image(data).size == (48, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_broken_colour_profile_does_not_break_the_picture(kind: str) -> None:
    data = encode(make_noise(), kind, icc_profile=b"not a profile")
    assert open_rgb(data).size == (48, 32)


# Size


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_small_and_thin_pictures_open(size: tuple[int, int]) -> None:
    assert open_rgb(encode(Image.new("L", size), "PNG")).size == size


def test_a_picture_of_the_greatest_size_opens() -> None:
    width, height = 10_000, MAX_PIXELS // 10_000
    data = make_png(width, height, 1, 0, bytes((1 + width // 8) * height))
    assert open_image(data).size == (width, height)


def test_one_row_more_is_refused() -> None:
    data = make_png(10_000, 5_001, 1, 0, b"")
    with pytest.raises(ValueError, match="is 10000x5001 pixels; the limit is 50 megapixels"):
        open_image(data)


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_bomb_is_refused_before_it_is_decoded(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(self: Any) -> None:
        raise AssertionError("decoded")

    data = make_png(side, side, 8, 2, b"")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", explode)
    with pytest.raises(ValueError, match=r"bomb: .* the limit is 50 megapixels"):
        open_image(data, "bomb")


def test_a_text_chunk_that_unpacks_to_megabytes_is_refused() -> None:
    text = b"k\0\0" + zlib.compress(bytes(10_000_000))
    data = make_png(1, 1, 8, 0, b"\0\0", make_chunk(b"zTXt", text))
    with pytest.raises(ValueError, match="image: is damaged"):
        open_image(data)


# What is no picture


@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "progressive"]
)
def test_a_file_cut_short_is_refused_wherever_it_ends(kind: str) -> None:
    progressive = {"progressive": True} if kind == "progressive" else {}
    data = encode(make_noise(), "JPEG" if progressive else kind, **progressive)
    end = len(data) - 12  # a PNG's last 12 bytes say only that it ends
    for length in range(0, end, max(10, end // 40)):
        with pytest.raises(
            ValueError, match=r"^cut: is (empty|damaged or cut short|not an image) ?"
        ):
            open_image(data[:length], "cut")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"hello", "is not an image in a supported format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not an image in a supported format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is (a HEIC photo, which needs|damaged)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image in a supp"),
    ],
)
def test_what_is_no_picture_is_refused_with_name_and_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "upload.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path}: {reason}"):
        open_image(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{tmp_path}: is a folder"):
        open_image(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.png: no such file"):
        open_image(tmp_path / "gone.png")


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match=r"pipe\.png: is not a file"):
        open_image(tmp_path / "pipe.png")


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: Path, *args: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    path = tmp_path / "locked.png"
    make_noise().save(path)
    monkeypatch.setattr(Path, "open", locked)  # file modes do not bind root
    with pytest.raises(ValueError, match=r"locked\.png: cannot be read \(Permission denied\)"):
        open_image(path)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "a.png/b.png"])
def test_an_impossible_path_is_refused(tmp_path: Path, name: str) -> None:
    make_noise().save(tmp_path / "a.png")
    with pytest.raises(ValueError):
        open_image(str(tmp_path / name))


def test_a_given_name_stands_for_the_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^holiday\.jpg: no such file$"):
        open_image(tmp_path / "a1b2c3", "holiday.jpg")


# Sources and folders


def test_bytes_streams_and_paths_open_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    make_noise().save(path)
    sources = path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())
    first, *others = (np.asarray(open_rgb(source)) for source in sources)
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_an_opened_file_can_be_deleted_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    make_noise().save(path)
    image = open_image(path)
    path.unlink()
    assert to_rgb(image).size == (48, 32)


def test_the_images_of_a_folder_are_found_by_suffix_in_order(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpeg", "notes.txt", "c"):
        (tmp_path / name).touch()
    assert [p.name for p in find_images(tmp_path)] == ["a.jpeg", "b.PNG"]


def test_images_in_inner_folders_are_found_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b/c.png", "a.jpg", ".hidden/d.png", ".e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_images(tmp_path) == [tmp_path / "a.jpg", tmp_path / "b" / "c.png"]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_size_in_the_header_is_that_of_the_upright_picture(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(Image.new("RGB", (40, 30)), "JPEG", exif=exif)
    assert read_size(data) == open_image(data).size


def test_a_large_jpeg_comes_smaller_where_that_is_enough_and_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(Image.new("RGB", (1600, 800)), "JPEG", exif=exif)
    assert open_rgb(data, at_least=(100, 210)).size == (200, 400)
    assert open_rgb(data, at_least=(500, 210)).size == (800, 1600)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_that_was_cut_short_has_no_end(tmp_path: Path, kind: str) -> None:
    whole = encode(Image.effect_noise((64, 64), 50), kind)
    path = tmp_path / "picture"
    path.write_bytes(whole + b"\n")
    assert has_end(path)
    path.write_bytes(whole[:-200])
    assert not has_end(path)
