"""`python -m pix2pix export`: export a checkpoint's generator to ONNX, to run it without torch.

All inputs and outputs are float32: `input` (N, C, H, W) as encoded by `models.tensors`, `style`
(N, style_dim) if the model has styles, and `output`. N, H and W are dynamic; H and W must be
multiples of 2 ** depth. The metadata contain the checkpoint's config, the preprocessing
(`pix2pix.input`, see `describe_input`) and the mean and covariance of the style codes, if any.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli.arguments import Commands, add_command
from pix2pix.runtime.atomic_io import write_atomically

if TYPE_CHECKING:
    from pix2pix.checkpoint import Model
    from pix2pix.config import CheckpointConfig
    from pix2pix.images.samples import SampleFormat

HELP = """\
Export a checkpoint's generator to an ONNX file.

Batch size, height and width are dynamic (height and width: multiples of 2 ** depth). The file runs
in ONNX Runtime, OpenVINO, TensorRT or a browser. Its metadata (metadata_props, JSON each) contain
the checkpoint's config (pix2pix.config) and the preprocessing of training (pix2pix.input): height,
width, how to fit images of other shapes (fit, how), mean and std, and the order of channels.
"""

# How to reproduce `data.resize_crop` in another program, by resize mode
FIT_INSTRUCTIONS = {
    "stretch": "resize the image to height x width; resize the output to the image's size",
    "pad": "resize the image, keeping its aspect ratio, to fit into height x width; pad it on both "
    "sides with black (label maps: with zeros in all channels); remove the padding from the output "
    "and resize it to the image's size",
    "mirror": "resize the image, keeping its aspect ratio, to fit into height x width; pad it on "
    "both sides by reflection; remove the padding from the output and resize it to the image's "
    "size",
    "rotate": "if the image is portrait and height x width is landscape, or the reverse, rotate it "
    "90 degrees counter-clockwise; resize it to height x width; rotate the output back and resize "
    "it to the image's size",
    "crop": "resize the image, keeping its aspect ratio, to just cover height x width; pad it at "
    "the right and bottom by reflection to a multiple of `multiple`; remove the padding from the "
    "output and resize it to the image's size",
    "squeeze": "resize the image to height x width; resize the output to the image's size",
}

EXAMPLES = """\
examples:
  python -m pix2pix export checkpoints/facades -o facades.onnx
  python -m pix2pix export ada/houses -o houses.onnx --fp16
