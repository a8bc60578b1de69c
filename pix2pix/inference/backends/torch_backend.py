"""Run a generator in torch, on any device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pix2pix.inference.backends.cancellation import InferenceCancelledError, Stop
from pix2pix.inference.backends.cuda_graphs import GraphedCall
from pix2pix.models import Generator, ResizeConv, Style, StyleMap
from pix2pix.runtime.device import autocast


class TorchBackend:
    """Runs a generator in channels-last layout. On a CPU it can be cancelled between layers.

    With `bf16` it computes in bfloat16, unless the generator needs float32. On CUDA, repeated
    calls at a shape use a CUDA graph (`cuda_graphs.py`), unless `graphs` is false.
    """

    def __init__(
        self, generator: Generator, device: torch.device, bf16: bool = False, graphs: bool = True
    ) -> None:
        self._device = device
        self._bf16 = bf16 and not generator.needs_fp32
        self._stop: Stop = None
        fold_resize_convs(generator)
        self._generator = generator.to(device).eval().to(memory_format=torch.channels_last)
        if device.type == "cpu":  # GPU runs are too short to cancel
            for layer in (*self._generator.down, *self._generator.up):
                layer.register_forward_pre_hook(self._check_stop)
        uses_graphs = graphs and device.type == "cuda"
        self._graphed = GraphedCall(self._forward, device) if uses_graphs else None

    def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
        """Takes and returns tensors on the CPU.

        Raises InferenceCancelledError soon after `stop()` is true.
        """
        self._stop = stop
        try:
            return self._generate(x, style)
        finally:
            self._stop = None

    def _check_stop(self, *_: Any) -> None:
        if self._stop is not None and self._stop():
            raise InferenceCancelledError

    @torch.inference_mode()
    def _generate(self, x: Tensor, style: Style | None) -> Tensor:
        if self._graphed is not None and not isinstance(style, StyleMap):
            return self._graphed(x, style).cpu()
        x = x.to(self._device, memory_format=torch.channels_last)
        return self._forward(x, None if style is None else style.to(self._device)).cpu()

    def _forward(self, x: Tensor, style: Style | None) -> Tensor:
        with autocast(self._device, self._bf16):
            return self._generator(x, style).float()


def fold_resize_convs(module: nn.Module) -> None:
    """Replaces each ResizeConv by the equivalent transposed convolution, in place."""
    for name, child in module.named_children():
        if isinstance(child, ResizeConv):
            setattr(module, name, child.folded())
        else:
            fold_resize_convs(child)
