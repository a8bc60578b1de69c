"""Layers as nodes of an ONNX graph: norms, convolutions, padding and resizing."""

from __future__ import annotations

from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from pix2pix.inference.backends.onnx_builder import GraphBuilder
from pix2pix.models import Norm, ResizeConv
from pix2pix.models.efficientnet import InvertedResidual, SameConv


def norm(
    g: GraphBuilder, layer: Norm, x: str, style: str | None = None, parts: str | None = None
) -> str:
    """`Norm.forward`."""
    inner = layer.norm
    if isinstance(inner, nn.BatchNorm2d):
        x = batch_norm(g, inner, x)
    elif isinstance(inner, nn.InstanceNorm2d):
        if inner.affine:
            scale, shift = g.weight(inner.weight), g.weight(inner.bias)
        else:
            channels = inner.num_features
            scale, shift = g.weight(torch.ones(channels)), g.weight(torch.zeros(channels))
        x = g.add("InstanceNormalization", x, scale, shift, epsilon=inner.eps)
    if layer.style is None or style is None:
        return x
    weight = g.weight(layer.style.weight.T, channel_axis=1)
    modulation = g.add("MatMul", style, weight)  # ([N, R,] K * 2 C), without classes ([N, R,] 2 C)
    modulation = g.add("Add", modulation, g.weight(layer.style.bias))
    if parts is None:
        both = g.add("Unsqueeze", modulation, g.integers(2, 3))
    else:  # a matrix product mixes the modulations of classes in regions by their shares of a pixel
        rows = g.integers(0, -1, 2 * _channels(layer))
        table = g.add("Reshape", modulation, rows)  # (N, R * K, 2 C)
        table = g.add("Transpose", table, perm=[0, 2, 1])  # (N, 2 C, R * K)
        flat = g.add("Reshape", parts, g.integers(0, 0, -1))  # (N, R * K, H W)
        mixed = g.add("MatMul", table, flat)  # (N, 2 C, H W)
        shape = g.add("Shape", x)
        ends = g.add("Slice", shape, g.integers(2), g.integers(4))  # H, W
        both = g.add(
            "Reshape", mixed, g.add("Concat", g.integers(0, 2 * _channels(layer)), ends, axis=0)
        )
    scale, shift = g.add("Split", both, outputs=2, axis=1)
    one = g.weight(torch.tensor(1.0))
    return str(g.add("Add", g.add("Mul", x, g.add("Add", scale, one)), shift))


def _channels(layer: Norm) -> int:
    assert layer.style is not None
    return layer.style.out_features // (2 * max(layer.classes, 1))


def batch_norm(g: GraphBuilder, layer: nn.BatchNorm2d, x: str) -> str:
    """Batch norm with its running statistics."""
    tensors = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    names = [g.weight(cast(Tensor, tensor)) for tensor in tensors]
    return str(g.add("BatchNormalization", x, *names, epsilon=layer.eps))


def conv(g: GraphBuilder, layer: nn.Conv2d, x: str) -> str:
    """A convolution with the padding of `layer`."""
    if isinstance(layer, SameConv):
        left, right, top, bottom = layer.rim
        pads = [top, left, bottom, right]
    else:
        pads = [first_side(layer.padding)] * 4
        if layer.padding_mode != "zeros" and any(pads):
            x, pads = pad(g, x, pads[0], layer.padding_mode), [0] * 4
    names = [x, g.weight(layer.weight)]
    if layer.bias is not None:
        names.append(g.weight(layer.bias))
    return str(g.add("Conv", *names, pads=pads, strides=list(layer.stride), group=layer.groups))


def resize_conv(g: GraphBuilder, layer: ResizeConv, x: str) -> str:
    """`ResizeConv.forward`. Nodes sum the weights: sums stored in float16 give visible errors."""
    kernel = g.weight(layer.weight.transpose(0, 1), channel_axis=1)  # (I, O, 3, 3)
    for axis in (2, 3):
        first, middle, last = g.add("Split", kernel, outputs=3, axis=axis)
        sums = g.add("Add", middle, last), g.add("Add", first, middle)
        kernel = g.add("Concat", last, *sums, first, axis=axis)  # (I, O, 4, 4) at the end
    if layer.padding_mode == "replicate":
        return conv_transpose(g, pad(g, x, 1, "replicate"), kernel, layer.bias, 3)
    return conv_transpose(g, x, kernel, layer.bias, 1)


def conv_transpose(
    g: GraphBuilder,
    x: str,
    kernel: str,
    bias: Tensor | None,
    padding: int,
    output_padding: int = 0,
) -> str:
    """A transposed convolution with stride 2."""
    names = [x, kernel] if bias is None else [x, kernel, g.weight(bias)]
    more = [output_padding] * 2
    return str(
        g.add("ConvTranspose", *names, pads=[padding] * 4, strides=[2, 2], output_padding=more)
    )


def pad(g: GraphBuilder, x: str, width: int, mode: str) -> str:
    """Pads all four sides: `replicate` repeats the outermost pixels, `reflect` mirrors the image
    without them."""
    pads = g.integers(0, 0, width, width, 0, 0, width, width)
    return str(g.add("Pad", x, pads, mode="edge" if mode == "replicate" else mode))


def average_pool(g: GraphBuilder, x: str, factor: int) -> str:
    """`F.avg_pool2d(x, factor)`."""
    if factor == 1:
        return x
    return str(g.add("AveragePool", x, kernel_shape=[factor] * 2, strides=[factor] * 2))


def resize(g: GraphBuilder, x: str, factor: int, mode: Literal["nearest", "linear"]) -> str:
    """`F.interpolate` by a whole factor, nearest or bilinear."""
    scales = g.float32([1, 1, factor, factor])
    how: dict[str, Any] = {"mode": mode, "coordinate_transformation_mode": "half_pixel"}
    if mode == "nearest":
        how |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return str(g.add("Resize", x, "", scales, outputs=1, **how))


def sequence(g: GraphBuilder, layers: nn.Module, x: str) -> str:
    """A stage of EfficientNet-Lite."""
    for layer in cast(nn.Sequential, layers):
        if isinstance(layer, InvertedResidual):
            y = sequence(g, layer.layers, x)
            x = g.add("Add", x, y) if layer.is_residual else y
        elif isinstance(layer, nn.Sequential):
            x = sequence(g, layer, x)
        elif isinstance(layer, nn.Conv2d):
            x = conv(g, layer, x)
        elif isinstance(layer, nn.BatchNorm2d):
            x = batch_norm(g, layer, x)
        elif isinstance(layer, nn.ReLU6):
            x = g.add("Clip", x, g.weight(torch.tensor(0.0)), g.weight(torch.tensor(6.0)))
        else:
            raise TypeError(f"no ONNX form of {type(layer).__name__} is known here")
    return x


def first_side(value: Any) -> int:
    """A layer's padding, the same on all sides."""
    sides = set(value)
    assert len(sides) == 1
    return int(sides.pop())
