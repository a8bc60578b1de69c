"""Run a model on the CPU if the GPU is out of memory."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.inference.backends import Stop
from pix2pix.inference.runner import Runner
from pix2pix.models import Style
from pix2pix.runtime.user_warnings import notify

NOTICE = "The GPU is out of memory, so this ran on the CPU, which takes longer."

Run = Callable[[Tensor, "Style | None", Stop], Tensor]
Shape = tuple[int, int] | None


class OomFallback:
    """Runs a model on its device; if that is out of memory, on the CPU.

    Each call tries the device first, since other processes may have released their memory.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        engine: str = "torch",
        make: Callable[[Model, torch.device, str, Shape], Run] = Runner,
        live_shape: Shape = None,
    ) -> None:
        self._engine, self._make, self._live_shape = engine, make, live_shape
        # The CPU has no fallback, and some engines no longer need the weights after conversion.
        self._model = None if device.type == "cpu" else model
        self._run = make(model, device, engine, live_shape)
        self._on_cpu: Run | None = None  # created on the first fallback

    def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
        """Takes and returns tensors on the CPU.

        Raises InferenceCancelledError soon after `stop()` is true.
        """
        try:
            return self._run(x, style, stop)
        except torch.OutOfMemoryError:
            if self._model is None:
                raise
        torch.cuda.empty_cache()  # no effect if CUDA was never used
        notify(NOTICE)
        if self._on_cpu is None:
            model = copy.deepcopy(self._model).cpu().float()
            cpu = torch.device("cpu")
            self._on_cpu = self._make(model, cpu, self._engine, self._live_shape)
        return self._on_cpu(x, style, stop)
