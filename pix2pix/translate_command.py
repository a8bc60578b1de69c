"""The command line of `python -m pix2pix translate`."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

HELP = """\
Make the picture that a model learned to make of each image: a photo of edges, a map of an aerial
view, a night of a day.

The model is one of task image2image, from train.py or from the Hugging Face Hub. The result has the
size and the orientation of the image.
"""

EXAMPLES = """\
examples:
  python -m pix2pix translate sketch.png -o photo.png --checkpoint runs/sketches
  python -m pix2pix translate maps/*.png -o aerial/ --checkpoint ada/maps
"""


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--checkpoint",
        metavar="X",
        required=True,
        help="checkpoint folder, or OWNER/NAME[@REVISION] on the Hugging Face Hub",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="which style, where the model has several (default: 0)",
    )


def load(options: argparse.Namespace) -> Callable[[str], "Image.Image"]:
    """What the command does to one file. The model is loaded once, here."""
    # Imported late: torch takes seconds, and --help and mistakes should not wait for it.
    from pix2pix.images import open_rgb
    from pix2pix.inference import load_translator

    translator = load_translator(options.checkpoint, options.device)
    return lambda source: translator.translate(open_rgb(source), options.seed)