"""


def add_parser(commands: Commands) -> None:
    parser = add_command(
        commands, "export", "a checkpoint -> an ONNX file", description=HELP, epilog=EXAMPLES
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="folder, or OWNER/NAME[@REVISION] on the Hub"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="output file, MODEL.onnx")
    parser.add_argument(
        "--fp16",
        action="store_true",
        help="store float16 weights, half the size; computes in float16, or in float32 for "
        "networks with instance norm",
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(options: argparse.Namespace) -> int:
    """Writes the file and prints its inputs. Raises ValueError if it cannot be written."""
    if options.out.suffix.lower() != ".onnx":
        raise ValueError(f"{options.out}: expected a file name ending in .onnx")
    if options.out.exists() and not options.force:
        raise ValueError(f"{options.out}: already exists; --force overwrites it")
    from pix2pix.checkpoint import load_checkpoint
    from pix2pix.hub import resolve

    config, model = load_checkpoint(resolve(options.checkpoint))
    content = to_onnx(config, model, options.fp16)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, content)
    multiple = config.generator.multiple
    print(f"{options.out}: {len(content) / 2**20:.1f} MiB, {config.task}")
    print(f"  input   float32 (N, {config.generator.in_channels}, H, W), multiples of {multiple}")
    height, width = config.shape
    mode = config.resize_mode
    print(f"  trained at {height}x{width} (HxW), resize mode {mode}: {FIT_INSTRUCTIONS[mode]}")
    if config.generator.style_dim:
        print(f"  style   float32 (N, {config.generator.style_dim})")
    return 0


def to_onnx(config: "CheckpointConfig", model: "Model", fp16: bool = False) -> bytes:
    """The generator of a loaded checkpoint as bytes of an ONNX file."""
    import onnx

    from pix2pix.inference.backends.onnx_builder import Precision
    from pix2pix.inference.backends.onnx_graph import build_onnx_model

    generator = model.generator.eval()
    precision: Precision = "fp32"
    if fp16:
        precision = "fp16_storage" if generator.needs_fp32 else "fp16"
    proto = build_onnx_model(generator, precision)
    onnx.helper.set_model_props(proto, metadata(config, model))
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def metadata(config: "CheckpointConfig", model: "Model") -> dict[str, str]:
    """The metadata of the ONNX file: key -> JSON."""
    found: dict[str, Any] = {"config": config.to_dict(), "input": describe_input(config)}
    if model.style_encoder is not None:
        encoder = model.style_encoder
        found["style_mean"] = encoder.style_mean.tolist()
        found["style_covariance"] = encoder.sampled_covariance().tolist()
    return {f"pix2pix.{name}": json.dumps(value) for name, value in found.items()}


def describe_input(config: "CheckpointConfig") -> dict[str, Any]:
    """The preprocessing and postprocessing of the network, as JSON-serialisable values.

    A colour value v in 0..255 is normalised to (v - mean) / std, with channels in the order of
    `channels`; an output image is denormalised in reverse. `deep_values`, if present, are the two
    values of images with more than 8 bits that map to 0 and 255. Images that are no 8-bit pictures
    are normalised in their own unit and clipped to `range`; `output_mean` and `output_std` are
    those of such outputs.
    """
    from pix2pix.images.samples import input_format, output_format

    height, width = config.shape
    found: dict[str, Any] = {
        "height": height,
        "width": width,
        "multiple": config.generator.multiple,
        "fit": config.resize_mode,
        "how": FIT_INSTRUCTIONS[config.resize_mode],
        "layout": "NCHW",
    }
    if config.input_range and not config.input_dtype:
        found["deep_values"] = list(config.input_range)
    if config.task == "labels2photo":
        found |= {
            "channels": [c.name for c in config.palette],
            "values": "one-hot: 1 for the pixel's class, else 0",
        }
    elif config.task == "colorize":
        found |= {
            "channels": [
                "L",
                "hint a",
                "hint b",
                "hint mask",
                "a spread",
                "b spread",
                "mask spread",
            ],
            "values": "L / 50 - 1; without hints, all other channels are 0",
            "output": "a / 110, b / 110 (CIE Lab, D65)",
        }
    elif config.task == "restore":
        found |= {
            "channels": ["L", "marks"],
            "values": "L / 50 - 1, filled smoothly at marked places; marks: 1 to repair, else 0",
            "output": "L / 50 - 1 without damage; the probability of damage, * 2 - 1",
        }
    else:
        found |= describe_channels("", input_format(config))
    if config.task == "photo2labels":
        found["output"] = (
            "logits, one channel per class of config.palette; argmax gives the pixel's class"
        )
    elif "output" not in found:
        target = output_format(config)
        found["output"] = "R, G, B; value * 127.5 + 127.5"
        if not target.is_picture:
            found |= describe_channels("output_", target)
            found["output"] = (
                "value * output_std + output_mean, in the unit of the training targets"
            )
    return found


def describe_channels(prefix: str, own: "SampleFormat") -> dict[str, Any]:
    """The channels, mean and std of images, and of samples their dtype and value range."""
    if own.is_picture:
        return {"channels": ["R", "G", "B"], "mean": [127.5] * 3, "std": [127.5] * 3}
    low, high = own.value_range
    return {
        f"{prefix}channels": [f"channel {i}" for i in range(own.channels)],
        f"{prefix}mean": [(low + high) / 2] * own.channels,
        f"{prefix}std": [(high - low) / 2] * own.channels,
        f"{prefix}dtype": own.dtype,
        f"{prefix}range": [low, high],
    }
