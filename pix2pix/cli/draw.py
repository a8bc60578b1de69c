"""The command line of `python -m pix2pix draw`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Process, Say, add_checkpoint, add_folder_options
from pix2pix.cli.console import print_stderr
from pix2pix.cli.output_paths import Planned
from pix2pix.cli.ray_command import RAY_HELP, add_ray_options
from pix2pix.runtime.bundle import CHECKPOINTS

if TYPE_CHECKING:
    import numpy as np

    from pix2pix.inference import Drawer, Look, Style

HD = "facades_hd"  # the name of the bundled checkpoint of large photos
INPUT, SUMMARY = "LABELS", "label maps -> photos of buildings"
INPUT_HELP = "image file or folder of images"

HELP = """\
Generate the photo of each facade label map.

LABELS is a label image: a palette PNG as saved by the CMP Facade Database and this app, an RGB
image in those colours or in the colours of the pix2pix "facades" set (JPEG too), or a greyscale
image of class indices 0-11 or ids 1-12. Transparent or white areas are background; in a photo and
its label map side by side, the map is used. The photo has the size of the label map. In folders,
label maps with a newer result are skipped; sub-folders keep their names.

With --regions and --looks, parts of the building have other styles than the rest: where the pixels
of the region image have the value 1, the first look applies; where 2, the second.
"""

EXAMPLES = """\
examples:
  python -m pix2pix draw house.png -o house-photo.png
  python -m pix2pix draw house.png -o other-house.png --seed 7
  python -m pix2pix draw house.png -o house-like-ours.png --style-from our-house.jpg
  python -m pix2pix draw drawings/*.png -o photos/ --size 512
  python -m pix2pix draw house.png -o large.png --size 1024 --checkpoint-hd runs/facades_hd
  python -m pix2pix draw house.png -o two-looks.png --style slate --regions shop.png --looks brick
  python -m pix2pix draw drawings -o photos --recursive

"""
EXAMPLES += RAY_HELP


def add_options(parser: argparse.ArgumentParser) -> None:
    add_checkpoint(parser, "facades")
    parser.add_argument(
        "--checkpoint-hd",
        metavar="X",
        help="checkpoint of photos larger than --checkpoint is trained for (default: the bundled "
        f"{CHECKPOINTS.name}/{HD}, if there, with the bundled {CHECKPOINTS.name}/facades)",
    )
    add_folder_options(parser)
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
    parser.add_argument(
        "--regions",
        metavar="IMAGE",
        help="greyscale or palette image of LABELS' size: pixels of value N have the N-th look of "
        "--looks, those of value 0 the drawing's",
    )
    parser.add_argument(
        "--looks",
        metavar="A,B,...",
        help="looks of the regions, at most 8: names of styles, or seeds",
    )
    add_ray_options(parser)


def plan_results(options: argparse.Namespace, inputs: list[str]) -> tuple[Planned, dict[str, str]]:
    """The results and the skipped files by `plan_files`."""
    from pix2pix.cli.photo_tasks import plan_files

    others = [path for path in (options.style_from, options.regions) if path]
    return plan_files(inputs, options.out, options.recursive, others=others)


def load_process(options: argparse.Namespace, say: Say = print_stderr) -> Process:
    from PIL import Image

    from pix2pix.inference import Regions, load_drawer
    from pix2pix.labels.label_map import is_facades, open_label_map

    if (options.regions is None) != (options.looks is None):
        raise ValueError("--regions and --looks must be given together")

    hd = options.checkpoint_hd or bundled_hd(options.checkpoint)
    drawer = load_drawer(options.checkpoint, options.device, hd=hd)
    style = choose_style(drawer, options)
    palette = drawer.config.palette
    own = None if is_facades([c.name for c in palette]) else tuple(c.rgb for c in palette)
    names = [c.name for c in palette]
    regions = None
    if options.regions is not None:
        looks = [choose_look(drawer, look.strip()) for look in options.looks.split(",")]
        regions = Regions(read_regions(options.regions), looks)

    def draw(source: str) -> Image.Image:
        label_map = open_label_map(source, colors=own, classes=names)
        photo = drawer.draw(label_map, options.seed, style, size=options.size, regions=regions)
        return Image.fromarray(photo)

    return draw


def bundled_hd(checkpoint: str | Path) -> Path | None:
    """The bundled checkpoint of large photos for the bundled `checkpoint`, if there is one."""
    folder = CHECKPOINTS / HD
    return folder if Path(checkpoint) == CHECKPOINTS / "facades" and folder.exists() else None


def choose_style(drawer: "Drawer", options: argparse.Namespace) -> "Style | None":
    """The style from --style-from or --style; None if the seed decides."""
    from pix2pix.images.reader import open_rgb

    if options.style_from is not None:
        return drawer.style_from(open_rgb(options.style_from))
    if options.style is None:
        return None
    return named_style(drawer, "--style", options.style)


def named_style(drawer: "Drawer", option: str, name: str) -> "Style":
    """The style of this name. Raises ValueError if the checkpoint has none."""
    if name not in drawer.styles:
        names = ", ".join(drawer.styles) or "none"
        raise ValueError(f"{option} {name}: the checkpoint has no such style, but {names}")
    return drawer.styles[name]


def choose_look(drawer: "Drawer", text: str) -> "Look":
    """A seed, or the style of a name, from --looks."""
    return int(text) if text.isdecimal() else named_style(drawer, "--looks", text)


def read_regions(path: str) -> "np.ndarray":
    """The values (H, W) uint8 of a greyscale or palette image. Raises ValueError for another."""
    import numpy as np

    from pix2pix.images.reader import open_image

    image = open_image(path)
    if image.mode not in ("1", "L", "P"):
        raise ValueError(
            f"{path}: regions are a greyscale or palette image of 8 bits, got mode {image.mode}"
        )
    return np.array(image, np.uint8)
