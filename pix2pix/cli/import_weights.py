"""`python -m pix2pix import`: a generator of the reference implementation -> a checkpoint."""

from __future__ import annotations

import argparse
import io
import pickle
import pickletools
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli.arguments import Commands, add_command
from pix2pix.config import INPUT_TYPES

if TYPE_CHECKING:
    from torch import Tensor

    from pix2pix.config import CheckpointConfig, LabelColor
    from pix2pix.models.reference_weights import ConvertedGenerator

HELP = """\
Import a generator that was trained with pytorch-CycleGAN-and-pix2pix.

FILE is the saved generator: latest_net_G.pth (pix2pix), latest_net_G_A.pth or latest_net_G_B.pth
(CycleGAN). Its architecture is found from the file: unet_128, unet_256, resnet_6blocks or
resnet_9blocks, with batch or instance norm. The result is a checkpoint folder for the app, draw,
translate, site, push and export. No code in the file is run.
"""

EXAMPLES = """\
A model of label images, such as facades, becomes one to draw with by --palette: "facades" for the
set of that name, or a palette.json with the name and the colour of each class.

test.py of that implementation uses batch norm with the statistics of each image unless --eval is
given: --norm-statistics image does the same, the default is as with --eval. Its dropout while
testing (a little noise) is left out.

examples:
  python -m pix2pix import latest_net_G.pth -o runs/edges2shoes --input-type lines
  python -m pix2pix import latest_net_G.pth -o runs/facades --palette facades
  python -m pix2pix import latest_net_G_A.pth -o runs/horse2zebra --size 512
"""

FACADES = "facades"
DEFAULT_SIZE = 256
# What the pickle of a state_dict refers to; a pickled model refers to its class
_PLAIN_MODULES = (
    "collections",
    "torch",
    "torch._utils",
    "torch.storage",
    "__builtin__",
    "builtins",
)
_MAX_OPCODES = 5_000_000
_LEGACY_PICKLES = 4  # before torch 1.6: magic number, protocol, system, object


def add_parser(commands: Commands) -> None:
    parser = add_command(
        commands,
        "import",
        "latest_net_G.pth -> a checkpoint",
        description=HELP,
        epilog=EXAMPLES,
    )
    parser.set_defaults(run=run)
    option = parser.add_argument
    option("file", type=Path, metavar="FILE", help="the saved generator, latest_net_G.pth")
    option("-o", "--out", type=Path, required=True, help="checkpoint folder to create")
    option(
        "--size",
        type=int,
        metavar="N",
        help="height and width of the training images, --crop_size there (default: 256, or 128 "
        "for unet_128)",
    )
    option(
        "--input-type",
        choices=INPUT_TYPES,
        default=INPUT_TYPES[0],
        help="lines: drawings of black lines, lines-white: of white ones, which the app lets draw "
        "(default: photo)",
    )
    option(
        "--palette",
        metavar="FILE.json",
        help=f"the input is a label image in these colours: a palette.json, or {FACADES}",
    )
    option(
        "--norm-statistics",
        choices=("saved", "image"),
        default="saved",
        help="of batch norm (default: saved)",
    )
    option("--fp16", action="store_true", help="store float16 weights, half the size")
    option("--force", action="store_true", help="overwrite an existing checkpoint")


def run(options: argparse.Namespace) -> int:
    """Writes the checkpoint and prints what it is. Raises ValueError if it cannot be imported."""
    if (options.out / "config.json").exists() and not options.force:
        raise ValueError(f"{options.out}: is a checkpoint already; --force overwrites it")
    if options.palette and options.input_type != INPUT_TYPES[0]:
        raise ValueError("--input-type and --palette are two kinds of input; expected one of them")
    from pix2pix.checkpoint import Model, save_checkpoint
    from pix2pix.models.reference_weights import convert_generator
    from pix2pix.training.model_card import write_card

    try:
        state = read_state(options.file)
        converted = convert_generator(state, options.norm_statistics == "image")
        config, converted = make_config(options, converted)
    except ValueError as error:
        raise ValueError(f"{options.file}: {error}") from None
    model = Model(config)
    model.generator.load_state_dict(converted.state, strict=True)
    save_checkpoint(options.out, config, model, write_card(config), half=options.fp16)
    print(describe(options.out, config))
    return 0


