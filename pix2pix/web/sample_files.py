"""Models of images that are no 8-bit pictures, in the app and in the static page.

The app shows pictures of their images and saves the values; the page works with pictures of 8 bits.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

from pix2pix.config import CheckpointConfig
from pix2pix.data.resize_crop import resample
from pix2pix.images.array_files import ARRAY_SUFFIXES
from pix2pix.images.encoding import data_uri, image_bytes
from pix2pix.images.sample_writer import MEDIA_TYPES, encode_samples, sample_endings
from pix2pix.images.samples import PICTURE_CHANNELS, SampleFormat, input_format, output_format
from pix2pix.inference import Translator
from pix2pix.web.tab_props import PREVIEW_SIDE


def has_samples(model: object) -> TypeGuard[Translator]:
    """Whether the inputs or the outputs of a model are no 8-bit pictures."""
    if not isinstance(model, Translator):
        return False
    return not (model.source.is_picture and model.target.is_picture)


def preview_samples(model: Translator, source: bytes | Path, name: str) -> dict[str, Any]:
    """As `image_props.preview_photo`, for a model that `has_samples`."""
    samples = model.read(source, name)
    height, width = samples.shape[:2]
    small = shrink(samples, model.source)
    before, after = model.show_input(small), model.show_output(model.translate_samples(small))
    return {
        "before": data_uri(before, "webp", quality=86, method=2),
        "after": data_uri(after, "webp", quality=90, method=2),
        "width": width,
        "height": height,
        "name": name,
    }


def shrink(samples: np.ndarray, own: SampleFormat) -> np.ndarray:
    """The samples reduced to at most PREVIEW_SIDE pixels a side."""
    scale = PREVIEW_SIDE / max(samples.shape[:2])
    if scale >= 1:
        return samples
    shape = (max(1, round(samples.shape[0] * scale)), max(1, round(samples.shape[1] * scale)))
    if own.is_picture:
        return resample(samples, shape)
    return own.unscale(resample(own.scale(samples), shape))


def sample_thumbnail(model: Translator, path: Path, side: int) -> Image.Image:
    """A small picture of an input."""
    picture = model.show_input(shrink(model.read(path), model.source))
    picture.thumbnail((side, side), Image.Resampling.BOX)
    return picture


def translate_file(model: Translator, source: bytes | Path, name: str) -> tuple[bytes, str, str]:
    """The result for a file: content, suffix and media type; samples have their own unit.

    Raises ValueError "NAME: reason" for a file that is no input of the model.
    """
    made = model.translate_samples(model.read(source, name))
    if model.target.is_picture:
        return image_bytes(Image.fromarray(made), "png"), ".png", "image/png"
    suffix = sample_endings(model.target.dtype, model.target.channels)[0]
    return encode_samples(made, suffix), suffix, MEDIA_TYPES[suffix]


def describe_app_files(model: Translator) -> dict[str, Any]:
    """The props of a tab that takes samples: its note, and the suffixes it takes beside images."""
    source, target = model.source, model.target
    parts = []
    if not source.is_picture:
        parts.append(f"Takes {describe_range(source)}: TIFF, PNG, .npy or .npz.")
    if not target.is_picture:
        suffix = sample_endings(target.dtype, target.channels)[0]
        parts.append(f"Shown as a picture; Save gives {describe_range(target)} as {suffix}.")
    return {"note": " ".join(parts), "also_accepts": sorted(ARRAY_SUFFIXES)}


def describe_page(config: CheckpointConfig) -> str:
    """What the static page can and cannot do with the images of a checkpoint; "" for pictures."""
    source, target = input_format(config), output_format(config)
    parts = []
    if not source.is_picture:
        low, high = source.value_range
        parts.append(
            f"This page reads grey PNG files of 16 bits with values from {low:g} to {high:g}, and "
            f"8-bit pictures, black as {low:g} and white as {high:g}; no TIFF and no .npy."
        )
    if not target.is_picture:
        low, high = target.value_range
        parts.append(
            f"It shows and saves 8-bit pictures, {low:g} as black and {high:g} as white; "
            "'python -m pix2pix translate' and the app write the values."
        )
    return " ".join(parts)


def describe_range(own: SampleFormat) -> str:
    low, high = own.value_range
    return f"{own.describe()}, {low:g} to {high:g}"


def is_sample_config(config: CheckpointConfig) -> bool:
    return bool(config.input_dtype or config.output_dtype)


def picture_config(config: CheckpointConfig) -> CheckpointConfig:
    """The config of the page's model, with pictures in and out.

    Raises ValueError if the page cannot read the images.
    """
    channels = config.generator.in_channels
    if channels not in (1, PICTURE_CHANNELS):
        raise ValueError(
            f"the page cannot read images of {channels} channels, only pictures; the app "
            "(python app.py --checkpoint FOLDER) and 'python -m pix2pix translate' can"
        )
    shape = replace(config.generator, in_channels=PICTURE_CHANNELS, out_channels=PICTURE_CHANNELS)
    return replace(config, generator=shape, input_dtype="", output_dtype="", output_range=())


def take_pictures(proto: onnx.ModelProto, config: CheckpointConfig) -> onnx.ModelProto:
    """The ONNX graph of a generator, in place, with pictures (N, 3, H, W) in and out.

    A picture becomes grey where the generator has one input channel; outputs are shown as by
    `tensors.as_rgb`.
    """
    inside, outside = config.generator.in_channels, config.generator.out_channels
    graph = proto.graph
    for node in graph.node:
        node.input[:] = ["samples" if name == "input" else name for name in node.input]
        node.output[:] = ["made" if name == "output" else name for name in node.output]
    mix = np.full((1, 3), 1 / 3) if inside == 1 else np.eye(3)
    first = _mix_channels(graph, "input", "samples", mix)
    shown = [0, 1, 0] if outside == 2 else [0, outside // 2, outside - 1]
    last = _mix_channels(graph, "made", "output", np.eye(outside)[shown])
    nodes = [first, *graph.node, last]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.input[0].type.tensor_type.shape.dim[1].dim_value = PICTURE_CHANNELS
    return proto


def _mix_channels(
    graph: onnx.GraphProto, source: str, target: str, weights: np.ndarray
) -> onnx.NodeProto:
    """A 1x1 convolution by weights (out, in)."""
    name = f"{target}_mix"
    values = weights.astype(np.float32)[:, :, None, None]
    graph.initializer.append(
        helper.make_tensor(name, TensorProto.FLOAT, values.shape, values.reshape(-1))
    )
    return helper.make_node("Conv", [source, name], [target])
