"""Microbatches: the parts of a batch that are computed one after the other to save memory."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pix2pix.data.loader import Batch
from pix2pix.labels.user_drawings import draw_as_users_do
from pix2pix.models.tensors import encode_labels
from pix2pix.training.augmentation import draw_chances, drop_elements
from pix2pix.training.distributed import Workers
from pix2pix.training.recipe import Recipe

EVERY_PIXEL = np.s_[:, :, :, :]

P = TypeVar("P")


@dataclass(frozen=True)
class Microbatch:
    """Images of a step that are computed together.

    The first `encoded` images get the style code of their own photo and are compared with it. The
    others get a random style code and are seen by D only. A mean over a microbatch times its share,
    summed over the microbatches and averaged over the workers, is the mean over the whole batch.
    """

    input: Tensor  # (N, C, H, W), as in Batch
    condition: Tensor
    gaps: Tensor  # (N, 1, H, W), 1 where an element was dropped from the input
    drawn: Tensor  # (N, 1, 1, 1) bool, whether the input is a drawing as people make them
    target: Tensor
    weight: Tensor
    noise: Tensor | None  # (N, style_dim), standard normal; None: no styles
    other_noise: Tensor | None  # (N, style_dim), of other styles; None: without lambda_diversity
    chances: Tensor  # (N, CHANCES), of `augmentation`
    pixels: Any  # index of the output pixels that target and weight cover
    encoded: int
    share: float  # of the images
    encoded_share: float  # of the images with their photo's style code
    random_share: float  # of the images with a random style code
    weight_share: Tensor  # of the sum of all weights
    encoded_weight_share: Tensor  # of the sum of the weights of encoded images

    @property
    def random(self) -> slice:
        """The images with a random style code."""
        return slice(self.encoded, None)


def make_microbatches(
    recipe: Recipe, batch: Batch, step: int, is_adversarial: bool, workers: Workers
) -> list[Microbatch]:
    """A worker's batch as microbatches, with all random numbers that a step needs.

    They are drawn for the whole batch, so that they do not depend on the number of workers.
    """
    total = encoded = len(batch.input) * workers.world
    noise = other_noise = None
    if recipe.style_dim:
        encoded -= int(total * recipe.prior_fraction)  # the rest get random styles
        noise = workers.own_part(torch.randn(total, recipe.style_dim)).to(batch.input.device)
    if recipe.lambda_diversity:
        other_noise = workers.own_part(torch.randn(total, recipe.style_dim)).to(batch.input.device)
    gaps = torch.zeros_like(batch.weight)
    drawn = torch.zeros_like(batch.weight[:, :, :1, :1], dtype=torch.bool)
    if recipe.element_dropout:
        labels, gaps = drop_from_random_maps(recipe, batch.input, encoded, step, workers)
        batch = replace(batch, input=labels)
    if recipe.user_drawings:
        labels, drawn = draw_random_maps(recipe, batch.input, encoded, step, workers)
        weight = torch.where(drawn, 1, batch.weight)  # a drawing has no wedges of the photo
        batch, gaps = replace(batch, input=labels, weight=weight), gaps * ~drawn
    # Neighbouring pixels are redundant and many a/b bins are expensive: before D is trained, which
    # needs whole images, each step uses every fourth pixel.
    pixels: Any = EVERY_PIXEL
    if recipe.ab_classes and not is_adversarial:
        pixels = np.s_[:, :, step % 2 :: 2, step // 2 % 2 :: 2]
        batch = replace(batch, target=batch.target[pixels], weight=batch.weight[pixels])
    generator = torch.Generator().manual_seed(recipe.seed + step)
    chances = workers.own_part(draw_chances(total, generator))
    count = recipe.gradient_accumulation_steps
    noises = (noise, other_noise)
    return split_batch(batch, noises, chances, gaps, drawn, pixels, encoded, count, workers)


def drop_from_random_maps(
    recipe: Recipe, labels: Tensor, encoded: int, step: int, workers: Workers
) -> tuple[Tensor, Tensor]:
    """This worker's label maps, a fraction `element_dropout` of them with dropped elements; and the
    gaps (N, 1, H, W) that these leave, 0 or 1.

    The first `encoded` maps of all workers keep their elements: they are compared with photos.
    """
    share = len(labels)
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    chances = torch.rand(share * workers.world, labels.shape[1] + 7, generator=generator)
    chances[:encoded, 0] = 1
    chances = workers.own_part(chances).to(labels.device)
    chosen = (chances[:, 0] < recipe.element_dropout)[:, None, None, None]
    fewer, gaps = drop_elements(labels, chances[:, 1:])
    return torch.where(chosen, fewer, labels), gaps * chosen


def draw_random_maps(
    recipe: Recipe, labels: Tensor, encoded: int, step: int, workers: Workers
) -> tuple[Tensor, Tensor]:
    """This worker's label maps, a fraction `user_drawings` of them replaced by drawings of facades
    as people make them; and which ones are (N, 1, 1, 1) bool.

    The first `encoded` maps of all workers stay: they are compared with photos.
    """
    own, classes, height, width = labels.shape
    result, drawn = labels.clone(), torch.zeros(own, 1, 1, 1, dtype=torch.bool)
    for i in range(own):
        index = own * workers.rank + i
        rng = np.random.default_rng((recipe.seed, step, index))
        if index >= encoded and rng.random() < recipe.user_drawings:
            label_map = draw_as_users_do(rng, height, width)
            result[i] = encode_labels(label_map[None], classes)[0].to(labels)
            drawn[i] = True
    return result, drawn.to(labels.device)


def split_batch(
    batch: Batch,
    noises: tuple[Tensor | None, Tensor | None],
    chances: Tensor,
    gaps: Tensor,
    drawn: Tensor,
    pixels: Any,
    encoded: int,
    count: int,
    workers: Workers,
) -> list[Microbatch]:
    """A worker's batch as `count` microbatches of equal size.

    `encoded` counts the first images of all workers together. `noises`, `chances`, `gaps` and
    `drawn` are those of this worker.
    """
    noise, other_noise = noises
    own, world = len(batch.input), workers.world
    total, size, start = own * world, own // count, workers.rank * own
    encoded_own = min(max(encoded - start, 0), own)
    weight = workers.total(batch.weight.sum()).clamp(min=1e-12) / world
    encoded_weight = workers.total(batch.weight[:encoded_own].sum()).clamp(min=1e-12) / world
    parts = []
    for first in range(0, own, size):
        here = np.s_[first : first + size]
        encoded_here = min(max(encoded_own - first, 0), size)
        weights = batch.weight[here]
        parts.append(
            Microbatch(
                batch.input[here],
                batch.condition[here],
                gaps[here],
                drawn[here],
                batch.target[here],
                weights,
                None if noise is None else noise[here],
                None if other_noise is None else other_noise[here],
                chances[here],
                pixels,
                encoded_here,
                size / own,
                encoded_here * world / max(encoded, 1),
                (size - encoded_here) * world / max(total - encoded, 1),
                weights.sum() / weight,
                weights[:encoded_here].sum() / encoded_weight,
            )
        )
    return parts


def accumulate(module: nn.Module, parts: Sequence[P]) -> Iterator[P]:
    """Yields the microbatches; workers average the gradients of `module` at the last one only."""
    for i, part in enumerate(parts):
        is_last = i == len(parts) - 1
        several = isinstance(module, DistributedDataParallel) and not is_last
        with module.no_sync() if several else contextlib.nullcontext():  # type: ignore[operator]
            yield part
