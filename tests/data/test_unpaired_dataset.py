"""Two sets of images without pairs: found, split, and served as batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.unpaired import write_sets

from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.data.factory import open_data
from pix2pix.data.loader import BatchPlan
from pix2pix.data.options import DataOptions
from pix2pix.data.summary import describe_facts
from pix2pix.models.tensors import decode_photo

CYCLE = DataOptions("image2image", 32, objective="cyclegan", resize_mode="crop")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("unpaired") / "data")


def mean_color(images: object) -> np.ndarray:
    return decode_photo(images).mean((0, 1, 2))  # type: ignore[arg-type]


def test_two_sets_are_found_and_said_and_some_of_each_is_held_out(data: Path) -> None:
    opened = open_data(CYCLE, data)
    lines = "\n".join(describe_facts(opened.facts, data))
    assert "two folders A and B without pairs; A to B and B to A" in lines
    assert "train: 4 images of A and 6 of B in trainA and trainB" in lines
    assert "val: 1 images of A and 1 of B held out of train" in lines
    train, val = opened.datasets
    assert (len(train), len(val)) == (6, 1)


def test_a_recipe_of_pairs_names_the_recipes_for_sets_where_no_name_has_a_partner(
    data: Path,
) -> None:
    options = DataOptions("image2image", 32)
    with pytest.raises(ValueError, match=r"no name in A has a partner in B.*cyclegan and cut"):
        open_data(options, data)
    with pytest.raises(ValueError, match=r"summer.* has no partner"):
        open_data(replace(options, layout="folders"), data)


def test_sets_with_equal_names_are_unpaired_for_a_recipe_of_sets(tmp_path: Path) -> None:
    data = write_sets(tmp_path / "data", 3, 3)
    for side in "AB":
        for i, path in enumerate(sorted((data / f"train{side}").iterdir())):
            path.rename(path.with_name(f"{i}.png"))
    assert open_data(CYCLE, data).facts["layout"] == "unpaired"
    assert open_data(DataOptions("image2image", 32), data).facts["layout"] == "folders"


def test_any_two_folders_can_be_the_sets(data: Path) -> None:
    sides = [data / "trainB", data / "trainA"]
    dataset = open_data(CYCLE, data, ["train"], sides=sides).datasets[0]
    batch = dataset.batch([0, 1], None)
    assert mean_color(batch.input)[2] > 100 > mean_color(batch.input)[0]
    assert mean_color(batch.target)[0] > 100


def test_cut_learns_either_direction_and_cyclegan_both(data: Path) -> None:
    cut = replace(CYCLE, objective="cut", direction="BtoA")
    batch = open_data(cut, data, ["train"]).datasets[0].batch([0], None)
    assert mean_color(batch.input)[2] > 100  # the cold set
    with pytest.raises(ValueError, match="direction must be auto for cyclegan"):
        replace(CYCLE, direction="BtoA")


def test_each_image_comes_as_often_and_its_partner_is_random_and_repeatable(data: Path) -> None:
    dataset = open_data(CYCLE, data, ["train"]).datasets[0]
    assert isinstance(dataset, UnpairedImages)
    plan = BatchPlan(2, seed=3)
    first, again = plan.batch(dataset, 5), plan.batch(dataset, 5)
    np.testing.assert_array_equal(first.input, again.input)
    np.testing.assert_array_equal(first.target, again.target)
    one = [dataset.batch([0], [np.random.default_rng(i)]).target for i in range(8)]
    assert len({x.numpy().tobytes() for x in one}) > 1
    turned = dataset.reversed().batch([0], None)
    np.testing.assert_array_equal(turned.input, dataset.batch([0], None).target)


def test_a_set_without_images_is_named(tmp_path: Path) -> None:
    data = write_sets(tmp_path / "data", 2, 2)
    for path in (data / "trainB").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="got none in B"):
        open_data(replace(CYCLE, skip_invalid=True), data)
