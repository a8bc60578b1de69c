"""Photos alone as data for lines -> photo."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.synthetic import write_photos

from pix2pix.data.datasets.sketch_dataset import (
    Sketching,
    SketchPhotos,
    calm_target,
    place_smaller,
)
from pix2pix.data.factory import open_data
from pix2pix.data.options import DataOptions
from pix2pix.images.line_drawing import Sketch, lines_from_photo
from pix2pix.models.tensors import decode_photo


def open_sketches(root: Path, **keys: object) -> SketchPhotos:
    options = {"resize_mode": "crop", "crop_scale": 1.0, "size": 64, **keys}
    opened = open_data(DataOptions("image2image", layout="photos", **options), root)  # type: ignore[arg-type]
    dataset = opened.datasets[0]
    assert isinstance(dataset, SketchPhotos)
    return dataset


def test_the_input_is_a_line_drawing_of_the_target(tmp_path: Path) -> None:
    batch = open_sketches(write_photos(tmp_path, 3, 1)).batch([0, 1], None)
    assert batch.input.shape == batch.target.shape == (2, 3, 64, 64)
    assert set(batch.weight.unique().tolist()) == {1.0}
    for drawn, photo in zip(decode_photo(batch.input), decode_photo(batch.target)):
        np.testing.assert_array_equal(drawn[..., 1], lines_from_photo(photo))


def test_training_lines_differ_by_generator_and_repeat_with_it(tmp_path: Path) -> None:
    dataset = open_sketches(write_photos(tmp_path, 1, 1), random_flip=False)
    inputs = [dataset.batch([0], [np.random.default_rng(s)]).input for s in (0, 0, 1)]
    assert torch.equal(inputs[0], inputs[1])
    assert not torch.equal(inputs[0], inputs[2])


def test_white_lines_are_the_negative_of_black_ones(tmp_path: Path) -> None:
    root = write_photos(tmp_path, 1, 1)
    black, white = (open_sketches(root, input_type=t) for t in ("lines", "lines-white"))
    torch.testing.assert_close(white.batch([0], None).input, -black.batch([0], None).input)


@pytest.mark.parametrize("strokes", [0, 1])
def test_a_sheet_with_next_to_nothing_becomes_a_smooth_background(strokes: int) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    calm = calm_target(photo, Sketch(np.full((64, 64), 255, np.uint8), strokes)).astype(int)
    assert np.abs(np.diff(calm, axis=0)).max() <= 8
    assert np.abs(np.diff(calm, axis=1)).max() <= 8
    assert calm.mean() == pytest.approx(photo.mean(), abs=4)
    np.testing.assert_array_equal(calm_target(photo, Sketch(photo[..., 0], 2)), photo)


def test_some_photos_are_shown_smaller_on_a_smooth_background() -> None:
    checks = (np.indices((64, 64)).sum(0) // 4 % 2 * 255).astype(np.uint8)
    photo = np.repeat(checks[..., None], 3, 2)
    usual = Sketching()
    placed = [place_smaller(photo, np.random.default_rng(seed), usual) for seed in range(200)]
    changed = [p for p in placed if (p != photo).any()]
    assert len(changed) == pytest.approx(200 * usual.small_fraction, abs=25)
    for picture in changed:
        assert picture.shape == photo.shape
        contrast = np.abs(np.diff(picture[..., 0].astype(int), axis=0)).max(axis=1)
        assert contrast.max() > 60, "the photo is there"
        assert min(contrast[:4].max(), contrast[-4:].max()) < 60, "one side at least is smooth"


def test_padding_stays_where_its_mask_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pix2pix.data.datasets.sketch_dataset.MIN_STROKES", 0)  # photos alone
    dataset = open_sketches(write_photos(tmp_path, 1, 1), resize_mode="pad")
    batch = dataset.batch([0] * 24, [np.random.default_rng(seed) for seed in range(24)])
    is_photo = (batch.target.mean(1, keepdim=True) > -0.9).float()  # padding is black
    assert 0 < batch.weight.mean() < 1
    assert ((is_photo - batch.weight).abs().mean((1, 2, 3)) < 0.05).all()


def test_the_smallest_photos_have_the_scale_of_the_recipe() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    sizes = []
    for seed in range(40):
        placed = place_smaller(photo, np.random.default_rng(seed), Sketching(1.0, 0.2))
        rough = np.abs(np.diff(placed.astype(int), axis=0)).max(2) > 40
        sizes.append(np.ptp(np.nonzero(rough.any(1))[0]))
    assert 6 <= min(sizes) < 16, "0.2 of 64, less the blended seam"
    assert 40 < max(sizes) < 60


def test_the_smaller_photos_are_turned_by_up_to_the_angle_of_the_recipe() -> None:
    """A line through the middle: its slope tells the angle."""
    photo = np.full((128, 128, 3), 255, np.uint8)
    photo[60:68] = 0
    angles = []
    for seed in range(60):
        sketching = Sketching(1.0, 0.8, small_rotation=30)
        placed = place_smaller(photo, np.random.default_rng(seed), sketching)
        y, x = np.nonzero(placed[..., 0] < 100)
        angles.append(np.rad2deg(np.arctan(np.polyfit(x, y, 1)[0])))
    assert -31 < min(angles) < -20
    assert 20 < max(angles) < 31
    assert abs(np.mean(angles)) < 8


def test_a_fraction_of_the_photos_is_scribbled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blank = Sketch(np.full((64, 64), 255, np.uint8), 9)
    monkeypatch.setattr(
        "pix2pix.data.datasets.sketch_dataset.random_scribble", lambda photo, rng: blank
    )
    monkeypatch.setattr(
        "pix2pix.data.datasets.sketch_dataset.random_sketch",
        lambda photo, rng: Sketch(np.zeros((64, 64), np.uint8), 9),
    )
    root = write_photos(tmp_path, 1, 1)
    rngs = [np.random.default_rng(seed) for seed in range(60)]
    batch = open_sketches(root, scribble_fraction=0.3).batch([0] * 60, rngs)
    assert (batch.input > 0).float().mean() == pytest.approx(0.3, abs=0.15)
