"""Run a function over many items in the worker processes of a Ray cluster, with Ray Data.

Only this module imports ray. Items and results are small (paths, notes); workers read and write
the files themselves, so photos do not pass through Ray's object store.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import pickle
import socket
import tempfile
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R")

# Takes a folder with the shipped files, the worker's cores, and whether a worker that died may have
# processed items; returns the function that processes one item.
Load: TypeAlias = "Callable[[Path, int, bool], Callable[[T], R]]"

MISSING = "--ray needs the package ray: run pip install 'pix2pix-studio[ray]'"
DEFAULT_CORES = 2  # of a worker without a GPU
MAX_BLOCK = 64  # items per Ray task
BLOCKS_PER_WORKER = 8  # at least, so that no worker waits long for the last one
RETRIES = 2  # of a block whose worker died, before its items are tried one by one
CONNECT_S = 10.0
# Read by Ray when it is imported or starts a cluster; the user's own settings take precedence
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # otherwise a call after the end starts another cluster
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # otherwise it prints an error about each _Worker's arguments
    "RAY_worker_niceness": "0",  # 15 by default: workers would hardly run beside other programs
}
_FAILED = -1  # in place of an item's index: the worker could not start


@dataclass(frozen=True)
class Workers:
    """The worker processes to start, and the resources of each."""

    count: int
    cores: int
    gpus: int = 0


@dataclass(frozen=True)
class Finished(Generic[R]):
    """An item that was processed; `result` is None if its worker died at every attempt."""

    index: int
    result: R | None


def plan_workers(
    nodes: Sequence[Mapping[str, float]], count: int | None, cores: int | None
) -> Workers:
    """The workers for nodes with resources {"CPU": n, "GPU": n}.

    One worker per GPU with an equal share of its node's cores; without GPUs, one per `cores`
    cores. Raises ValueError if the nodes cannot hold a single worker.
    """
    gpus = [node for node in nodes if node.get("GPU", 0) >= 1]
    if gpus:
        most = sum(int(node["GPU"]) for node in gpus)
        share = min(int(node.get("CPU", 0) // int(node["GPU"])) for node in gpus)
        fits = "GPUs"
    else:
        share = max((int(node.get("CPU", 0)) for node in nodes), default=0)
        if cores is None:
            share = min(share, DEFAULT_CORES)
        fits = "cores"
    size = min(share, cores or share)
    if size < 1 or (cores or 0) > share:
        raise ValueError(
            f"the cluster has at most {share} cores for a worker, expected at least {cores or 1}"
        )
    if not gpus:
        most = sum(int(node.get("CPU", 0)) // size for node in nodes)
    if count is not None and count > most:
        raise ValueError(f"the cluster has {fits} for {most} workers, got --ray-workers {count}")
    return Workers(count or most, size, 1 if gpus else 0)


def check_address(address: str) -> None:
    """Raises OSError if nothing accepts connections at HOST:PORT; Ray itself waits for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()


