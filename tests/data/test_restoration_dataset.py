"""Photos alone as data for damaged -> repaired."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.synthetic import write_photos
from PIL import Image

from pix2pix.data.datasets.restoration_dataset import (
    ELSEWHERE,
    VAL_MASKS,
    DamagedPhotos,
    read_masks,
    training_view,
)
from pix2pix.data.factory import open_datasets
from pix2pix.data.options import DataOptions
from pix2pix.images.damage import VISIBLE
from pix2pix.images.repair import fill_smooth
from pix2pix.models.tensors import decode_restored


def open_damaged(root: Path, split: str = "train") -> DamagedPhotos:
    dataset = open_datasets(DataOptions("restore", size=64, crop_scale=1.0), root, (split,))[0]
    assert isinstance(dataset, DamagedPhotos)
    return dataset


def write_masks(root: Path, count: int) -> None:
    (root / "damage").mkdir()
    for i in range(count):
        mask = np.zeros((40, 40), np.uint8)
        mask[i : i + 2] = 100 + i
        Image.fromarray(mask).save(root / "damage" / f"line_{i:02d}.png")


def test_input_and_target_differ_in_the_damage_alone(tmp_path: Path) -> None:
    dataset = open_damaged(write_photos(tmp_path, 1, 6), "val")
    batch = dataset.batch(list(range(6)), None)
    assert batch.input.shape == batch.target.shape == (6, 2, 64, 64)
    clean, damage = decode_restored(batch.target)
    damaged = (batch.input[:, 0].numpy() + 1) * 50
    assert set(np.unique(damage)) == {0, 1}
    assert not batch.input[:, 1].any(), "evaluation marks nothing"
    assert np.abs(damaged - clean)[damage == 0].max() <= 100 * VISIBLE + 0.001
    assert np.abs(damaged - clean)[damage == 1].min() >= 100 * VISIBLE - 0.001
    assert batch.weight.unique().tolist() == [pytest.approx(ELSEWHERE)], "nothing to fill"


def test_evaluation_repeats_its_damage_and_training_its_generator(tmp_path: Path) -> None:
    dataset = open_damaged(write_photos(tmp_path, 3, 1))
    assert torch.equal(dataset.batch([2], None).input, dataset.batch([1, 2], None).input[1:])
    views = [dataset.batch([0], [np.random.default_rng(s)]).input for s in (0, 0, 1)]
    assert torch.equal(views[0], views[1]) and not torch.equal(views[0], views[2])


def test_marked_places_are_filled_smoothly_and_count_in_the_loss(tmp_path: Path) -> None:
    dataset = open_damaged(write_photos(tmp_path, 1, 1))
    batch = dataset.batch([0] * 40, [np.random.default_rng(s) for s in range(40)])
    marks = batch.input[:, 1] == 1
    assert 5 <= marks.flatten(1).any(1).sum() <= 20  # MARKED_FRACTION of 38
    for light, mask in zip(batch.input[:, 0].numpy(), marks.numpy()):
        lightness = (light + 1) * 50  # filled again, it stays: nothing of the marked place is left
        np.testing.assert_allclose(fill_smooth(lightness * ~mask, mask), lightness, atol=1e-3)
    assert (batch.weight[:, 0][marks] == 1).all()
    assert (batch.target[:, 1][marks] == -1).all()


def test_some_marks_hide_all_damage_as_in_a_second_pass() -> None:
    light = np.full((64, 64), 50, np.float32)
    hidden = 0
    for seed in range(60):
        *_, where, marks = training_view(light, [], np.random.default_rng(seed))
        assert not (where & marks).any(), "what is hidden cannot be found"
        hidden += bool(marks.any() and not where.any())
    assert 8 <= hidden <= 40


def test_masks_lie_beside_train_and_every_tenth_is_held_out(tmp_path: Path) -> None:
    write_masks(write_photos(tmp_path, 1, 1), 2 * VAL_MASKS)
    train, val = read_masks(tmp_path, "train"), read_masks(tmp_path, "val")
    assert (len(train), len(val)) == (18, 2)
    assert not {m.tobytes() for m in train} & {m.tobytes() for m in val}
    assert [m.max() for m in val] == [105, 115]


def test_masks_are_not_taken_for_photos(tmp_path: Path) -> None:
    write_masks(tmp_path, 3)
    Image.new("RGB", (80, 80)).save(tmp_path / "photo.png")
    with pytest.raises(ValueError, match="a folder damage beside photos; expected the photos in"):
        open_damaged(tmp_path)


def test_without_masks_damage_is_drawn(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    assert read_masks(tmp_path, "train") == []
    (tmp_path / "damage").mkdir()
    with pytest.raises(ValueError, match="damage: expected images of damage"):
        read_masks(tmp_path, "train")
