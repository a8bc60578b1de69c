"""The command line of `python -m pix2pix prepare`."""

import argparse
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pix2pix.cli.arguments import Commands, add_command
from pix2pix.cli.console import print_stderr

HELP = """\
Prepare training images.

IN is a folder with its sub-folders, or one image; OUT is a folder, created if needed. Results keep
names and sub-folders and are PNG files. Existing files are only overwritten with --force; files in
IN are never overwritten. EXIF rotation, CMYK, 16-bit images and transparency are supported.
"""

EXAMPLES = """\
edges -> photo, from a folder of photos:
  python -m pix2pix prepare resize photos  -o set/B --size 256 --fit crop
  python -m pix2pix prepare edges  set/B   -o set/A
  python train.py edges2photo --data set --out runs/edges

the same as side-by-side pairs, with 10% held out:
  python -m pix2pix prepare combine set/A set/B -o pairs
  python -m pix2pix prepare split pairs -o data --val 0.1

inpainting:
  python -m pix2pix prepare blank set/B -o holes/A --part 0.4

exit status: 0 success; 1 some images failed (they are listed at the end, all others are written);
2 nothing was written.
"""

FITS = ("stretch", "pad", "mirror", "rotate", "crop")


def add_parser(commands: Commands) -> None:
    """Adds the `prepare` command and its operations."""
    parser = add_command(
        commands, "prepare", "photos -> training images", description=HELP, epilog=EXAMPLES
    )
    parser.set_defaults(run=run)
    operations = parser.add_subparsers(dest="operation", required=True, metavar="OPERATION")

    def add(name: str, summary: str, inputs: tuple[str, ...] = ("IN",)) -> Callable[..., Any]:
        operation = operations.add_parser(name, help=summary, description=summary)
        for folder in inputs:  # Python 3.11 prints no help for one argument with two names
            operation.add_argument("inputs", action="append", type=Path, metavar=folder)
        operation.add_argument("-o", "--out", type=Path, required=True, help="folder for results")
        operation.add_argument("--force", action="store_true", help="overwrite existing files")
        operation.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="threads (default: all cores)"
        )
        return operation.add_argument

    option = add("resize", "resize all images to one size")
    option("--size", type=int, required=True, help="height in pixels")
    option("--width", type=int, default=0, help="width in pixels (default: --size)")
    option(
        "--fit",
        choices=FITS,
        default="stretch",
        help="how to fit images of another aspect ratio: stretch; pad with black; mirror: pad by "
        "reflection; rotate by 90 degrees if needed, then stretch; crop the center "
        "(default: stretch)",
    )
    option = add("pad", "pad all images to one aspect ratio, without resizing")
    option("--aspect", type=float, default=1.0, help="width / height (default: 1)")
    option("--mirror", action="store_true", help="pad by reflection instead of with black")
    option = add("crop", "center-crop all images to one aspect ratio, without resizing")
    option("--aspect", type=float, default=1.0, help="width / height (default: 1)")
    add("grayscale", "convert to grayscale")
    option = add("edges", "draw the photo's edges as black lines on white (Canny)")
    option("--low", type=float, default=50, help="lower Canny threshold (default: 50)")
    option("--high", type=float, default=150, help="upper Canny threshold (default: 150)")
    option(
        "--blur",
        type=float,
        default=1.0,
        help="blur radius in pixels; larger gives fewer edges (default: 1)",
    )
    option = add("sketch", "convert to a pencil sketch with soft lines and shading")
    option(
        "--blur",
        type=float,
        default=4.0,
        help="blur radius in pixels; larger gives broader lines (default: 4)",
    )
    option("--strength", type=float, default=1.0, help="darkness of the lines (default: 1)")
    option = add("blank", "cover the center with a grey rectangle, for inpainting")
    option(
        "--part",
        type=float,
        default=0.5,
        help="fraction of each side to cover, above 0 to 1 (default: 0.5)",
    )
    option("--gray", type=int, default=128, help="grey value, 0 to 255 (default: 128)")
    add("combine", "combine images of two folders by name into pairs: A left, B right", ("A", "B"))
    option = add(
        "split", "split into OUT/train and OUT/val (copies); files with the same name stay together"
    )
    option("--val", type=float, default=0.1, help="fraction held out (default: 0.1)")
    option("--seed", type=int, default=0, help="random seed of the split (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Runs the command and returns its exit status.

    Raises ValueError if nothing can be done.
    """
    # Imported late: --help should not wait for torch, which the data layer needs
    from pix2pix.data.prepare_images import run_tasks

    check_options(options)
    tasks, bad = plan_tasks(options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # problems with files are reported in one line each
        failed = list(run_tasks(tasks, options.workers, options.force))
    for line in bad + failed:
        print_stderr(line)
    if len(failed) == len(tasks):
        return 2
    return 1 if bad + failed else 0


def check_options(options: argparse.Namespace) -> None:
    """Raises ValueError for options out of range and for an OUT inside IN."""
    for name, low, high in (
        ("size", 1, 16384),
        ("width", 0, 16384),
        ("aspect", 0.01, 100),
        ("low", 0, 10000),
        ("high", 0, 10000),
        ("blur", 0, 100),
        ("strength", 0, 10),
        ("part", 0.001, 1),
        ("gray", 0, 255),
        ("val", 0.001, 0.999),
        ("workers", 1, 256),
    ):
        value = getattr(options, name, low)
        if not low <= value <= high:
            raise ValueError(f"--{name} must be from {low} to {high}, got {value}")
    if options.operation == "sketch" and not options.blur:
        raise ValueError("--blur must be above 0 for a sketch, got 0.0")
    out = options.out.resolve()
    for source in options.inputs:
        place = source.resolve()
        if out == (place.parent if source.is_file() else place) or place in out.parents:
            raise ValueError(
                f"{options.out}: is {source} or inside it; expected another folder for the results"
            )
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"{options.out}: is a file; expected a folder for the results")


def plan_tasks(options: argparse.Namespace) -> tuple[list, list[str]]:
    """The tasks, and the problems of images that have none."""
    from pix2pix.data import prepare_images

    if options.operation == "combine":
        a, b = options.inputs
        return prepare_images.combine_tasks(a, b, options.out)
    if options.operation == "split":
        return prepare_images.split_tasks(
            options.inputs[0], options.out, options.val, options.seed
        ), []
    keys = vars(options)
    operate = {
        "resize": lambda x: prepare_images.resize_picture(
            x, (keys["size"], keys["width"] or keys["size"]), keys["fit"]
        ),
        "pad": lambda x: prepare_images.pad_to_shape(x, keys["mirror"], keys["aspect"]),
        "crop": lambda x: prepare_images.crop_to_shape(x, keys["aspect"]),
        "grayscale": prepare_images.to_grayscale,
        "edges": lambda x: prepare_images.find_edges(x, keys["low"], keys["high"], keys["blur"]),
        "sketch": lambda x: prepare_images.draw_sketch(x, keys["blur"], keys["strength"]),
        "blank": lambda x: prepare_images.blank_hole(x, keys["part"], keys["gray"]),
    }[options.operation]
    return prepare_images.convert_tasks(options.inputs[0], options.out, operate), []
