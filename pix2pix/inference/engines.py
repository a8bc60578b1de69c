"""What runs a generator: torch, or OpenVINO on a CPU, where that is faster.

An engine takes and gives tensors on the CPU, from one thread at a time. It may be stopped between
two layers, when nobody waits for the answer any more.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from pix2pix.models import Norm, ResizeConv, UNet
from pix2pix.runtime.device import autocast, has_amx, has_fast_bf16
from pix2pix.runtime.zerogpu import with_zerogpu

Stop: TypeAlias = Callable[[], bool] | None  # asked now and then whether to give up

ENGINES = ("auto", "torch", "openvino")
ASK_EVERY_MS = 1  # how often a run is asked whether it should go on
# A run of a larger input is not stopped, and what OpenVINO worked in for it is given back: 200 MB
# of a drawing of 512x512. The next run takes it anew, a drawing of 256x256 then 25 ms longer.
KEEP_PIXELS = 384 * 384

log = logging.getLogger("pix2pix")


class InferenceCancelledError(Exception):
    """The run was given up, as its caller wished."""


class TorchEngine:
    """Runs a generator in torch on any device, channels last.

    With `bf16` it computes in that, unless the generator needs float32.
    """

    def __init__(self, generator: UNet, device: torch.device, bf16: bool = False) -> None:
        self._device = device
        self._bf16 = bf16 and not generator.needs_fp32
        self._stop: Stop = None
        fold_resize_convs(generator)
        self._generator = generator.to(device).eval().to(memory_format=torch.channels_last)
        if device.type == "cpu":  # elsewhere a run is over before the question is worth asking
            for layer in (*self._generator.down, *self._generator.up):
                layer.register_forward_pre_hook(self._ask)
        self._run = with_zerogpu(self._generate)

    def __call__(self, x: Tensor, style: Tensor | None, stop: Stop = None) -> Tensor:
        """Raises InferenceCancelledError soon after `stop()` is true."""
        self._stop = stop
        try:
            return self._run(x, style)
        finally:
            self._stop = None

    def _ask(self, *_: Any) -> None:
        if self._stop is not None and self._stop():
            raise InferenceCancelledError

    @torch.inference_mode()
    def _generate(self, x: Tensor, style: Tensor | None) -> Tensor:
        x = x.to(self._device, memory_format=torch.channels_last)
        style = None if style is None else style.to(self._device)
        with autocast(self._device, self._bf16):
            return self._generator(x, style).float().cpu()


class OpenVinoEngine:
    """Runs a generator in OpenVINO on the CPU, for any height and width.

    With `bf16` it computes in that, unless the generator needs float32.
    The images of a batch are run one after the other: on a CPU that takes as long, and a network
    that knows it has one takes a sixth less. The first call takes a second more, to convert it.
    """

    def __init__(self, generator: UNet, bf16: bool = False) -> None:
        fold_resize_convs(generator)
        self._generator: UNet | None = generator.eval()
        self._bf16 = bf16 and not generator.needs_fp32
        self._request: Any = None
        self._cut_short: list[np.ndarray] | None = None  # the inputs of a run that was stopped

    def __call__(self, x: Tensor, style: Tensor | None, stop: Stop = None) -> Tensor:
        """Raises InferenceCancelledError soon after `stop()` is true.

        A large image goes on to its end.
        """
        if self._generator is not None:
            self._request = compile_request(self._generator, self._bf16)
            self._generator = None
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
                raise InferenceCancelledError
        output: np.ndarray = self._request.get_output_tensor().data.copy()
        return output


def make_engine(kind: str, generator: UNet, device: torch.device) -> TorchEngine | OpenVinoEngine:
    """The engine of that kind; `auto` takes the faster one (`choose_engine`). Logs the choice.

    The precision is bf16 where the hardware multiplies it and the network allows it. ValueError
    where the kind is not known, or cannot be had here.
    """
    if kind not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {kind!r}")
    possible = device.type == "cpu" and importlib.util.find_spec("openvino") is not None
    if kind == "openvino" and not possible:
        raise ValueError(
            f"engine openvino runs on the CPU with the package openvino, got device {device.type}"
        )
    bf16, why = choose_precision(generator, device)
    if kind == "auto":
        kind, reason = choose_engine(bf16, device, possible)
        why = f"{reason}; {why}"
    log.info("engine: %s on %s in %s (%s)", kind, device.type, "bf16" if bf16 else "fp32", why)
    if kind == "openvino":
        return OpenVinoEngine(generator, bf16)
    return TorchEngine(generator, device, bf16)


def choose_precision(generator: UNet, device: torch.device) -> tuple[bool, str]:
    """Whether to compute in bf16, and why."""
    if not has_fast_bf16(device):
        return False, "no bf16 in hardware"
    if generator.needs_fp32:
        return False, "instance norm needs fp32"
    return True, "bf16 in hardware"


def choose_engine(bf16: bool, device: torch.device, possible: bool) -> tuple[str, str]:
    """The faster engine, and why; OpenVINO only where it is `possible`.

    `benchmarks/draw.py` measures both in each precision and compares them with this rule. A drawing
    of 256x256 took 55 ms in OpenVINO and 92 in torch in fp32 on AVX2; in bf16 27 and 60 on AVX-512
    BF16 without AMX, and 24 in torch with AMX.
    """
    if not possible:
        return "torch", "no OpenVINO" if device.type == "cpu" else "the device is no CPU"
    if bf16 and has_amx():
        return "torch", "faster in bf16 with AMX"
    return "openvino", "faster in bf16 without AMX" if bf16 else "faster in fp32"


def compile_request(generator: UNet, bf16: bool) -> Any:
    """An inference request of the generator for OpenVINO's CPU plugin, in bf16 or float32.

    The plugin registers an alternate signal stack on the thread that loads it. When several are
    released in another order than last in, first out, the kernel keeps one that is unmapped, and
    the next signal that Python handles kills the process. So each is loaded on a thread that ends:
    no other thread's stack is touched, neither now nor at release.
    """
    model = convert(generator)
    # Set even where it is the default: on hardware with bf16 OpenVINO computes in it by itself.
    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
    }

    def compile_there() -> Any:
        import openvino

        return openvino.Core().compile_model(model, "CPU", config).create_infer_request()

    with ThreadPoolExecutor(1, "openvino") as thread:
        return thread.submit(compile_there).result()


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
