"""The command line of `python -m pix2pix restore`."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Commands, add_checkpoint, add_command, add_device
from pix2pix.cli.photo_command import (
    RULES,
    SHALLOW,
    Work,
    add_photo_options,
    check_photo_options,
    find_restorer,
    open_task,
    run_photos,
)
from pix2pix.cli.ray_command import RAY_HELP

if TYPE_CHECKING:
    from pix2pix.cli.photo_tasks import PhotoTask
    from pix2pix.images.repair_brush import Stroke

HELP = """\
Remove scratches, dust, hair, stains and folds from scanned photos.

PHOTO is a file or a folder; in folders, images are recognised by content, whatever their name. Only
damaged places are replaced: all other pixels, the size, the orientation, captions, date, GPS
position and transparency stay. In a colour photo the lightness is repaired and the colours are
kept. Photos never leave this machine. Up to 50 megapixels.
"""

EXAMPLES = """\
strokes: a JSON list of {"points": [[0.2, 0.3], ...], "radius": 0.01, "keep": false}: places to
repair too, or with "keep": true to leave as they are. x and y are from 0 to 1 of the photo's width
and height, the radius is a fraction of its longer side.

examples:
  python -m pix2pix restore grandmother.jpg -o grandmother-repaired.png
  python -m pix2pix restore album -o repaired --recursive --report repaired.json
  python -m pix2pix restore scan.tif -o repaired.tif --strokes strokes.json --map changed.png
"""


def add_parser(commands: Commands) -> None:
    parser = add_command(
        commands,
        "restore",
        "scratched photos -> repaired ones",
        description=HELP,
        epilog=f"{EXAMPLES}\n{RAY_HELP}\n{RULES}",
    )
    add_photo_options(parser)
    option = parser.add_argument
    option("--strokes", type=Path, metavar="FILE.json", help="corrections by hand, see below")
    option(
        "--map",
        type=Path,
        metavar="FILE.png",
        help="write where a photo was changed, white on black; for one photo",
    )
    add_device(parser)
    add_checkpoint(parser, "restore")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command and returns its exit status.

    Raises ValueError, OSError or RuntimeError if nothing can be done.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # problems with files are reported in one line each
        check_photo_options(options)
        if options.map:
            check_map(options)
        return run_photos(
            options, load_work, lambda tasks: read_strokes_for(options, tasks), options.strokes
        )


def check_map(options: argparse.Namespace) -> None:
    """Raises ValueError if the map cannot be written, or if there may be several photos."""
    from pix2pix.cli.output_paths import check_folder

    if options.map.suffix.lower() != ".png" or options.map.is_dir():
        raise ValueError(f"--map must be a file .png, got {options.map}")
    if len(options.inputs) > 1 or Path(options.inputs[0]).is_dir():
        raise ValueError("--map is for one photo, got several")
    if options.ray is not None:
        raise ValueError("--map is for one photo; leave out --ray")
    check_folder(options.map.parent)


def read_strokes_for(options: argparse.Namespace, tasks: Sequence[PhotoTask]) -> tuple[Stroke, ...]:
    """The strokes for all photos. Raises ValueError if --map is given for several pages."""
    from pix2pix.images.repair_brush import read_strokes

    if options.map and len(tasks) > 1:
        raise ValueError(f"--map is for one photo, {tasks[0].source} has {len(tasks)} pages")
    return read_strokes(options.strokes) if options.strokes else ()


def load_work(options: argparse.Namespace, strokes: tuple[Stroke, ...]) -> Work:
    """Loads the model and returns the function that repairs one photo."""
    # Imported late: torch takes seconds, and --help and mistakes should not wait for it.
    from PIL import Image

    from pix2pix.images.metadata import NO_METADATA, read_metadata
    from pix2pix.images.writer import DEEP_FORMATS, FORMATS, read_dpi, save_image
    from pix2pix.inference import load_restorer

    checkpoint = find_restorer(options.checkpoint, "--checkpoint")
    restorer = load_restorer(checkpoint, options.device, "auto")

    def work(task: PhotoTask) -> tuple[str, ...]:
        photo, said = open_task(task)
        metadata, dpi = NO_METADATA if options.strip else read_metadata(photo), read_dpi(photo)
        result, image = restorer.restore(photo, strokes), None
        del photo  # frees 200 MB for 50 megapixels in colour
        if result.deep is not None:
            if FORMATS[task.target.suffix.lower()] in DEEP_FORMATS:
                image = Image.fromarray(result.deep)
            else:
                said = (*said, SHALLOW.format(task.target.suffix))
        save_image(image or result.image, task.target, metadata, dpi)
        if options.map:
            save_image(Image.fromarray(result.changed), options.map)
        return (*said, result.note)

    return work
