"""The command line: `python -m pix2pix draw`, `colorize`, `trace` and `translate`."""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix import colorize_command, export, prepare_command, publish, translate_command
from pix2pix.outputs import plan_outputs, save_image

if TYPE_CHECKING:
    from PIL import Image

    from pix2pix.inference import Drawer, Style

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"

HELP = """\
Draw facades, colourise photos, trace photos of facades.

  python -m pix2pix draw house.png -o house-photo.png
  python -m pix2pix colorize grandmother.jpg -o grandmother-colour.jpg
  python -m pix2pix trace house-photo.jpg -o house.png
  python -m pix2pix translate sketch.png -o photo.png --checkpoint runs/sketches
  python -m pix2pix prepare edges photos -o drawings
  python -m pix2pix push runs/facades ada/houses
  python -m pix2pix export runs/facades -o facades.onnx

'python -m pix2pix COMMAND --help' says more. Pictures never leave this machine,
except those of a card that you push.
"""

OUTPUT_RULES = """\
OUT is a file for one input (.png, .jpg, .webp, .tiff or .bmp). For several inputs, or where OUT is
a folder or ends in /, it is a folder, made if need be, and each result has its input's name as PNG.
An input is never overwritten. Inputs whose names start with - go last, after --.

exit status: 0 all done; 1 some inputs were bad (the others are done, the bad ones are listed at
the end); 2 nothing could be done.
"""

DRAW_HELP = """\
Paint the photo of each facade label map.

LABELS is a picture of class colours: a palette PNG as the CMP Facade Database and this app save it,
an RGB picture in those colours or in those of the pix2pix "facades" set (JPEG too), or a greyscale
picture of class indices 0-11 or ids 1-12. The photo has the size of the label map.
"""

TRACE_HELP = """\
Find the label map in each photo of a facade.

The result is a palette PNG of the photo's size, the form that `draw` and the app open. Photograph
a facade from the front; what is not a house is traced as if it were one.
"""

EXAMPLES = {
    "draw": """\
examples:
  python -m pix2pix draw house.png -o house-photo.png
  python -m pix2pix draw house.png -o other-house.png --seed 7
  python -m pix2pix draw house.png -o house-like-ours.png --style-from our-house.jpg
  python -m pix2pix draw drawings/*.png -o photos/ --size 512
""",
    "trace": """\
examples:
  python -m pix2pix trace house-photo.jpg -o house.png
  python -m pix2pix trace photos/*.jpg -o drawings/
""",
    "translate": translate_command.EXAMPLES,
}


