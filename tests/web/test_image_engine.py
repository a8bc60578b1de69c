"""The browser engine fits photos to a network, and results to photos, as Python does."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.engine import NodeJob
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.config import RESIZE_MODES
from pix2pix.data.resize_crop import serving_geometry
from pix2pix.images.convert import to_array, to_rgb
from pix2pix.images.encoding import image_bytes
from pix2pix.images.value_range import read_in_range
from pix2pix.inference.photo_to_label import Tracer
from pix2pix.inference.working_shapes import mirror_to_multiple, pad_to_multiple
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

# (H, W): small, wide, tall, larger than the network's input by much and by little
PHOTOS = [(64, 64), (61, 90), (200, 75), (33, 160), (9, 5), (300, 420), (48, 33), (16, 400)]
SHAPES = [(64, 64), (32, 48)]  # of the network
TOLERANCE, MEAN_TOLERANCE = 2, 0.15  # of 255; OpenCV rounds weights to 11 bits, twice at the most


def photo(shape: tuple[int, int]) -> np.ndarray:
    """Waves and a hard edge, as smooth and as sharp as photos are."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    waves = [127 + 120 * np.sin(x / 7 + i) * np.cos(y / 11 - i) for i in range(3)]
    rgb = np.stack(waves, -1).astype(np.uint8)
    rgb[shape[0] // 3 : shape[0] // 2, shape[1] // 4 :] = (250, 10, 128)
    return rgb


def as_pixels(rgb: np.ndarray) -> dict[str, Any]:
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    data = np.concatenate([rgb, alpha], -1)
    return {"width": rgb.shape[1], "height": rgb.shape[0], "data": data}


def rgb_of(pixels: dict[str, Any]) -> np.ndarray:
    array = np.asarray(pixels["data"]).reshape(pixels["height"], pixels["width"], 4)
    assert (array[..., 3] == 255).all()
    return array[..., :3]


def props_of(
    mode: str, shape: tuple[int, int], scale: float, task: str = "image2image"
) -> tuple[Any, dict[str, Any]]:
    """A config, and the props of its model in the page."""
    height, width = shape
    tiny: dict[str, Any] = {"ngf": 4, "depth": 3, "max_channels": 8}
    recipe = Recipe(task, size=height, width=width, resize_mode=mode, **tiny)
    config = checkpoint_config(recipe)
    if scale:
        object.__setattr__(config, "crop_scale", scale)
    return config, {"shape": list(shape), "config": config.to_dict(), "multiple": 8}


def assert_near(found: np.ndarray, expected: np.ndarray, case: str) -> None:
    assert found.shape == expected.shape, case
    error = np.abs(found.astype(np.float64) - expected)
    assert error.max() < TOLERANCE + 0.01 and error.mean() <= MEAN_TOLERANCE, case


@pytest.mark.parametrize("scale", [0.0, 1.1])
@pytest.mark.parametrize("mode", RESIZE_MODES)
def test_a_photo_becomes_the_same_input_and_its_result_the_same_picture(
    tmp_path: Path, mode: str, scale: float
) -> None:
    cases = [(shape, photo(size)) for shape in SHAPES for size in PHOTOS]
    calls, expected = [], []
    for shape, rgb in cases:
        config, props = props_of(mode, shape, scale)
        geometry = serving_geometry(config)
        prepared = geometry.prepare(rgb)
        output = 255 - prepared[:, :, ::-1]
        calls.append([props, as_pixels(rgb), as_pixels(output)])
        expected.append((prepared, geometry.restore(output, rgb.shape[:2])))
    answers = NodeJob(tmp_path).call("image_calls.mjs", "fitAndRestore", calls)
    for (shape, rgb), answer, (prepared, restored) in zip(cases, answers, expected):
        case = f"{rgb.shape[:2]} for {shape}"
        assert_near(rgb_of(answer["prepared"]), prepared, f"prepared {case}")
        assert_near(rgb_of(answer["restored"]), restored, f"restored {case}")


class NoiseRunner:
    """A network whose output is noise; keeps its input and output."""

    def __call__(self, x: torch.Tensor, style: None) -> torch.Tensor:
        noise = torch.Generator().manual_seed(x.shape[3])
        self.input, self.logits = x, 3 * torch.randn(2, 12, *x.shape[2:], generator=noise)
        return self.logits


@pytest.mark.parametrize("mode", RESIZE_MODES)
def test_a_tracer_gets_the_same_input_and_gives_the_same_map(tmp_path: Path, mode: str) -> None:
    config, props = props_of(mode, (32, 48), 0.0, "photo2labels")
    tracer = Tracer(config, Model(config), torch.device("cpu"))
    calls, expected = [], []
    for size in PHOTOS:
        rgb = photo(size)
        runner = NoiseRunner()
        tracer._runner = runner  # type: ignore[assignment]
        ids = tracer.trace(Image.fromarray(rgb))
        logits = runner.logits.numpy()
        calls.append([props, as_pixels(rgb), logits, list(logits.shape)])
        expected.append((runner.input.numpy(), ids))
    answers = NodeJob(tmp_path).call("image_calls.mjs", "traceWith", calls)
    for answer, (wanted, ids) in zip(answers, expected):
        found = answer["input"].reshape(answer["dims"])
        assert_near(found * 127.5, wanted * 127.5, str(ids.shape))
        np.testing.assert_array_equal(answer["ids"].reshape(ids.shape), ids)


@pytest.mark.parametrize(
    ("place", "python"), [("mirrored", mirror_to_multiple), ("clamped", pad_to_multiple)]
)
def test_inputs_are_padded_to_multiples_alike(tmp_path: Path, place: str, python: Any) -> None:
    photos = [photo(shape) for shape in [(5, 9), (64, 61), (3, 40), (1, 1)]]
    calls = [[as_pixels(rgb), place, 32] for rgb in photos]
    answers = NodeJob(tmp_path).call("image_calls.mjs", "padTo", calls)
    for rgb, answer in zip(photos, answers):
        np.testing.assert_array_equal(rgb_of(answer), python(rgb, 32))


@pytest.mark.parametrize("value_range", [(0.0, 4095.0), (200.0, 3000.0), (-500.0, 70000.0)])
def test_a_grey_png_of_16_bits_is_read_by_the_range_of_the_data(
    tmp_path: Path, value_range: tuple[float, float]
) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (20, 31)).astype(np.uint16)
    values[:10] //= 16
    image = Image.fromarray(values)
    expected = to_array(to_rgb(read_in_range(image, value_range)))
    others = [Image.fromarray(photo((8, 8))), Image.fromarray(photo((8, 8))[..., 0])]
    calls = [[file_of(image), value_range], [file_of(image), []]]
    calls += [[file_of(other), value_range] for other in others]
    found, *plain = NodeJob(tmp_path).call("image/deep_grey", "readDeepGrey", calls)
    np.testing.assert_array_equal(rgb_of(found), expected)
    assert plain == [None, None, None]


def file_of(image: Image.Image) -> np.ndarray:
    content = image_bytes(image, "png")
    assert Image.open(io.BytesIO(content)).mode == image.mode
    return np.frombuffer(content, np.uint8)
