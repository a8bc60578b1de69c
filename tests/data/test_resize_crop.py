"""Geometry: what belongs together moves together, in every fit, at every size."""

import numpy as np
import pytest

from pix2pix.config import RESIZE_MODES
from pix2pix.data.resize_crop import Geometry, resize
from pix2pix.labels.label_map import VOID

SHAPES = [(60, 100), (100, 60), (33, 33), (300, 40), (1, 1)]


def coordinates(height: int, width: int) -> np.ndarray:
    """A picture that says of each pixel where it was: red is x, green is y, 20..220; blue 90."""
    y, x = np.mgrid[:height, :width] / max(height - 1, width - 1, 1)
    blue = np.full((height, width), 0.35)
    return (np.stack([x, y, blue], -1) * 200 + 20).astype(np.uint8)


@pytest.mark.parametrize("fit", RESIZE_MODES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(64, 64), (48, 96)])
def test_a_pair_moves_together(fit: str, shape: tuple[int, int], size: tuple[int, int]) -> None:
    first = coordinates(*shape)
    second = 255 - first
    geometry = Geometry(*size, fit)
    stored = geometry.resize_to_stored([first, second])
    # A black border blends with the picture where a view is resized, as for evaluation.
    for seed in [*range(12)] if fit == "pad" else [None, *range(12)]:
        rng = None if seed is None else np.random.default_rng(seed)
        a, b = geometry.crop_view(stored, rng)
        assert a.shape == b.shape == (*size, 3)
        picture = a[..., 2] > 70  # a black border is black in both
        assert np.abs(a[picture].astype(int) + b[picture] - 255).max() <= 2


@pytest.mark.parametrize("fit", RESIZE_MODES)
def test_labels_move_with_their_photo(fit: str) -> None:
    photo = coordinates(80, 120)
    labels = (photo[..., 0] > 120).astype(np.uint8) + 2 * (photo[..., 1] > 80).astype(np.uint8)
    geometry = Geometry(64, 64, fit)
    stored = geometry.resize_to_stored([photo, labels])
    for seed in range(12):
        rgb, ids = geometry.crop_view(stored, np.random.default_rng(seed))
        expected = (rgb[..., 0] > 120) + 2 * (rgb[..., 1] > 80)
        inside = ids != VOID
        # Colours are averaged and labels are not: a border may lie a pixel or two aside.
        assert (expected[inside] == ids[inside]).mean() > 0.9
        assert inside.mean() > 0.5


@pytest.mark.parametrize("fit", RESIZE_MODES)
def test_training_views_differ_and_are_mirrored_half_of_the_time(fit: str) -> None:
    geometry = Geometry(64, 64, fit)
    stored = geometry.resize_to_stored([coordinates(90, 120)])
    views = [geometry.crop_view(stored, np.random.default_rng(s))[0].astype(int) for s in range(60)]
    mirrored = [v[:, :20, 0].mean() > v[:, -20:, 0].mean() for v in views]
    assert 15 <= sum(mirrored) <= 45
    assert len({v.tobytes() for v in views}) > 30
    plain = Geometry(64, 64, fit, random_flip=False)
    views = [plain.crop_view(stored, np.random.default_rng(s))[0].astype(int) for s in range(30)]
    assert all(v[:, :20, 0].mean() < v[:, -20:, 0].mean() for v in views)


def test_without_jitter_and_flip_a_training_view_is_the_evaluation_view() -> None:
    for fit in ("stretch", "pad", "mirror", "rotate"):
        geometry = Geometry(64, 64, fit, crop_scale=1.0, random_flip=False)
        stored = geometry.resize_to_stored([coordinates(90, 120)])
        trained = geometry.crop_view(stored, np.random.default_rng(0))[0]
        np.testing.assert_array_equal(trained, geometry.crop_view(stored, None)[0])


def test_the_papers_jitter_is_a_crop_of_256_from_286() -> None:
    geometry = Geometry(256, 256)
    stored = geometry.resize_to_stored([coordinates(300, 400)])
    assert stored[0].shape == (286, 286, 3)
    window = geometry.crop_view(stored, np.random.default_rng(1))[0]
    if window[0, 0, 0] > window[0, -1, 0]:
        window = window[:, ::-1]
    found = [
        (top, left)
        for top in range(31)
        for left in range(31)
        if np.array_equal(stored[0][top : top + 256, left : left + 256], window)
    ]
    assert len(found) == 1  # no pixel was made up


def test_each_fit_shows_what_it_says() -> None:
    wide = coordinates(50, 100)

    def evaluate(fit: str) -> np.ndarray:
        geometry = Geometry(64, 64, fit, crop_scale=1.0)
        return geometry.crop_view(geometry.resize_to_stored([wide]), None)[0].astype(int)

    stretched, padded, mirrored, cropped = map(evaluate, ("stretch", "pad", "mirror", "crop"))
    assert stretched[32, 0, 0] < 25 and stretched[32, -1, 0] > 215  # the whole width
    assert (padded[:15] == 0).all() and (padded[-15:] == 0).all()
    assert padded[32, 0, 0] < 25 and padded[32, -1, 0] > 215
    np.testing.assert_array_equal(mirrored[16:48], padded[16:48])
    np.testing.assert_array_equal(mirrored[:16], mirrored[16:32][::-1])
    assert 60 < cropped[32, 0, 0] < 80 and 160 < cropped[32, -1, 0] < 180  # the middle half


