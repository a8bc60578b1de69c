"""Run a model on the CPU, and on a lent GPU (ZeroGPU) what would take long there."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.inference.backends import InferenceCancelledError, Stop, TorchBackend, make_backend
from pix2pix.inference.oom_fallback import OomFallback, Shape
from pix2pix.inference.runner import Runner
from pix2pix.models import Style
from pix2pix.runtime import zerogpu
from pix2pix.runtime.user_warnings import notify

# A call borrows the GPU for a second or more, and each visitor has two to five minutes of it a day.
MAX_CPU_S = 1.0


def make_runner(
    model: Model, device: torch.device, engine: str = "torch", live_shape: Shape = None
) -> OomFallback | GpuOnDemand:
    """What runs a model on its device; on ZeroGPU mostly on the CPU.

    Calls at `live_shape` (H, W) can be cancelled, and never borrow a GPU.
    """
    if zerogpu.spaces and device.type != "cpu":
        return GpuOnDemand(model, device, engine, live_shape)
    return OomFallback(model, device, engine, live_shape=live_shape)


class GpuOnDemand:
    """Runs a model on the CPU, unless that would take over MAX_CPU_S: then on the lent GPU.

    How long it would take follows from the calls before. Where no GPU is lent the CPU runs the
    call, with a notice. Drawings do not wait for a call on the GPU, which may have to queue.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        engine: str = "torch",
        live_shape: Shape = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._generator = copy.deepcopy(model.generator).eval()
        self._on_cpu = Runner(model, torch.device("cpu"), engine, live_shape)
        self._device, self._clock = device, clock
        self._on_gpu: TorchBackend | None = None  # in the process that has the GPU
        self._run_lent = zerogpu.with_zerogpu(self._run_on_gpu)
        self._live_pixels = 0 if live_shape is None else live_shape[0] * live_shape[1]
        self._s_per_pixel = 0.0  # the fastest call on the CPU; 0: not known yet
        self._shapes: set[torch.Size] = set()  # that have run before

    def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
        """Takes and returns tensors on the CPU.

        Raises InferenceCancelledError soon after `stop()` is true.
        """
        pixels = x.shape[0] * x.shape[2] * x.shape[3]
        if pixels > self._live_pixels and pixels * self._s_per_pixel > MAX_CPU_S:
            if stop is not None and stop():
                raise InferenceCancelledError
            try:
                return self._run_lent(x, style)
            except zerogpu.GpuRefusedError as error:
                notify(str(error))
        start = self._clock()
        output = self._on_cpu(x, style, stop)
        self._note(x.shape, (self._clock() - start) / pixels)
        return output

    def _note(self, shape: torch.Size, s_per_pixel: float) -> None:
        if shape in self._shapes:  # the first call at a shape may compile the model
            self._s_per_pixel = min(self._s_per_pixel or s_per_pixel, s_per_pixel)
        self._shapes.add(shape)

    def _run_on_gpu(self, x: Tensor, style: Style | None) -> Tensor:
        with one_thread():
            if self._on_gpu is None:
                backend = make_backend("torch", self._generator, self._device)
                assert isinstance(backend, TorchBackend)
                self._on_gpu = backend
            return self._on_gpu(x, style)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """torch uses one CPU thread inside: the OpenMP pool of a process does not survive its fork."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
