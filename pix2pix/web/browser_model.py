"""A checkpoint as the browser loads it: ONNX graphs, and a description of how to run them."""

from __future__ import annotations

import copy
import gzip
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.inference.backends.onnx_builder import Precision, is_quantized, quantize
from pix2pix.inference.backends.onnx_graph import build_onnx_model, build_style_onnx_model
from pix2pix.models import Generator, return_logits
from pix2pix.models.tensors import style_noise
from pix2pix.web.sample_files import is_sample_config, picture_config, take_pictures

# 8 bits are enough where the picture differs by this much, in 0..255
MAX_MEAN_ERROR, MAX_ERROR, WITHIN = 0.5, 5.0, 0.999
TRIALS = 3


@dataclass(frozen=True)
class BrowserModel:
    """`files`: file name -> content, gzip-compressed. `props`: JSON for `assets/js/engine`."""

    files: dict[str, bytes]
    props: dict[str, Any]


# How weights are stored, by the option `--weights`
PRECISIONS: dict[str, Precision] = {"8": "int8_storage", "16": "fp16_storage", "32": "fp32"}


def build_browser_model(
    name: str, config: CheckpointConfig, model: Model, weights: str = "auto", title: str = ""
) -> BrowserModel:
    """The files of a checkpoint for the browser; their names have a hash of their contents.

    `name`: their beginning. `title`: the model's name in messages, by default the same.

    `weights`: "auto", 8 bits where that is as good and else 16; or a key of PRECISIONS.
    """
    generator = model.generator.eval()
    if config.task == "colorize":
        return_logits(generator)  # for suggestions, and colours of another photo
    if weights == "auto":
        weights = "8" if is_8_bit_enough(config, model) else "16"
    precision = PRECISIONS[weights]
    regions = has_regions(config)
    graph = build_onnx_model(generator, precision, regions)
    if is_sample_config(config):
        graph, config = take_pictures(graph, config), picture_config(config)
    graphs = {"generator": graph.SerializeToString()}
    props: dict[str, Any] = {
        "name": title or name,
        "precision": precision,
        "config": config.to_dict(),
        "shape": list(config.shape),
        "multiple": config.generator.multiple,
        "largest": config.max_size or min(config.shape),
        "regions": regions,  # the graph takes a StyleMap
        "files": {},
    }
    if (encoder := model.style_encoder) is not None:
        graphs["style"] = build_style_onnx_model(encoder, config.shape).SerializeToString()
        props["style"] = {
            "mean": encoder.style_mean.tolist(),
            "covariance": encoder.sampled_covariance().tolist(),
        }
    files = {}
    for part, content in graphs.items():
        packed = gzip.compress(content, 6, mtime=0)
        file = f"{name}-{part}-{hashlib.sha256(content).hexdigest()[:12]}.onnx.gz"
        files[file] = packed
        props["files"][part] = {"file": file, "bytes": len(packed)}
    return BrowserModel(files, props)


def has_regions(config: CheckpointConfig) -> bool:
    """Whether parts of a drawing can have their own look."""
    return config.task == "labels2photo" and config.generator.style_dim > 0


@torch.no_grad()
def is_8_bit_enough(config: CheckpointConfig, model: Model) -> bool:
    """Whether the generator gives nearly the same pictures with its weights stored in 8 bits.

    Compares drawings of random rectangles, or noise of several scales for other inputs. Always true
    for tasks whose output is no picture: classes and smooth colours hide smaller errors.
    """
    if config.task not in ("labels2photo", "image2image", "restore"):
        return True
    generator, style = model.generator.eval(), None
    narrow = with_8_bit_weights(generator)
    differences = []
    for seed in range(TRIALS):
        x = trial_input(config, seed)
        if model.style_encoder is not None:
            style = model.style_encoder.sample(style_noise(config.generator.style_dim, seed))
        pictures = (net(x) if style is None else net(x, style) for net in (generator, narrow))
        first, second = (picture.clamp(-1, 1) * 127.5 for picture in pictures)
        differences.append((first - second).abs().flatten())
    error = torch.cat(differences)
    within = float((error <= MAX_ERROR).float().mean())
    return float(error.mean()) <= MAX_MEAN_ERROR and within >= WITHIN


def with_8_bit_weights(generator: Generator) -> Generator:
    """A copy with the weights that the graph of "int8_storage" has after unpacking."""
    narrow = copy.deepcopy(generator)
    for parameter in narrow.parameters():
        array = parameter.detach().numpy()
        if is_quantized(array):
            numbers, scale = quantize(array, 0)
            parameter.data = torch.from_numpy(numbers * scale)
    return narrow


def trial_input(config: CheckpointConfig, seed: int) -> Tensor:
    """A network input (1, C, H, W): one-hot rectangles for label maps, lines, or smooth noise."""
    rng = np.random.default_rng(seed)
    channels, (height, width) = config.generator.in_channels, config.shape
    if config.task == "labels2photo":
        labels = np.full((height, width), rng.integers(channels))
        for _ in range(30):
            top, left = rng.integers(height), rng.integers(width)
            rows, columns = rng.integers(8, height // 2), rng.integers(8, width // 2)
            labels[top : top + rows, left : left + columns] = rng.integers(channels)
        one_hot = np.arange(channels)[:, None, None] == labels
        return torch.from_numpy(one_hot[None].astype(np.float32))
    if config.input_type != "photo":
        lines = np.ones((height, width), np.float32)
        for _ in range(12):
            y, x = rng.uniform(0, height, 2), rng.uniform(0, width, 2)
            t = np.linspace(0, 1, 2 * max(height, width))
            rows, columns = (y[0] + (y[1] - y[0]) * t), (x[0] + (x[1] - x[0]) * t)
            for offset in range(3):
                lines[np.minimum(rows.astype(int) + offset, height - 1), columns.astype(int)] = -1
        sign = -1 if config.input_type == "lines-white" else 1
        return torch.from_numpy(np.repeat(sign * lines[None, None], channels, 1))
    smooth = torch.zeros(1, channels, height, width)
    for cells in (4, 16, 64):
        noise = torch.from_numpy(rng.normal(0, 0.4, (1, channels, cells, cells)).astype(np.float32))
        smooth += torch.nn.functional.interpolate(noise, (height, width), mode="bilinear")
    if config.task == "restore":
        smooth[:, 1] = smooth[:, 1] > 0.6  # marks
    return smooth.clamp(-1, 1)