def test_rotate_turns_portraits_and_leaves_landscapes() -> None:
    geometry = Geometry(48, 96, "rotate", crop_scale=1.0)
    landscape, portrait = coordinates(50, 100), coordinates(100, 50)
    flat = geometry.crop_view(geometry.resize_to_stored([landscape]), None)[0].astype(int)
    turned = geometry.crop_view(geometry.resize_to_stored([portrait]), None)[0].astype(int)
    assert flat[24, -1, 0] - flat[24, 0, 0] > 180
    assert abs(turned[24, -1, 1] - turned[24, 0, 1]) > 180  # its height now lies along the width


def test_a_padded_border_is_void() -> None:
    geometry = Geometry(64, 64, "pad", crop_scale=1.0)
    photo, mask = geometry.crop_view(geometry.resize_with_mask([coordinates(50, 100)]), None)
    np.testing.assert_array_equal(mask == VOID, (photo == 0).all(-1))
    assert (mask == VOID).mean() == 0.5


def test_a_smaller_view_shows_the_same_at_the_same_shape() -> None:
    geometry = Geometry(64, 128, "crop")
    stored = geometry.resize_to_stored([coordinates(90, 180)])
    large = geometry.crop_view(stored, np.random.default_rng(3))[0]
    small = geometry.crop_view(stored, np.random.default_rng(3), 32)[0]
    assert small.shape == (32, 64, 3)
    averaged = large.reshape(32, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(averaged - small).max() < 6


@pytest.mark.parametrize("keys", [{"resize_mode": "fill"}, {"crop_scale": 0.5}, {"height": 0}])
def test_a_geometry_that_makes_no_sense_is_refused(keys: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(keys)).replace("height", "size")):
        Geometry(**{"height": 64, "width": 64, **keys})


@pytest.mark.parametrize("fit", RESIZE_MODES)
@pytest.mark.parametrize("shape", [(64, 64), (200, 90), (96, 130), (1, 1), (3, 300)])
@pytest.mark.parametrize("size", [(64, 64), (48, 96)])
@pytest.mark.parametrize("part", [1, 2])
def test_what_is_shown_comes_back_in_its_own_shape_and_place(
    fit: str, shape: tuple[int, int], size: tuple[int, int], part: int
) -> None:
    geometry, picture = Geometry(*size, fit).for_evaluation(), coordinates(*shape)
    shown = geometry.prepare(picture)
    made = resize(shown, (-(-shown.shape[0] // part), -(-shown.shape[1] // part)))
    back = geometry.restore(made, shape)
    assert back.shape == picture.shape
    inner = tuple(slice(side // 8, side - side // 8) for side in shape)
    far = np.abs(back[inner].astype(int) - picture[inner])  # at half the sides the rim blends
    assert far.mean() < 4 or min(geometry.placement(shape).inner) < 2 * part


def test_evaluation_sees_what_is_shown_in_use() -> None:
    picture = coordinates(50, 130)
    for fit in RESIZE_MODES:
        geometry = Geometry(48, 64, fit).for_evaluation()
        (seen,) = geometry.crop_view(geometry.resize_to_stored([picture]), None)
        shown = geometry.prepare(picture)
        if fit == "crop":  # the middle of it, at the same scale
            left = (shown.shape[1] - 64) / 2
            assert shown.shape[0] == 48 and left > 20
            shown = shown[:, int(left) : int(left) + 64]
            assert np.abs(shown.astype(int) - seen).max() <= 4
        else:
            np.testing.assert_array_equal(shown, seen)


def test_another_height_shows_the_same_at_the_same_shape() -> None:
    picture = coordinates(300, 500)
    for fit in RESIZE_MODES:
        geometry = Geometry(32, 64, fit).for_evaluation()
        small, large = geometry.prepare(picture), geometry.with_height(64).prepare(picture)
        assert np.abs(np.array(large.shape[:2]) - 2 * np.array(small.shape[:2])).max() <= 2


@pytest.mark.parametrize("resize_mode", ["squeeze", "crop"])
@pytest.mark.parametrize(("height", "width"), [(70, 90), (64, 64), (300, 65), (200, 180)])
def test_without_enlarging_no_view_has_more_pixels_than_the_image(
    resize_mode: str, height: int, width: int
) -> None:
    geometry = Geometry(64, 64, resize_mode, 2.0, enlarge=False)
    rows, columns = geometry.stored_shape((height, width))
    assert 64 <= rows <= height and 64 <= columns <= width
    as_usual = Geometry(64, 64, resize_mode, 2.0).stored_shape((height, width))
    assert (rows, columns) <= as_usual
    large = Geometry(64, 64, resize_mode, 2.0, enlarge=False).stored_shape((900, 900))
    assert large == Geometry(64, 64, resize_mode, 2.0).stored_shape((900, 900)) == (128, 128)
    rng = np.random.default_rng(0)
    for _ in range(20):
        window = geometry.draw_window((rows, columns), rng)
        assert window.rows >= 64 and window.columns >= 64
