"""A checkpoint as an ONNX file gives in ONNX Runtime what the model gives in torch."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, load_checkpoint, save_checkpoint
from pix2pix.cli.export import describe_input
from pix2pix.inference import load_translator
from pix2pix.models.tensors import encode_colorize_input
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

DRAWING = Recipe(
    "labels2photo",
    size=32,
    ngf=4,
    depth=2,
    max_channels=8,
    norm="instance",
    upsample="resize",
    stem=4,
    style_dim=3,
    class_norm=True,
    padding="replicate",
)
COLORIZE = Recipe("colorize", size=64, ngf=4, depth=3, half_output=True, ab_classes=88)
KNOWN = dataclasses.replace(
    COLORIZE, depth=5, max_channels=16, encoder="efficientnet-lite0", hint_embed_dim=5
)


def save(folder: Path, recipe: Recipe) -> Path:
    torch.manual_seed(0)
    config = checkpoint_config(recipe)
    save_checkpoint(folder, config, Model(config), "")
    return folder


@pytest.mark.parametrize(
    ("recipe", "fp16", "tolerance"),
    [
        (DRAWING, False, 1e-4),
        (DRAWING, True, 1e-4),
        (COLORIZE, False, 1e-4),
        (COLORIZE, True, 0.05),
        (KNOWN, False, 1e-4),
    ],
)
def test_the_file_gives_what_the_model_gives_for_any_size(
    tmp_path: Path, recipe: Recipe, fp16: bool, tolerance: float
) -> None:
    folder, out = save(tmp_path / "c", recipe), tmp_path / "new" / "m.onnx"
    assert main(["export", str(folder), "-o", str(out), *(["--fp16"] if fp16 else [])]) == 0
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    config, model = load_checkpoint(folder)
    generator = model.generator
    for count, height, width in ((1, 32, 32), (3, 64, 160 if config.generator.depth == 5 else 40)):
        x = torch.rand(count, config.generator.in_channels, height, width) * 2 - 1
        given = {"input": x}
        if config.generator.style_dim:
            given["style"] = torch.randn(count, config.generator.style_dim)
        expected = generator(*given.values())
        (found,) = session.run(["output"], {name: t.numpy() for name, t in given.items()})
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected.numpy(), atol=tolerance)


def test_the_file_knows_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = (
        save(tmp_path / "c", dataclasses.replace(DRAWING, ngf=16, max_channels=32)),
        tmp_path / "m.onnx",
    )
    assert main(["export", str(folder), "-o", str(out)]) == 0
    assert "float32 (N, 12, H, W), multiples of 4" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    known = session.get_modelmeta().custom_metadata_map
    assert json.loads(known["pix2pix.config"])["task"] == "labels2photo"
    assert len(json.loads(known["pix2pix.style_mean"])) == DRAWING.style_dim
    size = out.stat().st_size
    assert main(["export", str(folder), "-o", str(out)]) == 2
    assert "already exists; --force" in capsys.readouterr().err
    assert main(["export", str(folder), "-o", str(out), "--fp16", "--force"]) == 0
    assert out.stat().st_size < size


@pytest.mark.parametrize("fit", ["stretch", "pad", "rotate"])
def test_a_program_that_feeds_it_as_it_says_gets_what_translate_gives(
    tmp_path: Path, fit: str
) -> None:
    shape: dict[str, Any] = {"size": 32, "width": 16, "ngf": 4, "depth": 2, "upsample": "resize"}
    recipe = Recipe("image2image", **shape, resize_mode=fit, lambda_gan=0.0)
    folder, out = save(tmp_path / "c", recipe), tmp_path / "m.onnx"
    assert main(["export", str(folder), "-o", str(out)]) == 0
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    says = json.loads(session.get_modelmeta().custom_metadata_map["pix2pix.input"])
    y, x = np.mgrid[:80, :160]
    photo = Image.fromarray(np.stack([x, y * 2, 200 - x], -1).astype(np.uint8))
    assert (says["fit"], says["multiple"], says["channels"]) == (fit, 4, ["R", "G", "B"])
    height, width = says["height"], says["width"]
    turned = photo.transpose(Image.Transpose.ROTATE_90) if fit == "rotate" else photo
    if fit == "pad":
        shown = Image.new("RGB", (width, height))
        shown.paste(turned.resize((16, 8), Image.Resampling.BOX), (0, 12))
    else:
        shown = turned.resize((width, height), Image.Resampling.BOX)
    values = (np.asarray(shown, np.float32) - says["mean"]) / says["std"]
    (made,) = session.run(["output"], {"input": values.transpose(2, 0, 1)[None].astype(np.float32)})
    rgb = (made[0].transpose(1, 2, 0) * says["std"] + says["mean"]).clip(0, 255).astype(np.uint8)
    result = Image.fromarray(rgb[12:20] if fit == "pad" else rgb).resize(turned.size)
    if fit == "rotate":
        result = result.transpose(Image.Transpose.ROTATE_270)
    expected = np.asarray(load_translator(folder, "cpu").translate(photo), int)
    assert np.abs(np.asarray(result) - expected).mean() < 3


def test_what_feeds_it_is_said_for_every_task() -> None:
    for recipe, channels in ((DRAWING, 12), (COLORIZE, 7), (Recipe("photo2labels", size=256), 3)):
        says = describe_input(checkpoint_config(recipe))
        assert len(says["channels"]) == channels and says["how"]
    light = encode_colorize_input(
        np.full((1, 8, 8), 30, np.float32), np.zeros((1, 8, 8, 2), np.float32), np.zeros((1, 8, 8))
    )
    torch.testing.assert_close(light[:, 0], torch.full((1, 8, 8), 30 / 50 - 1))
    assert not light[:, 1:].any()


def test_what_cannot_be_exported_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save(tmp_path / "c", dataclasses.replace(DRAWING, depth=1))
    assert main(["export", str(folder), "-o", str(tmp_path / "m.bin")]) == 2
    assert "ending in .onnx" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "none"), "-o", str(tmp_path / "m.onnx")]) == 2
    assert "none" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.onnx"))
