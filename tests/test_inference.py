"""The one door: what goes in comes out at its size, the same each time, or a ValueError."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.color import lightness, rgb_to_lab
from pix2pix.encoding import encode_photo
from pix2pix.inference import (
    Colorizer,
    Drawer,
    Hint,
    guide_chroma,
    load_colorizer,
    load_drawer,
    recolor,
)
from pix2pix.labels import VOID
from pix2pix.serving import fold_resize_convs, resize, working_shape
from pix2pix.training.learner import checkpoint_config
from pix2pix.training.recipe import Recipe


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


@pytest.fixture(scope="module")
def colorizer(tmp_path_factory: pytest.TempPathFactory) -> Colorizer:
    return load_colorizer(make_checkpoint(tmp_path_factory.mktemp("colorize"), COLORIZE), "cpu")


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
    mean, _ = drawer._style_encoder(encode_photo(np.array(photo)[None]))
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


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (200, 50), (37, 411), (1, 900), (640, 480)])
def test_a_colorized_photo_has_the_size_of_its_input(colorizer, size) -> None:
    result = colorizer.colorize(make_photo(*size[::-1]))
    assert result.size == size
    assert result.mode == "RGB"


def test_a_colorized_photo_keeps_its_lightness(colorizer) -> None:
    photo = make_photo(240, 320)
    before, after = (lightness(np.asarray(p)) for p in (photo, colorizer.colorize(photo)))
    assert np.abs(before - after).max() < 1.5
    assert np.abs(before - after).mean() < 0.3


def test_strength_zero_is_grey_and_more_is_more_colorful(colorizer) -> None:
    photo = make_photo(64, 64)
    chroma = [
        np.hypot(*np.moveaxis(rgb_to_lab(np.asarray(colorizer.colorize(photo, s)))[..., 1:], -1, 0))
        for s in (0.0, 0.5, 1.0)
    ]
    assert chroma[0].max() < 1.5
    assert chroma[0].mean() < chroma[1].mean() < chroma[2].mean()


@pytest.mark.parametrize("strength", [-0.1, 1.6, float("nan")])
def test_a_strength_out_of_range_is_refused(colorizer, strength) -> None:
    with pytest.raises(ValueError, match=r"strength goes from 0 to 1\.5"):
        colorizer.colorize(make_photo(64, 64), strength)


def test_a_tinted_photo_keeps_its_lightness(colorizer) -> None:
    grey = make_photo(64, 64)
    tinted = Image.merge(
        "RGB", [c.point(lambda v, k=k: v // k) for c, k in zip(grey.split(), (1, 2, 4))]
    )
    plain = Image.fromarray(np.asarray(tinted))
    light = lightness(np.asarray(tinted))
    result = lightness(np.asarray(colorizer.colorize(plain)))
    assert np.abs(light - result).mean() < 0.5


def test_a_hint_changes_the_colors(colorizer) -> None:
    photo = make_photo(64, 64)
    plain = np.asarray(colorizer.colorize(photo)).astype(int)
    hinted = np.asarray(colorizer.colorize(photo, hints=[Hint(0.5, 0.5, (255, 0, 0))])).astype(int)
    assert np.abs(plain - hinted).max() > 0


@pytest.mark.parametrize(("x", "y"), [(-0.1, 0), (0, 1.1), (float("nan"), 0)])
def test_a_hint_outside_the_photo_is_refused(x, y) -> None:
    with pytest.raises(ValueError, match=r"within 0\.\.1"):
        Hint(x, y, (0, 0, 0))


def test_chroma_stops_at_an_edge_of_the_photo() -> None:
    rgb = np.full((256, 256, 3), 40, np.uint8)
    rgb[:, 128:] = 200
    light = lightness(resize(rgb, (64, 64)))
    ab = np.zeros((64, 64, 2), np.float32)
    ab[:, 32:, 1] = 50  # yellow on the bright side, blurred over the edge as a network would
    import cv2

    result = recolor(rgb, light, cv2.GaussianBlur(ab, (0, 0), 2))
    b = rgb_to_lab(result)[..., 2]
    assert b[:, :116].max() < 12
    assert b[:, 140:].min() > 35


def test_guided_chroma_of_an_even_picture_is_itself() -> None:
    light, ab = np.full((32, 32), 50, np.float32), np.full((32, 32, 2), 7, np.float32)
    slope, offset = guide_chroma(light, ab)
    np.testing.assert_allclose(slope * light[..., None] + offset, ab, atol=1e-3)


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
