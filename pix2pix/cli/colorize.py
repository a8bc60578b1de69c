"""The command line of `python -m pix2pix colorize`."""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.arguments import Commands, add_checkpoint, add_command, add_device
from pix2pix.cli.console import print_stderr
from pix2pix.runtime.signals import StopSignal

if TYPE_CHECKING:
    from pix2pix.cli.photo_batch import Outcome
    from pix2pix.cli.photo_tasks import PhotoTask
    from pix2pix.images.color_hints import Hint

HELP = """\
Colourise black-and-white photos.

PHOTO is a file or a folder; in folders, images are recognised by content, whatever their name. The
result keeps the photo's size, orientation, captions, date, GPS position, transparency and
sharpness: only colour is added. Photos never leave this machine. Up to 50 megapixels.
"""

RULES = """\
OUT is a file for one photo (.png, .jpg, .webp, .tiff or .bmp). For several photos or a folder, or
if OUT is a folder or ends in /, it is a folder, created if needed: each result has its photo's
name, sub-folder and suffix (PNG if that cannot be written). All pages of a TIFF are processed; the
results of later pages end in -2, -3 and so on. In folders, photos with a newer result are skipped,
so that a stopped run continues when repeated. Photos are never overwritten. Pass inputs with names
that start with - last, after --.

hints: a JSON list of {"x": 0.4, "y": 0.3, "color": "#c68642"}, x and y from 0 to 1 of the upright
photo's width and height; or {"NAME": [...], ...} with a list for each photo, where NAME is the
photo's path in OUT, with or without folders.

examples:
  python -m pix2pix colorize grandmother.jpg -o grandmother-colour.jpg
  python -m pix2pix colorize scans/*.jpg -o colour/ --strength 0.8
  python -m pix2pix colorize album -o colour --recursive --report colour.json
  python -m pix2pix colorize faded.tif -o colour.tif --repair --denoise --hints faded.json

exit status: 0 all done; 1 some photos failed (the others are done, the failed ones are listed at
the end); 2 nothing could be done; 130 stopped by Ctrl+C.
"""

MAX_LISTED = 10  # maximum number of photos to list for equal notes; more are counted


def add_parser(commands: Commands) -> None:
    parser = add_command(
        commands, "colorize", "black-and-white photos -> colour", description=HELP, epilog=RULES
    )
    option = parser.add_argument
    option("inputs", nargs="+", metavar="PHOTO", help="image file or folder of images")
    option("-o", "--out", required=True, help="file or folder for the results")
    option("-r", "--recursive", action="store_true", help="include sub-folders")
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
    option("--repair", action="store_true", help="stretch the tones of faded photos")
    option(
        "--denoise",
        action="store_true",
        help="smooth the grain a little; in a printed halftone or a 1-bit scan, the dots",
    )
    option("--negative", action="store_true", help="the photos are negatives: invert them first")
    option("--crop", action="store_true", help="remove the border (default: keep it unchanged)")
    option(
        "--format",
        choices=("png", "jpg", "webp", "tif"),
        help="format of results in a folder (default: the photo's own)",
    )
    option(
        "--strip",
        action="store_true",
        help="remove metadata from the results: captions, author, dates, GPS position, XMP",
    )
    option("--force", action="store_true", help="process photos that are done already")
    option("-j", "--jobs", type=int, metavar="N", help="parallel photos (default: cores, up to 4)")
    option("--report", type=Path, metavar="FILE.json", help="write a report about each photo")
    add_device(parser)
    add_checkpoint(parser, "colorize")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command and returns its exit status.

    Raises ValueError, OSError or RuntimeError if nothing can be done.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # problems with files are reported in one line each
        return colorize_all(options)


def colorize_all(options: argparse.Namespace) -> int:
    from pix2pix.cli.photo_batch import default_threads, is_done, run_batch
    from pix2pix.cli.photo_tasks import describe_left_out

    check_options(options)
    tasks, failed, left_out, is_batch = plan_tasks(options)
    hints = read_hints_by_name(options.hints, tasks)
    waiting: list[PhotoTask] = []
    skipped: list[PhotoTask] = []
    for task in tasks:
        is_old = is_batch and not options.force and is_done(task, options.hints)
        (skipped if is_old else waiting).append(task)
    work = load_process(options, hints) if waiting else None
    outcomes: list[Outcome] = []
    stopped_by = 0  # the number of a signal
    if work:
        batch = run_batch(waiting, work, options.jobs or default_threads())
        with StopSignal("stopping after the current photos; press again to stop at once") as stop:
            for outcome in batch:
                outcomes.append(outcome)
                if stop.number:
                    stopped_by = stop.number
                    batch.close()
                    break
    failed |= {outcome.source: outcome.reason for outcome in outcomes if outcome.reason}
    done = [outcome for outcome in outcomes if not outcome.reason]
    for line in [*describe_notes(done), *(f"{source}: {why}" for source, why in failed.items())]:
        print_stderr(line)
    if left_out:
        print_stderr(describe_left_out(left_out))
    if skipped:
        print_stderr(f"{len(skipped)} already done and skipped; --force does them again")
    if options.report:
        write_report(options.report, done, skipped, failed, left_out)
    if stopped_by:
        left = sum(not is_done(task) for task in waiting)  # some finished after the signal
        print_stderr(f"stopped, {left} photos are left; the same command continues with them")
        return 128 + stopped_by
    return 0 if not failed else 1 if done or skipped else 2


