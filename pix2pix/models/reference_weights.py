"""Convert generators saved by the PyTorch implementation of pix2pix and CycleGAN.

https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix saves `latest_net_G.pth`, a state_dict of
its U-Net or residual generator. The architecture is found from the names and shapes. What differs
here: names of layers; the decoder's input, which has the skip connection last; and the biases,
which every convolution has unless batch norm follows.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pix2pix.config import ARCHITECTURES, GeneratorConfig
from pix2pix.models.generator import make_generator
from pix2pix.models.resnet import BLOCKS

State = dict[str, Tensor]
Layers = dict[int, State]  # the tensors of each layer of a sequence, by its index and their names

EXPECTED = (
    "expected a generator of pytorch-CycleGAN-and-pix2pix: unet_128, unet_256, resnet_6blocks or "
    "resnet_9blocks, saved as latest_net_G.pth"
)
_LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow converts to grey


class ConvertedGenerator(NamedTuple):
    """A generator's config and state_dict. Converted channels are those of the original."""

    config: GeneratorConfig
    state: State


def convert_generator(
    state: Mapping[str, Tensor], image_statistics: bool = False
) -> ConvertedGenerator:
    """The generator of a reference state_dict.

    With `image_statistics`, batch norm takes the statistics of the image itself, as the reference's
    test.py does without --eval; else the saved ones. Raises ValueError for other networks.
    """
    state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    blocks = any(".conv_block." in name for name in state)
    if not blocks and not any(name.startswith("model.model.") for name in state):
        raise ValueError(_describe_other(state))
    parts = _convert_resnet(state) if blocks else _convert_unet(state)
    return _complete(parts, image_statistics)


class _Parts(NamedTuple):
    """The layers of a generator under their new names, and the config apart from its norm."""

    layers: dict[str, State]
    config: dict[str, Any]
    norms: list[State]
    inner_bias: bool  # the convolutions before norms have a bias


def _convert_unet(state: State) -> _Parts:
    levels = _unet_levels(state)
    depth = len(levels)
    layers: dict[str, State] = {}
    norms = []
    for i, level in enumerate(levels):
        down, up = _convolutions(level, 2, f"level {i + 1} of the U-Net")
        j = depth - 1 - i
        layers[f"down.{i}.conv"], layers[f"up.{j}.conv"] = level[down], dict(level[up])
        if i < depth - 1:
            weight = level[up]["weight"]  # (skip + inner, O, 4, 4)
            half = len(weight) // 2
            layers[f"up.{j}.conv"]["weight"] = torch.cat([weight[half:], weight[:half]])
        for index, tensors in level.items():
            if index not in (down, up):
                norms.append(tensors)
                layers[f"down.{i}.norm.norm" if index < up else f"up.{j}.norm.norm"] = tensors
    first, last = (layers[f"{name}.conv"]["weight"] for name in ("down.0", f"up.{depth - 1}"))
    config = {
        "in_channels": first.shape[1],
        "out_channels": last.shape[1],
        "ngf": first.shape[0],
        "depth": depth,
        "max_channels": max(layers[f"down.{i}.conv"]["weight"].shape[0] for i in range(depth)),
    }
    return _Parts(layers, config, norms, "bias" in layers[f"down.{depth - 1}.conv"])


def _unet_levels(state: State) -> list[Layers]:
    """The layers of each level, from the outermost; each level's sequence contains the next."""
    prefix, levels, count = "model.model.", [], 0
    while True:
        own, inner = _split_layers(state, prefix, r"model\.")
        levels.append(own)
        count += sum(map(len, own.values()))
        if not inner:
            break
        prefix = f"{prefix}{next(iter(inner))}.model."
    if len(levels) < 2 or count != len(state):
        raise ValueError(f"its layers are nested as in no U-Net of that implementation; {EXPECTED}")
    return levels


def _convert_resnet(state: State) -> _Parts:
    outer, inner = _split_layers(state, "model.", r"conv_block\.")
    convs = [i for i, tensors in outer.items() if _is_convolution(tensors)]
    before, after = ([i for i in convs if (i < min(inner)) == side] for side in (True, False))
    depth = len(before) - 1
    if len(after) != depth + 1 or depth < 1:
        raise ValueError(
            f"has {len(before)} convolutions before the residual blocks and {len(after)} after "
            f"them; {EXPECTED}"
        )
    names = ["first", *(f"down.{i}" for i in range(depth)), *(f"up.{i}" for i in range(depth))]
    layers: dict[str, State] = {"last": outer[after[-1]]}
    norms = []
    for name, index in zip(names, [*before, *after[:-1]]):
        layers[f"{name}.conv"] = outer[index]
        norms.append(outer.get(index + 1, {}))
        layers[f"{name}.norm.norm"] = norms[-1]
    for i, index in enumerate(inner):
        block, _ = _split_layers(state, f"model.{index}.conv_block.", "-")
        both = _convolutions(block, 2, f"residual block {i + 1}")
        if both[0] == 0:
            raise ValueError(f"its residual blocks pad with zeros, which is not known; {EXPECTED}")
        for number, conv in enumerate(both, 1):
            layers[f"blocks.{i}.conv{number}"] = block[conv]
            norms.append(block.get(conv + 1, {}))
            layers[f"blocks.{i}.norm{number}.norm"] = norms[-1]
    architecture = next((name for name, count in BLOCKS.items() if count == len(inner)), "")
    if not architecture:
        raise ValueError(f"has {len(inner)} residual blocks; {EXPECTED}")
    first, last = layers["first.conv"]["weight"], layers["last"]["weight"]
    config = {
        "in_channels": first.shape[1],
        "out_channels": last.shape[0],
        "ngf": first.shape[0],
        "depth": depth,
        "max_channels": layers["blocks.0.conv1"]["weight"].shape[0],
        "architecture": architecture,
        "padding": "reflect",
    }
    return _Parts(layers, config, norms, "bias" in layers["first.conv"])


