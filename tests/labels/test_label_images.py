"""Label images as people have them: clear and white grounds, pairs, masks, colours of no class."""

import dataclasses
import io
import re

import numpy as np
import pytest
from helpers.label_images import SIDE, house, painted, saved
from helpers.synthetic import make_facade
from PIL import Image

from pix2pix.app.server.draw_routes import open_drawing
from pix2pix.config import LabelColor
from pix2pix.labels.canvas_spec import facades_canvas
from pix2pix.labels.classes import PALETTE, PIX2PIX_PALETTE, VOID
from pix2pix.labels.label_map import decode_label_image, encode_label_image, open_label_map
from pix2pix.runtime.user_warnings import collect_notices

MASK = ((0, 0, 0), (255, 255, 255))
ROADS = ((128, 64, 128), (70, 130, 180), (107, 142, 35))


def photo(side: int = SIDE) -> np.ndarray:
    return make_facade(side, side, seed=3)[0]


def read(data: bytes, colors=None, classes=()) -> tuple[np.ndarray, str]:
    with collect_notices() as notices:
        label_map = open_label_map(data, "drawing", colors, classes)
    return label_map, " ".join(notices)


# Grounds


@pytest.mark.parametrize("under", [(0, 0, 0), (255, 255, 255), (0, 0, 170), (12, 200, 90)])
def test_a_transparent_ground_is_background_whatever_lies_under_it(under: tuple) -> None:
    labels = house()
    rgba = np.dstack([painted(labels), np.where(labels == 0, 0, 255).astype(np.uint8)])
    rgba[labels == 0, :3] = under
    found, said = read(saved(rgba, "PNG"))
    np.testing.assert_array_equal(found, labels)
    assert said == "drawing: the transparent area (39%) is read as background"


def test_a_soft_edge_belongs_to_what_covers_most_of_it() -> None:
    labels = house()
    alpha = np.full((SIDE, SIDE), 255, np.uint8)
    alpha[:16] = 100
    alpha[16:20] = 160
    found, _ = read(saved(np.dstack([painted(labels), alpha]), "PNG"))
    assert (found[:16] == 0).all() and (found[16:] == labels[16:]).all()


def test_a_transparent_ground_is_no_class_where_none_is_called_background() -> None:
    rgba = np.full((32, 32, 4), (*ROADS[1], 255), np.uint8)
    rgba[:8] = 0
    found, said = read(saved(rgba, "PNG"), ROADS, ("road", "sky", "grass"))
    assert (found[:8] == VOID).all() and (found[8:] == 1).all()
    assert "is read as no class" in said
    found, said = read(saved(rgba, "PNG"), ROADS, ("Background", "sky", "grass"))
    assert (found[:8] == 0).all() and "is read as background" in said


@pytest.mark.parametrize("palette", [PALETTE, PIX2PIX_PALETTE], ids=["cmp", "pix2pix"])
@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_a_white_ground_is_background(palette: np.ndarray, format_: str) -> None:
    labels = house()
    rgb = painted(labels, palette)
    rgb[labels == 0] = 255
    found, said = read(saved(rgb, format_))
    assert (found == labels).mean() > (0.99 if format_ == "PNG" else 0.95)
    assert re.search(r"the white area \(3[789]%\) is read as background", said)


def test_white_within_a_drawing_is_no_ground() -> None:
    labels = house()
    rgb = painted(labels)
    rgb[labels == 2] = 255
    with pytest.raises(ValueError, match=r"no class, most often \(255, 255, 255\)"):
        decode_label_image(Image.fromarray(rgb))


def test_a_white_ground_without_a_class_for_it_is_refused_with_the_remedy() -> None:
    rgb = np.full((32, 32, 3), ROADS[1], np.uint8)
    rgb[:8] = 255
    with pytest.raises(ValueError, match=r"25% .* \(255, 255, 255\).*make them transparent"):
        decode_label_image(Image.fromarray(rgb), ROADS, ("road", "sky", "grass"))


# Colours of no class


@pytest.mark.parametrize("color", [(255, 0, 255), (128, 128, 128), (0, 128, 0), (250, 240, 230)])
@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_an_area_of_no_class_is_refused_by_colour_and_share(color: tuple, format_: str) -> None:
    rgb = painted(house())
    rgb[40:68, 40:68] = color  # 4.8%
    with pytest.raises(ValueError, match=r"[45]% of the pixels .* nearest class is \w+ \("):
        read(saved(rgb, format_))


def test_colours_of_no_class_are_added_up() -> None:
    rgb = painted(house())
    for i in range(5):  # five of 1.2% each
        rgb[100:114, 20 * i : 20 * i + 14] = (200, 40 * i, 255 - 10 * i)
    with pytest.raises(ValueError, match="colours of no class"):
        read(saved(rgb, "PNG"))


