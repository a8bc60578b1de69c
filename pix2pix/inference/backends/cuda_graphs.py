"""CUDA graphs: the kernels of a call, recorded once and started as one.

A generator has some hundred small kernels. At batch 1 the CPU takes longer to start them one by one
than a fast GPU takes to run them.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

log = logging.getLogger("pix2pix")

MAX_GRAPHS = 4  # shapes with a graph; each keeps the memory of a call
MAX_PIXELS = 1024 * 1024  # of all images of a call; in larger ones the kernels take the time
WARM_UPS = 2  # calls before recording: libraries choose their algorithms and workspaces in them

Call = Callable[[Tensor, Tensor | None], Tensor]


class GraphedCall:
    """Calls `run`, from the second call at a shape on by a CUDA graph.

    Takes tensors on the CPU or the GPU. The result is overwritten by the next call at the same
    shape, so the caller copies it. Not thread-safe. If recording fails, it is logged and all
    further calls run without graphs.
    """

    def __init__(
        self,
        run: Call,
        device: torch.device,
        record: Callable[[Call, Tensor, Tensor | None], Call] | None = None,
    ) -> None:
        """`record` makes a call with a graph, for inputs on the device like those given."""
        self._run, self._device = run, device
        self._record = record or record_graph
        self._seen: set[Any] = set()
        self._graphs: OrderedDict[Any, Call] = OrderedDict()
        self._is_off = False

    def __call__(self, x: Tensor, style: Tensor | None) -> Tensor:
        key = (x.shape, x.dtype, None if style is None else (style.shape, style.dtype))
        if graph := self._graphs.get(key):
            self._graphs.move_to_end(key)
            return graph(x, style)
        moved = x.to(self._device, memory_format=torch.channels_last)
        style = None if style is None else style.to(self._device)
        pixels = x.shape[0] * x.shape[2] * x.shape[3]
        if self._is_off or pixels > MAX_PIXELS or key not in self._seen:
            output = self._run(moved, style)
            self._seen.add(key)  # after a call that did not fail
            return output
        try:
            graph = self._record(self._run, moved, style)
        except RuntimeError as error:
            self._is_off = True
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            log.warning("no CUDA graphs, each call starts its kernels one by one: %s", reason)
            return self._run(moved, style)
        self._graphs[key] = graph
        if len(self._graphs) > MAX_GRAPHS:
            self._graphs.popitem(last=False)
        return graph(moved, style)


def record_graph(run: Call, x: Tensor, style: Tensor | None) -> Call:
    """`run` as a CUDA graph, for inputs of these shapes. RuntimeError if it cannot be recorded."""
    static_x, static_style = x.clone(), None if style is None else style.clone()
    stream = torch.cuda.Stream(x.device)
    stream.wait_stream(torch.cuda.current_stream(x.device))
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            run(static_x, static_style)
    torch.cuda.current_stream(x.device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
        output = run(static_x, static_style)

    def replay(x: Tensor, style: Tensor | None) -> Tensor:
        static_x.copy_(x)
        if static_style is not None and style is not None:
            static_style.copy_(style)
        graph.replay()
        return output

    return replay
