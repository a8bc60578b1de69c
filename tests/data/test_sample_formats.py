"""The depth, channels and value range of a set are found by looking, and hold for all its files."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pix2pix.data.discovery import ImagePart
from pix2pix.data.factory import open_data
from pix2pix.data.options import DataOptions
from pix2pix.data.sample_formats import find_format
from pix2pix.data.validation import DataError


def slices(folder: Path, values: list[np.ndarray], ending: str = "npy") -> list[ImagePart]:
    """Writes images and returns them as parts of examples."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i}.{ending}" for i in range(len(values))]
    for path, value in zip(paths, values):
        np.save(path, value) if ending == "npy" else cv2.imwrite(str(path), value)
    return [ImagePart(path) for path in paths]


def ramp(low: float, high: float, dtype: str, shape: tuple[int, ...] = (32, 32)) -> np.ndarray:
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape).astype(dtype)


@pytest.mark.parametrize(
    ("value", "channels", "dtype", "value_range"),
    [
        (ramp(0, 3000, "uint16"), 1, "uint16", (0, 4095)),
        (ramp(-1000, 2000, "int16"), 1, "int16", (-997, 1997)),
        (ramp(0, 0.9, "float32"), 1, "float32", (0, 1)),
        (ramp(0, 200, "uint8", (32, 32, 5)), 5, "uint8", (0, 255)),
    ],
)
def test_a_format_is_found_by_looking(
    value: np.ndarray, channels: int, dtype: str, value_range: tuple, tmp_path: Path, caplog
) -> None:
    with caplog.at_level("INFO"):
        found, faults = find_format(slices(tmp_path, [value] * 2), "inputs")
    assert (found.channels, found.dtype, faults) == (channels, dtype, [])
    assert found.value_range == pytest.approx(value_range, abs=0.5)
    assert f"2 images of {channels} channel" in caplog.text and "is learned as" in caplog.text


def test_one_hot_pixel_does_not_stretch_the_range(tmp_path: Path) -> None:
    value = ramp(0, 3000, "uint16")
    value[0, 0] = 65535
    assert find_format(slices(tmp_path, [value]), "inputs").format.value_range == (0, 4095)


def test_a_given_range_holds(tmp_path: Path, caplog) -> None:
    parts = slices(tmp_path, [ramp(-1000, 2000, "int16")])
    with caplog.at_level("INFO"):
        found, _ = find_format(parts, "inputs", range_text="-1000:1000")
    assert found.value_range == (-1000, 1000)
    assert "(as given), 33.30% of the values lie outside and are clipped" in caplog.text


def test_8_bit_pictures_stay_pictures_unless_one_channel_is_asked_for(tmp_path: Path) -> None:
    grey, color = ramp(0, 255, "uint8"), ramp(0, 255, "uint8", (32, 32, 3))
    parts = slices(tmp_path, [grey, color], "png")
    assert find_format(parts, "inputs").format.is_picture
    asked = find_format(parts, "inputs", asked=1).format
    assert (asked.dtype, asked.channels, asked.value_range) == ("uint8", 1, (0, 255))
    with pytest.raises(ValueError, match="inputs: 5 channels were asked for, but the files are"):
        find_format(parts, "inputs", asked=5)
    with pytest.raises(ValueError, match="the range 0:9 was given, but the files are 8-bit"):
        find_format(parts, "inputs", range_text="0:9")


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (ramp(0, 255, "uint8"), "has 1 channel of uint8"),
        (ramp(0, 255, "uint16", (32, 32, 3)), "has 3 channels of uint16"),
        (ramp(0, 1, "float32"), "has 1 channel of float32"),
    ],
)
def test_a_file_of_another_kind_is_named(odd: np.ndarray, words: str, tmp_path: Path) -> None:
    usual = ramp(0, 3000, "uint16")
    for side in "AB":
        slices(tmp_path / side, [usual, usual, usual])
    np.save(tmp_path / "A" / "1.npy", odd)
    options = DataOptions("image2image", 32)
    with pytest.raises(DataError, match="1 problem") as error:
        open_data(options, tmp_path, seek_ranges=True)
    (problem,) = error.value.problems
    assert problem.startswith(f"{tmp_path / 'A' / '1.npy'}: ")
    assert "while 2 others have 1 channel of uint16" in problem
    assert words.replace("1 channel of uint8", "3 channels of uint8") in problem
    skipping = DataOptions("image2image", 32, skip_invalid=True, val_split=0.5)
    names = {
        n for own in open_data(skipping, tmp_path, seek_ranges=True).datasets for n in own.names
    }
    assert names == {"0", "2"}


def test_a_set_of_one_value_is_refused_and_a_blank_file_is_named(tmp_path: Path, caplog) -> None:
    blank = np.full((32, 32), 7, np.uint16)
    with pytest.raises(ValueError, match="targets: all values of the files looked at are 7"):
        find_format(slices(tmp_path / "a", [blank, blank]), "targets")
    find_format(slices(tmp_path / "b", [blank, ramp(0, 4000, "uint16")]), "targets")
    assert f"{tmp_path / 'b' / '0.npy'}: has one value in all pixels" in caplog.text


@pytest.mark.parametrize("text", ["5:5", "9:1", "0:nan", "4095", "a:b", ""])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="range_in must be auto, or LO:HI such as 0:4095"):
        DataOptions("image2image", range_in=text)


def test_other_tasks_have_pictures_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="channels_in must be 0 or 3"):
        DataOptions("colorize", channels_in=1)


def test_a_decoded_example_is_a_fraction_of_the_range(tmp_path: Path) -> None:
    values = ramp(0, 4000, "uint16", (32, 32, 5))
    slices(tmp_path / "A", [values] * 2)
    slices(tmp_path / "B", [ramp(0, 255, "uint8", (32, 32, 3))] * 2, "png")
    options = DataOptions("image2image", 32, crop_scale=1.0, resize_mode="stretch")
    opened = open_data(options, tmp_path, seek_ranges=True)
    batch = opened.datasets[1].batch([0], None)
    assert batch.input.shape == (1, 5, 32, 32) and batch.target.shape == (1, 3, 32, 32)
    expected = np.moveaxis(values, -1, 0) / 4095 * 2 - 1
    np.testing.assert_allclose(batch.input[0].numpy(), expected, atol=1e-6)
    assert opened.facts["values"]["input"] == "5 channels of uint16, 0 to 4,000"
