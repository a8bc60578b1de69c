"""Borders of scans: found to a few pixels, kept as they are, and not seen where there are none."""

import numpy as np
import pytest
from helpers.printed import EXAMPLES, light, mount, old_photo
from PIL import Image

from pix2pix.images.border import Border, find_border
from pix2pix.images.border_overlay import BorderOverlay


def gradient(photo: np.ndarray, margin: int) -> np.ndarray:
    return np.linspace(240, 180, photo.shape[0] + 2 * margin)[:, None]


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.0])
@pytest.mark.parametrize("tone", [248, 6, 200])
def test_a_border_of_one_tone_is_found_turned_or_not(tone: int, angle: float) -> None:
    photo = old_photo(1)
    sheet, corners = mount(photo, tone, 50, angle)
    border = find_border(light(sheet))
    assert border is not None
    np.testing.assert_allclose(border.points(*sheet.shape[::-1]), corners, atol=4)


def test_a_border_is_found_to_the_pixel_in_a_large_scan() -> None:
    photo = np.asarray(Image.fromarray(old_photo(1)).resize((2400, 1900), Image.Resampling.BICUBIC))
    sheet, corners = mount(photo, 245, 150)
    border = find_border(light(sheet))
    assert border is not None
    np.testing.assert_allclose(border.points(*sheet.shape[::-1]), corners, atol=3)
    box = border.inner_box(*sheet.shape[::-1])
    assert np.abs(np.array(box) - [150, 150, 2550, 2050]).max() <= 3


def test_a_border_may_get_lighter_and_have_words_on_it() -> None:
    photo = old_photo(1)
    sheet, corners = mount(photo, gradient(photo, 50), 50)
    sheet[-30:-15, 200:290:7] = 30  # handwriting
    border = find_border(light(sheet))
    assert border is not None
    np.testing.assert_allclose(border.points(*sheet.shape[::-1]), corners, atol=4)


def test_white_paper_on_a_black_lid_is_two_borders() -> None:
    paper = np.pad(old_photo(1), 25, constant_values=240)
    sheet, _ = mount(paper, 8, 40, 0.5)
    border = find_border(light(sheet))
    assert border is not None
    left, top, right, bottom = border.inner_box(*sheet.shape[::-1])
    height, width = sheet.shape
    assert 62 <= left <= 72 and 62 <= top <= 72
    assert 62 <= width - right <= 72 and 62 <= height - bottom <= 72


@pytest.mark.parametrize("index", range(len(EXAMPLES)))
def test_a_photo_without_a_border_has_none(index: int) -> None:
    assert find_border(light(old_photo(index))) is None


def test_a_bright_sky_down_to_a_straight_horizon_is_no_border() -> None:
    photo = old_photo(0).copy()
    photo[:60] = 240
    assert find_border(light(photo)) is None


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (200, 200)])
def test_what_is_of_one_tone_has_no_border(shape: tuple[int, int]) -> None:
    assert find_border(light(np.full(shape, 200, np.uint8))) is None


def test_a_frame_is_laid_around_to_the_pixel() -> None:
    sheet = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8))
    border = Border(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)))
    assert border.outer_box(100, 80) == border.inner_box(100, 80) == (10, 8, 90, 72)
    canvas = Image.new("RGB", sheet.size, (255, 0, 0))
    BorderOverlay(sheet, border).paste_onto(canvas)
    expected = np.asarray(sheet).copy()
    expected[8:72, 10:90] = 255, 0, 0
    np.testing.assert_array_equal(np.asarray(canvas), expected)


def test_what_of_a_turned_photo_is_beyond_its_inner_box_is_no_border() -> None:
    sheet = Image.new("RGB", (200, 100), "white")
    border = Border(((0.1, 0.1), (0.9, 0.2), (0.88, 0.9), (0.08, 0.8)))
    canvas = Image.new("RGB", sheet.size, (255, 0, 0))
    BorderOverlay(sheet, border).paste_onto(canvas)
    result = np.asarray(canvas)
    for x, y, is_border in ((30, 9, True), (30, 14, False), (170, 85, False), (170, 93, True)):
        assert (result[y, x] == (255, 255, 255)).all() == is_border
    assert border.inner_box(200, 100) == (20, 20, 176, 80)
