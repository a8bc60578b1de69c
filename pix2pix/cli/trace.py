"""The command line of `python -m pix2pix trace`."""

import argparse

from pix2pix.cli.arguments import Process, Say, add_checkpoint
from pix2pix.cli.console import print_stderr
from pix2pix.cli.output_paths import Planned, plan_outputs

INPUT, SUMMARY = "PHOTO", "photos of facades -> label maps"
INPUT_HELP = "image file"

HELP = """\
Find the label map in each photo of a facade.

The result is a palette PNG of the photo's size, which `draw` and the app can open. The facade
should be photographed from the front; other objects are traced as if they were houses.
"""

EXAMPLES = """\
examples:
  python -m pix2pix trace house-photo.jpg -o house.png
  python -m pix2pix trace photos/*.jpg -o drawings/
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add_checkpoint(parser, "trace")


def plan_results(options: argparse.Namespace, inputs: list[str]) -> tuple[Planned, dict[str, str]]:
    """The results by `plan_outputs`, as PNG; no file is skipped."""
    return plan_outputs(inputs, options.out, endings=(".png",)), {}


def load_process(options: argparse.Namespace, say: Say = print_stderr) -> Process:
    from pix2pix.images.reader import open_rgb
    from pix2pix.inference import load_tracer
    from pix2pix.labels.label_map import encode_label_image

    tracer = load_tracer(options.checkpoint, options.device)
    colors = [color.rgb for color in tracer.config.palette]
    value_range = tracer.config.input_range
    return lambda source: encode_label_image(
        tracer.trace(open_rgb(source, value_range=value_range)), colors
    )