def test_a_small_part_of_no_class_is_painted_and_said() -> None:
    rgb = painted(house())
    rgb[40:52, 40:52] = (255, 0, 255)  # 0.9%
    found, said = read(saved(rgb, "PNG"))
    assert (
        np.delete(found, slice(38, 54), 0).tolist() == np.delete(house(), slice(38, 54), 0).tolist()
    )
    assert "colours of no class, most often (255, 0, 255); the nearest" in said


def test_lines_of_no_class_are_refused_and_soft_borders_are_not() -> None:
    rgb = painted(house())
    rgb[::8] = (255, 255, 255)
    with pytest.raises(ValueError, match=r"12% .* \(255, 255, 255\)"):
        read(saved(rgb, "PNG"))
    large = Image.fromarray(painted(house(512)))
    small = np.asarray(large.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=(2, 2, 510, 510)))
    found, said = read(saved(small, "PNG"))
    assert set(np.unique(found)) == {0, 1, 2, 3, 5} and not said


def test_a_colour_as_near_to_two_classes_is_no_class() -> None:
    close = ((0, 0, 60), (0, 0, 110), (250, 170, 30))
    rgb = np.full((32, 32, 3), close[2], np.uint8)
    rgb[:8] = (0, 0, 85)
    with pytest.raises(ValueError, match=r"25% .* \(0, 0, 85\)"):
        decode_label_image(Image.fromarray(rgb), close)
    rgb[:8] = (0, 0, 96)
    with collect_notices() as notices:
        assert (decode_label_image(Image.fromarray(rgb), close)[:8] == 1).all()
    assert "close to a class but not equal, most often (0, 0, 96), read as class 1" in notices[0]


# Pairs


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_of_a_photo_and_its_label_map_side_by_side_the_map_is_read(side: str, format_: str) -> None:
    labels = house()
    halves = [photo(), painted(labels, PIX2PIX_PALETTE)]
    pair = np.concatenate(halves if side == "right" else halves[::-1], 1)
    found, said = read(saved(pair, format_))
    assert found.shape == labels.shape and (found == labels).mean() > 0.97
    assert f"the {side} half of this pair is read as the label map" in said


def test_two_photos_side_by_side_and_a_wide_drawing_are_no_such_pair() -> None:
    with pytest.raises(ValueError, match="is not a label map"):
        read(saved(np.concatenate([photo(), photo()[::-1]], 1), "PNG"))
    wide = np.concatenate([painted(house())] * 2, 1)
    assert read(saved(wide, "PNG"))[0].shape == (SIDE, 2 * SIDE)
    wide[:, :SIDE][house() == 2] = (255, 0, 255)
    with pytest.raises(ValueError, match=r"most often \(255, 0, 255\)"):
        read(saved(wide, "PNG"))


def test_the_app_takes_the_map_of_a_pair_and_says_so() -> None:
    pair = np.concatenate([photo(), painted(house())], 1)
    with collect_notices() as notices:
        sheet = open_drawing(saved(pair, "PNG"), "pair.png", facades_canvas((SIDE, SIDE)))
    np.testing.assert_array_equal(sheet, house())
    assert notices == ["The right half of this pair is read as the label map."]


# One class, masks, numbers


@pytest.mark.parametrize("color", [PALETTE[1], PIX2PIX_PALETTE[1]])
@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_all_facade_is_a_bare_wall(color: np.ndarray, format_: str) -> None:
    found, said = read(saved(np.full((64, 64, 3), color, np.uint8), format_))
    assert (found == 1).all() and not said
    assert (open_label_map(saved_palette(np.ones((64, 64), np.uint8))) == 1).all()


def saved_palette(labels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    encode_label_image(labels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("colors", [MASK, ROADS[:2]], ids=["black and white", "other colours"])
@pytest.mark.parametrize("mode", ["L", "1", "RGB", "P", "I;16"])
def test_a_mask_of_0_and_255_is_of_two_classes(colors: tuple, mode: str) -> None:
    is_object = house() > 1
    image = Image.fromarray(np.where(is_object, 255, 0).astype(np.uint8))
    if mode == "I;16":
        image = Image.fromarray(np.where(is_object, 65535, 0).astype(np.uint16))
    image = image.convert(mode) if mode != "I;16" else image
    np.testing.assert_array_equal(decode_label_image(image, colors, ("ground", "cell")), is_object)


def test_the_number_255_of_a_palette_image_is_no_class() -> None:
    numbers = np.array([[0, 1, 2, 255]], np.uint8).repeat(8, 1).repeat(8, 0)
    image = Image.fromarray(numbers)
    colors = np.full((256, 3), 224, np.uint8)
    colors[:3] = ROADS
    image.putpalette(colors.tobytes())
    found = decode_label_image(image, ROADS)
    np.testing.assert_array_equal(found, numbers)
    sheet = dataclasses.replace(
        facades_canvas((8, 32)),
        name="labels",
        classes=tuple(LabelColor(n, rgb) for n, rgb in zip("abc", ROADS)),
    )
    assert np.unique(sheet.decode(image)).tolist() == [0, 1, 2]
