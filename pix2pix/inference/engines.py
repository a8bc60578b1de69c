"""What runs a generator: torch, or OpenVINO on a CPU, where that is faster.

An engine takes and gives tensors on the CPU, from one thread at a time. It may be stopped between
two layers, when nobody waits for the answer any more.
"""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from pix2pix.device import autocast, has_fast_bf16
from pix2pix.networks import Norm, ResizeConv, UNet
from pix2pix.zerogpu import with_lent_gpu

Stop: TypeAlias = Callable[[], bool] | None  # asked now and then whether to give up

ENGINES = ("auto", "torch", "openvino")
ASK_EVERY_MS = 1  # how often a run is asked whether it should go on
# A run of a larger input is not stopped, and what OpenVINO worked in for it is given back: 200 MB
# of a drawing of 512x512. The next run takes it anew, a drawing of 256x256 then 25 ms longer.
KEEP_PIXELS = 384 * 384


class StoppedError(Exception):
    """The run was given up, as its caller wished."""


class TorchEngine:
    """Runs a generator in torch on any device: channels last, bf16 where that is fast."""

    def __init__(self, generator: UNet, device: torch.device) -> None:
        self._device = device
        self._bf16 = has_fast_bf16(device)
        self._stop: Stop = None
        fold_resize_convs(generator)
        self._generator = generator.to(device).eval().to(memory_format=torch.channels_last)
        if device.type == "cpu":  # elsewhere a run is over before the question is worth asking
            for layer in (*self._generator.down, *self._generator.up):
                layer.register_forward_pre_hook(self._ask)
        self._run = with_lent_gpu(self._generate)

    def __call__(self, x: Tensor, style: Tensor | None, stop: Stop = None) -> Tensor:
        """Raises StoppedError soon after `stop()` is true."""
        self._stop = stop
        try:
            return self._run(x, style)
        finally:
            self._stop = None

    def _ask(self, *_: Any) -> None:
        if self._stop is not None and self._stop():
            raise StoppedError

    @torch.inference_mode()
    def _generate(self, x: Tensor, style: Tensor | None) -> Tensor:
        x = x.to(self._device, memory_format=torch.channels_last)
        style = None if style is None else style.to(self._device)
        with autocast(self._device, self._bf16):
            return self._generator(x, style).float().cpu()


class OpenVinoEngine:
    """Runs a generator in OpenVINO on the CPU, for any height and width.

    The images of a batch are run one after the other: on a CPU that takes as long, and a network
    that knows it has one takes a sixth less. The first call takes a second more, to convert it.
    """

    def __init__(self, generator: UNet) -> None:
        fold_resize_convs(generator)
        self._generator: UNet | None = generator.eval()
        self._request: Any = None
        self._cut_short: list[np.ndarray] | None = None  # the inputs of a run that was stopped

    def __call__(self, x: Tensor, style: Tensor | None, stop: Stop = None) -> Tensor:
        """Raises StoppedError soon after `stop()` is true; a large image goes on to its end."""
        if self._generator is not None:
            self._request, self._generator = compile_request(self._generator), None
        styles = [None] * len(x) if style is None else style.split(1)
        return torch.cat([self._run_one(*one, stop) for one in zip(x.split(1), styles)])

    def _run_one(self, x: Tensor, style: Tensor | None, stop: Stop) -> Tensor:
        inputs = [t.contiguous().numpy() for t in (x, style) if t is not None]
        # After a run that was cancelled one of another shape fails, and so do all that follow,
        # until one of the first shape was whole (OpenVINO 2026.1 and before).
        if self._cut_short and self._cut_short[0].shape != inputs[0].shape:
            self._run(self._cut_short, None)
        self._cut_short = None
        is_large = x.shape[-2] * x.shape[-1] > KEEP_PIXELS
        output = torch.from_numpy(self._run(inputs, None if is_large else stop))
        if is_large:
            self._request.get_compiled_model().release_memory()
        return output

    def _run(self, inputs: list[np.ndarray], stop: Stop) -> np.ndarray:
        self._request.start_async(inputs, share_inputs=True)
        while not self._request.wait_for(ASK_EVERY_MS):
            if stop is not None and stop():
                self._request.cancel()
                with contextlib.suppress(RuntimeError):  # that it was cancelled
                    self._request.wait()
                self._cut_short = inputs
                raise StoppedError
        output: np.ndarray = self._request.get_output_tensor().data.copy()
        return output


def make_engine(kind: str, generator: UNet, device: torch.device) -> TorchEngine | OpenVinoEngine:
    """The engine of that kind; auto is OpenVINO on a CPU without bf16, where it was measured.

    ValueError where the kind is not known, or cannot be had here.
    """
    if kind not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {kind!r}")
    possible = device.type == "cpu" and importlib.util.find_spec("openvino") is not None
    if kind == "openvino" and not possible:
        raise ValueError(
            f"engine openvino runs on the CPU with the package openvino, got device {device.type}"
        )
    # Where the hardware has bf16 the two have not been compared yet: benchmarks/draw.py does it.
    if kind == "openvino" or (kind == "auto" and possible and not has_fast_bf16(device)):
        return OpenVinoEngine(generator)
    return TorchEngine(generator, device)


def compile_request(generator: UNet) -> Any:
    import openvino

    model = convert(generator)
    compiled = openvino.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    return compiled.create_infer_request()


@torch.inference_mode(False)
@torch.no_grad()
def convert(generator: UNet) -> Any:
    """The generator as an OpenVINO model with inputs (1, C, H, W) and, of a style, (1, style_dim).

    The generator itself takes single images alone from then on.

    Through the frontend itself: `openvino.convert_model` would report usage to its makers.
    """
    import openvino
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    config = generator.config
    side = 2**config.depth
    examples = [torch.zeros(1, config.in_channels, side, side)]
    shapes = [[1, config.in_channels, -1, -1]]
    if config.style_dim:
        examples.append(torch.zeros(1, config.style_dim))
        shapes.append([1, config.style_dim])
    for module in generator.modules():
        if isinstance(module, Norm):
            module.single = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what depends on the shape is checked, not computed
        traced = torch.jit.freeze(torch.jit.trace(generator, tuple(examples), check_trace=False))
        decoder = TorchScriptPythonDecoder(traced)  # has to live until all is converted
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    for given, shape in zip(model.inputs, shapes):
        given.get_node().set_element_type(openvino.Type.f32)
        given.get_node().set_partial_shape(openvino.PartialShape(shape))
    model.validate_nodes_and_infer_types()
    return model


def fold_resize_convs(module: nn.Module) -> None:
    """Replaces each ResizeConv by the transposed convolution that it computes, in place."""
    for name, child in module.named_children():
        if isinstance(child, ResizeConv):
            setattr(module, name, child.folded())
        else:
            fold_resize_convs(child)
