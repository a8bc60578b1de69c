"""The browser engine draws the lines of a photo as Python does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.engine import NodeJob, to_rgba
from helpers.running import ROOT
from PIL import Image, ImageDraw
from PIL.Image import Resampling
from PIL.ImageOps import fit

from pix2pix.images.line_drawing import find_main_strokes, find_strokes
from pix2pix.inference.image_to_image import LineTracer

SHEETS = [(256, 256), (256, 320), (512, 384), (96, 64)]
OLD_PHOTOS = sorted((ROOT / "assets" / "examples").glob("LC-*.jpg"))


def cat(size: tuple[int, int]) -> Image.Image:
    """A cat's face of fur, drawn at another place for each size."""
    width, height = size
    rng = np.random.default_rng(width)
    noise = rng.integers(0, 256, (height // 6 + 1, width // 6 + 1, 3), np.uint8)
    photo = Image.fromarray(noise).resize(size, Resampling.BICUBIC)
    face = Image.new("RGB", size, (150, 190, 120))
    pen = ImageDraw.Draw(face)
    x, y, radius = 0.5 * width, 0.55 * height, 0.36 * min(size)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), (190, 120, 60))
    for side in (-1, 1):
        ear = [
            (x + side * radius * a, y + radius * b)
            for a, b in ((0.9, -0.4), (0.8, -1.4), (0.1, -1))
        ]
        pen.polygon(ear, (170, 100, 50))
        eye = (x + side * 0.4 * radius, y - 0.2 * radius)
        pen.ellipse(
            (*(v - 0.15 * radius for v in eye), *(v + 0.15 * radius for v in eye)), (40, 60, 30)
        )
    return Image.blend(face, photo, 0.3)


PHOTOS = [cat((256, 256)), cat((640, 427)), cat((301, 500)), cat((120, 90))]
PHOTOS += [Image.open(path).convert("RGB") for path in OLD_PHOTOS]
PHOTOS += [Image.new("RGB", (70, 50), (90, 90, 90))]


def as_pixels(photo: Image.Image) -> dict[str, Any]:
    return {"width": photo.width, "height": photo.height, "data": to_rgba(photo)}


def test_the_lines_of_photos_are_those_of_python(tmp_path: Path) -> None:
    cases = [(photo, shape) for photo in PHOTOS for shape in SHEETS]
    calls = [[as_pixels(photo), shape[1], shape[0]] for photo, shape in cases]
    found = NodeJob(tmp_path).call("draw/line_drawing", "traceLines", calls)
    assert len(OLD_PHOTOS) > 2
    for (photo, shape), answer in zip(cases, found):
        expected = LineTracer(shape).trace(photo)
        if photo is not PHOTOS[-1]:
            assert 0.02 < expected.mean() < 0.7, "a photo with lines"
        np.testing.assert_array_equal(answer["ids"].reshape(shape), expected, str(photo.size))


@pytest.mark.parametrize("detail", [0.0, 0.3, 1.0])
def test_strokes_are_those_of_python_for_any_detail(tmp_path: Path, detail: float) -> None:
    (photo,) = [fit(each, (256, 300)) for each in PHOTOS[1:2]]
    (found,) = NodeJob(tmp_path).call(
        "draw/line_drawing", "findMainStrokes", [[as_pixels(photo), detail]]
    )
    expected = find_main_strokes(np.asarray(photo), detail)
    assert len(found) == len(expected) > 3
    for mine, other in zip(found, expected):
        np.testing.assert_array_equal(mine.reshape(-1, 2), other)


def test_outlines_are_those_of_opencv(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    masks = [
        (rng.random((40, 31)) < share).astype(np.uint8) for share in (0.02, 0.2, 0.5, 0.8, 0.98)
    ]
    masks += [np.ones((1, 1), np.uint8), np.ones((1, 9), np.uint8), np.zeros((5, 5), np.uint8)]
    planes = [[{"width": m.shape[1], "height": m.shape[0], "data": m}] for m in masks]
    found = NodeJob(tmp_path).call("draw/contours", "findContours", planes)
    for mask, mine in zip(masks, found):
        expected, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        assert len(mine) == len(expected)
        for points, other in zip(mine, expected):
            np.testing.assert_array_equal(points.reshape(-1, 2), other[:, 0])


@pytest.mark.parametrize("tolerance", [0.8, 2.5, 9.0])
def test_simplified_outlines_are_those_of_opencv(tmp_path: Path, tolerance: float) -> None:
    strokes = [s for photo in PHOTOS for s in find_strokes(np.asarray(photo), 2.0, 0.15)]
    calls = [[stroke.astype(np.int32), tolerance] for stroke in strokes]
    found = NodeJob(tmp_path).call("draw/contours", "simplifyClosed", calls)
    assert len(strokes) > 500
    for stroke, mine in zip(strokes, found):
        expected = cv2.approxPolyDP(stroke, tolerance, True)[:, 0]
        np.testing.assert_array_equal(mine.reshape(-1, 2), expected)


def test_the_middle_of_a_photo_is_fitted_as_pillow_does(tmp_path: Path) -> None:
    cases = [(photo, size) for photo in PHOTOS for size in [(256, 256), (320, 256), (33, 71)]]
    calls = [[as_pixels(photo), *size, "bicubic"] for photo, size in cases]
    found = NodeJob(tmp_path).call("colorize/pillow_resize", "fitPixels", calls)
    for (photo, size), answer in zip(cases, found):
        expected = to_rgba(fit(photo, size, Resampling.BICUBIC))
        np.testing.assert_array_equal(answer["data"].reshape(expected.shape), expected)
