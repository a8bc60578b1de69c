"""Line drawings from photos: they follow edges, repeat, and vary as asked."""

import cv2
import numpy as np
import pytest

from pix2pix.images.line_drawing import (
    INK,
    PAPER,
    draw_ink,
    draw_strokes,
    find_dark_spots,
    find_strokes,
    lines_from_photo,
    random_sketch,
    resize_to_unit,
    shake,
    simplify,
)

CENTRE, RADIUS = (120, 140), 70


def photo_of_a_ball(size: int = 256) -> np.ndarray:
    scale = size / 256
    photo = np.full((size, size, 3), (200, 190, 150), np.uint8)
    centre = (round(CENTRE[0] * scale), round(CENTRE[1] * scale))
    return cv2.circle(photo, centre, round(RADIUS * scale), (70, 60, 120), -1)


def photo_with_texture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    soft = cv2.GaussianBlur(noise, (0, 0), 3).astype(np.float32)
    return (128 + (soft - soft.mean()) * 4).clip(0, 255).astype(np.uint8)


def distances_to_the_circle(lines: np.ndarray) -> np.ndarray:
    y, x = np.nonzero(lines == INK)
    scale = lines.shape[0] / 256
    distances: np.ndarray = np.hypot(x - CENTRE[0] * scale, y - CENTRE[1] * scale) / scale - RADIUS
    return distances


@pytest.mark.parametrize("detail", [0.0, 0.5, 1.0])
def test_the_lines_of_a_ball_are_its_outline(detail: float) -> None:
    lines = lines_from_photo(photo_of_a_ball(), detail)
    assert lines.shape == (256, 256)
    assert lines.dtype == np.uint8
    distances = distances_to_the_circle(lines)
    assert len(distances) > 2 * RADIUS
    assert np.abs(distances).max() < 5
    angles = np.arctan2(*(np.nonzero(lines == INK) - np.array(CENTRE[::-1])[:, None]))
    assert np.histogram(angles, 24)[0].min() > 0, "all the way round"


def test_lines_do_not_depend_on_the_size_of_the_photo() -> None:
    large = lines_from_photo(photo_of_a_ball(768))
    assert np.abs(distances_to_the_circle(large)).max() < 5
    ink = (lines_from_photo(photo_of_a_ball(256)) == INK).mean()
    assert (large == INK).mean() == pytest.approx(ink, rel=0.25)


def test_more_detail_draws_more() -> None:
    ink = [(lines_from_photo(photo_with_texture(), d) == INK).mean() for d in (0, 0.5, 1)]
    assert ink[0] < ink[1] < ink[2]


def test_the_lines_of_an_even_photo_are_an_empty_sheet() -> None:
    even = np.full((64, 96, 3), 90, np.uint8)
    assert (lines_from_photo(even) == PAPER).all()
    assert (random_sketch(even, np.random.default_rng(0)).image == PAPER).all()


@pytest.mark.parametrize(("size", "width"), [(256, 2.0), (256, 4.0), (384, 2.0), (512, 2.0)])
def test_ink_is_drawn_as_lines_are_to_the_pixel_at_their_sides(size: int, width: float) -> None:
    photo = cv2.resize(photo_with_texture(), (size, size), interpolation=cv2.INTER_CUBIC)
    strokes = simplify(find_strokes(resize_to_unit(photo), 2.0, 0.1), 0.8)
    ink = draw_ink(strokes, (size, size), width)
    lines = draw_strokes(strokes, (size, size), width) < 128
    assert 0.05 < lines.mean() < 0.6
    assert ink.mean() == pytest.approx(lines.mean(), rel=0.1)
    square = np.ones((3, 3), np.uint8)
    for one, other in ((ink, lines), (lines, ink)):
        assert not (one & (cv2.dilate(other.astype(np.uint8), square) == 0)).any()


def test_detail_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"detail must be from 0 to 1, got 1\.5"):
        lines_from_photo(photo_of_a_ball(), 1.5)


def test_a_random_sketch_repeats_with_its_generator_and_differs_from_others() -> None:
    photo = photo_with_texture()
    first, again, other = (random_sketch(photo, np.random.default_rng(s)) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.image != other.image).any()


def test_random_sketches_go_from_empty_to_full_and_many_have_few_strokes() -> None:
    photo = photo_with_texture()
    counts = np.array(
        [random_sketch(photo, np.random.default_rng(s)).num_strokes for s in range(300)]
    )
    assert 0.02 < (counts < 2).mean() < 0.1
    assert 0.25 < ((counts >= 4) & (counts <= 24)).mean() < 0.6
    assert (counts > 60).mean() > 0.1


def test_an_unsteady_hand_stays_near_the_lines() -> None:
    photo = photo_of_a_ball()
    strokes = simplify(find_strokes(photo, 1.5, 0.1), 1.0)
    for seed in range(20):
        shaken = np.concatenate(shake(strokes, (256, 256), np.random.default_rng(seed)))
        moved = np.abs(shaken - np.concatenate(strokes))
        assert 0 < moved.max() < 40
        assert np.isfinite(shaken).all()


def test_simplified_strokes_have_fewer_points_within_their_tolerance() -> None:
    (stroke, *_) = find_strokes(photo_of_a_ball(), 1.5, 0.1)
    (simple,) = simplify([stroke], 1.0)
    assert len(simple) < len(stroke) / 5
    distances = np.hypot(*(simple - np.array(CENTRE)).T) - RADIUS
    assert np.abs(distances).max() < 4


def test_a_pupil_is_a_dark_spot_and_a_dark_wall_is_not() -> None:
    photo = np.full((256, 256, 3), 180, np.uint8)
    cv2.circle(photo, (60, 60), 9, (20, 20, 20), -1)
    photo[150:] = 20
    spots = find_dark_spots(photo)
    assert spots[60, 60]
    assert spots.sum() < 400
    assert not spots[200].any()
