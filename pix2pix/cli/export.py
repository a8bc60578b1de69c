"""`python -m pix2pix export`: a checkpoint's generator as an ONNX file, for programs without torch.

The file takes and gives float32: `input` (N, C, H, W) as `encoding` makes it, `style`
(N, style_dim) where the model has styles, and `output`. N, H and W are free; H and W are multiples
of 2 ** depth. Its metadata hold the checkpoint's config, how a picture is made into an input
(`pix2pix.input`, see `describe_input`) and, of styles, where they lie.
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

HELP = """\
Write a checkpoint's generator as an ONNX file.

It takes any batch, height and width (multiples of 2 ** depth), runs in ONNX Runtime, OpenVINO,
TensorRT or a browser. Its metadata (metadata_props, each JSON) have the checkpoint's config in
pix2pix.config, and in pix2pix.input how to feed it as it was trained: height, width, how a picture
of another shape becomes one of these (fit, how), mean and std of its values, order of channels.
"""

# How a program feeds a picture as `data.geometry` does, by `fit`
FIT_INSTRUCTIONS = {
    "stretch": "resize the picture to height x width; resize the output to the picture's size",
    "pad": "resize the picture, its aspect kept, to fit into height x width, in the middle of "
    "black (of label maps: of no class); cut the middle out of the output and resize it back",
    "mirror": "resize the picture, its aspect kept, to fit into height x width; fill the rest on "
    "both sides with its mirror image; cut the middle out of the output and resize it back",
    "rotate": "turn the picture a quarter counter-clockwise where it is higher than wide and the "
    "network's is not, or the other way round; resize it to height x width; resize the output "
    "back and turn it back",
    "crop": "resize the picture, its aspect kept, to just cover height x width; fill its sides up "
    "to multiples with its mirror image at the right and below; cut that off the output and "
    "resize it back",
    "squeeze": "resize the picture to height x width; resize the output to the picture's size",
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
    parser.add_argument("-o", "--out", type=Path, required=True, help="the file, MODEL.onnx")
    parser.add_argument(
        "--fp16",
        action="store_true",
        help="half the size; computed in float16, or in float32 where the network needs it: with "
        "instance norm",
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file")


def run(options: argparse.Namespace) -> int:
    """Writes the file and says what it takes. Raises ValueError with the reason where it cannot."""
    if options.out.suffix.lower() != ".onnx":
        raise ValueError(f"{options.out}: expected a file name that ends in .onnx")
    if options.out.exists() and not options.force:
        raise ValueError(f"{options.out}: is there already; --force overwrites it")
    from pix2pix.checkpoint import load_checkpoint
    from pix2pix.hub import resolve

    config, model = load_checkpoint(resolve(options.checkpoint))
    content = to_onnx(config, model, options.fp16)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, content)
    multiple = 2**config.generator.depth
    print(f"{options.out}: {len(content) / 2**20:.1f} MiB, {config.task}")
    print(f"  input   float32 (N, {config.generator.in_channels}, H, W), multiples of {multiple}")
    height, width = config.shape
    mode = config.resize_mode
    print(f"  trained at {height}x{width} (HxW), resize mode {mode}: {FIT_INSTRUCTIONS[mode]}")
    if config.generator.style_dim:
        print(f"  style   float32 (N, {config.generator.style_dim})")
    return 0


def to_onnx(config: "CheckpointConfig", model: "Model", fp16: bool = False) -> bytes:
    """The generator of a loaded checkpoint as the bytes of an ONNX file."""
    import onnx

    from pix2pix.inference.backends.onnx_graph import Precision, build_onnx_model

    generator = model.generator.eval()
    precision: Precision = "fp32"
    if fp16:
        precision = "fp16_storage" if generator.needs_fp32 else "fp16"
    proto = build_onnx_model(generator, precision)
    onnx.helper.set_model_props(proto, metadata(config, model))
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def metadata(config: "CheckpointConfig", model: "Model") -> dict[str, str]:
    """What a program needs to know beside the network, each as JSON."""
    found: dict[str, Any] = {"config": config.to_dict(), "input": describe_input(config)}
    if model.style_encoder is not None:
        encoder = model.style_encoder
        found["style_mean"] = encoder.style_mean.tolist()
        found["style_covariance"] = encoder.style_covariance.tolist()
    return {f"pix2pix.{name}": json.dumps(value) for name, value in found.items()}


def describe_input(config: "CheckpointConfig") -> dict[str, Any]:
    """How a picture becomes the network's input, and its output a picture.

    A colour value v (0 to 255) is fed as (v - mean) / std, in the order of `channels`; where the
    output is a picture, it is read the other way round. Where there are `deep_values`, the
    values of images of more than 8 bits become colours so that those two are 0 and 255.
    """
    height, width = config.shape
    found: dict[str, Any] = {
        "height": height,
        "width": width,
        "multiple": 2**config.generator.depth,
        "fit": config.resize_mode,
        "how": FIT_INSTRUCTIONS[config.resize_mode],
        "layout": "NCHW",
    }
    if config.input_range:
        found["deep_values"] = list(config.input_range)
    if config.task == "labels2photo":
        found |= {"channels": [c.name for c in config.palette], "values": "1 for the class, else 0"}
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
            "values": "L / 50 - 1; without hints all others are 0",
            "output": "a / 110, b / 110 (CIE Lab, D65)",
        }
    else:
        found |= {"channels": ["R", "G", "B"], "mean": [127.5] * 3, "std": [127.5] * 3}
    if config.task == "photo2labels":
        found["output"] = "a score of each class of config.palette: the largest is the pixel's"
    elif config.task != "colorize":
        found["output"] = "R, G, B; value * 127.5 + 127.5"
    return found
