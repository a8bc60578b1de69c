"""Photos larger than a model draws come from a second one with finer detail, in the same styles."""

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.app.main import enhance_if_there
from pix2pix.app.server.draw_routes import draw_picture
from pix2pix.app.server.schemas import DrawContext, DrawRequest, parse_request
from pix2pix.checkpoint import Model, load_checkpoint, save_checkpoint
from pix2pix.config import LabelColor
from pix2pix.inference import Drawer, Regions, load_drawer
from pix2pix.inference.backends import make_backend, selection
from pix2pix.labels.canvas_spec import canvas_of
from pix2pix.labels.label_map import encode_label_image
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.models import UNet
from pix2pix.models.tensors import encode_labels
from pix2pix.training.init_weights import copy_weights
from pix2pix.training.recipe import Recipe, load_recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.tab_props import preview_props

ROOT = Path(__file__).resolve().parents[2]
FACADES = ROOT / "checkpoints" / "facades"
CPU = torch.device("cpu")
SMALL = Recipe(
    "labels2photo",
    size=32,
    ngf=8,
    depth=3,
    max_channels=16,
    upsample="resize",
    stem=4,
    style_dim=4,
    class_norm=True,
    padding="replicate",
    crop_scale=2.0,
)
LARGE = dataclasses.replace(SMALL, size=64, enhancer=4, enhancer_blocks=1)


