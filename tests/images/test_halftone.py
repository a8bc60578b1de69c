"""Halftones and 1-bit scans are known as such, photos are not, and their dots become greys."""

import io

import cv2
import numpy as np
import pytest
from helpers.printed import EXAMPLES, light, old_photo, print_in_dots, psnr
from PIL import Image

from pix2pix.images.halftone import DITHER_PERIOD, descreen, halftone_period, is_bilevel
from pix2pix.images.tone import smooth_grain


def through_jpeg(grey: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "jpeg", quality=quality)
    return np.asarray(Image.open(buffer))


def dither(grey: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(grey).convert("1").convert("L"))


@pytest.mark.parametrize("angle", [0, 15, 45])
@pytest.mark.parametrize("period", [3.0, 4.5, 7.0, 12.0])
def test_a_printed_screen_is_found_with_its_period(period: float, angle: float) -> None:
    printed = print_in_dots(old_photo(), period, angle)
    assert halftone_period(light(printed)) == pytest.approx(period, rel=0.06)


@pytest.mark.parametrize("quality", [30, 90])
def test_a_screen_is_found_in_a_soft_scan_through_jpeg_too(quality: int) -> None:
    printed = through_jpeg(print_in_dots(old_photo(1), 5.0, 30, blur=1.2), quality)
    assert halftone_period(light(printed)) == pytest.approx(5.0, rel=0.06)


@pytest.mark.parametrize("index", range(len(EXAMPLES)))
def test_a_photo_has_no_screen_and_more_than_two_tones(index: int) -> None:
    photo = old_photo(index)
    enlarged = cv2.resize(photo, None, fx=2.3, fy=2.3)
    pixelled = np.kron(photo[:120, :120], np.ones((8, 8), np.uint8))
    for grey in (photo, through_jpeg(photo, 10), enlarged, pixelled):
        assert halftone_period(light(grey)) == 0
        assert not is_bilevel(light(grey))


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (40, 40), (70, 2000)])
def test_what_is_of_one_tone_or_tiny_is_neither(shape: tuple[int, int]) -> None:
    flat = light(np.full(shape, 128, np.uint8))
    assert halftone_period(flat) == 0 and not is_bilevel(flat)


def test_a_1_bit_scan_is_known_after_jpeg_too() -> None:
    scan = dither(old_photo())
    assert is_bilevel(light(scan))
    assert is_bilevel(light(through_jpeg(scan, 97)))


@pytest.mark.parametrize(("period", "angle"), [(3.2, 15), (5.0, 45), (9.0, 20)])
def test_descreening_gives_the_greys_that_were_printed(period: float, angle: float) -> None:
    photo = old_photo()
    printed = light(print_in_dots(photo, period, angle))
    before, grain, after = (
        psnr(x, light(photo))
        for x in (printed, smooth_grain(printed)[0], descreen(printed, halftone_period(printed)))
    )
    assert after > grain + 4 and after > before + 4
    flat = light(print_in_dots(np.full((200, 200), 140, np.uint8), period, angle))
    assert descreen(flat, period)[30:-30, 30:-30].std() < 0.02 * flat.std()  # no dot is left


def test_the_dots_of_a_dithered_scan_become_greys() -> None:
    photo = old_photo(1)
    scan = light(dither(photo))
    smooth = descreen(scan, DITHER_PERIOD)
    assert psnr(smooth, light(photo)) > psnr(smooth_grain(scan)[0], light(photo)) + 6


def test_descreening_in_strips_leaves_no_seam() -> None:
    printed = light(print_in_dots(old_photo(), 6.0, 30))
    tall = np.tile(printed, (6, 2))
    whole = descreen(tall, 6.0)
    part = descreen(tall[:700], 6.0)
    np.testing.assert_allclose(whole[:600].astype(int), part[:600].astype(int), atol=2)