def make_config(
    options: argparse.Namespace, converted: ConvertedGenerator
) -> tuple[CheckpointConfig, ConvertedGenerator]:
    """The config of the checkpoint, and the generator adapted to its task.

    Raises ValueError for channels or a size that do not fit.
    """
    from pix2pix.config import CheckpointConfig
    from pix2pix.models.reference_weights import expand_grey, read_one_hot

    original = converted.config
    for name in ("in_channels", "out_channels"):
        value = getattr(original, name)
        if value not in (1, 3):
            raise ValueError(f"{name} must be 1 (grey) or 3 (RGB), got {value}")
    converted = expand_grey(converted)
    classes: tuple[LabelColor, ...] = ()
    if options.palette:
        classes, colors = read_classes(options.palette)
        converted = read_one_hot(converted, colors)
    smallest = 2**original.depth
    training = {
        "imported from": options.file.name,
        "trained with": "pytorch-CycleGAN-and-pix2pix",
        "network": describe_network(converted),
    }
    if original.in_channels == 1:
        training["input"] = "grey: the luminance of the image"
    config = CheckpointConfig(
        task="labels2photo" if classes else "image2image",
        size=options.size or (smallest if original.architecture == "unet" else DEFAULT_SIZE),
        generator=converted.config,
        palette=classes,
        input_type=options.input_type,
        training=training,
    )
    return config, converted


def describe_network(converted: ConvertedGenerator) -> str:
    """The network in the words of that implementation, such as "unet_256, batch norm"."""
    config = converted.config
    name = f"unet_{2**config.depth}" if config.architecture == "unet" else config.architecture
    by_image = config.norm == "instance" and config.norm_affine
    norm = "batch norm with the image's statistics" if by_image else f"{config.norm} norm"
    return f"{name}, ngf {config.ngf}, {norm}"


def describe(folder: Path, config: CheckpointConfig) -> str:
    use = {
        "labels2photo": f"python -m pix2pix draw drawing.png -o photo.png --checkpoint {folder}",
        "image2image": f"python -m pix2pix translate in.png -o out.png --checkpoint {folder}",
    }
    return f"{folder}: {config.training['network']}, {config.task}\n  {use[config.task]}"


def read_classes(given: str) -> tuple[tuple[LabelColor, ...], tuple[tuple[int, ...], ...]]:
    """The classes of --palette, and their colours in the label images of the training."""
    from pix2pix.labels.classes import PIX2PIX_COLORS
    from pix2pix.labels.palette import FACADES as FACADE_PALETTE
    from pix2pix.labels.palette import PALETTE_NAME, read_palette

    if given == FACADES:
        return FACADE_PALETTE.classes, PIX2PIX_COLORS
    path = Path(given)
    if path.name != PALETTE_NAME or not path.is_file():
        raise ValueError(f"--palette must be {FACADES} or a file {PALETTE_NAME}, got {given}")
    classes = read_palette(path.parent).classes
    return classes, tuple(c.rgb for c in classes)


def read_state(path: Path) -> dict[str, Tensor]:
    """The state_dict in a file of torch.save, in any of its formats; nothing else is unpickled.

    Raises ValueError for another file, a pickled model, or an optimizer's state.
    """
    import torch

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(error.strerror) from None
    try:
        found: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever is raised for a file that torch.save did not write
        foreign = foreign_classes(content)
        if foreign:
            raise ValueError(
                f"holds pickled objects ({foreign[0]}), which could run code when they are loaded; "
                "expected a state_dict. Load it in the environment that wrote it, and save "
                "torch.save(model.state_dict(), 'latest_net_G.pth')"
            ) from None
        raise ValueError(
            "is damaged or no file of torch.save; expected latest_net_G.pth"
        ) from error
    if not isinstance(found, dict) or not found:
        raise ValueError(f"holds a {type(found).__name__}; expected a generator's state_dict")
    if "param_groups" in found:
        raise ValueError("is the state of an optimizer; expected latest_net_G.pth")
    other = [str(key) for key, value in found.items() if not torch.is_tensor(value)]
    if other:
        raise ValueError(
            f"holds {', '.join(other[:5])}; expected the tensors of a generator. If one of these "
            f"is its state_dict, save that alone: torch.save(torch.load(FILE)[{other[0]!r}], "
            "'latest_net_G.pth')"
        )
    return {str(name): tensor for name, tensor in found.items()}


def foreign_classes(content: bytes) -> list[str]:
    """The classes and functions that a file of torch.save refers to, other than plain tensors'.

    Reads the opcodes of the pickle, and runs none.
    """
    stream = io.BytesIO(content)
    try:
        if zipfile.is_zipfile(stream):
            with zipfile.ZipFile(stream) as archive:
                name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
                stream, pickles = io.BytesIO(archive.read(name)), 1
        else:
            stream.seek(0)
            pickles = _LEGACY_PICKLES
        found = []
        for _ in range(pickles):
            for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
                if opcode.name == "GLOBAL" and isinstance(argument, str):
                    module, _, name = argument.partition(" ")
                    if module not in _PLAIN_MODULES:
                        found.append(f"{module}.{name}")
                if count > _MAX_OPCODES:
                    break
        return found
    except (StopIteration, ValueError, zipfile.BadZipFile, pickle.UnpicklingError, EOFError):
        return []
