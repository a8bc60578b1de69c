"""Scribbles from photos: outlines and round details."""

import cv2
import numpy as np

from pix2pix.images.line_drawing import INK, find_strokes
from pix2pix.images.scribble import find_details, find_outline, fit_ellipse, random_scribble

EYES = ((100, 120), (156, 120))


def face() -> np.ndarray:
    """A light head with two dark eyes on a dark ground."""
    rng = np.random.default_rng(0)
    photo: np.ndarray = rng.normal((40, 60, 50), 6, (256, 256, 3))
    head: np.ndarray = np.zeros((256, 256), np.uint8)
    cv2.ellipse(head, (128, 128), (80, 90), 0, 0, 360, 1, -1)
    photo[head > 0] = rng.normal((200, 170, 140), 6, (int(head.sum()), 3))
    image = photo.clip(0, 255).astype(np.uint8)
    for eye in EYES:
        cv2.ellipse(image, eye, (14, 10), 0, 0, 360, (20, 30, 20), -1)
    return image


def test_eyes_are_found_as_ellipses() -> None:
    details = find_details(face())[:2]
    middles = sorted(tuple(ellipse.mean(0).round().astype(int)) for ellipse in details)
    np.testing.assert_allclose(middles, EYES, atol=3)
    np.testing.assert_allclose(np.ptp(details[0], axis=0), (28, 20), atol=8)


def test_the_outline_is_that_of_the_head() -> None:
    photo = face()
    outline = find_outline(photo, find_strokes(photo, 3.0, 0.1))
    assert outline is not None
    radius = np.hypot(*((outline - 128) / (80, 90)).T)
    assert np.abs(radius - 1).max() < 0.12
    assert find_outline(photo, [np.zeros((4, 2), np.float32)]) is None, "no edge is near"


def test_a_straight_edge_is_no_ellipse() -> None:
    way = np.arange(40, dtype=np.float32)
    assert fit_ellipse(np.stack([way, 2 * way], 1)) is None
    assert fit_ellipse(np.stack([way, np.abs(way - 20)], 1)) is None


def test_a_scribble_has_few_strokes_and_repeats_with_its_generator() -> None:
    first, again, other = (random_scribble(face(), np.random.default_rng(s)) for s in (0, 0, 1))
    assert first.num_strokes == again.num_strokes <= 6
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.image != other.image).any()
    assert 0.005 < (first.image == INK).mean() < 0.1
    assert (
        random_scribble(np.full((64, 96, 3), 90, np.uint8), np.random.default_rng(0)).image.min()
        == 255
    )
