"""Batch norm of averaged weights has statistics that were measured with these weights."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.training.norm_statistics import find_trained_norms, measure_norms
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

CPU = torch.device("cpu")
SMALL = Recipe("image2image", size=32, ngf=4, depth=3, max_channels=8, ema=0.9)


class Noise:
    """Images of noise around 0.5; each index has its own, and augmentation adds to it."""

    def __init__(self) -> None:
        self.names = [str(i) for i in range(5)]

    def __len__(self) -> int:
        return len(self.names)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        parts = [np.random.default_rng(i).normal(0.5, 0.1, (3, 32, 32)) for i in indices]
        if rngs is not None:
            parts = [part + rng.normal(0, 0.01) for part, rng in zip(parts, rngs)]
        x = torch.from_numpy(np.stack(parts)).float()
        return Batch(x, x, torch.ones(len(x), 1, 32, 32), x)


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    model = Model(checkpoint_config(SMALL)).eval()
    for name, weights in model.named_parameters():
        if "conv" in name:
            weights.data *= 10  # so that variances are far above the norms' eps
    return model


def statistics(model: Model) -> dict[str, torch.Tensor]:
    state = model.state_dict()
    return {name: t.clone() for name, t in state.items() if "running" in name}


def measure(model: Model, recipe: Recipe = SMALL) -> None:
    live = copy.deepcopy(model).train()
    measure_norms(model, find_trained_norms(live, model), Noise(), recipe, CPU)


def test_the_norms_of_a_pretrained_encoder_keep_their_statistics() -> None:
    recipe = Recipe(
        "colorize", size=32, ngf=4, depth=5, max_channels=8, encoder="efficientnet-lite0"
    )
    model = Model(checkpoint_config(recipe))
    norms = find_trained_norms(copy.deepcopy(model).train(), model.eval())
    inner = set(map(id, model.generator.down.modules()))  # type: ignore[union-attr]
    assert norms and not any(id(norm) in inner for norm in norms)


def test_each_norm_gives_maps_of_mean_0_and_variance_1(model: Model) -> None:
    before = statistics(model)
    measure(model)
    assert any((t != before[name]).any() for name, t in statistics(model).items())
    assert not any(module.training for module in model.modules())
    found: list[torch.Tensor] = []

    def note(module: Any, inputs: Any, output: torch.Tensor) -> None:
        found.append((output - module.bias[:, None, None]) / module.weight[:, None, None])

    for norm in find_trained_norms(copy.deepcopy(model).train(), model):
        norm.register_forward_hook(note)
    rngs = [np.random.default_rng(i) for i in range(5)]
    with torch.inference_mode():
        model.generator(Noise().batch(list(range(5)), rngs).input)
    assert len(found) >= 3
    for output in found:
        assert output.mean((0, 2, 3)).abs().max() < 0.3
        assert (output.var((0, 2, 3)) - 1).abs().max() < 0.5


def test_the_same_weights_get_the_same_statistics_whatever_came_before(model: Model) -> None:
    measure(model)
    first = statistics(model)
    torch.manual_seed(7)
    state = torch.random.get_rng_state()
    for norm in find_trained_norms(copy.deepcopy(model).train(), model):
        norm.running_mean += 1  # type: ignore[operator,assignment]
    measure(model)
    for name, tensor in statistics(model).items():
        torch.testing.assert_close(tensor, first[name], rtol=0, atol=0)
    assert (torch.random.get_rng_state() == state).all(), "training goes on as without"


def test_norms_that_are_not_trained_keep_theirs(model: Model) -> None:
    frozen = copy.deepcopy(model).eval()
    assert find_trained_norms(frozen, model) == []
    before = statistics(model)
    measure_norms(model, [], Noise(), SMALL, CPU)
    assert all((t == before[name]).all() for name, t in statistics(model).items())


def test_maps_are_altered_and_styles_sampled_as_in_training() -> None:
    recipe = replace(
        SMALL, task="labels2photo", style_dim=2, prior_fraction=0.5, lambda_oasis=1.0,
        element_dropout=1.0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = Model(checkpoint_config(recipe)).eval()

    class Walls(Noise):
        def batch(self, indices: list[int], rngs: Any, size: int | None = None) -> Batch:
            labels = torch.zeros(len(indices), 12, 32, 32)
            labels[:, 1, :, :16], labels[:, 2, :, 16:] = 1, 1
            return Batch(labels, labels[:, :3], labels[:, :1] * 0 + 1, labels)

    seen: list[torch.Tensor] = []
    hook = model.generator.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    original, styles = model.generator.logits, []

    def logits(x: torch.Tensor, style: Any) -> torch.Tensor:
        seen.append(x)
        styles.append(style)
        return original(x, style)

    model.generator.logits = logits  # type: ignore[method-assign,assignment]
    live = copy.deepcopy(model).train()
    measure_norms(model, find_trained_norms(live, model), Walls(), recipe, CPU)
    hook.remove()
    inputs = torch.cat(seen)
    windows = inputs[:, 2].mean((1, 2))
    assert (windows == 0.5).any() and (windows < 0.4).any()
    assert torch.cat(styles).std(0).min() > 0.5
