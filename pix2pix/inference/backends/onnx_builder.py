"""The nodes and weights of an ONNX graph, collected one by one."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

OPSET = 17
IR_VERSION = 8  # supported by runtimes since 2022; onnx defaults to the latest

# fp32: stored and computed in float32. fp16: stored and computed in float16, with float32 inputs
# and outputs. fp16_storage: weights exactly representable in float16 are stored in it, computation
# is in float32. int8_storage: large weights are stored in 8 bits with a float32 scale for each
# channel, computation is in float32; a runtime unpacks them once, when it folds constants.
Precision: TypeAlias = Literal["fp32", "fp16", "fp16_storage", "int8_storage"]
MIN_QUANTIZED = 1024  # numbers in a weight, below which 8 bits save nothing
Shape: TypeAlias = "list[int | str]"  # a str names a dynamic dimension


class GraphBuilder:
    """Collects the nodes and weights of a graph. Values are identified by their names."""

    def __init__(self, precision: Precision) -> None:
        self._precision = precision
        self._weights: list[TensorProto] = []
        self._casts: list[onnx.NodeProto] = []  # of weights; placed before all other nodes
        self._nodes: list[onnx.NodeProto] = []
        self._count = 0

    def add(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Appends a node; returns the name of its output, or a list of them."""
        names = [self._name(op) for _ in range(outputs)]
        self._nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def weight(self, tensor: Tensor, channel_axis: int = 0) -> str:
        """Stores a tensor in the precision of the graph; returns the name of its value."""
        array = np.ascontiguousarray(tensor.detach().float().numpy())
        if self._precision == "int8_storage" and is_quantized(array):
            return self._quantized(array, channel_axis)
        with np.errstate(over="ignore"):
            half = array.astype(np.float16)
        if self._precision == "fp16":
            return self._store(half)
        if self._precision == "fp32" or not np.array_equal(half, array):
            return self._store(array)
        name = self._name("weight")
        narrow = f"{name}.float16"
        self._weights.append(numpy_helper.from_array(half, narrow))
        self._casts.append(helper.make_node("Cast", [narrow], [name], to=TensorProto.FLOAT))
        return name

    def _quantized(self, array: np.ndarray, axis: int) -> str:
        """Stores symmetric 8-bit numbers and the scale of each slice of `axis`."""
        numbers, scale = quantize(array, axis)
        wide, name = self._name("weight"), self._name("weight")
        self._casts.append(
            helper.make_node("Cast", [self._store(numbers)], [wide], to=TensorProto.FLOAT)
        )
        self._casts.append(helper.make_node("Mul", [wide, self._store(scale)], [name]))
        return name

    def integers(self, *values: int) -> str:
        """Stores a vector of int64: a shape, or axes."""
        return self._store(np.array(values, np.int64))

    def float32(self, values: Any) -> str:
        """Stores an array in float32, regardless of the precision of the graph."""
        return self._store(np.array(values, np.float32))

    def to_float32(self, x: str) -> str:
        """Casts a value of the graph to float32 if needed."""
        if self._precision != "fp16":
            return x
        return str(self.add("Cast", x, to=TensorProto.FLOAT))

    def _store(self, array: np.ndarray) -> str:
        name = self._name("weight")
        self._weights.append(numpy_helper.from_array(array, name))
        return name

    def model(self, inputs: dict[str, Shape], y: str, shape: Shape) -> onnx.ModelProto:
        """The ONNX model with `inputs` (name -> shape) and the value `y` of `shape` as `output`."""
        result = helper.make_node("Identity", [y], ["output"])
        graph = helper.make_graph(
            [*self._casts, *self._nodes, result],
            "generator",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)],
            self._weights,
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="pix2pix-studio",
        )

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def is_quantized(array: np.ndarray) -> bool:
    """Whether "int8_storage" stores a weight in 8 bits."""
    return array.ndim > 1 and array.size >= MIN_QUANTIZED


def quantize(array: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 numbers, and a float32 scale for each slice of `axis`, with numbers * scale = array."""
    others = tuple(i for i in range(array.ndim) if i != axis)
    scale = np.abs(array).max(others, keepdims=True) / np.float32(127)
    scale[scale == 0] = 1
    return np.rint(array / scale).astype(np.int8), scale
