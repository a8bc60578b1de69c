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
names and sub-folders and are PNG files. Existing files are only overwritten with --force, and IN
never is. Images may be of any kind: rotated by EXIF, CMYK, 16-bit, with transparency.
"""

EXAMPLES = """\
edges -> photo, from a folder of photos:
  python -m pix2pix prepare resize photos  -o set/B --size 256 --fit crop
  python -m pix2pix prepare edges  set/B   -o set/A
  python train.py edges2photo --data set --out runs/edges

the same as pairs side by side, a tenth of them held out:
  python -m pix2pix prepare combine set/A set/B -o pairs
  python -m pix2pix prepare split pairs -o data --val 0.1

filling a hole:
  python -m pix2pix prepare blank set/B -o holes/A --part 0.4

exit status: 0 all done; 1 some images failed (the others are done, the failed ones are listed at
the end); 2 nothing could be done.
"""

FITS = ("stretch", "pad", "mirror", "rotate", "crop")


def add_parser(commands: Commands) -> None:
    """Adds `prepare` with its operations to a parser's commands."""
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

    option = add("resize", "every image at exactly one size")
    option("--size", type=int, required=True, help="height in pixels")
    option("--width", type=int, default=0, help="width in pixels (default: as --size)")
    option(
        "--fit",
        choices=FITS,
        default="stretch",
        help="for images of another shape: stretch, pad with black, pad with the mirrored image, "
        "rotate portraits to landscape and stretch, crop the middle (default: stretch)",
    )
    option = add("pad", "add a border to make every image one shape, its pixels untouched")
    option("--aspect", type=float, default=1.0, help="width / height (default: 1)")
    option("--mirror", action="store_true", help="the image mirrored, instead of black")
    option = add("crop", "cut out the middle to make every image one shape, its pixels untouched")
    option("--aspect", type=float, default=1.0, help="width / height (default: 1)")
    add("grayscale", "take the colour away")
    option = add("edges", "black lines on white where the photo has edges (Canny)")
    option("--low", type=float, default=50, help="an edge goes on above this (default: 50)")
    option("--high", type=float, default=150, help="an edge begins above this (default: 150)")
    option("--blur", type=float, default=1.0, help="pixels; more gives fewer edges (default: 1)")
    option = add("sketch", "soft lines and shades, as of a pencil")
    option("--blur", type=float, default=4.0, help="pixels; more gives broader lines (default: 4)")
    option("--strength", type=float, default=1.0, help="how dark they are (default: 1)")
    option = add("blank", "a flat grey hole in the middle, for learning to fill it")
    option("--part", type=float, default=0.5, help="of each side, above 0 to 1 (default: 0.5)")
    option("--gray", type=int, default=128, help="of the hole, 0 to 255 (default: 128)")
    add(
        "combine", "two folders, matched by name -> pairs side by side, A left, B right", ("A", "B")
    )
    option = add("split", "copy into OUT/train and OUT/val; files of one name stay together")
    option("--val", type=float, default=0.1, help="the part held out (default: 0.1)")
    option("--seed", type=int, default=0, help="another number, another choice (default: 0)")


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
            raise ValueError(f"{options.out}: is {source} or in it; results need another folder")
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"{options.out}: is a file; a folder is needed for the results")


def plan_tasks(options: argparse.Namespace) -> tuple[list, list[str]]:
    """The tasks, and the problems of images without one."""
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
