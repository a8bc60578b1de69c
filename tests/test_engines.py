"""What runs a generator gives the same picture, and can be stopped."""

import contextlib
import dataclasses
import threading
import time
from typing import Any

import numpy as np
import pytest
import torch

from pix2pix.checkpoint import Model
from pix2pix.inference.engines import (
    ENGINES,
    OpenVinoEngine,
    StoppedError,
    TorchEngine,
    make_engine,
)
from pix2pix.inference.runner import Runner
from pix2pix.training.learner import checkpoint_config
from pix2pix.training.recipe import Recipe

DRAWING = Recipe(
    "labels2photo",
    size=32,
    ngf=8,
    depth=3,
    max_channels=16,
    norm="instance",
    upsample="resize",
    stem=4,
    style_dim=4,
    class_norm=True,
    padding="replicate",
)
RECIPES = {
    "drawing": DRAWING,
    "zeros": dataclasses.replace(DRAWING, class_norm=False, padding="zeros"),
    "paper": Recipe("image2image", size=32, ngf=8, depth=4, max_channels=16, dropout=0.5),
    "colorize": Recipe(
        "colorize", size=64, ngf=8, depth=3, upsample="resize", half_output=True, ab_classes=88
    ),
    "trace": Recipe("photo2labels", size=64, ngf=8, depth=3, half_output=True),
    "known": Recipe(
        "colorize",
        size=64,
        ngf=8,
        depth=5,
        max_channels=16,
        upsample="resize",
        half_output=True,
        ab_classes=88,
        encoder="efficientnet-lite0",
        hint_dim=5,
    ),
}
CPU = torch.device("cpu")


def make_model(recipe: Recipe) -> Model:
    torch.manual_seed(0)
    model = Model(checkpoint_config(recipe)).requires_grad_(False)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
    return model.eval()


def inputs(recipe: Recipe, shape: tuple[int, int, int]) -> tuple[torch.Tensor, Any]:
    config = checkpoint_config(recipe).generator
    count, height, width = shape
    style = torch.randn(count, config.style_dim) if config.style_dim else None
    return torch.rand(count, config.in_channels, height, width) * 2 - 1, style


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("kind", ENGINES[1:])
def test_an_engine_gives_what_the_model_gives_for_any_size(name: str, kind: str) -> None:
    if kind == "openvino":
        pytest.importorskip("openvino")
    recipe = RECIPES[name]
    engine = make_engine(kind, make_model(recipe).generator, CPU)
    generator = make_model(recipe).generator
    wide = 2**recipe.depth * 3
    for shape in ((1, 32, 32), (2, 64, wide), (1, wide, 96)):
        x, style = inputs(recipe, shape)
        expected = generator(x, style)
        tolerance = 0.05 if kind == "torch" and engine._bf16 else 1e-4
        torch.testing.assert_close(engine(x, style), expected, rtol=tolerance, atol=tolerance)


def test_an_answer_stays_as_it_is_when_the_next_comes() -> None:
    pytest.importorskip("openvino")
    engine = OpenVinoEngine(make_model(DRAWING).generator)
    x, style = inputs(DRAWING, (1, 32, 32))
    first = engine(x, style)
    kept = first.clone()
    engine(-x, style)
    assert first.equal(kept)


def test_auto_is_torch_where_openvino_cannot_be() -> None:
    engine = make_engine("auto", make_model(DRAWING).generator, torch.device("meta"))
    assert isinstance(engine, TorchEngine)


def test_an_engine_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(ValueError, match="one of auto, torch, openvino, got 'tpu'"):
        make_engine("tpu", make_model(DRAWING).generator, CPU)
    with pytest.raises(ValueError, match=r"runs on the CPU .* got device meta"):
        make_engine("openvino", make_model(DRAWING).generator, torch.device("meta"))


@pytest.mark.parametrize("kind", ENGINES[1:])
def test_a_run_that_nobody_waits_for_stops_and_the_next_is_whole(kind: str) -> None:
    if kind == "openvino":
        pytest.importorskip("openvino")
    large = dataclasses.replace(DRAWING, ngf=32, max_channels=64)
    runner = Runner(make_model(large), CPU, kind)
    x, style = inputs(large, (1, 384, 384))
    start = time.perf_counter()
    whole = runner(x, style)
    alone = time.perf_counter() - start
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.perf_counter())
        return len(asked) > 2

    start = time.perf_counter()
    with pytest.raises(StoppedError):
        runner(x, style, stop)
    assert time.perf_counter() - start < alone
    np.testing.assert_allclose(runner(x, style).numpy(), whole.numpy(), atol=1e-4)


def test_after_a_run_that_was_stopped_those_of_the_size_before_are_whole_too() -> None:
    pytest.importorskip("openvino")
    large = dataclasses.replace(DRAWING, ngf=32, max_channels=64)
    runner = Runner(make_model(large), CPU, "openvino")
    x, style = inputs(large, (1, 384, 384))
    small = x[..., :256, :256]
    whole, small_whole = runner(x, style), runner(small, style)
    for patience in (1, 3, 6, 10):
        left = iter(range(patience))
        with contextlib.suppress(StoppedError):
            runner(x, style, lambda left=left: next(left, None) is None)
        np.testing.assert_allclose(runner(small, style).numpy(), small_whole.numpy(), atol=1e-4)
    np.testing.assert_allclose(runner(x, style).numpy(), whole.numpy(), atol=1e-4)


def test_networks_run_one_at_a_time_and_one_that_is_late_is_not_begun() -> None:
    runner = Runner(make_model(DRAWING), CPU)
    x, style = inputs(DRAWING, (1, 32, 32))
    held, done = threading.Event(), threading.Event()

    def hold() -> bool:
        held.set()
        done.wait(10)
        return False

    first = threading.Thread(target=lambda: runner(x, style, hold))
    first.start()
    held.wait(10)
    refused = []

    def late() -> None:
        try:
            runner(x, style, lambda: True)
        except StoppedError:
            refused.append(True)

    second = threading.Thread(target=late)
    second.start()
    second.join(0.2)
    assert second.is_alive() and not refused
    done.set()
    first.join(10)
    second.join(10)
    assert refused
