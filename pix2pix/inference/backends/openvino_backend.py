"""Run a generator in OpenVINO on the CPU, from its ONNX graph."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pix2pix.inference.backends.cancellation import InferenceCancelledError, Stop
from pix2pix.models import Generator, Style, StyleMap

POLL_EVERY_MS = 1  # interval at which a run polls for cancellation
# Larger runs release their working memory afterwards: 200 MB at 512x512. The next run reallocates
# it, which takes 25 ms.
KEEP_PIXELS = 384 * 384


class OpenVinoBackend:
    """Runs a generator at any height and width, one image at a time.

    Batching would not be faster on a CPU. With `bf16` it computes in bfloat16, unless the generator
    needs float32.

    Only runs at `live_shape` (H, W), the shape of live drawing, can be cancelled. After a cancelled
    run of a model with dynamic dimensions, the plugin keeps the new shape for the layers that ran
    and the old one for the rest; runs at other shapes then fail ("Eltwise shape infer input shapes
    dim index mismatch", up to OpenVINO 2026.4.1). `live_shape` therefore has its own model with
    static dimensions and one style for the image; a `StyleMap` runs in the other model. Each model
    is compiled on first use.

    With `class_norm`, one graph takes styles and StyleMaps alike. Otherwise StyleMaps have their
    own graph: modulating by pixel costs time that one style for the image does not need.
    """

    def __init__(
        self, generator: Generator, bf16: bool = False, live_shape: tuple[int, int] | None = None
    ) -> None:
        self._generator: Generator | None = generator.eval()
        self._bf16 = bf16 and not generator.needs_fp32
        self._live_shape = live_shape
        self._has_styles = generator.config.style_dim > 0
        self._has_one_graph = generator.config.class_norm or not self._has_styles
        self._graphs: dict[bool, bytes] = {}  # by whether they take StyleMaps
        self._requests: dict[tuple[bool, bool], Any] = {}  # live, takes StyleMaps

    def __call__(self, x: Tensor, style: Style | None, stop: Stop = None) -> Tensor:
        """Takes and returns tensors on the CPU.

        Raises InferenceCancelledError soon after `stop()` is true, at `live_shape`.
        """
        styles = [None] * len(x) if style is None else style.split(1)
        return torch.cat([self._run_one(*one, stop) for one in zip(x.split(1), styles)])

    def _run_one(self, x: Tensor, style: Style | None, stop: Stop) -> Tensor:
        is_map = isinstance(style, StyleMap)
        takes_maps = self._has_styles and (is_map or self._has_one_graph)
        if takes_maps and isinstance(style, Tensor):
            style = uniform_map(style)
        tensors = [x, *style] if isinstance(style, StyleMap) else [x, style]
        inputs = [t.contiguous().numpy() for t in tensors if t is not None]
        height, width = x.shape[-2:]
        is_live = (height, width) == self._live_shape and not is_map
        request = self._requests.get((is_live, takes_maps))
        if request is None:
            request = self._compile((height, width) if is_live else None, takes_maps)
            self._requests[is_live, takes_maps] = request
        output = torch.from_numpy(infer(request, inputs, stop if is_live else None))
        if not is_live and height * width > KEEP_PIXELS:
            request.get_compiled_model().release_memory()
        return output

    def _compile(self, shape: tuple[int, int] | None, takes_maps: bool) -> Any:
        """An inference request for images of `shape` (H, W), or for any shape if None."""
        from pix2pix.inference.backends.onnx_graph import build_onnx_model

        if takes_maps not in self._graphs:
            assert self._generator is not None
            graph = build_onnx_model(self._generator, regions=takes_maps)
            self._graphs[takes_maps] = graph.SerializeToString()
            if self._has_one_graph:
                self._generator = None  # its weights are in the graph
        return compile_request(self._graphs[takes_maps], self._bf16, shape)


def uniform_map(style: Tensor) -> StyleMap:
    """The map of one style (1, style_dim) for the whole image, as the graph takes it."""
    return StyleMap(style[:, None], torch.ones(1, 1, 1, 1))


def infer(request: Any, inputs: list[np.ndarray], stop: Stop) -> np.ndarray:
    """Runs the request. Raises InferenceCancelledError soon after `stop()` is true."""
    request.start_async(inputs, share_inputs=True)
    while not request.wait_for(POLL_EVERY_MS):
        if stop is not None and stop():
            request.cancel()
            with contextlib.suppress(RuntimeError):  # wait() raises that it was cancelled
                request.wait()
            raise InferenceCancelledError
    output: np.ndarray = request.get_output_tensor().data.copy()
    return output


def compile_request(onnx_model: bytes, bf16: bool, shape: tuple[int, int] | None) -> Any:
    """An inference request of OpenVINO's CPU plugin for one image, in bfloat16 or float32.

    `shape` (H, W) makes the dimensions static; with None they are dynamic.

    The plugin registers an alternate signal stack on the thread that loads it. If several plugins
    are not released in LIFO order, the kernel keeps an unmapped stack, and the next signal handled
    by Python kills the process. Each plugin is therefore loaded on a thread that then ends, so that
    no other thread's signal stack changes, neither on loading nor on release.
    """
    # Explicit even for float32: by default, OpenVINO uses bf16 on hardware that supports it.
    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
    }

    def compile_here() -> Any:
        import openvino

        core = openvino.Core()
        model = core.read_model(onnx_model)
        shapes = {}
        for node in model.inputs:
            _, *sides = node.partial_shape
            if shape is not None:
                # input (1, C, H, W), style (1, [1,] style_dim), regions (1, 1, 1, 1)
                style = [1] * (len(sides) - 1) + sides[-1:]
                fixed = {"input": [sides[0], *shape], "style": style, "regions": [1, 1, 1]}
                sides = fixed[node.any_name]
            shapes[node] = openvino.PartialShape([1, *sides])
        model.reshape(shapes)
        return core.compile_model(model, "CPU", config).create_infer_request()

    with ThreadPoolExecutor(1, "openvino") as thread:
        return thread.submit(compile_here).result()
