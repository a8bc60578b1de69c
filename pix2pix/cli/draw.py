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
Paint the photo of each facade label map.

LABELS is a picture of class colours: a palette PNG as the CMP Facade Database and this app save it,
an RGB picture in those colours or in those of the pix2pix "facades" set (JPEG too), or a greyscale
picture of class indices 0-11 or ids 1-12. A transparent or white ground is background; of a photo
with its label map beside it the map is taken. The photo has the size of the label map.
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
        help="which building: another number, another style (default: 0)",
    )
    style.add_argument("--style-from", metavar="PHOTO", help="in the style of this photo")
    style.add_argument("--style", metavar="NAME", help="in a style that the checkpoint names")


def plan_results(options: argparse.Namespace, inputs: list[str]) -> Planned:
    """`plan_outputs`; the photo of a style is not overwritten."""
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
    """The style that was asked for by photo or by name; None where the seed decides."""
    from pix2pix.images.reader import open_rgb

    if options.style_from is not None:
        return drawer.style_from(open_rgb(options.style_from))
    if options.style is None:
        return None
    if options.style not in drawer.styles:
        names = ", ".join(drawer.styles) or "none"
        raise ValueError(f"--style {options.style}: the checkpoint has no such style, but {names}")
    return drawer.styles[options.style]