def check_options(options: argparse.Namespace) -> None:
    """Raises ValueError for options out of range, before the model is loaded."""
    from pix2pix.cli.output_paths import check_folder
    from pix2pix.inference.colorizer import MAX_SIZE, MAX_STRENGTH, MIN_SIZE

    if not 0 <= options.strength <= MAX_STRENGTH:
        raise ValueError(f"--strength must be from 0 to {MAX_STRENGTH}, got {options.strength}")
    if options.size is not None and not MIN_SIZE <= options.size <= MAX_SIZE:
        raise ValueError(f"--size must be from {MIN_SIZE} to {MAX_SIZE}, got {options.size}")
    if options.jobs is not None and not 1 <= options.jobs <= 256:
        raise ValueError(f"--jobs must be from 1 to 256, got {options.jobs}")
    if options.report:
        if options.report.is_dir():
            raise ValueError(f"{options.report}: is a folder; the report needs a file")
        check_folder(options.report.parent)


def plan_tasks(
    options: argparse.Namespace,
) -> tuple[list[PhotoTask], dict[str, str], dict[str, str], bool]:
    """The tasks, the failed inputs, the skipped files, and whether results go to a folder."""
    from pix2pix.cli.output_paths import plan_outputs
    from pix2pix.cli.photo_tasks import find_photos, plan_pages, plan_photos

    inputs = list(dict.fromkeys(options.inputs))  # the same name twice is one input
    out = Path(options.out)
    one = len(inputs) == 1 and not Path(inputs[0]).is_dir()
    if not options.out or (one and not options.out.endswith(("/", os.sep)) and not out.is_dir()):
        targets, bad = plan_outputs(inputs, options.out)
        tasks: list[PhotoTask] = []
        for source, target in targets.items():
            found, worse = plan_pages(source, target)
            tasks += found
            bad |= worse
        return tasks, bad, {}, False
    photos = find_photos(inputs, out, options.recursive)
    tasks, bad = plan_photos(photos.names, out, options.format and f".{options.format}")
    return tasks, photos.bad | bad, photos.left_out, True


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


def load_process(
    options: argparse.Namespace, hints: dict[str, tuple[Hint, ...]]
) -> Callable[[PhotoTask], tuple[str, ...]]:
    """Loads the model and returns the function that colourises one photo from file to file."""
    # Imported late: torch takes seconds, and --help and mistakes should not wait for it.
    from pix2pix.images.metadata import NO_METADATA, read_metadata
    from pix2pix.images.reader import open_image
    from pix2pix.images.writer import read_dpi, save_image
    from pix2pix.inference import format_offers, load_colorizer

    colorizer = load_colorizer(options.checkpoint, options.device)

    def work(task: PhotoTask) -> tuple[str, ...]:
        photo = open_image(task.source, page=task.page)
        said = (*describe_pages(task), *photo.info.get("notes", ()))
        metadata, dpi = NO_METADATA if options.strip else read_metadata(photo), read_dpi(photo)
        session = colorizer.open_photo(
            photo,
            size=options.size,
            repair=options.repair,
            denoise=options.denoise,
            negative=options.negative,
            crop=options.crop,
        )
        del photo  # frees 200 MB for 50 megapixels in colour
        result = session.colorize(options.strength, hints.get(task.name, ()))
        notes = (*session.notes, *format_offers(session.offers, "--{}".format))
        del session
        save_image(result, task.target, metadata, dpi)
        return (*said, *notes)

    return work


def describe_pages(task: PhotoTask) -> tuple[str, ...]:
    """A note on the first of several pages."""
    if task.page or task.pages == 1:
        return ()
    return (f"has {task.pages} pages; the results of the others end in -2 to -{task.pages}",)


def describe_notes(done: Sequence[Outcome]) -> list[str]:
    """A line for each note of each photo, or one line for a note that many photos share."""
    counts = Counter(note for outcome in done for note in outcome.notes)
    lines = [
        f"{outcome.source}: {note}"
        for outcome in done
        for note in outcome.notes
        if counts[note] <= MAX_LISTED
    ]
    many = ((note, count) for note, count in counts.items() if count > MAX_LISTED)
    return lines + [f"{count} photos: {note}" for note, count in many]


def write_report(
    path: Path,
    done: Sequence[Outcome],
    skipped: Sequence[PhotoTask],
    failed: dict[str, str],
    left_out: dict[str, str],
) -> None:
    from pix2pix.runtime.atomic_io import write_atomically

    report = {
        "done": [
            {
                "photo": outcome.source,
                "result": str(outcome.target),
                "notes": outcome.notes,
                "seconds": round(outcome.seconds, 3),
            }
            for outcome in done
        ],
        "skipped": [{"photo": task.label, "result": str(task.target)} for task in skipped],
        "failed": [{"photo": source, "reason": reason} for source, reason in failed.items()],
        "left_out": [{"file": file, "reason": reason} for file, reason in left_out.items()],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(report, indent=1) + "\n").encode())
