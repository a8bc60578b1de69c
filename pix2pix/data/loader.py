"""Batches as a pure function of (seed, step), computed ahead by threads.

Nothing has a state to save: a run resumed at step k sees what the unbroken run would have seen.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """What one training step sees, (N, C, H, W) each."""

    input: Tensor  # what the generator takes
    target: Tensor  # what it should give
    weight: Tensor  # (N, 1, H, W): how much a pixel counts in the loss; 0 leaves it out
    condition: Tensor  # what the discriminator sees beside the target

    def to(self, device: torch.device, memory_format: torch.memory_format) -> "Batch":
        def move(x: Tensor) -> Tensor:
            return x.to(device, non_blocking=True).contiguous(memory_format=memory_format)

        return Batch(*(move(getattr(self, f.name)) for f in fields(self)))


class Dataset(Protocol):
    """A set of examples that can be drawn with or without augmentation."""

    names: list[str]  # of the examples, in order

    def __len__(self) -> int: ...

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        """Examples stacked; augmented with one generator each, or as they are for evaluation.

        `size` is the side of the squares where it is not the data set's own.
        """
        ...


def example_at(position: int, size: int, seed: int) -> int:
    """The index of the example at a position in the endless sequence of shuffled epochs."""
    epoch, offset = divmod(position, size)
    return int(np.random.default_rng((seed, epoch)).permutation(size)[offset])


@dataclass(frozen=True)
class BatchPlan:
    """How a run walks through its data."""

    batch_size: int
    seed: int
    progressive_steps: int = 0  # the first so many steps see pictures of height `progressive_size`
    progressive_size: int = 0
    rank: int = 0  # of `world` workers, which one this is
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank must be from 0 to {self.world - 1}, got {self.rank}")
        if self.batch_size % self.world:
            raise ValueError(
                f"batch_size must be a multiple of the number of workers, {self.world}, "
                f"got {self.batch_size}"
            )

    def batch(self, dataset: Dataset, step: int) -> Batch:
        """This worker's part of the step's batch: those of all ranks, in order, are the whole."""
        share = self.batch_size // self.world
        first = step * self.batch_size + self.rank * share
        positions = range(first, first + share)
        indices = [example_at(p, len(dataset), self.seed) for p in positions]
        rngs = [np.random.default_rng((self.seed, 1, p)) for p in positions]
        return dataset.batch(
            indices, rngs, self.progressive_size if step < self.progressive_steps else None
        )


def iterate_batches(
    dataset: Dataset, plan: BatchPlan, first_step: int, last_step: int, workers: int
) -> Iterator[Batch]:
    """The batches of steps first_step .. last_step - 1, in order, `workers` + 1 of them ahead."""
    if workers == 0:
        for step in range(first_step, last_step):
            yield plan.batch(dataset, step)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="batches") as pool:
        pending: deque[Future[Batch]] = deque()
        try:
            for step in range(first_step, last_step):
                pending.append(pool.submit(plan.batch, dataset, step))
                if len(pending) > workers + 1:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
