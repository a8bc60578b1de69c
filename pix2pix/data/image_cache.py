"""The examples of a dataset as arrays, decoded once if memory allows, else on each access."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pix2pix.data.discovery import Example
from pix2pix.data.example_reader import PROGRESS_DELAY_S
from pix2pix.data.resize_crop import ImageArray

log = logging.getLogger(__name__)

ImageArrays = tuple[ImageArray, ...]
Reader = Callable[[Example], ImageArrays]  # ValueError "FILE: reason"

CACHE_PART = 0.5  # share of the free memory for decoded images
MAX_COUNTED = 8192  # examples used for the statistics of a dataset
CHUNK = 64  # examples in memory at a time while computing them


class CachedExamples:
    """The images of example i, of one shape, from memory or from its files."""

    def __init__(
        self,
        items: Sequence[Example],
        read: Reader,
        kept: list[ImageArrays] | None = None,
        skip_invalid: bool = False,
    ) -> None:
        self.names = [item.name for item in items]
        self.sides = [item.side for item in items]  # of unpaired sets
        self._items = items
        self._read = read
        self._kept = kept
        self._skip_bad = skip_invalid

    @property
    def in_memory(self) -> bool:
        return self._kept is not None

    @property
    def input_half(self) -> int | None:
        """Which half of its file the first image of the examples is, if any."""
        return self._items[0].parts[0].half if self._items else None

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> ImageArrays:
        """ValueError "FILE: reason" for a bad file; with skip_invalid, the next example."""
        if self._kept is not None:
            return self._kept[index]
        for offset in range(len(self)):
            try:
                return self._read(self._items[(index + offset) % len(self)])
            except ValueError as error:
                if not self._skip_bad or offset + 1 == len(self):
                    raise
                log.warning("%s; the next image is taken for it", error)
        raise AssertionError("an empty set has no examples")

    def iter_sample(self) -> Iterator[ImageArrays]:
        """At most MAX_COUNTED evenly spaced examples, independent of caching."""
        count = min(len(self), MAX_COUNTED)
        indices = np.linspace(0, len(self) - 1, count).round().astype(int).tolist()
        bar = tqdm(total=count, desc="counting", leave=False, delay=PROGRESS_DELAY_S, unit="image")
        with ThreadPoolExecutor() as pool, bar:
            for start in range(0, count, CHUNK):
                yield from pool.map(self.__getitem__, indices[start : start + CHUNK])
                bar.update(CHUNK)


def cache_budget_bytes(cache_gb: float, processes: int) -> int:
    """The cache size in bytes for one of `processes`; `cache_gb` is as in `DataOptions`."""
    if cache_gb >= 0:
        return int(cache_gb * 1e9) // processes
    return int(measure_free_memory() * CACHE_PART) // processes


def measure_free_memory() -> int:
    """The free memory in bytes: of the machine, or of its control group if less."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(x.split()[1]) * 1024 for x in lines if x.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pages = getattr(os, "sysconf", lambda _: 0)("SC_PHYS_PAGES")
        free = pages * 4096 // 2 or 4 << 30  # no telling: half of the machine, or 4 GiB
    return max(0, min(free, _free_in_group()))


def _free_in_group() -> int:
    """Bytes below the limit of the control group (a container's), not counting its file cache."""
    group = Path("/sys/fs/cgroup")
    for limit, used, stat, cached in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    ):
        try:
            top, now = (int((group / name).read_text()) for name in (limit, used))
            facts = dict(x.split() for x in (group / stat).read_text().splitlines())
            return top - now + int(facts.get(cached, 0))
        except (OSError, ValueError):  # no such file; "max"
            continue
    return 1 << 62
