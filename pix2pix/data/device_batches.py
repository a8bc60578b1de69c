"""Batches augmented on the training device.

Loader threads draw the random numbers of a batch, as for the CPU and from the same generators, and
pack them as small tensors. The device then computes the whole batch at once: crop, resize, flip and
what the task adds. Results equal those of `Dataset.batch` within rounding.
"""

import contextlib
import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from pix2pix.data.device_views import Views
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.loader import Batch, BatchSource, Dataset, Loadable
from pix2pix.data.pixel_store import PixelStore, count_bytes, fits_on_device

log = logging.getLogger(__name__)

DEVICE_AUGMENT = ("auto", "on", "off")


@dataclass(frozen=True)
class PendingBatch:
    """A batch that `to` computes on a device: pixels, drawn numbers, and how to make it."""

    make: Callable[["PendingBatch"], Batch]
    parts: tuple[Tensor, ...] = ()  # pixels of the examples, as in `PackedImages`
    views: Views | None = None
    draws: dict[str, Tensor] = field(default_factory=dict)

    def to(self, device: torch.device, memory_format: torch.memory_format) -> Batch:
        moved = self._map(lambda x: x.to(device, non_blocking=True))
        return self.make(moved).to(device, memory_format)

    def pinned(self) -> "PendingBatch":
        """The same in page-locked memory, from which a GPU copies while it computes."""
        return self._map(lambda x: x if x.is_cuda else x.pin_memory())

    def _map(self, act: Callable[[Tensor], Tensor]) -> "PendingBatch":
        return dataclasses.replace(
            self,
            parts=tuple(map(act, self.parts)),
            views=self.views and self.views.map(act),
            draws={name: act(x) for name, x in self.draws.items()},
        )


@runtime_checkable
class DeviceDataset(Dataset, Protocol):
    """A dataset that can leave the computing of its training batches to a device."""

    @property
    def examples(self) -> CachedExamples: ...

    def draw(
        self,
        indices: list[int],
        rngs: list[np.random.Generator],
        size: int | None,
        store: PixelStore,
    ) -> PendingBatch:
        """The batch that `batch` makes, with all random numbers but not yet computed."""
        ...


class DeviceBatches:
    """The training batches of a dataset, computed on `device`.

    `keeps`: the decoded examples stay there; else their pixels are sent with each batch.
    """

    def __init__(self, dataset: DeviceDataset, device: torch.device, keeps: bool) -> None:
        self.store = PixelStore(dataset.examples, device, keeps)
        self._dataset = dataset
        self._device = device

    def __len__(self) -> int:
        return len(self._dataset)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Loadable:
        if rngs is None:
            return self._dataset.batch(indices, rngs, size)
        pending = self._dataset.draw(indices, rngs, size, self.store)
        if self._device.type != "cuda":
            return pending
        with self._in_context():
            return pending.pinned()

    def _in_context(self) -> contextlib.AbstractContextManager[object]:
        """In a thread, torch pins memory through GPU 0 unless told otherwise."""
        return torch.cuda.device(self._device)


def augment_on(dataset: Dataset, mode: str, device: torch.device) -> BatchSource[Loadable]:
    """The source of training batches: `dataset`, or `DeviceBatches` of it.

    `mode` is one of DEVICE_AUGMENT; auto augments on a GPU, where loader threads would limit the
    speed. Datasets that cannot, and those of samples that are no levels in 0..255, are augmented on
    the CPU.
    """
    wanted = mode == "on" or (mode == "auto" and device.type == "cuda")
    if not wanted:
        return dataset
    if not isinstance(dataset, DeviceDataset) or not holds_levels(dataset.examples):
        log.info("augmentation: on the CPU, which alone can make these inputs")
        return dataset
    keeps = fits_on_device(dataset.examples, device)
    where = "sent with each batch"
    if keeps:
        where = f"kept there ({count_bytes(dataset.examples) / 1e9:.2f} GB)"
    log.info("augmentation: on %s, decoded images %s", device, where)
    return DeviceBatches(dataset, device, keeps)


def holds_levels(examples: CachedExamples) -> bool:
    """Whether the images are 8-bit pictures, by the first and the last example: A and B."""
    return all(image.dtype == np.uint8 for i in (0, len(examples) - 1) for image in examples[i])