def save(folder: Path, recipe: Recipe, start: Path | None = None) -> Path:
    """A checkpoint with the weights of `start`, and random ones in the enhancer's last layer."""
    torch.manual_seed(0)
    config = checkpoint_config(recipe)
    model = Model(config)
    if start is not None:
        copy_weights(model, recipe.task, str(start))
    if recipe.enhancer:
        assert isinstance(model.generator, UNet) and model.generator.enhancer is not None
        torch.nn.init.normal_(model.generator.enhancer.head.weight, 0.0, 0.1)
    save_checkpoint(folder, config, model, "# A card\n")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkpoint for short sides up to 64, and one for up to 128."""
    root = tmp_path_factory.mktemp("models")
    small = save(root / "small", SMALL)
    return small, save(root / "large", LARGE, small)


@pytest.fixture(scope="module")
def drawing() -> np.ndarray:
    labels = np.ones((32, 48), np.uint8)
    labels[8:20, 10:16] = labels[8:20, 30:36] = 2
    return labels


def test_only_larger_photos_are_those_of_the_second_model(
    folders: tuple[Path, Path], drawing: np.ndarray
) -> None:
    both, alone = load_drawer(folders[0], "cpu", hd=folders[1]), load_drawer(folders[0], "cpu")
    assert (both.largest, both.finest, alone.finest) == (64, 128, 64)
    for size in (None, 32, 64):
        np.testing.assert_array_equal(
            both.draw(drawing, 3, size=size), alone.draw(drawing, 3, size=size)
        )
    fine, enlarged = both.draw(drawing, 3, size=128), alone.draw(drawing, 3, size=128)
    assert fine.shape == enlarged.shape == (128, 192, 3)
    assert np.abs(fine.astype(int) - enlarged).mean() > 1
    style = both._styles.code(3, None)
    assert style is not None
    expected = load_drawer(folders[1], "cpu").draw(drawing, style=style[0].tolist(), size=128)
    np.testing.assert_array_equal(fine, expected)


def test_a_seed_means_the_style_of_the_first_model(
    tmp_path: Path, folders: tuple[Path, Path], drawing: np.ndarray
) -> None:
    config, model = load_checkpoint(folders[1])
    assert model.style_encoder is not None
    model.style_encoder.style_mean += 5  # trained further, its own seeds mean other styles
    save_checkpoint(tmp_path / "other", config, model, "# A card\n")
    with_other = load_drawer(folders[0], "cpu", hd=tmp_path / "other")
    with_large = load_drawer(folders[0], "cpu", hd=folders[1])
    ids = np.zeros_like(drawing)
    ids[:, 20:] = 1
    for regions in (None, Regions(ids, [9])):
        given: dict[str, Any] = {"size": 128, "regions": regions}
        np.testing.assert_array_equal(
            with_other.draw(drawing, 3, **given), with_large.draw(drawing, 3, **given)
        )
    alone = load_drawer(tmp_path / "other", "cpu"), load_drawer(folders[1], "cpu")
    assert (alone[0].draw(drawing, 3, size=128) != alone[1].draw(drawing, 3, size=128)).any()


def test_regions_of_another_shape_are_refused_at_any_size(
    folders: tuple[Path, Path], drawing: np.ndarray
) -> None:
    drawer = load_drawer(folders[0], "cpu", hd=folders[1])
    for size in (32, 128):
        with pytest.raises(ValueError, match="regions must have the drawing's 48x32 pixels"):
            drawer.draw(drawing, size=size, regions=Regions(np.ones((9, 9), np.uint8), [1]))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"style_dim": 3}, "must have the style codes of length 4, got 3"),
        (
            {"palette": (LabelColor("road", (1, 2, 3)),)},
            r"must have the classes .*, got \['road'\]",
        ),
        ({"crop_scale": 1.0}, "must be above 64, got 64"),
    ],
)
def test_a_second_model_that_does_not_fit_is_refused(
    tmp_path: Path, folders: tuple[Path, Path], keys: dict, words: str
) -> None:
    other = save(tmp_path / "other", dataclasses.replace(LARGE, **keys))
    with pytest.raises(ValueError, match=f"{other}: .*{words}"):
        load_drawer(folders[0], "cpu", hd=other)


def test_the_command_draws_large_photos_with_it(
    tmp_path: Path, folders: tuple[Path, Path], drawing: np.ndarray
) -> None:
    encode_label_image(drawing).save(tmp_path / "house.png")
    common = ["draw", str(tmp_path / "house.png"), "--size", "128", "--checkpoint", str(folders[0])]
    photos = []
    for name, more in (("plain", []), ("fine", ["--checkpoint-hd", str(folders[1])])):
        out = tmp_path / f"{name}.png"
        assert main([*common, "-o", str(out), *more]) == 0
        photos.append(np.asarray(Image.open(out)))
    expected = load_drawer(folders[0], "cpu", hd=folders[1]).draw(drawing, size=128)
    np.testing.assert_array_equal(photos[1], expected)
    assert (photos[0] != photos[1]).any()


def test_the_app_saves_the_finest_picture_and_shows_a_smaller_one(
    folders: tuple[Path, Path], drawing: np.ndarray
) -> None:
    drawer = load_drawer(folders[0], "cpu", hd=folders[1])
    canvas = canvas_of(drawer.config.palette, drawer.config.shape, "drawing", Path())
    context = DrawContext(canvas, drawer.style_dim, True)

    def picture(**keys: object) -> tuple[int, ...]:
        sheet = {"ids": pack_ids(np.ones(canvas.shape, np.uint8)), **keys}
        content = json.dumps(sheet).encode()
        return draw_picture(drawer, parse_request(DrawRequest, content, context)).shape

    assert picture(format="png", large=True) == (128, 128, 3)
    assert picture(format="jpeg", large=True) == (64, 64, 3)
    assert picture(format="png") == (32, 32, 3)
    props = preview_props("draw", canvas, {}, drawer, None)
    assert (props["large"], props["saved"]) == (2, 4)
    props = preview_props("draw", canvas, {}, load_drawer(folders[0], "cpu"), None)
    assert (props["large"], props["saved"]) == (2, 2)


def test_the_app_starts_without_one_that_is_missing_or_does_not_fit(
    tmp_path: Path, folders: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    other = save(tmp_path / "other", dataclasses.replace(LARGE, style_dim=3))
    drawer, where = load_drawer(folders[0], "cpu"), ("cpu", "torch")
    with caplog.at_level(logging.WARNING):
        enhance_if_there(drawer, "", where)
        assert not caplog.text
        enhance_if_there(drawer, tmp_path / "missing", where)
        enhance_if_there(drawer, other, where)
    assert drawer.enhanced is None
    assert "missing: is not a checkpoint folder" in caplog.text
    assert "large pictures are enlarged" in caplog.text and "got 3" in caplog.text
    enhance_if_there(drawer, folders[1], where)
    assert isinstance(drawer.enhanced, Drawer)


# ---- the bundled `facades` as the global network -------------------------------------------


def network() -> UNet:
    torch.manual_seed(0)
    model = Model(checkpoint_config(load_recipe("facades_hd"))).eval().requires_grad_(False)
    copy_weights(model, "labels2photo", str(FACADES))
    generator = model.generator
    assert isinstance(generator, UNet) and generator.enhancer is not None
    generator.enhancer.head.weight.normal_(0.0, 0.02)
    return generator


@pytest.mark.slow
def test_bare_walls_are_painted_as_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 3 of 255, in both engines on hardware with bf16 and under an autocast from outside."""
    pytest.importorskip("openvino")
    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: True)
    style = torch.tensor([next(iter(load_checkpoint(FACADES)[0].styles.values()))])
    exact, engines = (
        network(),
        [make_backend(name, network(), CPU) for name in ("torch", "openvino")],
    )
    for index in (1, 2):
        x = encode_labels(np.full((1, 512, 512), index, np.uint8), 12)
        expected = exact(x, style)
        with torch.autocast("cpu", torch.bfloat16):
            found = [exact(x, style), *(run(x, style) for run in engines)]
        for picture in found:
            assert float((picture - expected).abs().max()) * 127.5 < 3
        assert float(expected.std((2, 3)).max()) * 127.5 < 3, "and a bare wall is even"
