"""A model that a full GPU does not stop: the call that found no room is made on the CPU."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.inference.engines import Stop
from pix2pix.inference.runner import Runner
from pix2pix.runtime.user_warnings import notify

NOTICE = "The GPU's memory is full, so this was made on the CPU, which takes longer."

Run = Callable[[Tensor, "Tensor | None", Stop], Tensor]


class OomFallback:
    """Runs a model on its device; where that has no memory left, on the CPU.

    Each call tries the device first: it is often another's work that fills it for a while.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        engine: str = "torch",
        make: Callable[[Model, torch.device, str], Run] = Runner,
    ) -> None:
        self._engine, self._make = engine, make
        # On the CPU there is nothing to fall back to, and an engine may need the weights no longer.
        self._model = None if device.type == "cpu" else model
        self._run = make(model, device, engine)
        self._on_cpu: Run | None = None  # made when it is needed: most machines never need it

    def __call__(self, x: Tensor, style: Tensor | None, stop: Stop = None) -> Tensor:
        """Takes and gives tensors on the CPU. Raises StoppedError soon after `stop()` is true."""
        try:
            return self._run(x, style, stop)
        except torch.OutOfMemoryError:
            if self._model is None:
                raise
        torch.cuda.empty_cache()  # nothing where CUDA was never used
        notify(NOTICE)
        if self._on_cpu is None:
            model = copy.deepcopy(self._model).cpu().float()
            self._on_cpu = self._make(model, torch.device("cpu"), self._engine)
        return self._on_cpu(x, style, stop)
