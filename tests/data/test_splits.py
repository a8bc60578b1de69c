"""Splits are honoured wherever their folders are; a run's outputs are never its data."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.synthetic import make_facade, write_facades
from PIL import Image

from pix2pix.data.discovery import Example
from pix2pix.data.factory import open_data
from pix2pix.data.options import DataOptions
from pix2pix.data.splits import find_splits, hold_out
from pix2pix.data.summary import describe_data_changes, describe_facts
from pix2pix.data.validation import DataError
from pix2pix.labels.label_map import encode_label_image

OPTIONS = DataOptions("image2image", 32)
SPLITS = {"train": ("0", "1", "2"), "val": ("3",), "test": ("4", "5")}


def save(path: Path, seed: int = 0, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (20, 24, 3), np.uint8)
    Image.fromarray(noise).convert(mode).save(path)
    return path


def write(root: Path, form: str, splits: tuple[str, ...] = ("train", "val", "test")) -> Path:
    """Pairs of the splits, where `form` has {split}, {side} and {name}."""
    for split in splits:
        for name in SPLITS[split]:
            for side in "AB":
                save(root / form.format(split=split, side=side, name=name), int(name))
    return root


def names(root: Path, splits: tuple[str, ...] = ("train", "val", "test"), **keys: Any) -> dict:
    options = DataOptions(**{"task": "image2image", "size": 32, **keys})
    return {s: set(x) for s, x in open_data(options, root, splits).facts["names"].items()}


FORMS = [
    "{side}/{split}/{name}.png",
    "{split}/{side}/{name}.png",
    "{split}{side}/{name}.png",
    "{split}_{side}/{name}.png",
    "{side}_{split}/{name}.png",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_each_split_has_its_own_examples(form: str, case: Any, tmp_path: Path) -> None:
    for split in SPLITS:
        for name in SPLITS[split]:
            for side in "AB":
                folder, file = form.format(split=split, side=side, name=name).rsplit("/", 1)
                save(tmp_path / case(folder) / file)
    assert names(tmp_path) == {split: set(found) for split, found in SPLITS.items()}


@pytest.mark.parametrize("form", FORMS)
def test_without_val_a_part_of_train_is_held_out_and_test_is_left_alone(
    form: str, tmp_path: Path
) -> None:
    found = names(write(tmp_path, form, ("train", "test")), ("train", "val"))
    assert len(found["val"]) == 1
    assert found["train"] | found["val"] == set(SPLITS["train"])
    assert not found["train"] & found["val"]


def test_what_is_beside_a_split_in_two_folders_is_train(tmp_path: Path) -> None:
    write(tmp_path, "{side}/test/{name}.png", ("test",))
    write(tmp_path, "{side}/{name}.png", ("train",))
    found = names(tmp_path)
    assert found["train"] | found["val"] == set(SPLITS["train"])
    assert found["test"] == set(SPLITS["test"])


def test_photos_in_folders_of_a_kind_that_each_have_their_splits(tmp_path: Path) -> None:
    for kind in ("cats", "dogs"):
        for split, members in SPLITS.items():
            for name in members:
                save(tmp_path / kind / split / f"{name}.jpg")
    found = names(tmp_path, task="colorize")
    assert found["test"] == {f"{kind}/{n}" for kind in ("cats", "dogs") for n in SPLITS["test"]}
    assert found["train"] == {f"{kind}/{n}" for kind in ("cats", "dogs") for n in SPLITS["train"]}


def test_an_empty_val_is_as_none(tmp_path: Path) -> None:
    write(tmp_path, "{split}/{side}/{name}.png", ("train",))
    for side in "AB":
        (tmp_path / "val" / side).mkdir(parents=True)
    assert len(names(tmp_path, ("train", "val"))["val"]) == 1


def test_runs_checkpoints_and_caches_in_the_data_are_left_out(tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / f"{i}.jpg")
    for folder, files in (("run", ["run.json"]), ("model", ["config.json", "model.safetensors"])):
        save(tmp_path / folder / "samples" / "step_1.jpg")
        for file in files:
            (tmp_path / folder / file).touch()
    for cache in (".thumbs", "@eaDir", "__MACOSX"):
        save(tmp_path / cache / "0.jpg")
    opened = open_data(DataOptions("colorize", 32), tmp_path)
    assert {n for x in opened.facts["names"].values() for n in x} == {"0", "1", "2"}
    assert opened.facts["runs"] == ["model", "run"]
    assert any(
        "skipped" in line and "run" in line for line in describe_facts(opened.facts, tmp_path)
    )


def test_links_to_folders_are_followed_each_folder_once(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for i in range(3):
        save(store / f"{i}.jpg")
    data = tmp_path / "data"
    data.mkdir()
    (data / "photos").symlink_to(store)
    (store / "again").symlink_to(data)
    (store / "self").symlink_to(store)
    found = names(data, ("train", "val"), task="colorize")
    assert found["train"] | found["val"] == {"photos/0", "photos/1", "photos/2"}


@pytest.mark.parametrize("ending", ["ppm", "pgm", "jp2"])
def test_further_formats_are_read(ending: str, tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / f"{i}.{ending}", i, "L" if ending == "pgm" else "RGB")
    found = names(tmp_path, ("train", "val"), task="colorize")
    assert found["train"] | found["val"] == {"0", "1", "2"}


@pytest.mark.parametrize("form", ["{name}_{side}.png", "p/{side}_{name}.png"])
@pytest.mark.parametrize("layout", ["auto", "suffixes"])
def test_pairs_in_one_folder_by_the_end_of_their_names(
    form: str, layout: str, tmp_path: Path
) -> None:
    write(tmp_path, "{split}/" + form)
    assert {len(x) for x in names(tmp_path, layout=layout).values()} == {3, 1, 2}
    for direction, first in (("AtoB", "A"), ("BtoA", "B")):
        options = DataOptions("image2image", 32, direction=direction)
        opened = open_data(options, tmp_path)
        assert f"{first} in" in opened.facts["direction"]
        assert "NAME_a is A" in opened.facts["pairing"]


def test_a_side_by_side_set_whose_names_end_in_words_is_one_still(tmp_path: Path) -> None:
    for name in ("1_summer", "1_winter", "2_summer", "2_winter"):
        double = np.zeros((20, 40, 3), np.uint8)
        double[:, 20:] = 200
        Image.fromarray(double).save(tmp_path / f"{name}.png")
    assert open_data(OPTIONS, tmp_path).facts["layout"] == "side_by_side"


@pytest.mark.parametrize("words", [("photo", "label"), ("labels", "image"), ("A", "B"), ("B", "A")])
def test_label_maps_in_one_folder_are_found_by_looking(words: tuple, tmp_path: Path) -> None:
    for i in range(3):
        photo, labels = make_facade(64, 64, i)
        Image.fromarray(photo).save(tmp_path / f"{i}_{words[0]}.png")
        encode_label_image(labels).save(tmp_path / f"{i}_{words[1]}.png")
    if words == ("labels", "image"):  # which is which does not follow from the words
        for i in range(3):
            (tmp_path / f"{i}_labels.png").rename(tmp_path / f"{i}_x.png")
            (tmp_path / f"{i}_image.png").rename(tmp_path / f"{i}_labels.png")
            (tmp_path / f"{i}_x.png").rename(tmp_path / f"{i}_image.png")
    opened = open_data(DataOptions("labels2photo", 64), tmp_path)
    one_hot = opened.datasets[0].batch([0], None).input
    assert abs(one_hot[0, 1].mean().item() - (labels == 1).mean()) < 0.05
    assert opened.facts["classes"]["facade"] > 0.4


def test_one_pair_is_enough_and_no_pair_is_not(tmp_path: Path) -> None:
    for side in "AB":
        save(tmp_path / side / "only.png")
    opened = open_data(OPTIONS, tmp_path)
    assert opened.facts["names"] == {"train": ["only"], "val": ["only"]}
    assert any("also used for training" in line for line in describe_facts(opened.facts, tmp_path))
    (tmp_path / "B" / "only.png").rename(tmp_path / "B" / "another.png")
    with pytest.raises(DataError, match="no partner"):
        open_data(OPTIONS, tmp_path)


def test_of_two_pairs_the_good_one_is_enough(tmp_path: Path) -> None:
    for side in "AB":
        for name in "12":
            save(tmp_path / side / f"{name}.png")
    (tmp_path / "A" / "1.png").write_bytes(b"")
    for bad, good in (("1", "2"), ("2", "1")):
        save(tmp_path / "A" / f"{good}.png")
        (tmp_path / "A" / f"{bad}.png").write_bytes(b"")
        opened = open_data(DataOptions("image2image", 32, skip_invalid=True), tmp_path)
        assert opened.facts["names"] == {"train": [good], "val": [good]}
        assert [d.batch([0], None).input.shape for d in opened.datasets] == [(1, 3, 32, 32)] * 2


def test_one_line_for_one_kind_of_problem(tmp_path: Path) -> None:
    for i in range(40):
        save(tmp_path / "A" / f"lone {i}.png")
    for name in ("x", "y"):
        save(tmp_path / "A" / f"{name}.png")
        (tmp_path / "B").mkdir(exist_ok=True)
        (tmp_path / "B" / f"{name}.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        open_data(OPTIONS, tmp_path)
    assert len(caught.value.problems) == 42
    _, *lines = str(caught.value).splitlines()
    lone, empty = lines
    assert lone.startswith("  A/lone 0.png, A/lone 1.png, A/lone 10.png and 37 more: has no")
    assert lone.endswith(f"has no partner … in {tmp_path}/B")
    assert empty == "  B/x.png, B/y.png: is empty (0 bytes)"


def test_the_first_lines_say_what_was_found(tmp_path: Path) -> None:
    root = write_facades(tmp_path / "d", 3, 2)
    shutil.copytree(root / "val", root / "test")
    text = "\n".join(describe_facts(open_data(DataOptions("labels2photo", 64), root).facts, root))
    for words in (
        f"{root}: photos NAME.jpg with label maps NAME.png",
        "label maps of the same names in, photos out",
        "train: 3 pairs in train",
        "val: 2 pairs in val",
        "test: 2 pairs in test, not used",
        "8 bit",
        "facade 72.3%",
        "absent: cornice, ",
    ):
        assert words in text, words


def test_the_depth_of_the_files_is_said(tmp_path: Path) -> None:
    for i in range(2):
        save(tmp_path / "B" / f"{i}.png")
        (tmp_path / "A").mkdir(exist_ok=True)
        deep = np.full((20, 24), 1000 + i, np.uint16)
        Image.fromarray(deep).save(tmp_path / "A" / f"{i}.png")
    values = open_data(OPTIONS, tmp_path).facts["values"]
    assert values["input"] == "16 bit, 1,000 to 1,001"
    assert values["target"].startswith("8 bit, ")


def test_what_changed_since_the_last_time(tmp_path: Path) -> None:
    write(tmp_path, "{split}/{side}/{name}.png")
    before = open_data(OPTIONS, tmp_path).facts
    assert describe_data_changes(before, before) == []
    for side in "AB":
        (tmp_path / "train" / side / "0.png").unlink()
        for name in ("7", "8"):
            save(tmp_path / "train" / side / f"{name}.png")
    after = open_data(OPTIONS, tmp_path).facts
    assert describe_data_changes(before, after)[0] == "train: 3 -> 4, 2 new (7, 8), 1 gone (0)"
    classes = ({"classes": {"a": 0.4, "b": 0.0}}, {"classes": {"a": 0.0, "b": 0.4}})
    changed = describe_data_changes({**before, **classes[0]}, {**before, **classes[1]})
    assert changed == ["classes added: b", "classes removed: a"]
    deep = {**before, "values": {**before["values"], "input": "16 bit, 0 to 900"}}
    assert describe_data_changes(before, deep)[0].startswith("values of input: 8 bit, ")


def test_what_was_held_out_stays_so_when_there_is_more_data() -> None:
    options = DataOptions("colorize", 32, val_split=0.2)

    def split(count: int, earlier: dict | None = None) -> dict[str, list[str]]:
        examples = [Example(str(i), ()) for i in range(count)]
        return {
            name: [e.name for e in hold_out(examples, options, name == "val", earlier)]
            for name in ("train", "val")
        }

    before = split(20)
    plain, after = split(200), split(200, before)
    assert set(plain["train"]) & set(before["val"])  # else this test shows nothing
    assert set(before["val"]) <= set(after["val"])
    assert set(before["train"]) <= set(after["train"])
    assert len(after["val"]) == 40


def test_any_folder_can_be_a_split_of_its_own(tmp_path: Path) -> None:
    for folder in ("train", "val", "val-more"):
        for i in range(2):
            save(tmp_path / folder / f"{folder}-{i}.png", i)
    options = DataOptions("colorize", 32)
    found = find_splits(options, tmp_path, ["val-more"]).examples["val-more"]
    assert [example.name for example in found] == ["val-more-0", "val-more-1"]
    with pytest.raises(ValueError, match="expected a subfolder val-less, or --split with one of"):
        find_splits(options, tmp_path, ["val-less"])