def _split_layers(state: State, prefix: str, nested: str) -> tuple[Layers, list[int]]:
    """The layers of a sequence, and the indices of those with a nested sequence, both in order."""
    own: Layers = {}
    inner = set()
    for name, tensor in state.items():
        found = re.fullmatch(re.escape(prefix) + rf"(\d+)\.(?:({nested}).*|(\w+))", name)
        if found and found[2]:
            inner.add(int(found[1]))
        elif found:
            own.setdefault(int(found[1]), {})[found[3]] = tensor
    return {i: own[i] for i in sorted(own)}, sorted(inner)


def _convolutions(layers: Layers, count: int, where: str) -> list[int]:
    found = [i for i, tensors in layers.items() if _is_convolution(tensors)]
    if len(found) != count:
        raise ValueError(f"{where} has {len(found)} convolutions instead of {count}; {EXPECTED}")
    return found


def _is_convolution(tensors: State) -> bool:
    return "weight" in tensors and tensors["weight"].ndim == 4


def _complete(parts: _Parts, image_statistics: bool) -> ConvertedGenerator:
    """The converted generator with the norm that its layers have. ValueError for wrong shapes."""
    affine = any("weight" in norm for norm in parts.norms)
    is_batch = affine and any("running_mean" in norm for norm in parts.norms)
    if is_batch and not image_statistics:
        norm = "batch"
    elif affine or parts.inner_bias:  # convolutions before instance norm alone have a bias
        norm = "instance"
    else:
        norm = "none"
    config = GeneratorConfig(**parts.config, norm=norm, norm_affine=affine or norm != "instance")
    found = {
        f"{layer}.{name}": tensor
        for layer, tensors in parts.layers.items()
        for name, tensor in tensors.items()
    }
    with torch.device("meta"):
        wanted = make_generator(config).state_dict()
    state = {}
    for name, like in wanted.items():
        tensor = found.pop(name, None)
        if tensor is None and name.endswith((".bias", ".num_batches_tracked")):
            tensor = torch.zeros(like.shape, dtype=like.dtype)
        got = "none" if tensor is None else tuple(tensor.shape)
        if tensor is None or tensor.shape != like.shape:
            raise ValueError(f"{name} must be {tuple(like.shape)}, got {got}; {EXPECTED}")
        if not tensor.isfinite().all():
            raise ValueError(f"{name} has values that are not finite: its training went wrong")
        state[name] = tensor.to(like.dtype)
    # Statistics that are not used: of instance norm before torch 0.4, or with `image_statistics`
    left = [name for name in found if not re.search(r"\.(running_\w+|num_batches_tracked)$", name)]
    if left:
        raise ValueError(f"{left[0]} is not a part of that network; {EXPECTED}")
    return ConvertedGenerator(config, state)


def _describe_other(state: Mapping[str, Tensor]) -> str:
    kernels = [tensor for tensor in state.values() if tensor.ndim == 4]
    if kernels and kernels[-1].shape[0] == 1:
        return f"is a discriminator, as in latest_net_D.pth; {EXPECTED}"
    names = ", ".join(list(state)[:3])
    return f"is an unknown network with the tensors {names}, ...; {EXPECTED}"


def input_name(config: GeneratorConfig) -> str:
    """The name of the weight (O, I, k, k) of the first convolution."""
    assert config.architecture in ARCHITECTURES
    return "down.0.conv.weight" if config.architecture == "unet" else "first.conv.weight"


def expand_grey(converted: ConvertedGenerator) -> ConvertedGenerator:
    """The same generator with three channels where it has one.

    It reads the luminance of an RGB image, and returns grey as equal R, G and B.
    """
    config, state = converted
    state, changes = dict(state), {}
    if config.in_channels == 1:
        name = input_name(config)
        state[name] = state[name] * torch.tensor(_LUMINANCE).view(1, 3, 1, 1)
        changes["in_channels"] = 3
    if config.out_channels == 1:
        is_unet = config.architecture == "unet"
        name = f"up.{config.depth - 1}.conv" if is_unet else "last"
        repeats = (1, 3, 1, 1) if is_unet else (3, 1, 1, 1)
        state[f"{name}.weight"] = state[f"{name}.weight"].repeat(repeats)
        state[f"{name}.bias"] = state[f"{name}.bias"].repeat(3)
        changes["out_channels"] = 3
    return ConvertedGenerator(_replace(config, changes), state)


def read_one_hot(
    converted: ConvertedGenerator, colors: tuple[tuple[int, ...], ...]
) -> ConvertedGenerator:
    """The same generator of label images in `colors` (R, G, B in 0..255) for one-hot label maps.

    Exact, since its first convolution is linear.
    """
    config, state = converted
    name = input_name(config)
    table = torch.tensor(colors, dtype=torch.float64) / 127.5 - 1  # (K, 3)
    weight = torch.einsum("ochw,kc->okhw", state[name].double(), table).float()
    return ConvertedGenerator(
        _replace(config, {"in_channels": len(colors)}), {**state, name: weight}
    )


def _replace(config: GeneratorConfig, changes: dict[str, Any]) -> GeneratorConfig:
    return dataclasses.replace(config, **changes)
