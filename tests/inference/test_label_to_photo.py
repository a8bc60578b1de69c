"""The one door: what goes in comes out at its size, the same each time, or a ValueError."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.recording import record_calls
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import (
    Drawer,
    load_drawer,
)
from pix2pix.inference.backends import fold_resize_convs
from pix2pix.inference.working_shapes import working_shape
from pix2pix.labels.label_map import VOID
from pix2pix.models.tensors import encode_photo
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config


def make_checkpoint(folder: Path, recipe: Recipe) -> Path:
    torch.manual_seed(0)
    config = checkpoint_config(recipe)
    save_checkpoint(folder, config, Model(config), "")
    return folder


DRAW = Recipe(
    "labels2photo", size=64, ngf=8, depth=4, norm="instance", upsample="resize", stem=4, style_dim=8
)
COLORIZE = Recipe(
    "colorize", size=64, ngf=8, depth=4, upsample="resize", half_output=True, ab_classes=88
)


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Drawer:
    return load_drawer(make_checkpoint(tmp_path_factory.mktemp("draw"), DRAW), "cpu")


def make_labels(height: int = 64, width: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 12, (height, width)).astype(np.uint8)


def make_photo(height: int, width: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    grey = (128 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


@pytest.mark.parametrize("shape", [(64, 64), (1, 1), (50, 90), (300, 70), (10, 500), (2, 2000)])
def test_a_drawing_of_any_size_becomes_a_photo_of_that_size(drawer, shape) -> None:
    photo = drawer.draw(make_labels(*shape))
    assert photo.shape == (*shape, 3)
    assert photo.dtype == np.uint8


@pytest.mark.parametrize(
    ("shape", "size", "painted"),
    [
        ((64, 64), None, (64, 64)),
        ((100, 96), None, (100, 96)),  # between its own size and its largest: as it is
        ((300, 300), None, (128, 128)),
        ((64, 96), 128, (128, 192)),
        ((300, 300), 20, (64, 64)),
    ],
)
def test_a_model_paints_from_its_own_size_to_its_largest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape, size, painted
) -> None:
    recipe = dataclasses.replace(DRAW, crop_scale=2.0)
    drawer = load_drawer(make_checkpoint(tmp_path / "draw", recipe), "cpu")
    runs = record_calls(monkeypatch, drawer, "_runner")
    photo = drawer.draw(make_labels(*shape), size=size)
    seen = [tuple(x.shape[2:]) for x, *_ in runs]
    assert seen == [tuple(-(-side // 16) * 16 for side in painted)]  # of whole 2 ** depth
    expected = shape if size is None else tuple(round(s * size / min(shape)) for s in shape)
    assert photo.shape == (*expected, 3)


@pytest.mark.parametrize("size", [0, -5, 4097])
def test_a_size_that_no_picture_has_is_refused(drawer, size) -> None:
    with pytest.raises(ValueError, match="size must be from 1 to 4096"):
        drawer.draw(make_labels(), size=size)


def test_the_same_drawing_and_seed_give_the_same_photo(drawer) -> None:
    labels = make_labels()
    assert np.array_equal(drawer.draw(labels, 5), drawer.draw(labels, 5))


def test_another_seed_gives_another_building(drawer) -> None:
    labels = make_labels()
    assert not np.array_equal(drawer.draw(labels, 5), drawer.draw(labels, 6))


@pytest.mark.parametrize("seed", [-1, 0, 2**64, -(2**70)])
def test_any_integer_is_a_seed(drawer, seed) -> None:
    assert drawer.draw(make_labels(), seed).shape == (64, 64, 3)


def test_the_style_of_a_photo_is_the_same_each_time_and_its_own(drawer) -> None:
    photo, other = make_photo(90, 120), Image.new("RGB", (64, 64), (200, 90, 30))
    style = drawer.style_from(photo)
    assert style.shape == (8,) and style.dtype == np.float32
    assert np.array_equal(style, drawer.style_from(photo))
    assert not np.allclose(style, drawer.style_from(other), atol=1e-3)


def test_a_style_is_what_the_encoder_saw_in_training(drawer) -> None:
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    mean, _ = drawer._styles._encoder(encode_photo(np.array(photo)[None]))
    np.testing.assert_array_equal(drawer.style_from(photo), mean[0].numpy())


def test_a_style_wins_over_the_seed_and_gives_the_same_photo_again(drawer) -> None:
    labels, style = make_labels(), drawer.style_from(make_photo(64, 64))
    styled = drawer.draw(labels, 5, style)
    assert np.array_equal(styled, drawer.draw(labels, 6, style))
    assert np.array_equal(styled, drawer.draw(labels, style=style.tolist()))
    assert not np.array_equal(styled, drawer.draw(labels, 5))
    assert not np.array_equal(styled, drawer.draw(labels, style=style + 1))


@pytest.mark.parametrize(
    "style", [[], [0.0] * 7, [float("nan")] * 8, [1e9] * 8, ["1"] * 8, [True] * 8, [10**400] * 8]
)
def test_what_is_no_style_is_refused(drawer, style) -> None:
    with pytest.raises(ValueError, match="style must be"):
        drawer.draw(make_labels(), style=style)


def test_a_checkpoint_without_styles_takes_none_from_a_photo(tmp_path: Path) -> None:
    plain = dataclasses.replace(DRAW, style_dim=0)
    drawer = load_drawer(make_checkpoint(tmp_path, plain), "cpu")
    assert drawer.style_dim == 0
    with pytest.raises(ValueError, match="has no styles"):
        drawer.style_from(make_photo(64, 64))
    with pytest.raises(ValueError, match="style must be left out"):
        drawer.draw(make_labels(), style=[0.0])


def test_a_drawing_may_have_pixels_of_no_class(drawer) -> None:
    assert drawer.draw(np.full((64, 64), VOID, np.uint8)).shape == (64, 64, 3)


@pytest.mark.parametrize(
    "labels",
    [
        np.full((64, 64), 12, np.uint8),
        np.zeros((64, 64, 3), np.uint8),
        np.zeros((64, 64), np.int64),
        np.zeros((0, 64), np.uint8),
    ],
)
def test_what_is_no_label_map_is_refused(drawer, labels) -> None:
    with pytest.raises(ValueError, match=r"label map|class indices"):
        drawer.draw(labels)


def test_folding_changes_no_result() -> None:
    torch.manual_seed(0)
    model = Model(checkpoint_config(DRAW)).eval().requires_grad_(False)
    x, style = torch.randn(1, 12, 64, 64), torch.randn(1, 8)
    before = model.generator(x, style)
    fold_resize_convs(model.generator)
    torch.testing.assert_close(model.generator(x, style), before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(256, 256, (256, 256)), (512, 1024, (256, 512)), (100, 10, (1024, 256)), (1, 1, (256, 256))],
)
def test_the_working_shape_keeps_the_aspect_up_to_four(height, width, expected) -> None:
    assert working_shape(height, width, 256) == expected


def test_a_checkpoint_for_another_task_is_refused(tmp_path: Path) -> None:
    make_checkpoint(tmp_path, COLORIZE)
    with pytest.raises(
        ValueError, match=r"is a checkpoint for colorize, expected one for labels2photo"
    ):
        load_drawer(tmp_path, "cpu")


def test_an_unknown_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="auto, cpu, cuda, mps, got 'tpu'"):
        load_drawer(make_checkpoint(tmp_path, DRAW), "tpu")
