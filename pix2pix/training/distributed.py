"""Several workers at one run, started by torchrun: one process for each device.

Each computes its own part of every batch (`loader.Plan`). DistributedDataParallel averages the
gradients, so all workers make the same update and the weights stay equal. Losses are scaled so that
their mean over the workers is the loss of the whole batch.

What differs from one process: on a CPU batch norm takes its statistics over a worker's own part
(SyncBatchNorm exists on CUDA only), and dropout draws other masks.
"""

import contextlib
import datetime
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pix2pix.runtime.device import choose_device
from pix2pix.training.run_errors import RunStoppedError

T = TypeVar("T")

# The others wait while the first evaluates and saves.
PATIENCE = datetime.timedelta(minutes=30)


@dataclass(frozen=True)
class Workers:
    """All workers of a run, seen from one of them."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this one writes the files."""
        return self.rank == 0

    @contextlib.contextmanager
    def fail_together(self) -> Iterator[None]:
        """A block in which what is wrong for one worker ends all, in the words of the first."""
        error = None
        try:
            yield
        except (ValueError, OSError) as caught:
            error = caught
        if self.world == 1:
            if error:
                raise error
            return
        words: list[str | None] = [None] * self.world
        dist.all_gather_object(words, str(error) if error else None)
        first = next((w for w in words if w is not None), None)
        if first is not None:
            if not self.is_first:
                sys.exit(2)  # the first one says it
            raise ValueError(first) from error

    def broadcast(self, value: T) -> T:
        """The first worker's value, on all."""
        if self.world == 1:
            return value
        values: list[Any] = [value]
        dist.broadcast_object_list(values)
        return values[0]

    def highest(self, value: float) -> float:
        """The largest of all workers' values."""
        if self.world == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64)
        self._reduce(tensor, dist.ReduceOp.MAX)
        return tensor.item()

    def total(self, tensor: Tensor) -> Tensor:
        """The sum of all workers' tensors."""
        if self.world == 1:
            return tensor
        tensor = tensor.detach().clone()
        self._reduce(tensor)
        return tensor

    def means(self, losses: dict[str, Tensor]) -> dict[str, float]:
        """The mean over the workers of each loss."""
        stacked = torch.stack([loss.detach().float() for loss in losses.values()])
        return dict(zip(losses, (self.total(stacked) / self.world).tolist()))

    def portion(self, amount: Tensor) -> Tensor | float:
        """What makes the mean over the workers of means over `amount` the mean over all of it."""
        if self.world == 1:
            return 1.0
        amount = amount.detach().float()
        return amount * self.world / self.total(amount).clamp(min=1e-12)

    def own_part(self, whole: Tensor) -> Tensor:
        """This worker's part of something drawn for the whole batch."""
        share = len(whole) // self.world
        return whole[self.rank * share : (self.rank + 1) * share]

    def gather_rows(self, part: Tensor, share: int, count: int) -> Tensor:
        """All workers' parts in order, (count, ...), where only the last may be under `share`."""
        if self.world == 1:
            return part
        rows = part.new_zeros(self.world * share, *part.shape[1:])
        rows[self.rank * share : self.rank * share + len(part)] = part.detach()
        self._reduce(rows)
        return rows[:count]

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with its gradients averaged over the workers; itself where there is one.

        Parameters that no worker used keep no gradient, so Adam passes over them as in one process.
        """
        if self.world == 1:
            return module
        if self.device.type == "cuda":
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return DistributedDataParallel(module, broadcast_buffers=False, find_unused_parameters=True)

    @contextlib.contextmanager
    def catch_lost_workers(self) -> Iterator[None]:
        """A block in which gradients are exchanged. StoppedError where another worker is gone."""
        try:
            yield
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            if self.world == 1:
                raise
            raise self._is_gone(error) from error

    def _is_gone(self, error: RuntimeError) -> RunStoppedError:
        words = str(error).splitlines()[0]
        return RunStoppedError(f"worker {self.rank}: another worker is gone ({words})")

    def _reduce(self, tensor: Tensor, operation: Any = None) -> None:
        try:
            dist.all_reduce(tensor, operation or dist.ReduceOp.SUM)
        except RuntimeError as error:
            raise self._is_gone(error) from None


@contextlib.contextmanager
def join_workers(device_name: str) -> Iterator[Workers]:
    """The workers of this torchrun, or the one of a plain process.

    With CUDA each worker has the GPU of its local rank; ValueError where there is none for it.
    """
    device = choose_device(device_name)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world == 1:
        yield Workers(device)
        return
    backend = "gloo"
    if device.type == "cuda":
        local, count = int(os.environ.get("LOCAL_RANK", rank)), torch.cuda.device_count()
        if local >= count:
            raise ValueError(f"expected a GPU for each worker, got {count} for worker {local}")
        device, backend = torch.device("cuda", local), "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(device)
    store, _, _ = next(dist.rendezvous("env://", rank, world, timeout=PATIENCE))
    # torchrun keeps its store when it starts workers anew, with the addresses of those that died.
    store = dist.PrefixStore(f"attempt_{count_restarts()}", store)
    dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=PATIENCE)
    yield Workers(device, rank, world)
    # Not after an error: a worker that is gone would be waited for.
    dist.barrier()
    dist.destroy_process_group()


def count_restarts() -> int:
    """How often torchrun has started the workers anew, with the same command, after one failed."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
