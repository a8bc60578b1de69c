"""Export a generator as an ONNX graph, layer by layer.

torch has two exporters. The tracing exporter is deprecated; the one based on `torch.export` takes
7 s for `facades`, and OpenVINO another 7 s to convert the result, at every start of the app. This
module takes 0.1 s. Each function emits the nodes of the module it is named after and mirrors its
`forward`; tests/inference/test_onnx_graph.py compares the results for every kind of generator.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import onnx
import torch
from onnx import TensorProto
from torch import nn

from pix2pix.inference.backends.onnx_builder import GraphBuilder, Precision, Shape
from pix2pix.inference.backends.onnx_layers import (
    average_pool,
    batch_norm,
    conv,
    conv_transpose,
    first_side,
    norm,
    resize,
    resize_conv,
    sequence,
)
from pix2pix.models import Generator, ResizeConv, ResNetGenerator, StyleEncoder, UNet
from pix2pix.models.blocks import Down, LateralConv, Up
from pix2pix.models.enhancer import EnhancerBlock, LocalEnhancer
from pix2pix.models.resnet import ConvNormReLU, ResidualBlock
from pix2pix.models.unet import AnnealedMean, PixelEmbedding


@torch.no_grad()
def build_onnx_model(
    generator: Generator, precision: Precision = "fp32", regions: bool = False
) -> onnx.ModelProto:
    """The generator in evaluation mode as an ONNX model.

    Input `input` (N, in_channels, H, W), with styles also `style` (N, style_dim); output `output`
    (N, C, H, W), or at half the sides with `half_output`. All float32. N, H and W are dynamic; H
    and W must be multiples of `config.multiple`, which is not checked.

    With `regions`, a generator with styles takes a StyleMap: `style` (N, R, style_dim) and
    `regions` (N, R, H, W), or a `regions` of (1, 1, 1, 1) with the value 1 for a single style.

    Raises ValueError for a generator with instance norm in fp16: see `UNet.needs_fp32`.
    """
    if precision == "fp16" and generator.needs_fp32:
        raise ValueError("a generator with instance norm must compute in float32, got fp16")
    config = generator.config
    g = GraphBuilder(precision)
    inputs: dict[str, Shape] = {"input": ["count", config.in_channels, "height", "width"]}
    x, style, weights = "input", None, None
    if config.style_dim and regions:
        inputs["style"] = ["count", "regions", config.style_dim]
        inputs["regions"] = ["region_count", "regions", "region_height", "region_width"]
        style, weights = "style", "regions"
    elif config.style_dim:
        inputs["style"] = ["count", config.style_dim]
        style = "style"
    if precision == "fp16":
        x = g.add("Cast", x, to=TensorProto.FLOAT16)
        style = style and g.add("Cast", style, to=TensorProto.FLOAT16)
        weights = weights and g.add("Cast", weights, to=TensorProto.FLOAT16)
    if isinstance(generator, ResNetGenerator):
        y = g.to_float32(resnet(g, generator, x))
    else:
        y = g.to_float32(unet(g, generator, x, style, weights))
    return g.model(inputs, y, ["count", "channels", "output_height", "output_width"])


@torch.no_grad()
def build_style_onnx_model(
    encoder: StyleEncoder, shape: tuple[int, int], precision: Precision = "fp32"
) -> onnx.ModelProto:
    """The style encoder as an ONNX model: `input` (1, 3, H, W) in -1..1 of this `shape` (H, W), and
    the mean style code as `output` (1, style_dim)."""
    g = GraphBuilder(precision)
    photo = x = average_pool(g, "input", encoder.shrink)
    for layer in encoder.layers:
        x = down(g, cast(Down, layer), x)
    pooled = g.add("ReduceMean", x, axes=[2, 3], keepdims=0)
    seen = (shape[0] // encoder.shrink, shape[1] // encoder.shrink)
    features = g.add("Concat", pooled, color_features(g, photo, seen), axis=1)
    style_dim = encoder.head.out_features // 2
    weight, bias = encoder.head.weight[:style_dim], encoder.head.bias[:style_dim]
    y = g.add("Gemm", features, g.float32(weight.numpy()), g.float32(bias.numpy()), transB=1)
    return g.model({"input": [1, 3, *shape]}, y, [1, style_dim])


def color_features(g: GraphBuilder, photo: str, shape: tuple[int, int]) -> str:
    """`style_encoder.color_features` for a photo of `shape` (H, W)."""
    mix = [[1 / 0.9, 1 / 0.9, 1 / 0.9], [1 / 0.15, 0, -1 / 0.15], [-1 / 0.06, 2 / 0.06, -1 / 0.06]]
    opponent = g.add("Conv", photo, g.float32(np.array(mix)[:, :, None, None]))
    top, left = shape[0] // 4, shape[1] // 4
    middle = g.add(
        "Slice",
        opponent,
        g.integers(top, left),
        g.integers(shape[0] - top, shape[1] - left),
        g.integers(2, 3),
    )
    mean = g.add("ReduceMean", opponent, axes=[2, 3], keepdims=1)
    offset = g.add("Sub", opponent, mean)
    variance = g.add("ReduceMean", g.add("Mul", offset, offset), axes=[2, 3], keepdims=0)
    count = shape[0] * shape[1]
    unbiased = g.add("Mul", variance, g.float32(count / (count - 1) / 4))  # of half the deviation
    means = (g.add("ReduceMean", x, axes=[2, 3], keepdims=0) for x in (opponent, middle))
    return str(g.add("Concat", *means, g.add("Sqrt", unbiased), axis=1))


def unet(g: GraphBuilder, net: UNet, x: str, style: str | None, weights: str | None = None) -> str:
    """`UNet.forward` outside training; with `weights`, of a StyleMap."""
    parts = x if net.config.class_norm else None
    if weights is not None:
        parts = style_parts(g, weights, x if parts else ones_like_plane(g, x))
    levels = net.config.depth + (net.enhancer is not None)
    pyramid = label_pyramid(g, parts, levels) if parts else None
    if net.enhancer is None:
        return final(g, net.final, decode(g, net, x, style, pyramid)[0])
    half = average_pool(g, x, 2)
    y, features = decode(g, net, half, style, pyramid[1:] if pyramid else None)
    y = resize(g, y, 2, "linear")
    detail = local_enhancer(g, net.enhancer, x, features, style, pyramid)
    return final(g, net.final, g.add("Add", y, detail))


def decode(
    g: GraphBuilder, net: UNet, x: str, style: str | None, pyramid: list[str] | None
) -> tuple[str, str]:
    """`UNet._decode`."""
    depth, image = net.config.depth, x
    skips = encode(g, net, x)
    if net.side is not None:
        stem = skips[: len(skips) - len(net.side)]
        skips = stem + [
            lateral_conv(g, cast(LateralConv, side), level, image, 2 ** (i + 1))
            for i, (side, level) in enumerate(zip(net.side, skips[len(stem) :]))
        ]
    x = skips.pop()  # the bottleneck is no skip
    deep, last = x, depth
    for i, block in zip(reversed(range(depth)), net.up):
        x = up(g, cast(Up, block), x, style, pyramid[i] if pyramid else None)
        if skips:
            x = g.add("Concat", x, skips.pop(), axis=1)
        if i == net.code_level:
            deep = x
        last = i
    embedding = None
    if net.code is not None:
        embedding = pixel_embedding(g, net.code, deep, x, 2 ** (net.code_level - last))
    features = x
    if net.head is not None:
        x = conv(g, cast(nn.Conv2d, net.head), g.add("Relu", x))
    if embedding is not None:
        x = g.add("Concat", x, embedding, axis=1)
    return x, features


def local_enhancer(
    g: GraphBuilder,
    net: LocalEnhancer,
    x: str,
    features: str,
    style: str | None,
    parts: list[str] | None,
) -> str:
    """`LocalEnhancer.forward`."""
    full, half = parts[:2] if parts else (None, None)
    fine = g.add("LeakyRelu", conv(g, net.stem, x), alpha=0.2)
    y = g.add("Add", down(g, net.down, fine), features)
    for module in net.blocks:
        block = cast(EnhancerBlock, module)
        z = norm(g, block.norm1, conv(g, block.conv1, g.add("Relu", y)), style, half)
        z = norm(g, block.norm2, conv(g, block.conv2, g.add("Relu", z)))
        y = g.add("Add", y, z)
    y = up(g, net.up, y, style, full)
    return conv(g, net.head, g.add("Relu", g.add("Concat", y, fine, axis=1)))


def resnet(g: GraphBuilder, net: ResNetGenerator, x: str) -> str:
    """`ResNetGenerator.forward` outside training."""
    image = x
    for stage in (net.first, *net.down):
        x = conv_norm_relu(g, cast(ConvNormReLU, stage), x)
    for block in net.blocks:
        x = residual_block(g, cast(ResidualBlock, block), x)
    for stage in net.up:
        x = conv_norm_relu(g, cast(ConvNormReLU, stage), x)
    y = final(g, net.final, conv(g, net.last, x))
    if not net.config.residual:
        return y
    bounds = (g.weight(torch.tensor(value)) for value in (-1.0, 1.0))
    return str(g.add("Clip", g.add("Add", image, y), *bounds))


def conv_norm_relu(g: GraphBuilder, block: ConvNormReLU, x: str) -> str:
    """`ConvNormReLU.forward`."""
    layer = block.conv
    if isinstance(layer, nn.ConvTranspose2d):
        x = conv_transpose(
            g, x, g.weight(layer.weight), layer.bias, 1, first_side(layer.output_padding)
        )
    else:
        x = resize_conv(g, layer, x) if isinstance(layer, ResizeConv) else conv(g, layer, x)
    return str(g.add("Relu", norm(g, block.norm, x)))


def residual_block(g: GraphBuilder, block: ResidualBlock, x: str) -> str:
    """`ResidualBlock.forward`; its dropout is off outside training."""
    y = g.add("Relu", norm(g, block.norm1, conv(g, block.conv1, x)))
    return str(g.add("Add", x, norm(g, block.norm2, conv(g, block.conv2, y))))


def style_parts(g: GraphBuilder, weights: str, one_hot: str) -> str:
    """`StyleMap.parts`."""
    both = (g.add("Unsqueeze", x, g.integers(axis)) for x, axis in ((weights, 2), (one_hot, 1)))
    parts = g.add("Mul", *both)  # (N, R, K, H, W)
    ends = g.add("Slice", g.add("Shape", one_hot), g.integers(2), g.integers(4))  # H, W
    return str(g.add("Reshape", parts, g.add("Concat", g.integers(0, -1), ends, axis=0)))


def ones_like_plane(g: GraphBuilder, x: str) -> str:
    """Ones (N, 1, H, W) for an image (N, C, H, W)."""
    plane = g.add("Slice", x, g.integers(0), g.integers(1), g.integers(1))
    zeros = g.add("Mul", plane, g.weight(torch.tensor(0.0)))
    return str(g.add("Add", zeros, g.weight(torch.tensor(1.0))))


def label_pyramid(g: GraphBuilder, parts: str, depth: int) -> list[str]:
    """`unet.label_pyramid`."""
    levels = [parts]
    for _ in range(depth - 1):
        levels.append(average_pool(g, levels[-1], 2))
    return levels


def encode(g: GraphBuilder, net: UNet, x: str) -> list[str]:
    """`UNet.encode`."""
    levels = []
    if net.stem is not None:
        levels.append(g.add("LeakyRelu", conv(g, net.stem, x), alpha=0.2))
        if net.side is None:  # a pretrained encoder sees the input itself
            x = levels[0]
    for stage in net.down:
        x = down(g, stage, x) if isinstance(stage, Down) else sequence(g, stage, x)
        levels.append(x)
    return levels


def down(g: GraphBuilder, block: Down, x: str) -> str:
    """`Down.forward`."""
    return str(g.add("LeakyRelu", norm(g, block.norm, conv(g, block.conv, x)), alpha=0.2))


def up(g: GraphBuilder, block: Up, x: str, style: str | None, parts: str | None) -> str:
    """`Up.forward`; its dropout is off outside training."""
    x = g.add("Relu", x)
    if isinstance(block.conv, ResizeConv):
        x = resize_conv(g, block.conv, x)
    else:
        layer = cast(nn.ConvTranspose2d, block.conv)
        x = conv_transpose(g, x, g.weight(layer.weight), layer.bias, first_side(layer.padding))
    return norm(g, block.norm, x, style, parts)


def lateral_conv(g: GraphBuilder, block: LateralConv, level: str, image: str, factor: int) -> str:
    """`LateralConv.forward`."""
    both = g.add("Concat", level, average_pool(g, image, factor), axis=1)
    return batch_norm(g, block.norm, conv(g, block.conv, both))


def pixel_embedding(
    g: GraphBuilder, block: PixelEmbedding, deep: str, fine: str, factor: int
) -> str:
    """`PixelEmbedding.forward`."""
    both = g.add("Concat", deep, average_pool(g, fine, factor), axis=1)
    mixed = g.add("Relu", conv(g, block.mix, g.add("Relu", both)))
    return resize(g, conv(g, block.code, mixed), factor, "nearest")


def final(g: GraphBuilder, layer: nn.Module, x: str) -> str:
    """The last nonlinearity of a UNet."""
    if isinstance(layer, nn.Tanh):
        return str(g.add("Tanh", x))
    if isinstance(layer, AnnealedMean):
        return annealed_mean(g, layer, x)
    return resize(g, x, 2, "linear") if isinstance(layer, nn.Upsample) else x


def annealed_mean(g: GraphBuilder, layer: AnnealedMean, x: str) -> str:
    """`AnnealedMean.forward`, in float32. A 1x1 convolution takes the mean over the points."""
    x, classes = g.to_float32(x), len(layer.points)
    logits = g.add("Slice", x, g.integers(0), g.integers(classes), g.integers(1))
    likely = g.add("Softmax", g.add("Mul", logits, g.float32(1 / layer.TEMPERATURE)), axis=1)
    mean = g.add("Conv", likely, g.float32(layer.points.T[:, :, None, None]))
    rest = g.add("Slice", x, g.integers(classes), g.integers(2**31), g.integers(1))
    parts = [mean, rest, logits] if layer.returns_logits else [mean, rest]
    return str(g.add("Concat", *parts, axis=1))
