"""The command line of `python -m pix2pix trace`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Process, Say, add_checkpoint
from pix2pix.cli.console import print_stderr
from pix2pix.cli.output_paths import Planned, plan_outputs

if TYPE_CHECKING:
    from PIL import Image

INPUT, SUMMARY = "PHOTO", "photos of facades -> label maps"
INPUT_HELP = "image file"

HELP = """\
Find the label map in each photo of a facade.

The result is a palette PNG of the photo's size, which `draw` and the app can open. The facade
should be photographed from the front; other objects are traced as if they were houses.

--labels takes partial label maps, as of data sets that mark few classes: the classes of --known
stay where they are marked, and everything else is traced among the other classes.
"""

EXAMPLES = """\
examples:
  python -m pix2pix trace house-photo.jpg -o house.png
  python -m pix2pix trace photos/*.jpg -o drawings/
  python -m pix2pix trace paris/*.jpg -o full/ --labels paris-labels --known window,door,balcony
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add_checkpoint(parser, "trace")
    option = parser.add_argument
    option("--labels", type=Path, metavar="DIR", help="partial label maps NAME.png of the photos")
    option("--known", metavar="CLASS,...", help="the classes that these mark completely")


def plan_results(options: argparse.Namespace, inputs: list[str]) -> tuple[Planned, dict[str, str]]:
    """The results by `plan_outputs`, as PNG; no file is skipped."""
    return plan_outputs(inputs, options.out, endings=(".png",)), {}


def load_process(options: argparse.Namespace, say: Say = print_stderr) -> Process:
    if (options.labels is None) != (options.known is None):
        raise ValueError("--labels and --known need each other")
    from pix2pix.images.reader import open_rgb
    from pix2pix.inference import load_tracer
    from pix2pix.labels.label_map import encode_label_image, is_facades, open_label_map

    tracer = load_tracer(options.checkpoint, options.device)
    palette = tracer.config.palette
    colors = tuple(color.rgb for color in palette)
    names = [color.name for color in palette]
    known = find_classes(options.known, names) if options.known is not None else []
    own = None if is_facades(names) else colors  # facades are read in every form
    value_range = tracer.config.input_range

    def process(source: str) -> "Image.Image":
        photo = open_rgb(source, value_range=value_range)
        if options.labels is None:
            return encode_label_image(tracer.trace(photo), colors)
        file = options.labels / f"{Path(source).stem}.png"
        partial = open_label_map(file, colors=own, classes=names)
        return encode_label_image(tracer.complete(photo, partial, known), colors)

    return process


def find_classes(given: str, names: list[str]) -> list[int]:
    """The indices of classes "NAME,NAME". Raises ValueError for an unknown name."""
    wanted = [name.strip() for name in given.split(",")]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(
            f"--known {given}: no class is named {unknown[0]!r}; the classes are {', '.join(names)}"
        )
    return [names.index(name) for name in wanted]
