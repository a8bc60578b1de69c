"""Data sets: pairs stay aligned, what is masked stays masked, batches follow from the step."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.synthetic import make_facade, open_set, write_facades, write_photos

from pix2pix.data.datasets.colorization_dataset import (
    MAX_TRAINING_HINTS,
    ab_cells,
    sample_hints,
)
from pix2pix.data.datasets.label_dataset import find_void
from pix2pix.data.datasets.segmentation_dataset import balance_weights
from pix2pix.data.loader import BatchPlan, example_at, iterate_batches
from pix2pix.images.color import AB_SCALE, rgb_to_lab
from pix2pix.images.degradation import degrade

HALF: dict[str, dict] = {"labels2photo": {}, "photo2labels": {}, "colorize": {"half_output": True}}


def rngs(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(i) for i in range(count)]


def test_augmentation_keeps_photo_and_labels_aligned(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 1, 1, 200, 260), 128)
    batch = dataset.batch([0] * 16, rngs(16))
    blue_minus_red = (batch.target[:, 2] - batch.target[:, 0]) * 127.5
    sky = batch.input[:, 0].bool()
    wall = batch.input[:, 1].bool()
    assert (blue_minus_red[sky] > 0).float().mean() > 0.97  # the sky is blue, the wall is not
    assert (blue_minus_red[wall] < 0).float().mean() > 0.97


def test_augmentation_differs_by_generator_and_repeats_with_it(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 1, 1), 64)
    first, again, other = (dataset.batch([0], [np.random.default_rng(s)]).target for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_tracing_varies_the_light_and_leaves_the_labels_alone(tmp_path: Path) -> None:
    root = write_facades(tmp_path, 1, 1)
    pairs, traced = (open_set(task, root, 64) for task in ("labels2photo", "photo2labels"))
    drawn, found = pairs.batch([0] * 4, rngs(4)), traced.batch([0] * 4, rngs(4))
    assert torch.equal(found.target, drawn.input)
    assert not torch.equal(found.input, drawn.target)
    assert torch.equal(traced.batch([0], None).input, pairs.batch([0], None).target)


def test_a_rare_class_counts_more_in_tracing(tmp_path: Path) -> None:
    batch = open_set("photo2labels", write_facades(tmp_path, 2, 1), 64).batch([0, 1], None)
    door, wall = (batch.weight[:, 0][batch.target[:, i] > 0].mean() for i in (3, 1))
    assert door > 1 > wall


def test_one_hot_input_has_one_class_a_pixel(tmp_path: Path) -> None:
    batch = open_set("labels2photo", write_facades(tmp_path, 2, 1), 64).batch([0, 1], None)
    assert torch.equal(batch.input.sum(1), torch.ones(2, 64, 64))


@pytest.mark.parametrize("fill", [0, 129])
def test_flat_corners_are_void_and_the_building_is_not(fill: int) -> None:
    photo, _ = make_facade(256, 256, 0)
    y, x = np.mgrid[:256, :256]
    wedge = x + y < 120
    photo[wedge] = fill
    void = find_void(photo)
    assert void[wedge].mean() > 0.97
    assert void[x + y > 135].mean() == 0


def test_a_dark_window_inside_the_picture_is_no_void() -> None:
    photo, _ = make_facade(256, 256, 0)
    photo[100:150, 100:150] = 0
    assert not find_void(photo).any()


def test_void_is_fed_as_no_class_and_left_out_of_the_loss(tmp_path: Path) -> None:
    root = write_facades(tmp_path, 1, 1, 256, 256)
    from PIL import Image

    path = root / "train" / "house0.jpg"
    photo = np.asarray(Image.open(path)).copy()
    photo[:60, :60] = 0
    Image.fromarray(photo).save(path, quality=95)
    batch = open_set("labels2photo", root, 128).batch([0], None)
    assert batch.input[0, :, :25, :25].sum() == 0
    assert batch.weight[0, 0, :25, :25].sum() == 0
    assert batch.weight[0, 0, 40:, 40:].min() == 1


def test_a_photo_of_another_size_than_its_labels_is_refused_by_name(tmp_path: Path) -> None:
    root = write_facades(tmp_path, 1, 1)
    from PIL import Image

    Image.new("RGB", (50, 40)).save(root / "train" / "house0.jpg")
    with pytest.raises(ValueError, match=r"house0\.png: is 96x96, its partner house0\.jpg 50x40"):
        open_set("labels2photo", root, 64)


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected images, found none"):
        open_set("labels2photo", tmp_path, 64)


def test_colors_come_at_half_size_where_the_generator_gives_half(tmp_path: Path) -> None:
    dataset = open_set("colorize", write_photos(tmp_path, 2, 1), 64, half_output=True)
    batch = dataset.batch([0, 1], rngs(2))
    assert batch.input.shape == (2, 7, 64, 64)
    assert batch.target.shape == (2, 2, 32, 32)
    assert batch.weight.shape == batch.condition.shape == (2, 1, 32, 32)


def test_evaluation_gives_no_hints_and_the_true_lightness(tmp_path: Path) -> None:
    batch = open_set("colorize", write_photos(tmp_path, 1, 1), 64).batch([0], None)
    assert batch.input[:, 1:].abs().sum() == 0
    sky = batch.target[0, :, 4:20, 20:40] * AB_SCALE
    assert sky[1].mean() < -20  # b of a blue sky


def test_rare_colors_weigh_more_and_the_average_is_one(tmp_path: Path) -> None:
    dataset = open_set("colorize", write_photos(tmp_path, 4, 1), 64)
    green, disc = (
        dataset.weights[ab_cells(rgb_to_lab(np.array(c, np.uint8))[1:])]
        for c in ((60, 110, 40), (220, 90, 60))
    )
    assert disc > 1.5 * green
    weight = np.mean([dataset.batch([i], None).weight.mean() for i in range(4)])
    assert 0.7 < weight < 1.4


def test_hints_are_sometimes_none_and_else_few_and_true() -> None:
    ab = np.random.default_rng(0).normal(0, 30, (64, 64, 2)).astype(np.float32)
    spots, none = [], 0
    for seed in range(200):
        hints, mask = sample_hints(ab, np.random.default_rng(seed))
        assert not hints[mask == 0].any()
        none += not mask.any()
        spots.append(mask.sum())
    assert 80 <= none <= 120  # half of 200
    assert 0 < max(spots) <= MAX_TRAINING_HINTS * 49


def test_aging_keeps_lightness_in_range_and_changes_it() -> None:
    light = np.tile(np.linspace(0, 100, 64, dtype=np.float32), (64, 1))
    aged = [degrade(light, np.random.default_rng(s)) for s in range(20)]
    assert all(a.min() >= 0 and a.max() <= 100 and a.dtype == np.float32 for a in aged)
    assert np.mean([np.abs(a - light).mean() for a in aged]) > 1


def test_an_epoch_has_each_example_once_and_the_next_another_order() -> None:
    first = [example_at(p, 50, seed=1) for p in range(50)]
    second = [example_at(p, 50, seed=1) for p in range(50, 100)]
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second


def test_threads_give_the_same_batches_in_the_same_order(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 3, 1), 64)
    ahead = [b.target for b in iterate_batches(dataset, BatchPlan(2, seed=5), 2, 7, workers=2)]
    alone = [BatchPlan(2, seed=5).batch(dataset, step).target for step in range(2, 7)]
    assert len(ahead) == 5
    assert all(torch.equal(a, b) for a, b in zip(ahead, alone))


def test_the_workers_parts_of_a_batch_are_together_the_whole(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 5, 1), 64)
    for step in (0, 3):
        whole = BatchPlan(4, seed=5, progressive_steps=1, progressive_size=32).batch(dataset, step)
        parts = [BatchPlan(4, 5, 1, 32, rank, world=2).batch(dataset, step) for rank in (0, 1)]
        assert torch.equal(whole.input, torch.cat([part.input for part in parts]))
        assert torch.equal(whole.target, torch.cat([part.target for part in parts]))


@pytest.mark.parametrize(("rank", "world", "word"), [(2, 2, "rank"), (0, 3, "batch_size")])
def test_a_batch_that_cannot_be_shared_is_refused(rank: int, world: int, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        BatchPlan(4, 0, rank=rank, world=world)


@pytest.mark.parametrize("task", ["labels2photo", "photo2labels", "colorize"])
def test_batches_are_those_that_the_checkpoints_were_trained_on(task: str, tmp_path: Path) -> None:
    """Recorded, as means over 4 x 4 fields; the hints anew when more photos got some."""
    write = write_photos if task == "colorize" else partial(write_facades, height=150, width=210)
    dataset = open_set(task, write(tmp_path, 4 if task == "colorize" else 3, 1), 64, **HALF[task])
    plan = BatchPlan(3, seed=7, progressive_steps=1, progressive_size=32)
    batches = {f"step{step}": plan.batch(dataset, step) for step in (0, 1, 9)}
    batches["val"] = dataset.batch([2, 0], None)
    recorded = np.load(Path(__file__).parent / "recorded_batches.npz")
    for name, batch in batches.items():
        for part in ("input", "target", "weight", "condition"):
            means = F.adaptive_avg_pool2d(getattr(batch, part), 4).numpy()
            expected = recorded[f"{task}.{name}.{part}"]  # JPEG decoders differ a little
            np.testing.assert_allclose(means, expected, rtol=0.02, atol=0.02, err_msg=name + part)


def test_the_balance_says_how_much_more_a_rare_class_counts() -> None:
    labels = np.ones((10, 10), np.uint8)
    labels[0] = 3  # a tenth of all pixels
    alike, half, full = (balance_weights([labels], 4, balance) for balance in (0.0, 0.5, 1.0))
    assert alike[3] == alike[1] == 1
    assert half[3] / half[1] == pytest.approx(3)
    assert full[3] / full[1] == pytest.approx(9)