class RayPool(contextlib.AbstractContextManager["RayPool"]):
    """Worker processes on a Ray cluster; leaving the context ends them.

    `address` is a cluster's as for `ray.init`; "" starts one on this machine, which ends with the
    context. In a process that is connected to a cluster, that one is used. Raises ValueError
    if ray is not installed, if no cluster answers, or if it cannot hold the workers.
    """

    workers: Workers

    _owns_connection = False

    def __init__(
        self, address: str = "", count: int | None = None, cores: int | None = None
    ) -> None:
        self._address, self._count, self._cores = address, count, cores

    def __enter__(self) -> RayPool:
        if importlib.util.find_spec("ray") is None:
            raise ValueError(MISSING)
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        import ray
        import ray.data

        self._owns_connection = not ray.is_initialized()
        if self._owns_connection:
            self._connect()
        try:
            nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
            self.workers = plan_workers(nodes, self._count, self._cores)
        except BaseException:
            self.__exit__()
            raise
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # their items are tried again one by one
        return self

    def _connect(self) -> None:
        import ray

        quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if not self._address:
            cores = max((self._count or 1) * (self._cores or 1), os.cpu_count() or 1)
            ray.init("local", num_cpus=cores, include_dashboard=False, **quiet)
        else:
            try:
                check_address(self._address)
                ray.init(self._address, **quiet)
            except Exception as error:  # ConnectionError, ValueError, RuntimeError, gRPC's own
                reason = str(error).strip().partition("\n")[0] or type(error).__name__
                raise ValueError(
                    f"--ray {self._address}: no Ray cluster answers there ({reason}); expected the "
                    "HOST:PORT that 'ray start --head' printed, or auto on one of its machines"
                ) from None
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        import ray

        if self._owns_connection:
            ray.shutdown()

    def run(
        self,
        load: Load[T, R],
        files: Mapping[str, bytes],
        items: Sequence[T],
        threads: int | None = None,
    ) -> Generator[list[Finished[R]], None, None]:
        """Yields the items of each finished block, in any order.

        Each worker writes `files` to a folder, calls `load` once, and processes `threads` items at
        a time (default: its cores). Items of a worker that dies are processed again. Closing the
        generator abandons what is in progress. Raises ValueError with the message of an error in
        `load`, and RuntimeError if the cluster fails.
        """
        import ray

        left = dict(enumerate(items))
        spread = len(items) // (self.workers.count * BLOCKS_PER_WORKER)
        shipped = ray.put(dict(files))
        # What is left after the first round was beside an item that kills its worker, or is one.
        for block, is_retry in ((min(MAX_BLOCK, max(1, spread)), False), (1, True)):
            start = _Start(load, self.workers.cores, threads or self.workers.cores, is_retry)
            if left:
                with contextlib.closing(
                    self._run_blocks(start, shipped, dict(left), block)
                ) as done:
                    for found in done:
                        for finished in found:
                            left.pop(finished.index, None)
                        yield found
        yield [Finished(index, None) for index in left]

    def _run_blocks(
        self, start: _Start, shipped: Any, items: Mapping[int, T], block: int
    ) -> Generator[list[Finished[Any]], None, None]:
        import pyarrow as pa
        import ray.data

        content = [pickle.dumps(item) for item in items.values()]
        index = pa.array(list(items), pa.int64())
        table = pa.table({"index": index, "item": pa.array(content, pa.binary())})
        slices = [table.slice(first, block) for first in range(0, len(items), block)]
        count = min(self.workers.count, len(slices))
        with warnings.catch_warnings():
            # Ray 2.60 has no other way to limit the retries, which are endless by default.
            warnings.simplefilter("ignore")
            results = ray.data.from_arrow(slices).map_batches(
                _Worker,
                fn_constructor_args=(start, shipped),
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(size=count),
                num_cpus=self.workers.cores,
                num_gpus=self.workers.gpus or None,
                max_restarts=-1,
                max_task_retries=RETRIES,
            )
        # Read in this thread alone: Ray ends the process if another one uses it after its shutdown.
        batches: Any = iter(
            results.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
        )
        with contextlib.closing(batches):
            while True:
                try:
                    batch = next(batches, None)
                except Exception as error:
                    raise RuntimeError(f"the Ray cluster failed: {error}") from error
                if batch is None:
                    return
                yield _unpack(batch)


@dataclass(frozen=True)
class _Start:
    """What a worker needs to start; `is_retry` if items were tried by other workers before."""

    load: Load[Any, Any]
    cores: int
    threads: int
    is_retry: bool


def _unpack(batch: pa.Table) -> list[Finished[Any]]:
    found = []
    for index, content in zip(batch["index"].to_pylist(), batch["result"].to_pylist()):
        result = pickle.loads(content)  # from our own worker
        if index == _FAILED:
            raise ValueError(result)
        found.append(Finished(index, result))
    return found


class _Worker:
    """Processes blocks of items in an actor of Ray."""

    def __init__(self, start: _Start, shipped: Any) -> None:
        import ray

        self._folder = tempfile.TemporaryDirectory(prefix="pix2pix-")
        self._pool = ThreadPoolExecutor(start.threads)
        self._error = ""
        is_retry = start.is_retry or ray.get_runtime_context().was_current_actor_reconstructed
        try:
            folder = Path(self._folder.name)
            for name, content in ray.get(shipped).items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            self._work = start.load(folder, start.cores, is_retry)
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            # An exception here would make Ray start the worker over and over.
            self._error = str(error) or type(error).__name__

    def __call__(self, batch: pa.Table) -> pa.Table:
        import pyarrow as pa

        if self._error:
            index, results = [_FAILED], [self._error]
        else:
            index = batch["index"].to_pylist()
            items = (pickle.loads(content) for content in batch["item"].to_pylist())
            results = list(self._pool.map(self._work, items))
        packed = [pickle.dumps(result) for result in results]
        return pa.table(
            {"index": pa.array(index, pa.int64()), "result": pa.array(packed, pa.binary())}
        )
