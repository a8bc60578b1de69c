"""Run a loaded generator, one call at a time per process."""

from __future__ import annotations

import threading
import time

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.inference.backends import InferenceCancelledError, Stop, make_backend
from pix2pix.models import Style
from pix2pix.runtime.model_time import note_model_run


class Runner:
    """Runs a generator in a backend. Thread-safe.

    All Runners of the process share a lock, since each call uses all cores. Calls at `live_shape`
    (H, W) can be cancelled in every backend.
    """

    _lock = threading.Lock()

    def __init__(
        self,
        model: Model,
        device: torch.device,
        engine: str = "torch",
        live_shape: tuple[int, int] | None = None,
    ) -> None:
        self._backend = make_backend(engine, model.generator, device, live_shape)

    def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
        """Takes and returns tensors on the CPU.

        Raises InferenceCancelledError soon after `stop()` is true.
        """
        with self._lock:
            if stop is not None and stop():
                raise InferenceCancelledError
            start = time.perf_counter()
            output = self._backend(x, style, stop)
            note_model_run(time.perf_counter() - start)
            return output
