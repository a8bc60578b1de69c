"""Data as people have it: found, checked as a whole, the same from memory and from disk."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.synthetic import make_facade, open_set, save_picture, write_facades, write_photos
from helpers.whole_runs import SMALL
from PIL import Image

from pix2pix.cli import train
from pix2pix.data.factory import open_datasets
from pix2pix.data.loader import BatchPlan
from pix2pix.data.options import DataOptions
from pix2pix.data.validation import DataError
from pix2pix.labels.classes import PIX2PIX_PALETTE
from pix2pix.labels.label_map import encode_label_image
from pix2pix.models.tensors import decode_photo
from pix2pix.training.recipe import load_recipe

RED, GREEN = (200, 30, 20), (20, 180, 40)


def write_doubles(folder: Path, count: int) -> None:
    """Side by side: A is red on the left, B is green on the right, the lighter the later."""
    for i in range(count):
        double = np.zeros((30, 80, 3), np.uint8)
        double[:, :40], double[:, 40:] = RED, GREEN
        save_picture(
            folder / f"pair {i}.jpg", np.minimum(double + 5 * i, 255).astype(np.uint8), quality=95
        )


def write_folders(a: Path, b: Path, count: int) -> None:
    for i in range(count):
        save_picture(a / f"é {i}.png", RED)
        save_picture(b / f"é {i}.jpeg", GREEN, quality=95)


def input_and_target(dataset: Any) -> tuple[np.ndarray, ...]:
    """The mean colours of the first example."""
    batch = dataset.batch([0], None)
    return tuple(decode_photo(x)[0].mean((0, 1)) for x in (batch.input, batch.target))


LAYOUTS: dict[str, tuple[list[tuple[str, ...]], int]] = {
    # name: (folders of A and of B, or one of doubles; examples in each)
    "side by side": ([("train",), ("val",)], 2),
    "A and B in train": ([("train/A", "train/B"), ("val/A", "val/B")], 2),
    "trainA and trainB": ([("trainA", "trainB"), ("valA", "valB")], 2),
    "no splits": ([("A", "B")], 10),
    "no splits, side by side": ([(".",)], 10),
    "only train": ([("train",)], 10),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_found_and_has_its_direction(name: str, tmp_path: Path) -> None:
    places, count = LAYOUTS[name]
    for a, *b in places:
        if b:
            write_folders(tmp_path / a, tmp_path / b[0], count)
        else:
            write_doubles(tmp_path / a, count)
    for direction, expected in (("auto", (RED, GREEN)), ("BtoA", (GREEN, RED))):
        options = DataOptions("image2image", 32, direction=direction, crop_scale=1.0)
        for dataset in open_datasets(options, tmp_path):
            both = input_and_target(dataset)
            for color, wanted in zip(both, expected):
                assert np.abs(color - wanted).max() < 50, direction
                assert (color.argmax()) == np.argmax(wanted)


def test_inner_folders_are_matched_by_their_path(tmp_path: Path) -> None:
    for color, side in ((RED, "A"), (GREEN, "B")):
        for place in ("rome/1.png", "oslo/1.png"):
            save_picture(tmp_path / "train" / side / place, color)
    options = DataOptions("image2image", 32, val_split=0.5)
    train, val = open_datasets(options, tmp_path)
    assert {*train.names, *val.names} == {"oslo/1", "rome/1"}


def test_what_is_held_out_is_chosen_by_the_seed_and_stays(tmp_path: Path) -> None:
    write_doubles(tmp_path, 20)

    def split(seed: int) -> list[set[str]]:
        options = DataOptions("image2image", 32, val_split=0.2, seed=seed)
        return [set(x.names) for x in open_datasets(options, tmp_path)]

    train, val = split(0)
    assert len(val) == 4 and len(train) == 16 and not train & val
    assert split(0) == [train, val]
    assert split(1) != [train, val]
    save_picture(tmp_path / "new.png", np.zeros((30, 80, 3), np.uint8))
    again = split(0)[1]
    assert len(val - again) <= 1  # another picture moves at most one of them


@pytest.mark.parametrize("labels_in", ["A", "B"])
@pytest.mark.parametrize("task", ["labels2photo", "photo2labels"])
def test_the_folder_with_the_label_maps_is_found(labels_in: str, task: str, tmp_path: Path) -> None:
    photo, labels = make_facade(96, 96, 0)
    photos_in = "B" if labels_in == "A" else "A"
    for i in range(2):
        save_picture(tmp_path / "train" / labels_in / f"{i}.png", encode_label_image(labels))
        save_picture(tmp_path / "train" / photos_in / f"{i}.png", photo)
    batch = open_set(task, tmp_path, 64, val_split=0.5).batch([0], None)
    one_hot = batch.input if task == "labels2photo" else batch.target
    assert one_hot.shape == (1, 12, 64, 64)
    shares = one_hot.mean((0, 2, 3))
    assert abs(shares[1] - (labels == 1).mean()) < 0.03


def test_the_pix2pix_facades_as_they_are_downloaded(tmp_path: Path) -> None:
    for i in range(10):
        photo, labels = make_facade(256, 256, i)
        double = np.concatenate([photo, PIX2PIX_PALETTE[labels]], 1)
        save_picture(tmp_path / "train" / f"{i}.jpg", double, quality=90)
    for direction in ("auto", "BtoA"):
        batch = open_set("labels2photo", tmp_path, 64, direction=direction).batch([0], None)
        assert abs(batch.input[0, 1].mean() - (labels == 1).mean()) < 0.05
    with pytest.raises(DataError, match="not a label map"):
        open_set("labels2photo", tmp_path, 64, direction="AtoB")


def write_a_mess(root: Path) -> set[str]:
    """A folder where all goes wrong that can; the names that must be complained of."""
    write_folders(root / "train" / "A", root / "train" / "B", 3)
    a, b = root / "train" / "A", root / "train" / "B"
    save_picture(a / "lonely.png", RED)
    save_picture(b / "alone.png", GREEN)
    save_picture(a / "sizes.png", RED)
    save_picture(b / "sizes.png", Image.new("RGB", (41, 30)))
    for path in (a / "twice.png", a / "twice.jpg", b / "twice.png"):
        save_picture(path, RED)
    for name, content in (("empty.png", b""), ("text.png", b"not found")):
        save_picture(a / name, RED)
        (b / name).write_bytes(content)
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    save_picture(a / "cut.png", noise)
    whole = save_picture(b / "cut.jpg", noise).read_bytes()
    (b / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    return {"lonely.png", "alone.png", "sizes.png", "twice.", "empty.png", "text.png", "cut.jpg"}


@pytest.mark.parametrize("cache_gb", [-1.0, 0.0])
def test_all_problems_are_listed_at_once(cache_gb: float, tmp_path: Path) -> None:
    names = write_a_mess(tmp_path)
    with pytest.raises(DataError) as caught:
        open_datasets(DataOptions("image2image", 32, cache_gb=cache_gb), tmp_path)
    assert len(caught.value.problems) == len(names)
    for name in names:
        assert sum(name in problem for problem in caught.value.problems) == 1, name
        assert name in str(caught.value)


@pytest.mark.parametrize("cache_gb", [-1.0, 0.0])
def test_bad_files_are_left_out_on_request_and_counted(
    cache_gb: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = write_a_mess(tmp_path)
    options = DataOptions("image2image", 32, cache_gb=cache_gb, skip_invalid=True)
    train, val = open_datasets(options, tmp_path)
    assert sorted([*train.names, *val.names]) == ["é 0", "é 1", "é 2"]
    assert f"without {len(names)} bad" in caplog.text


def test_a_photo_without_label_map_and_a_label_map_of_no_class(tmp_path: Path) -> None:
    root = write_facades(tmp_path, 3, 1)
    (root / "train" / "house0.png").unlink()
    save_picture(root / "train" / "house1.png", Image.effect_noise((96, 96), 80).convert("RGB"))
    label = Image.open(root / "train" / "house2.png").convert("RGB")
    label.paste((255, 0, 255), (0, 0, 96, 40))  # magenta, on 40%
    label.save(root / "train" / "house2.png")
    with pytest.raises(DataError) as caught:
        open_set("labels2photo", root, 64)
    lines = caught.value.problems
    assert any("house0.jpg: has no label map house0.png" in x for x in lines)
    assert any("house1.png" in x for x in lines)
    assert any("house2.png" in x and "no class, most often (255, 0, 255)" in x for x in lines)


@pytest.mark.parametrize("task", ["labels2photo", "photo2labels", "colorize", "image2image"])
def test_batches_are_the_same_from_memory_and_from_disk(task: str, tmp_path: Path) -> None:
    if task == "image2image":
        write_doubles(tmp_path / "train", 4)
    else:
        (write_photos if task == "colorize" else write_facades)(tmp_path, 4, 1)
    kept, streamed = (open_set(task, tmp_path, 64, cache_gb=gb) for gb in (1.0, 0.0))
    inner = [d.pairs.examples if task == "photo2labels" else d.examples for d in (kept, streamed)]
    assert [x.in_memory for x in inner] == [True, False]
    for step in (0, 3):
        a, b = (BatchPlan(3, seed=1).batch(dataset, step) for dataset in (kept, streamed))
        for part in ("input", "target", "weight", "condition"):
            assert torch.equal(getattr(a, part), getattr(b, part)), part


def test_a_file_that_goes_bad_later_is_an_error_in_words_or_passed_over(tmp_path: Path) -> None:
    write_doubles(tmp_path / "train", 4)
    strict, lax = (
        open_set("image2image", tmp_path, 32, cache_gb=0.0, skip_invalid=s) for s in (False, True)
    )
    bad = tmp_path / "train" / f"{strict.names[0]}.jpg"
    bad.write_bytes(bad.read_bytes()[:400])
    with pytest.raises(ValueError, match="damaged or cut short"):
        strict.batch([0], None)
    assert torch.equal(lax.batch([0], None).input, lax.batch([1], None).input)


def test_photos_of_every_kind_become_upright_rgb(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sky = np.zeros((40, 30, 3), np.uint8) + np.array([90, 140, 230], np.uint8)
    rgb = Image.fromarray(sky)
    train = tmp_path / "train"
    save_picture(train / "turned.jpg", rgb, exif=exif)
    save_picture(train / "cmyk.jpg", rgb.convert("CMYK"))
    save_picture(train / "alpha.png", rgb.convert("RGBA"))
    save_picture(train / "deep.png", Image.fromarray(np.full((40, 30), 40000, np.uint16)))
    save_picture(train / "tiny.png", Image.new("RGB", (1, 1), RED))
    save_picture(train / "name with spaces, ünïcode ☂.webp", rgb)
    for cache_gb in (-1.0, 0.0):
        dataset = open_set("colorize", tmp_path, 32, cache_gb=cache_gb, val_split=0.01)
        assert len(dataset) == 5
        batch = BatchPlan(5, seed=0).batch(dataset, 0)
        assert torch.isfinite(batch.input).all() and batch.input.shape == (5, 7, 32, 32)


def test_a_picture_for_two_that_has_an_odd_width(tmp_path: Path) -> None:
    save_picture(tmp_path / "train" / "odd.png", Image.new("RGB", (81, 30)))
    save_picture(tmp_path / "train" / "even.png", Image.new("RGB", (80, 30)))
    with pytest.raises(DataError, match=r"odd\.png: is 81 pixels wide"):
        open_set("image2image", tmp_path, 32)


@pytest.mark.parametrize(
    ("make", "task", "reason"),
    [
        (lambda root: None, "image2image", "expected images"),
        (lambda root: (root / "train").mkdir(), "colorize", "expected images, found none"),
        (lambda root: (root / "trainA").mkdir(), "image2image", "trainB beside it"),
        (lambda root: write_folders(root / "A", root / "B", 2), "colorize", "layout must be"),
        (lambda root: write_folders(root / "A", root / "B", 2), "labels2photo", "--direction"),
    ],
)
def test_what_cannot_be_a_data_set_is_said(make: Any, task: str, reason: str, tmp_path) -> None:
    make(tmp_path)
    with pytest.raises(ValueError, match=reason):
        open_datasets(DataOptions(task, 32), tmp_path)


def test_sizes_that_are_not_square_and_a_padded_border_without_weight(tmp_path: Path) -> None:
    write_doubles(tmp_path / "train", 4)
    batch = open_set("image2image", tmp_path, 32, width=64).batch([0], None)
    assert batch.input.shape == batch.target.shape == batch.condition.shape == (1, 3, 32, 64)
    batch = open_set("image2image", tmp_path, 64, resize_mode="pad").batch(
        [0], [np.random.default_rng(0)]
    )
    border = (batch.target[0] == -1).all(0)
    assert torch.equal(batch.weight[0, 0] == 0, border)
    assert 0.1 < border.float().mean() < 0.4


def test_train_lists_what_is_wrong_and_goes_on_without_it_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_photos(tmp_path / "data", 3, 1)
    for name in ("bad 1.jpg", "bad 2.jpg"):
        (tmp_path / "data" / "train" / name).write_bytes(b"no image")
    run = ["colorize", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *SMALL]
    run += ["--max-steps", "1", "--batch-size", "2", "--gan-start", "0"]
    assert train.main(run) == 2
    error = capsys.readouterr().err
    assert "2 problems" in error and "train/bad 1.jpg, train/bad 2.jpg: is not an image" in error
    assert "Traceback" not in error and not (tmp_path / "run").exists()
    assert train.main([*run, "--skip-invalid"]) == 0
    assert (
        json.loads((tmp_path / "run" / "config.json").read_text())["training"]["train_images"] == 3
    )


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({"width": -64}, "width"),
        ({"resize_mode": "fill"}, "resize_mode"),
        ({"layout": "zip"}, "layout"),
        ({"direction": "AB"}, "direction"),
        ({"val_split": 1.0}, "val_split"),
        ({"crop_scale": 9.0}, "crop_scale"),
        ({"cache_gb": -2.0}, "cache_gb"),
        ({"width": 384, "progressive_size": 128, "depth": 7}, "progressive_size"),
    ],
)
def test_a_recipe_says_what_is_wrong_with_its_data_keys(keys: dict, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        load_recipe("facades", keys)


def test_without_enlarging_small_images_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_facades(tmp_path, 2, 1, 96, 96)
    for name, shape in (("narrow", (96, 60)), ("low", (63, 96)), ("exact", (64, 64))):
        photo, labels = make_facade(*shape, 0)
        Image.fromarray(photo).save(tmp_path / "train" / f"{name}.jpg")
        encode_label_image(labels).save(tmp_path / "train" / f"{name}.png")
    options = DataOptions("labels2photo", size=64, crop_scale=2.0, enlarge=False)
    with caplog.at_level("INFO"):
        train_set, val_set = open_datasets(options, tmp_path)
    assert train_set.names == ["exact", "house0", "house1"] and len(val_set) == 1
    assert "train: 2 of 5 images have fewer than 64x64 pixels and are left out" in caplog.text
    assert train_set.batch([0, 1], None).input.shape == (2, 12, 64, 64)
    with pytest.raises(ValueError, match="at least 128x128 pixels with enlarge = false, got none"):
        open_datasets(DataOptions("labels2photo", size=128, enlarge=False), tmp_path)