def build_parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m pix2pix", description=HELP, formatter_class=raw
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, metavar: str, summary: str, description: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=description,
            epilog=EXAMPLES[name] + "\n" + OUTPUT_RULES,
            formatter_class=raw,
        )
        command.add_argument("inputs", nargs="+", metavar=metavar, help="image file")
        command.add_argument("-o", "--out", required=True, help="file or folder for the results")
        command.add_argument(
            "--device", default="auto", help="cpu, cuda or mps (default: the best there is)"
        )
        return command

    def add_checkpoint(command: argparse.ArgumentParser, name: str) -> None:
        command.add_argument(
            "--checkpoint",
            metavar="X",
            default=CHECKPOINTS / name,
            help="checkpoint folder, or OWNER/NAME[@REVISION] on the Hugging Face Hub "
            f"(default: the one that comes along, checkpoints/{name})",
        )

    draw = add("draw", "LABELS", "label maps -> photos of buildings", DRAW_HELP)
    add_checkpoint(draw, "facades")
    draw.add_argument(
        "--size",
        type=int,
        metavar="N",
        help="short side of the photo, in pixels (default: the drawing's)",
    )
    style = draw.add_mutually_exclusive_group()
    style.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="which building: another number, another style (default: 0)",
    )
    style.add_argument("--style-from", metavar="PHOTO", help="in the style of this photo")
    style.add_argument("--style", metavar="NAME", help="in a style that the checkpoint names")
    colorize_command.add_parser(commands, CHECKPOINTS / "colorize")
    trace = add("trace", "PHOTO", "photos of facades -> label maps", TRACE_HELP)
    add_checkpoint(trace, "trace")
    translate = add(
        "translate", "IMAGE", "images -> images, by a model of yours", translate_command.HELP
    )
    translate_command.add_options(translate)
    prepare_command.add_parser(commands)
    publish.add_commands(commands)
    export.add_parser(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    options = build_parser().parse_args(argv)
    if options.command == "prepare":
        return prepare_command.run(options, complain)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("pix2pix.hub").setLevel(logging.INFO)  # which commit of a model was taken
    if options.command in (*publish.COMMANDS, "export"):
        try:
            return (export if options.command == "export" else publish).run(options)
        except (ValueError, OSError) as error:
            complain(f"pix2pix: {say(error)}")
            return 2
    if options.command == "colorize":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as below
            return colorize_command.run(options, complain, say)
    inputs = list(dict.fromkeys(options.inputs))  # the same name twice is one input
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong with a file, we say ourselves, in a line
        try:
            targets, bad = plan_targets(options, inputs)
            process = load_command(options)
        except (ValueError, OSError, RuntimeError) as error:
            complain(f"pix2pix: {say(error)}")
            return 2
        for source, target in targets.items():
            try:
                save_image(process(source), target)
            except Exception as error:  # the batch goes on, whatever one file does
                bad[source] = say(error).removeprefix(f"{source}: ")
    for source in inputs:
        if source in bad:
            complain(f"{source}: {bad[source]}")
    if len(bad) == len(inputs):
        return 2
    return 1 if bad else 0


def plan_targets(
    options: argparse.Namespace, inputs: list[str]
) -> tuple[dict[str, Path], dict[str, str]]:
    """`plan_outputs` for a command: a label map is a PNG, and a photo it takes is no target."""
    if options.command == "trace":
        return plan_outputs(inputs, options.out, endings=(".png",))
    photo = getattr(options, "style_from", None)
    return plan_outputs(inputs, options.out, others=[photo] if photo else [])


def complain(line: str) -> None:
    """Prints one line on stderr, whatever a file's name or an error's text has in it."""
    print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), file=sys.stderr)


def say(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{os.fspath(error.filename)}: {error.strerror}"
    return str(error) or type(error).__name__


def load_command(options: argparse.Namespace) -> Callable[[str], "Image.Image"]:
    """What the command does to one file. The model is loaded once, here."""
    # Imported late: torch takes seconds, and --help and mistakes should not wait for it.
    from PIL import Image

    from pix2pix import inference
    from pix2pix.images import open_rgb
    from pix2pix.labels import encode_label_image, is_facades, open_label_map

    if options.command == "draw":
        drawer = inference.load_drawer(options.checkpoint, options.device)
        style = choose_style(drawer, options)
        palette = drawer.config.palette
        own = None if is_facades([c.name for c in palette]) else tuple(c.rgb for c in palette)
        return lambda source: Image.fromarray(
            drawer.draw(open_label_map(source, colors=own), options.seed, style, size=options.size)
        )
    if options.command == "translate":
        return translate_command.load(options)
    tracer = inference.load_tracer(options.checkpoint, options.device)
    colors = [color.rgb for color in tracer.config.palette]
    return lambda source: encode_label_image(tracer.trace(open_rgb(source)), colors)


def choose_style(drawer: "Drawer", options: argparse.Namespace) -> "Style | None":
    """The style that was asked for by photo or by name; None where the seed decides."""
    from pix2pix.images import open_rgb

    if options.style_from is not None:
        return drawer.style_from(open_rgb(options.style_from))
    if options.style is None:
        return None
    if options.style not in drawer.styles:
        names = ", ".join(drawer.styles) or "none"
        raise ValueError(f"--style {options.style}: the checkpoint has no such style, but {names}")
    return drawer.styles[options.style]


if __name__ == "__main__":
    sys.exit(main())
