"""Microbatches: the images of a step, in one piece or in several computed one after the other."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pix2pix.data.loader import Batch
from pix2pix.training.distributed import Workers


@dataclass(frozen=True)
class Microbatch:
    """Images of a step that are computed together.

    The first `encoded` are painted in the style of their own photo and have a truth: they are
    compared with their target. The others get a drawn style and are seen by D alone. A mean over a
    microbatch times its share, summed over the microbatches and averaged over the workers, is the
    mean over the whole step.
    """

    input: Tensor  # (N, C, H, W), as in Batch
    condition: Tensor
    gaps: Tensor  # (N, 1, H, W), 1 where an element was dropped from the input
    target: Tensor
    weight: Tensor
    noise: Tensor | None  # (N, style_dim), standard normal; None: no styles
    chances: Tensor  # (N, CHANCES), of `augmentation`
    pixels: Any  # an index: the pixels of the output that target and weight are of
    encoded: int
    share: float  # of the images
    encoded_share: float  # of those with a truth
    drawn_share: float  # of those with a drawn style
    weight_share: Tensor  # of the sum of all weights
    encoded_weight_share: Tensor  # of the sum of the weights where there is a truth


def split_batch(
    batch: Batch,
    noise: Tensor | None,
    chances: Tensor,
    gaps: Tensor,
    pixels: Any,
    encoded: int,
    count: int,
    workers: Workers,
) -> list[Microbatch]:
    """A worker's batch as `count` microbatches of one size.

    Of all workers' images the first `encoded` have a truth. `noise` and `chances` are this
    worker's.
    """
    own, world = len(batch.input), workers.world
    total, size, start = own * world, own // count, workers.rank * own
    known = min(max(encoded - start, 0), own)
    weight = workers.total(batch.weight.sum()).clamp(min=1e-12) / world
    encoded_weight = workers.total(batch.weight[:known].sum()).clamp(min=1e-12) / world
    parts = []
    for first in range(0, own, size):
        here = np.s_[first : first + size]
        has_truth = min(max(known - first, 0), size)
        weights = batch.weight[here]
        parts.append(
            Microbatch(
                batch.input[here],
                batch.condition[here],
                gaps[here],
                batch.target[here],
                weights,
                None if noise is None else noise[here],
                chances[here],
                pixels,
                has_truth,
                size / own,
                has_truth * world / max(encoded, 1),
                (size - has_truth) * world / max(total - encoded, 1),
                weights.sum() / weight,
                weights[:has_truth].sum() / encoded_weight,
            )
        )
    return parts


def accumulate(module: nn.Module, parts: Sequence[Microbatch]) -> Iterator[Microbatch]:
    """The microbatches in turn. Workers average the gradients of `module` at the last one only."""
    for i, part in enumerate(parts):
        is_last = i == len(parts) - 1
        several = isinstance(module, DistributedDataParallel) and not is_last
        with module.no_sync() if several else contextlib.nullcontext():  # type: ignore[operator]
            yield part
