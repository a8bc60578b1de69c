"""What a scan is of: negatives are known where that is sure, and a positive is never called one."""

import cv2
import numpy as np
import pytest
from helpers.printed import EXAMPLES, light, mount, old_photo, print_in_dots
from PIL import Image, ImageOps

from pix2pix.images.chroma_upsampling import light_to_lightness, measure_light
from pix2pix.images.negative import has_orange_mask, looks_negative, score_negative
from pix2pix.images.scan_analysis import ScanAnalysis, analyze_scan
from pix2pix.images.tone import invert_tones
from pix2pix.inference.colorizer import describe_scan


def to_rgb(grey: np.ndarray) -> np.ndarray:
    return grey[..., None].repeat(3, -1)


def color_negative(grey: np.ndarray) -> np.ndarray:
    """As a lab's scanner sees colour film: inverted, under the orange mask."""
    return (to_rgb(255 - grey) / 255 * [220, 138, 88] + [12, 7, 4]).astype(np.uint8)


def sepia(grey: np.ndarray) -> np.ndarray:
    toned = ImageOps.colorize(Image.fromarray(grey), (30, 18, 8), (235, 205, 160))
    return np.asarray(toned)


@pytest.mark.parametrize("index", range(len(EXAMPLES)))
def test_a_positive_is_never_called_a_negative(index: int) -> None:
    photo = old_photo(index)
    for rgb in (to_rgb(photo), sepia(photo), to_rgb(np.rot90(photo))):
        assert not looks_negative(rgb)


def test_the_score_of_a_photo_is_the_opposite_of_its_negatives() -> None:
    lightness = light_to_lightness(light(old_photo(3)))
    assert score_negative(lightness) < 0
    assert score_negative(100 - lightness) == pytest.approx(-score_negative(lightness), abs=0.1)
    assert score_negative(np.full((50, 50), 40, np.float32)) == 0
    y, x = np.mgrid[:60, :80].astype(np.float32)
    assert score_negative(np.hypot(x - 40, y - 30)) == 0  # light and dark alone say nothing


def test_the_mask_of_colour_film_is_orange_and_sepia_paper_is_not() -> None:
    assert has_orange_mask(color_negative(old_photo()))
    assert not has_orange_mask(sepia(old_photo()))
    assert not has_orange_mask(to_rgb(old_photo()))


def test_what_film_looks_like_makes_a_negative_more_likely() -> None:
    photos = [old_photo(i) for i in range(len(EXAMPLES))]
    bare = sum(looks_negative(to_rgb(255 - photo)) for photo in photos)
    on_film = sum(looks_negative(to_rgb(255 - photo), 97.0) for photo in photos)
    masked = sum(looks_negative(color_negative(photo)) for photo in photos)
    assert bare < on_film and bare < masked


def test_an_inverted_negative_is_the_photo_again() -> None:
    photo = old_photo()
    again, line = invert_tones(light(255 - photo))
    assert "inverted" in line
    assert np.abs(light_to_lightness(again) - light_to_lightness(light(photo))).mean() < 3


def test_a_thin_negative_comes_out_with_full_tones() -> None:
    photo = old_photo()
    thin = (150 + (255 - photo) * 0.3).astype(np.uint8)
    low, high = np.percentile(light_to_lightness(invert_tones(light(thin))[0]), [1, 99])
    assert low < 12 and high > 88


def test_a_scan_is_examined_within_its_border() -> None:
    printed = print_in_dots(old_photo(1), 5.0, 45)
    sheet, _ = mount(printed, 245, 60)
    picture = Image.fromarray(sheet)
    scan = analyze_scan(picture, measure_light(picture))
    assert scan.border is not None and not scan.is_negative
    assert scan.period == pytest.approx(5.0, rel=0.06)
    assert scan.has_dots and scan.dot_spacing(scan.width // 2) == pytest.approx(2.5, rel=0.06)
    plain = Image.fromarray(old_photo(1))
    assert analyze_scan(plain, measure_light(plain)) == ScanAnalysis(plain.width)


def test_a_page_of_text_a_drawing_and_a_blank_one_are_mostly_one_tone() -> None:
    blank = np.full((300, 200), 250, np.uint8)
    text = blank.copy()
    text[20:280:12, 20:180] = np.random.default_rng(0).choice([20, 250], (22, 160))
    drawing = cv2.circle(blank.copy(), (100, 150), 60, 0, 3)
    for page in (blank, text, drawing, np.zeros_like(blank)):
        image = Image.fromarray(page)
        scan = analyze_scan(image, measure_light(image))
        assert scan.is_plain
        assert "denoise" not in describe_scan(scan), "lines and letters look like dots"


@pytest.mark.parametrize("index", range(len(EXAMPLES)))
def test_a_photo_is_not_mostly_one_tone(index: int) -> None:
    for grey in (old_photo(index), print_in_dots(old_photo(index), 5.0, 30)):
        image = Image.fromarray(grey.astype(np.uint8))
        assert not analyze_scan(image, measure_light(image)).is_plain
