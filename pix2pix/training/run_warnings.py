"""Warn where a run goes wrong: the discriminator wins, outputs collapse, pairs are swapped.

Each warning says what was measured, what is usual, and what helps.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Dataset
from pix2pix.evaluation.generation import generate, spread_indices
from pix2pix.training.recipe import Recipe

MIN_STEPS = 1000  # before these, a network knows nothing yet
WINDOW = 20  # logged values of a loss that count
WON = 0.05  # D's loss as a fraction of that of guessing
LOST = {"vanilla": 3.0, "lsgan": 0.8, "hinge": 0.8}  # G's loss when D rejects its outputs
GUESSING = {"vanilla": math.log(2), "lsgan": 0.25, "hinge": 1.0}  # D's loss when it cannot tell
# The loss of G against each discriminator; in cyclegan, that of A judges the outputs of BtoA
AGAINST = {"d": "gan", "d_A": "gan_BtoA", "d_B": "gan_AtoB"}
LOOKED_AT = 8  # examples
COLLAPSED = 0.05  # difference between outputs as a fraction of that between targets
ONE_COLOR = 1 / 127.5  # standard deviation in an image: one step of 8 bits
FLAT_STEP = 2 / 127.5  # difference of neighbouring pixels in a flat area
SWAPPED = 0.35  # share of flat pixels by which a photo and a drawing differ at least
# Recipes from drawings or maps to photos, and the other way
SIMPLE_INPUT = ("edges2photo", "map2aerial")
SIMPLE_TARGET = ("aerial2map",)


class RunMonitor:
    """Watches the losses and the outputs of a run; says each warning once."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._losses: dict[str, deque[float]] = {}
        self._said: set[str] = set()

    def add_losses(self, losses: Mapping[str, float], step: int) -> list[str]:
        """The new warnings after logged losses of a step, by name."""
        for name, value in losses.items():
            self._losses.setdefault(name, deque(maxlen=WINDOW)).append(value)
        lines = []
        for name in losses:
            if name in AGAINST:
                line = self._find_winner(name)
                lines += self._once(name, line) if step >= MIN_STEPS else []
        return lines

    def check_outputs(
        self, model: Model, dataset: Dataset, device: torch.device, step: int, name: str = ""
    ) -> list[str]:
        """The new warnings about the outputs of the model `name` for held-out examples."""
        if step < MIN_STEPS:
            return []
        batch = dataset.batch(spread_indices(len(dataset), LOOKED_AT), None)
        outputs = generate(model, batch, device)
        if self._recipe.task == "photo2labels":
            classes = torch.arange(outputs.shape[1])[None, :, None, None]
            outputs = (outputs.argmax(1, keepdim=True) == classes).float()
        line = describe_collapse(outputs[:, : batch.target.shape[1]], batch.target)
        return self._once(f"collapse {name}", f"{name}: {line}" if name and line else line)

    def _once(self, kind: str, line: str) -> list[str]:
        if not line or kind in self._said:
            return []
        self._said.add(kind)
        return [line]

    def _find_winner(self, name: str) -> str:
        recipe, own = self._recipe, self._losses[name]
        against = self._losses.get(AGAINST[name], ())
        if len(own) < WINDOW or len(against) < WINDOW:
            return ""
        guessing, lost = GUESSING[recipe.gan_mode], LOST[recipe.gan_mode]
        loss = float(np.mean(own)) - smoothing_floor(recipe)
        if loss > WON * guessing or np.mean(against) < lost:
            return ""
        return (
            f"the discriminator tells all outputs from real images (its loss is {loss:.3f}, that "
            f"of guessing {guessing:.2f}), so the generator learns nothing from it. What helps: a "
            "lower --d-lr, --label-smoothing 0.1, --spectral-norm true; with few images, "
            "--d-augment color,translation,cutout"
        )


def smoothing_floor(recipe: Recipe) -> float:
    """The lowest loss of D that label smoothing allows."""
    s = recipe.label_smoothing
    if recipe.gan_mode != "vanilla" or not 0 < s < 1:
        return 0.0
    return -(s * math.log(s) + (1 - s) * math.log(1 - s)) / 2


def describe_collapse(outputs: Tensor, targets: Tensor) -> str:
    """A warning if outputs (N, C, H, W) for N examples are nearly the same image; "" otherwise."""
    if len(outputs) < 4 or (usual := spread(targets)) < ONE_COLOR:
        return ""
    share = spread(outputs) / usual
    if share >= COLLAPSED:
        return ""
    return (
        f"the outputs for {len(outputs)} held-out inputs are nearly one image (they differ by "
        f"{share:.1%} of what their targets do). What helps: check that inputs and targets belong "
        "together, a higher --lambda-l1, a lower --lr, or an earlier save of the run"
    )


def spread(images: Tensor) -> float:
    """How much images (N, C, H, W) differ from each other: the mean deviation of a pixel."""
    return float(images.float().std(0).mean())


def data_warnings(dataset: Dataset, recipe: Recipe, name: str) -> list[str]:
    """Warnings about the examples of a run by the recipe `name`, before its first step."""
    batch = dataset.batch(spread_indices(len(dataset), LOOKED_AT), None)
    return [
        *describe_blank("inputs", batch.input),
        *describe_blank("targets", batch.target),
        *describe_swap(batch.input, batch.target, recipe, name),
    ]


def describe_blank(what: str, images: Tensor) -> list[str]:
    """A warning if each of the images (N, C, H, W) has one colour, or all are the same image."""
    deviations = images.float().flatten(2).std(-1).amax(1)  # (N,)
    if bool((deviations < ONE_COLOR).all()):
        return [
            f"all {len(images)} {what} looked at have one colour each: there is nothing to learn "
            "from them. Look at the files; for deep images, give --input-range or --target-range"
        ]
    if len(images) > 2 and bool((images == images[:1]).all()):
        return [
            f"all {len(images)} {what} looked at are the same image: the model cannot learn what "
            "belongs to what. Look at the files"
        ]
    return []


def describe_swap(inputs: Tensor, targets: Tensor, recipe: Recipe, name: str) -> list[str]:
    """A warning if the pairs go the other way than the recipe is made for."""
    if recipe.task != "image2image" or recipe.is_unpaired or inputs.shape != targets.shape:
        return []
    flat_input, flat_target = flatness(inputs), flatness(targets)
    wants_simple_input = name in SIMPLE_INPUT or recipe.input_type != "photo"
    if wants_simple_input and flat_target > flat_input + SWAPPED:
        words = "the inputs look like photos and the targets like drawings or maps"
    elif name in SIMPLE_TARGET and flat_input > flat_target + SWAPPED:
        words = "the inputs look like drawings or maps and the targets like photos"
    else:
        return []
    other = "AtoB" if recipe.direction == "BtoA" else "BtoA"
    return [f"{words}, which {name} does the other way. If they are swapped: --direction {other}"]


def flatness(images: Tensor) -> float:
    """The share of pixels of images (N, C, H, W) in -1..1 that equal their neighbours."""
    right = (images[..., 1:, 1:] - images[..., 1:, :-1]).abs().amax(1)
    below = (images[..., 1:, 1:] - images[..., :-1, 1:]).abs().amax(1)
    return float((torch.maximum(right, below) <= FLAT_STEP).float().mean())
