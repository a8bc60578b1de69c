"""The images of a step, in one piece or in several that are computed one after the other."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from pix2pix.data.loader import Batch
from pix2pix.training.distributed import Workers


@dataclass(frozen=True)
class Part:
    """Images of a step that are computed together.

    The first `encoded` have the style of their own photo and are judged by their truth too. Means
    over the parts, times their shares, add up to what has the mean over the step as its mean over
    the workers: with one worker, to that mean.
    """

    input: Tensor  # (N, C, H, W), as in Batch
    condition: Tensor
    gaps: Tensor  # (N, 1, H, W), 1 where something was taken out of the input
    target: Tensor
    weight: Tensor
    style: Tensor | None  # (N, style_dim)
    chances: Tensor  # (N, CHANCES), of `augmentation`
    encoded: int
    share: float  # of the images
    encoded_share: float  # of those with a truth
    drawn_share: float  # of those with a drawn style
    weight_share: Tensor  # of the sum of all weights
    encoded_weight_share: Tensor  # of the sum of the weights where there is a truth


def split_batch(
    batch: Batch,
    style: Tensor | None,
    chances: Tensor,
    gaps: Tensor,
    encoded: int,
    count: int,
    workers: Workers,
) -> list[Part]:
    """A worker's batch in `count` parts of one size.

    The first `encoded` of all workers' images have a truth; `style` and `chances` are this one's.
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
            Part(
                batch.input[here],
                batch.condition[here],
                gaps[here],
                batch.target[here],
                weights,
                None if style is None else style[here],
                chances[here],
                has_truth,
                size / own,
                has_truth * world / max(encoded, 1),
                (size - has_truth) * world / max(total - encoded, 1),
                weights.sum() / weight,
                weights[:has_truth].sum() / encoded_weight,
            )
        )
    return parts
