"""The command line of `python -m pix2pix draw`."""

import argparse
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Process, add_checkpoint
from pix2pix.cli.output_paths import Planned, plan_outputs

if TYPE_CHECKING:
    from pix2pix.inference import Drawer, Style

INPUT, SUMMARY = "LABELS", "label maps -> photos of buildings"
INPUT_HELP = "image file"

HELP = """\
Generate the photo of each facade label map.

LABELS is a label image: a palette PNG as saved by the CMP Facade Database and this app, an RGB
image in those colours or in the colours of the pix2pix "facades" set (JPEG too), or a greyscale
image of class indices 0-11 or ids 1-12. Transparent or white areas are background; in a photo and
its label map side by side, the map is used. The photo has the size of the label map.
"""

EXAMPLES = """\
examples:
  python -m pix2pix draw house.png -o house-photo.png
  python -m pix2pix draw house.png -o other-house.png --seed 7
  python -m pix2pix draw house.png -o house-like-ours.png --style-from our-house.jpg
  python -m pix2pix draw drawings/*.png -o photos/ --size 512
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add_checkpoint(parser, "facades")
    parser.add_argument(
        "--size",
        type=int,
        metavar="N",
        help="short side of the photo, in pixels (default: the drawing's)",
    )
    style = parser.add_mutually_exclusive_group()
    style.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the style (default: 0)",
    )
    style.add_argument("--style-from", metavar="PHOTO", help="use the style of this photo")
    style.add_argument("--style", metavar="NAME", help="use a named style of the checkpoint")


def plan_results(options: argparse.Namespace, inputs: list[str]) -> Planned:
    """The results by `plan_outputs`, which do not overwrite the style photo."""
    return plan_outputs(
        inputs, options.out, others=[options.style_from] if options.style_from else []
    )


def load_process(options: argparse.Namespace) -> Process:
    from PIL import Image

    from pix2pix.inference import load_drawer
    from pix2pix.labels.label_map import is_facades, open_label_map

    drawer = load_drawer(options.checkpoint, options.device)
    style = choose_style(drawer, options)
    palette = drawer.config.palette
    own = None if is_facades([c.name for c in palette]) else tuple(c.rgb for c in palette)
    names = [c.name for c in palette]

    def draw(source: str) -> Image.Image:
        label_map = open_label_map(source, colors=own, classes=names)
        return Image.fromarray(drawer.draw(label_map, options.seed, style, size=options.size))

    return draw


def choose_style(drawer: "Drawer", options: argparse.Namespace) -> "Style | None":
    """The style from --style-from or --style; None if the seed decides."""
    from pix2pix.images.reader import open_rgb

    if options.style_from is not None:
        return drawer.style_from(open_rgb(options.style_from))
    if options.style is None:
        return None
    if options.style not in drawer.styles:
        names = ", ".join(drawer.styles) or "none"
        raise ValueError(f"--style {options.style}: the checkpoint has no such style, but {names}")
    return drawer.styles[options.style]
