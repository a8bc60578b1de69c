"""The ONNX graph that is written by hand computes what the network computes."""

import dataclasses

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from helpers.networks import RECIPES, inputs, make_model, random_style_map

from pix2pix.images.color import AB_SCALE, ab_grid
from pix2pix.inference.backends.onnx_builder import Precision
from pix2pix.inference.backends.onnx_graph import build_onnx_model
from pix2pix.models import AnnealedMean, annealed_mean, return_logits
from pix2pix.training.recipe import Recipe

PAPER = Recipe("labels2photo", size=256, ngf=4, depth=8, max_channels=16, dropout=0.5)
KINDS = {
    **RECIPES,
    "enhanced, no classes": dataclasses.replace(RECIPES["enhanced"], class_norm=False),
    "eight levels": PAPER,
    "no norm of style": dataclasses.replace(PAPER, depth=4, style_dim=3),
    "instance norm, transposed": dataclasses.replace(PAPER, depth=4, norm="instance"),
    "one level": dataclasses.replace(PAPER, depth=1, stem=4, upsample="resize"),
    "resnet, batch norm, resize": Recipe(
        "image2image",
        size=32,
        ngf=4,
        depth=3,
        dropout=0.5,
        upsample="resize",
        architecture="resnet_9blocks",
        padding="reflect",
    ),
    "two levels with embedding": Recipe(
        "colorize", size=64, ngf=8, depth=2, stem=4, ab_classes=88, hint_embed_dim=3
    ),
}


def run(model: onnx.ModelProto, *given: torch.Tensor | None) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    values = [x.numpy() for x in given if x is not None]
    feed = dict(zip([node.name for node in session.get_inputs()], values))
    output: np.ndarray = session.run(["output"], feed)[0]
    return output


@pytest.mark.parametrize("kind", KINDS)
def test_the_graph_of_every_kind_of_network_gives_what_torch_gives(kind: str) -> None:
    recipe = KINDS[kind]
    generator = make_model(recipe).generator
    model = build_onnx_model(generator)
    onnx.checker.check_model(model, full_check=True)
    side = max(recipe.generator().multiple, 16)  # a ResNet needs more than one cell at its depth
    for shape in ((1, side, side), (2, 2 * side, 3 * side)):
        x, style = inputs(recipe, shape)
        expected = generator(x, style).numpy()
        np.testing.assert_allclose(run(model, x, style), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "kind", ["drawing", "zeros", "no norm of style", "enhanced", "enhanced, no classes"]
)
def test_the_graph_with_regions_gives_what_torch_gives(kind: str) -> None:
    recipe = KINDS[kind]
    generator = make_model(recipe).generator
    model = build_onnx_model(generator, regions=True)
    onnx.checker.check_model(model, full_check=True)
    side = recipe.generator().multiple
    x, style = inputs(recipe, (2, 2 * side, 3 * side))
    styles = random_style_map(recipe, x, regions=3)
    expected = generator(x, styles).numpy()
    np.testing.assert_allclose(run(model, x, *styles), expected, rtol=1e-4, atol=1e-4)
    plain = run(model, x, style[:, None], torch.ones(1, 1, 1, 1))
    np.testing.assert_allclose(plain, generator(x, style).numpy(), rtol=1e-4, atol=1e-4)


def test_the_logits_of_colors_follow_the_output_on_request() -> None:
    recipe = KINDS["two levels with embedding"]
    generator = make_model(recipe).generator
    x, _ = inputs(recipe, (1, 16, 24))
    plain = generator(x)
    return_logits(generator)
    output = run(build_onnx_model(generator), x)
    np.testing.assert_allclose(output, generator(x).numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(output[:, :5], plain.numpy(), rtol=1e-4, atol=1e-4)
    logits, points = torch.from_numpy(output[:, 5:]), torch.from_numpy(ab_grid() / AB_SCALE)
    mean = annealed_mean(logits, points, AnnealedMean.TEMPERATURE)
    np.testing.assert_allclose(mean, plain[:, :2], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["fp16", "fp16_storage"])
def test_in_half_precision_it_is_half_as_large_and_near(kind: str, precision: Precision) -> None:
    recipe = KINDS[kind]
    model = make_model(recipe)
    model.half().float()  # a checkpoint's weights are stored in float16
    generator = model.generator
    if precision == "fp16" and generator.needs_fp32:
        with pytest.raises(ValueError, match="instance norm must compute in float32"):
            build_onnx_model(generator, precision)
        return
    half, full = build_onnx_model(generator, precision), build_onnx_model(generator)
    assert stored_bytes(half) < 0.6 * stored_bytes(full)
    side = max(recipe.generator().multiple, 16)  # a ResNet needs more than one cell at its depth
    x, style = inputs(recipe, (2, side, 2 * side))
    tolerance = 1e-4 if precision == "fp16_storage" else 0.05
    expected = generator(x, style).numpy()
    np.testing.assert_allclose(run(half, x, style), expected, rtol=tolerance, atol=tolerance)


def stored_bytes(model: onnx.ModelProto) -> int:
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer)
