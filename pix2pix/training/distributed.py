"""Distributed training: one process per device, started by torchrun.

Each worker computes a part of every batch (`loader.BatchPlan`). DistributedDataParallel averages
the gradients, so that all workers make the same update. Losses are scaled so that their mean over
the workers is the loss of the whole batch.

Differences from one process: on a CPU, batch norm takes its statistics from a worker's part
(SyncBatchNorm needs CUDA), and dropout masks differ.
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

# All workers wait while the first one evaluates and saves
TIMEOUT = datetime.timedelta(minutes=30)


@dataclass(frozen=True)
class Workers:
    """One worker of a run, and its communication with the others."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this worker writes the files."""
        return self.rank == 0

    @contextlib.contextmanager
    def fail_together(self) -> Iterator[None]:
        """A block in which a ValueError or OSError of one worker ends all; the first reports it."""
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
                sys.exit(2)  # the first worker reports it
            raise ValueError(first) from error

    def broadcast(self, value: T) -> T:
        """The value of the first worker, on all workers."""
        if self.world == 1:
            return value
        values: list[Any] = [value]
        dist.broadcast_object_list(values)
        return values[0]

    def highest(self, value: float) -> float:
        """The maximum over all workers."""
        if self.world == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64)
        self._reduce(tensor, dist.ReduceOp.MAX)
        return tensor.item()

    def total(self, tensor: Tensor) -> Tensor:
        """The sum over all workers."""
        if self.world == 1:
            return tensor
        tensor = tensor.detach().clone()
        self._reduce(tensor)
        return tensor

    def means(self, losses: dict[str, Tensor]) -> dict[str, float]:
        """The mean of each loss over all workers."""
        stacked = torch.stack([loss.detach().float() for loss in losses.values()])
        return dict(zip(losses, (self.total(stacked) / self.world).tolist()))

    def portion(self, amount: Tensor) -> Tensor | float:
        """Factor that turns the mean of the workers' means over `amount` into the overall mean."""
        if self.world == 1:
            return 1.0
        amount = amount.detach().float()
        return amount * self.world / self.total(amount).clamp(min=1e-12)

    def own_part(self, whole: Tensor) -> Tensor:
        """This worker's rows of a tensor for the whole batch."""
        share = len(whole) // self.world
        return whole[self.rank * share : (self.rank + 1) * share]

    def gather_rows(self, part: Tensor, share: int, count: int) -> Tensor:
        """The first `count` rows of all workers in order; each worker has up to `share` rows."""
        if self.world == 1:
            return part
        rows = part.new_zeros(self.world * share, *part.shape[1:])
        rows[self.rank * share : self.rank * share + len(part)] = part.detach()
        self._reduce(rows)
        return rows[:count]

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module in DistributedDataParallel; unchanged for a single worker.

        Parameters that no worker uses get no gradient, so that Adam skips them as in one process.
        """
        if self.world == 1:
            return module
        if self.device.type == "cuda":
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return DistributedDataParallel(module, broadcast_buffers=False, find_unused_parameters=True)

    @contextlib.contextmanager
    def catch_lost_workers(self) -> Iterator[None]:
        """A block that exchanges gradients. Raises RunStoppedError if another worker died."""
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
    """This process as a worker of torchrun, or as the only worker.

    On CUDA each worker uses the GPU of its local rank. Raises ValueError if there is none.
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
    store, _, _ = next(dist.rendezvous("env://", rank, world, timeout=TIMEOUT))
    # torchrun keeps its store when it restarts workers, with the addresses of those that died
    store = dist.PrefixStore(f"attempt_{count_restarts()}", store)
    dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=TIMEOUT)
    yield Workers(device, rank, world)
    # Skipped after an error: it would wait for workers that died
    dist.barrier()
    dist.destroy_process_group()


def count_restarts() -> int:
    """How often torchrun has restarted the workers with the same command after a failure."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
