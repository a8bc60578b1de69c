"""Batches as a pure function of (seed, step), prefetched by threads.

The loader is stateless: a run resumed at step k sees the same batches as an uninterrupted run.
"""

import functools
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """The data of one training step, (N, C, H, W) each."""

    input: Tensor  # input of the generator
    target: Tensor  # expected output
    weight: Tensor  # (N, 1, H, W): weight of each pixel in the loss; 0 ignores it
    condition: Tensor  # condition of the discriminator

    def to(self, device: torch.device, memory_format: torch.memory_format) -> "Batch":
        def move(x: Tensor) -> Tensor:
            return x.to(device, non_blocking=True).contiguous(memory_format=memory_format)

        return Batch(*(move(getattr(self, f.name)) for f in fields(self)))


class Loadable(Protocol):
    """What a loader yields: a batch, or what becomes one on the device."""

    def to(self, device: torch.device, memory_format: torch.memory_format) -> Batch: ...


B_co = TypeVar("B_co", bound=Loadable, covariant=True)
B = TypeVar("B", bound=Loadable)

MAX_AUTO_WORKERS = 16


class BatchSource(Protocol[B_co]):
    """What batches are made from: a dataset, on the CPU or on a device (`device_batches.py`)."""

    def __len__(self) -> int: ...

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> B_co: ...


class Dataset(Protocol):
    """A set of examples that can be loaded with or without augmentation."""

    names: list[str]  # of the examples, in order

    def __len__(self) -> int: ...

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        """A batch of examples: augmented with one generator each, or unaugmented with None.

        `size` overrides the height of the images.
        """
        ...


def example_at(position: int, size: int, seed: int) -> int:
    """The index of the example at a position in the endless sequence of shuffled epochs."""
    epoch, offset = divmod(position, size)
    return int(_order_of_epoch(size, seed, epoch)[offset])


@functools.lru_cache(maxsize=2)  # a batch may span two epochs; of a million examples 8 MB each
def _order_of_epoch(size: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(size)


def count_workers(num_workers: int, device: torch.device, world: int = 1) -> int:
    """The number of loader threads: `num_workers`, or for -1 as many as `device` needs.

    One on a CPU, which trains with all cores. A GPU leaves them to the loader: each of `world`
    processes takes its part of the cores, at most MAX_AUTO_WORKERS.
    """
    if num_workers >= 0:
        return num_workers
    if device.type == "cpu":
        return 1
    return max(1, min(MAX_AUTO_WORKERS, (os.cpu_count() or 1) // world))


@dataclass(frozen=True)
class BatchPlan:
    """The order of a run's examples, as a function of seed and step."""

    batch_size: int
    seed: int
    progressive_steps: int = 0  # number of initial steps with images of height `progressive_size`
    progressive_size: int = 0
    rank: int = 0  # index of this worker, of `world`
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank must be from 0 to {self.world - 1}, got {self.rank}")
        if self.batch_size % self.world:
            raise ValueError(
                f"batch_size must be a multiple of the number of workers, {self.world}, "
                f"got {self.batch_size}"
            )

    def batch(self, dataset: BatchSource[B], step: int) -> B:
        """This worker's slice of the step's batch; the slices of all ranks form the batch."""
        share = self.batch_size // self.world
        first = step * self.batch_size + self.rank * share
        positions = range(first, first + share)
        indices = [example_at(p, len(dataset), self.seed) for p in positions]
        rngs = [np.random.default_rng((self.seed, 1, p)) for p in positions]
        return dataset.batch(
            indices, rngs, self.progressive_size if step < self.progressive_steps else None
        )


def iterate_batches(
    dataset: BatchSource[B], plan: BatchPlan, first_step: int, last_step: int, workers: int
) -> Iterator[B]:
    """The batches of steps first_step .. last_step - 1 in order, prefetching `workers` + 1."""
    if workers == 0:
        for step in range(first_step, last_step):
            yield plan.batch(dataset, step)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="batches") as pool:
        pending: deque[Future[B]] = deque()
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
