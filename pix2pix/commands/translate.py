"""The command line of `python -m pix2pix translate`."""

import argparse

from pix2pix.commands.options import Process, add_checkpoint
from pix2pix.commands.outputs import Planned, plan_outputs

INPUT, SUMMARY = "IMAGE", "images -> images, by a model of yours"

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


def add_options(parser: argparse.ArgumentParser) -> None:
    add_checkpoint(parser)
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="which style, where the model has several (default: 0)",
    )


def plan(options: argparse.Namespace, inputs: list[str]) -> Planned:
    return plan_outputs(inputs, options.out)


def load(options: argparse.Namespace) -> Process:
    from pix2pix.imaging.open import open_rgb
    from pix2pix.inference import load_translator

    translator = load_translator(options.checkpoint, options.device)
    return lambda source: translator.translate(open_rgb(source), options.seed)
