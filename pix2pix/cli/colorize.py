"""The command line of `python -m pix2pix colorize`."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Commands, add_checkpoint, add_command, add_device
from pix2pix.cli.console import print_stderr
from pix2pix.cli.photo_command import (
    BUNDLED_RESTORER,
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
from pix2pix.cli.video_command import (
    VIDEO_HELP,
    add_video_options,
    pick_videos,
    refuse_options,
    run_videos,
)

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from pix2pix.cli.photo_tasks import PhotoTask
    from pix2pix.images.color_hints import Hint
    from pix2pix.images.reference_colors import Reference
    from pix2pix.inference.video_frames import ProcessFrame

HELP = """\
Colourise black-and-white photos.

PHOTO is a file or a folder; in folders, images are recognised by content, whatever their name. The
result keeps the photo's size, orientation, captions, date, GPS position, transparency and
sharpness: only colour is added. Photos never leave this machine. Up to 50 megapixels.
"""


EXAMPLES = """\
hints: a JSON list of {"x": 0.4, "y": 0.3, "color": "#c68642"}, x and y from 0 to 1 of the upright
photo's width and height; or {"NAME": [...], ...} with a list for each photo, where NAME is the
photo's path in OUT, with or without folders.

examples:
  python -m pix2pix colorize grandmother.jpg -o grandmother-colour.jpg
  python -m pix2pix colorize scans/*.jpg -o colour/ --strength 0.8
  python -m pix2pix colorize album -o colour --recursive --report colour.json
  python -m pix2pix colorize faded.tif -o colour.tif --repair --denoise --hints faded.json
  python -m pix2pix colorize film.mp4 -o film-colour.mp4
  python -m pix2pix colorize wedding.png -o colour.png --like another-wedding.jpg
"""

# What these options are without being given; videos do not have them
PHOTO_ONLY: dict[str, object] = {
    "hints": None,
    "repair": False,
    "denoise": False,
    "negative": False,
    "crop": False,
    "remove_scratches": False,
    "recursive": False,
    "format": None,
    "report": None,
    "like": None,
    "like_strength": None,
    "ray": None,
}


def add_parser(commands: Commands) -> None:
    parser = add_command(
        commands,
        "colorize",
        "black-and-white photos -> colour",
        description=HELP,
        epilog="\n".join(
            (
                EXAMPLES,
                VIDEO_HELP.format("--strength, --size, --strip and --device"),
                RAY_HELP,
                RULES,
            )
        ),
    )
    add_photo_options(parser)
    option = parser.add_argument
    option(
        "--strength",
        type=float,
        default=1.0,
        metavar="S",
        help="strength of the colours, 0 to 1.5 (default: 1)",
    )
    option(
        "--size",
        type=int,
        metavar="N",
        help="working size: short side in pixels, 64 to 512, which affects the colours; the result "
        "keeps the photo's size (default: the model's own)",
    )
    option("--hints", type=Path, metavar="FILE.json", help="known colours, see below")
    option(
        "--like",
        metavar="PHOTO",
        help="take colours from this colour photo, where they are likely in the others",
    )
    option(
        "--like-strength",
        type=float,
        metavar="S",
        help="how much --like counts, 0 to 1 (default: 0.6)",
    )
    option("--repair", action="store_true", help="stretch the tones of faded photos")
    option(
        "--denoise",
        action="store_true",
        help="smooth the grain a little; in a printed halftone or a 1-bit scan, the dots",
    )
    option("--negative", action="store_true", help="the photos are negatives: invert them first")
    option("--crop", action="store_true", help="remove the border (default: keep it unchanged)")
    option(
        "--remove-scratches",
        action="store_true",
        help="repair scratches, dust, stains and folds first",
    )
    add_video_options(parser)
    add_device(parser)
    add_checkpoint(parser, "colorize")
    option(
        "--checkpoint-restore",
        metavar="X",
        default=BUNDLED_RESTORER,
        help="the checkpoint of --remove-scratches (default: checkpoints/restore, if it is there)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command and returns its exit status.

    Raises ValueError, OSError or RuntimeError if nothing can be done.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # problems with files are reported in one line each
        check_options(options)
        if videos := pick_videos(options.inputs):
            refuse_options(options, PHOTO_ONLY)
            return run_videos(options, videos, load_video)
        return run_photos(
            options,
            load_work,
            lambda tasks: read_hints_by_name(options.hints, tasks),
            options.hints,
        )


def check_options(options: argparse.Namespace) -> None:
    """Raises ValueError for options out of range, before the model is loaded."""
    from pix2pix.inference import MAX_STRENGTH
    from pix2pix.inference.colorizer import MAX_SIZE, MIN_SIZE

    if not 0 <= options.strength <= MAX_STRENGTH:
        raise ValueError(f"--strength must be from 0 to {MAX_STRENGTH}, got {options.strength}")
    if options.size is not None and not MIN_SIZE <= options.size <= MAX_SIZE:
        raise ValueError(f"--size must be from {MIN_SIZE} to {MAX_SIZE}, got {options.size}")
    if options.like_strength is not None:
        if options.like is None:
            raise ValueError("--like-strength needs --like PHOTO")
        if not 0 <= options.like_strength <= 1:
            raise ValueError(f"--like-strength must be from 0 to 1, got {options.like_strength}")
    check_photo_options(options)


def load_reference(options: argparse.Namespace) -> Reference | None:
    """The colours of --like. Raises ValueError "PHOTO: reason"."""
    from pix2pix.images.reader import open_image
    from pix2pix.images.reference_colors import DEFAULT_STRENGTH, Reference, read_reference

    if options.like is None:
        return None
    photo = open_image(options.like)
    try:
        colors = read_reference(photo)
    except ValueError as error:
        raise ValueError(f"{options.like}: {error}") from None
    strength = options.like_strength
    return Reference(colors, DEFAULT_STRENGTH if strength is None else strength)


def read_hints_by_name(
    path: Path | None, tasks: Sequence[PhotoTask]
) -> dict[str, tuple[Hint, ...]]:
    """The hints by task name; names that match no photo are reported."""
    from pix2pix.images.color_hints import read_hints

    if path is None:
        return {}
    hints = read_hints(path)
    if not isinstance(hints, dict):
        return {task.name: hints for task in tasks}
    known = {key: task.name for task in tasks for key in (Path(task.name).name, task.name)}
    for name in hints.keys() - known.keys():
        print_stderr(f"{path}: has hints for {name}, which matches no photo")
    short = {known[name]: value for name, value in hints.items() if name in known}
    return short | {name: value for name, value in hints.items() if name in short}


def load_work(options: argparse.Namespace, hints: dict[str, tuple[Hint, ...]]) -> Work:
    """Loads the model and returns the function that colourises a photo.

    `hints` are by task name.
    """
    # Imported late: torch takes seconds, and --help and mistakes should not wait for it.
    from pix2pix.images.metadata import NO_METADATA, read_metadata
    from pix2pix.images.writer import DEEP_FORMATS, FORMATS, read_dpi, save_image
    from pix2pix.inference import format_offers, load_colorizer, load_restorer

    reference = load_reference(options)
    colorizer = load_colorizer(options.checkpoint, options.device)
    if reference is not None and not colorizer.predicts_distributions:
        raise ValueError(
            f"{options.checkpoint}: cannot take colours from a photo; leave out --like"
        )
    restorer = None
    if options.remove_scratches:
        checkpoint = find_restorer(options.checkpoint_restore, "--checkpoint-restore")
        restorer = load_restorer(checkpoint, options.device, "auto")

    def work(task: PhotoTask) -> tuple[str, ...]:
        photo, said = open_task(task)
        metadata, dpi = NO_METADATA if options.strip else read_metadata(photo), read_dpi(photo)
        session = colorizer.open_photo(
            photo,
            size=options.size,
            repair=options.repair,
            denoise=options.denoise,
            negative=options.negative,
            crop=options.crop,
            restorer=restorer,
        )
        del photo  # frees 200 MB for 50 megapixels in colour
        wanted = options.strength, hints.get(task.name, ()), reference
        notes = list(format_offers(session.offers, "--{}".format))
        result: Image.Image | np.ndarray
        if session.is_deep and FORMATS[task.target.suffix.lower()] in DEEP_FORMATS:
            result = session.colorize_deep(*wanted)
        else:
            result = session.colorize(*wanted)
            if session.is_deep:
                notes.append(SHALLOW.format(task.target.suffix))
        notes = [*session.notes, *notes]
        del session
        save_image(result, task.target, metadata, dpi)
        return (*said, *notes)

    return work


def load_video(options: argparse.Namespace) -> Callable[[], ProcessFrame]:
    """Loads the model and returns a function that makes a processor for each video."""
    from pix2pix.inference import load_colorizer
    from pix2pix.inference.video_frames import colorize_frames

    colorizer = load_colorizer(options.checkpoint, options.device)
    return lambda: colorize_frames(colorizer, options.strength, options.size, not options.no_steady)
