"""Data of more than 8 bits is read by one range for the whole set, and later pictures as it was."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.cli import train
from pix2pix.config import CheckpointConfig, GeneratorConfig
from pix2pix.data.factory import open_data
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.options import DataOptions
from pix2pix.images.reader import open_image, open_rgb
from pix2pix.images.value_range import guess_value_range, read_in_range
from pix2pix.inference import load_translator

TINY = ["--size", "32", "--depth", "4", "--ngf", "4", "--ndf", "4", "--batch-size", "2"]


def waves(seed: int, low: float, high: float) -> np.ndarray:
    """A picture (32, 32) of values from `low` to `high`, with both in it."""
    noise = np.random.default_rng(seed).random((32, 32))
    noise = (noise - noise.min()) / np.ptp(noise)
    return low + noise * (high - low)


def write_pairs(root: Path, kind: type, tops: list[float], ending: str = "png") -> list[np.ndarray]:
    """Pairs of deep pictures, each with its own greatest value, and 8-bit targets; the inputs."""
    inputs: list[np.ndarray] = [waves(i, top / 3, top).astype(kind) for i, top in enumerate(tops)]
    for side in "AB":
        (root / side).mkdir(parents=True)
    for i, values in enumerate(inputs):
        Image.fromarray(values).save(root / "A" / f"{i}.{ending}")
        Image.fromarray(waves(i, 0, 255).astype(np.uint8)).save(root / "B" / f"{i}.png")
    return inputs


def read(root: Path, task: str = "colorize") -> tuple[dict[str, np.ndarray], DataOptions]:
    """The first picture of each example as it is trained on, and the options with the ranges."""
    options = DataOptions(task, 32, resize_mode="stretch", crop_scale=1.0, val_split=0.3)
    opened = open_data(options, root, seek_ranges=True)
    found: dict[str, np.ndarray] = {}
    for part in opened.datasets:
        examples: CachedExamples = part.examples  # type: ignore[attr-defined]
        found |= {name: examples[i][0] for i, name in enumerate(examples.names)}
    return found, opened.options


@pytest.mark.parametrize(
    ("low", "high", "is_float", "expected"),
    [
        (0, 200, False, (0, 255)),
        (778, 3392, False, (0, 4095)),
        (0, 4095, False, (0, 4095)),
        (0, 4096, False, (0, 8191)),
        (12507, 54484, False, (0, 65535)),
        (0, 70000, False, (0, 131071)),
        (-500, 900, False, (-500, 900)),
        (0.1, 0.9, True, (0, 1)),
        (-1.0, 1.0, True, (-1, 1)),
        (0, 240.5, True, (0, 255)),
        (0, 17.25, True, (0, 17.25)),
        (0, 0, True, (0, 1)),
    ],
)
def test_a_range_is_that_which_values_were_made_for(
    low: float, high: float, is_float: bool, expected: tuple
) -> None:
    assert guess_value_range(low, high, is_float) == expected


@pytest.mark.parametrize(
    ("kind", "tops", "ending", "expected"),
    [
        (np.uint16, [900, 2000, 3900], "png", (0, 4095)),
        (np.uint16, [900, 2000, 3900], "tif", (0, 4095)),
        (np.uint16, [9000, 60000, 300], "png", (0, 65535)),
        (np.int32, [900, 2000, 1000], "tif", (0, 2047)),
        (np.float32, [0.2, 0.9, 0.5], "tif", (0, 1)),
    ],
)
def test_a_dark_picture_stays_darker_than_a_bright_one(
    kind: type, tops: list, ending: str, expected: tuple, tmp_path: Path, caplog
) -> None:
    inputs = write_pairs(tmp_path, kind, tops, ending)
    with caplog.at_level("INFO"):
        found, options = read(tmp_path / "A")
    assert options.target_range == expected and options.input_range == ()
    for i, values in enumerate(inputs):
        right = np.round(values.astype(float) / expected[1] * 255)
        assert np.abs(found[str(i)][..., 0] - right).max() <= 1
    assert f"0 to {expected[1]:,} is read as 0 to 255" in caplog.text
    assert "photo: 3 images of more than 8 bits" in caplog.text


def test_8_bits_need_no_range(tmp_path: Path, caplog) -> None:
    write_pairs(tmp_path, np.uint8, [90, 200, 250])
    with caplog.at_level("INFO"):
        _, options = read(tmp_path, "image2image")
    assert options.input_range == options.target_range == ()
    assert "more than 8 bits" not in caplog.text


def test_photos_of_label_maps_and_plain_ones_have_their_range_too(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(waves(i, 0, 900 + i).astype(np.uint16)).save(
            tmp_path / "photos" / f"{i}.png"
        )
    found, options = read(tmp_path / "photos", "colorize")
    assert options.target_range == (0, 1023)
    assert 220 <= max(picture.max() for picture in found.values()) <= 226


def test_a_model_reads_later_pictures_as_it_learned(tmp_path: Path) -> None:
    write_pairs(tmp_path / "data", np.uint16, [900, 2000, 3900])
    run = [
        "edges2photo", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *TINY,
        "--max-steps", "1",
    ]  # fmt: skip
    assert train.main(run) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["input_range"] == [0, 4095]
    assert "--input-range" not in (tmp_path / "run" / "README.md").read_text()

    # A brighter picture comes to the data: what the run has learned from stays as it was
    Image.fromarray(waves(9, 0, 60000).astype(np.uint16)).save(tmp_path / "data" / "A" / "0.png")
    assert train.main(["--resume", str(tmp_path / "run"), "--max-steps", "2"]) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["input_range"] == [0, 4095]

    path = tmp_path / "data" / "A" / "1.png"
    values = np.asarray(Image.open(path))
    shown = Image.fromarray(np.round(values / 4095 * 255).astype(np.uint8))
    translator = load_translator(str(tmp_path / "run"), "cpu")
    expected = np.asarray(translator.translate(shown))
    deep = open_image(path)
    np.testing.assert_array_equal(np.asarray(translator.translate(deep)), expected)
    command_and_app = open_rgb(path, value_range=translator.config.input_range)
    np.testing.assert_array_equal(np.asarray(translator.translate(command_and_app)), expected)
    assert not np.array_equal(np.asarray(translator.translate(open_rgb(path))), expected)


def test_a_range_leaves_other_pictures_as_they_are() -> None:
    for image in (Image.new("RGB", (2, 2)), Image.new("L", (2, 2)), Image.new("LA", (2, 2))):
        assert read_in_range(image, (0.0, 4095.0)) is image
    deep = Image.fromarray(np.array([[0, 4095, 65535]], np.uint16))
    assert read_in_range(deep, ()) is deep
    assert np.asarray(read_in_range(deep, (0.0, 4095.0))).tolist() == [[0, 255, 255]]


@pytest.mark.parametrize("values", [(1.0,), (5.0, 5.0), (0.0, float("nan")), (0.0, 1.0, 2.0)])
def test_a_range_that_is_none_is_refused(values: tuple) -> None:
    with pytest.raises(ValueError, match="input_range must be empty, or the values"):
        CheckpointConfig("image2image", 64, GeneratorConfig(3, 3, depth=4), input_range=values)
