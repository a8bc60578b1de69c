"""Sheets have the shape that their model was trained on, square or not."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from helpers.models import RECIPES, ROADS
from PIL import Image, ImageDraw

from pix2pix.app.server.schemas import DrawContext, DrawRequest, parse_request
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import Drawer, load_any, load_translator
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.canvas_spec import CanvasSpec, canvas_of, facades_canvas, fit_label_map
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import encode_label_image
from pix2pix.labels.packed_ids import pack_ids, unpack_ids
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.tab_props import SEEDS

WIDE, TALL = (32, 96), (96, 32)


def save_model(folder: Path, kind: str, shape: tuple[int, int]) -> Path:
    recipe = dataclasses.replace(RECIPES[kind], size=shape[0], width=shape[1])
    config = checkpoint_config(recipe)
    save_checkpoint(folder, config, Model(config), "")
    return folder


@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_a_drawing_of_the_models_shape_travels_and_is_drawn_at_it(
    shape: tuple[int, int], tmp_path: Path
) -> None:
    model = load_any(save_model(tmp_path / "roads", "roads", shape), "cpu")
    assert isinstance(model, Drawer)
    canvas = canvas_of(ROADS, model.config.shape, "roads", tmp_path)
    assert canvas.first.shape == shape
    assert (canvas.props()["height"], canvas.props()["width"]) == shape
    labels = np.zeros(shape, np.uint8)
    labels[5:9, 20:30] = 3
    body = json.dumps({"ids": pack_ids(labels), "seed": SEEDS[0]}).encode()
    request = parse_request(DrawRequest, body, DrawContext(canvas, model.style_dim))
    np.testing.assert_array_equal(request.ids, labels)
    assert model.draw(request.ids).shape == (*shape, 3)


@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_lines_are_drawn_at_the_models_shape(shape: tuple[int, int], tmp_path: Path) -> None:
    drawer = LineDrawer(load_translator(save_model(tmp_path, "edges", shape), "cpu"))
    canvas = CanvasSpec("lines", drawer.config.shape, drawer.palette, "edges")
    assert drawer.draw(canvas.first).shape == (*shape, 3)


def test_ids_of_the_other_orientation_are_as_many_and_those_of_another_size_are_not() -> None:
    ids = pack_ids(np.zeros(WIDE, np.uint8))
    assert unpack_ids(ids, TALL).shape == TALL
    with pytest.raises(ValueError, match="a drawing here is 96x64, 6144 ids; got 3072"):
        unpack_ids(ids, (64, 96))


@pytest.mark.parametrize(
    ("picture", "canvas", "covered"),
    [
        ((64, 64), WIDE, (slice(0, 32), slice(32, 64))),
        ((64, 64), TALL, (slice(32, 64), slice(0, 32))),
        ((10, 30), WIDE, (slice(0, 32), slice(0, 96))),
        ((10, 30), TALL, (slice(42, 53), slice(0, 32))),
    ],
)
def test_a_picture_lies_in_the_middle_as_large_as_fits(
    picture: tuple[int, int], canvas: tuple[int, int], covered: tuple[slice, slice]
) -> None:
    expected = np.zeros(canvas, np.uint8)
    expected[covered] = 2
    np.testing.assert_array_equal(fit_label_map(np.full(picture, 2, np.uint8), canvas), expected)


def test_opened_lines_keep_their_proportions() -> None:
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).rectangle((50, 50, 150, 150), outline=0, width=8)
    canvas = CanvasSpec("lines", WIDE, ROADS[:2], "x").decode(image)
    rows, columns = np.nonzero(canvas)
    assert canvas.shape == WIDE
    assert np.ptp(rows) == np.ptp(columns)


def test_a_label_image_of_the_sheets_shape_opens_exactly(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 4, WIDE).astype(np.uint8)
    image = encode_label_image(labels, [c.rgb for c in ROADS])
    np.testing.assert_array_equal(CanvasSpec("labels", WIDE, ROADS, "x").decode(image), labels)


def test_a_facade_fills_its_sheet() -> None:
    for name, start in facades_canvas((64, 192)).starts.items():
        plan = next(plan for plan in PRESETS if plan.name == name)
        square = build_facade(plan, 192)
        assert start.shape == (64, 192)
        np.testing.assert_array_equal(start.any(0), square.any(0))
        assert np.isin(square, start).mean() > 0.99


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ((256, 256), (256, 256)),
        ((512, 256), (512, 256)),
        ((200, 400), (256, 512)),
        ((300, 900), (256, 512)),
        ((900, 300), (512, 256)),
        ((500, 505), (256, 256)),
        ((600, 400), (384, 256)),
        ((1, 1), (256, 256)),
    ],
)
def test_a_drawing_has_its_pictures_shape_between_one_to_two_and_two_to_one(
    picture: tuple[int, int], expected: tuple[int, int]
) -> None:
    canvas = facades_canvas((256, 256))
    assert canvas.shape_for(picture) == expected == canvas.check_shape(*expected)
    opened = canvas.decode(encode_label_image(np.ones(picture, np.uint8)))
    assert opened.shape == expected


def test_a_shape_that_no_drawing_has_is_refused() -> None:
    canvas = facades_canvas((256, 256))
    for shape in ((256, 513), (255, 256), (300, 300), (128, 256), (0, 256)):
        with pytest.raises(ValueError, match="256x256 or 256 by 256 to 512, got"):
            canvas.check_shape(*shape)
    lines = CanvasSpec("lines", WIDE, ROADS[:2], "x")
    assert lines.check_shape(*WIDE) == lines.shape_for((500, 100)) == WIDE
    with pytest.raises(ValueError, match="a drawing here is 96x32, got 32x32"):
        lines.check_shape(32, 32)
