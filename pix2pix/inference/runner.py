"""A generator made ready to serve: one at a time, whoever calls."""

from __future__ import annotations

import threading

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.inference.engines import InferenceCancelledError, Stop, make_engine


class Runner:
    """A generator made ready to serve, by an engine. May be called from several threads.

    Networks run one at a time, whichever Runner they belong to: each takes all cores.
    """

    _turn = threading.Lock()

    def __init__(self, model: Model, device: torch.device, engine: str = "torch") -> None:
        self._engine = make_engine(engine, model.generator, device)

    def __call__(self, x: Tensor, style: Tensor | None, stop: Stop = None) -> Tensor:
        """Takes and gives tensors on the CPU.

        Raises InferenceCancelledError soon after `stop()` is true.
        """
        with self._turn:
            if stop is not None and stop():
                raise InferenceCancelledError
            return self._engine(x, style, stop)
