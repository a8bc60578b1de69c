"""The commands that process photos from file to file: `colorize` and `restore`."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pix2pix.cli.console import print_stderr
from pix2pix.runtime.bundle import CHECKPOINTS
from pix2pix.runtime.signals import StopSignal

if TYPE_CHECKING:
    from PIL import Image

    from pix2pix.cli.photo_batch import Outcome
    from pix2pix.cli.photo_tasks import PhotoTask

# Processes a photo from file to file, and returns notes about it
Work: TypeAlias = "Callable[[PhotoTask], tuple[str, ...]]"

BUNDLED_RESTORER = CHECKPOINTS / "restore"
SHALLOW = "has 16 bits of lightness, {} holds 8; results in .png and .tif keep them"
MAX_LISTED = 10  # maximum number of photos to list for equal notes; more are counted

RULES = """\
OUT is a file for one photo (.png, .jpg, .webp, .tiff or .bmp). For several photos or a folder, or
if OUT is a folder or ends in /, it is a folder, created if needed: each result has its photo's
name, sub-folder and suffix (PNG if that cannot be written). All pages of a TIFF are processed; the
results of later pages end in -2, -3 and so on. In folders, photos with a newer result are skipped,
so that a stopped run continues when repeated. Photos are never overwritten. Pass inputs with names
that start with - last, after --.

exit status: 0 all done; 1 some photos failed (the others are done, the failed ones are listed at
the end); 2 nothing could be done; 130 stopped by Ctrl+C.
"""


def add_photo_options(parser: argparse.ArgumentParser) -> None:
    option = parser.add_argument
    option("inputs", nargs="+", metavar="PHOTO", help="image file or folder of images")
    option("-o", "--out", required=True, help="file or folder for the results")
    option("-r", "--recursive", action="store_true", help="include sub-folders")
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


def check_photo_options(options: argparse.Namespace) -> None:
    """Raises ValueError for options out of range, before the model is loaded."""
    from pix2pix.cli.output_paths import check_folder

    if options.jobs is not None and not 1 <= options.jobs <= 256:
        raise ValueError(f"--jobs must be from 1 to 256, got {options.jobs}")
    if options.report:
        if options.report.is_dir():
            raise ValueError(f"{options.report}: is a folder; the report needs a file")
        check_folder(options.report.parent)


def run_photos(
    options: argparse.Namespace,
    load_work: Callable[[Sequence[PhotoTask]], Work],
    also: Path | None = None,
) -> int:
    """Processes all photos and returns the exit status.

    `load_work` takes all tasks, loads the model and returns the function that processes one photo.
    A result is done if it is newer than its photo and the file `also`.
    """
    from pix2pix.cli.photo_batch import default_threads, is_done, run_batch
    from pix2pix.cli.photo_tasks import describe_left_out

    tasks, failed, left_out, is_batch = plan_tasks(options)
    waiting: list[PhotoTask] = []
    skipped: list[PhotoTask] = []
    for task in tasks:
        is_old = is_batch and not options.force and is_done(task, also)
        (skipped if is_old else waiting).append(task)
    work = load_work(tasks) if waiting else None
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


def find_restorer(checkpoint: str | Path, option: str) -> str | Path:
    """The checkpoint that removes scratches. ValueError for the bundled one where it is absent.

    `option` is the option that names another one.
    """
    if checkpoint == BUNDLED_RESTORER and not BUNDLED_RESTORER.exists():
        raise ValueError(
            "no model that removes scratches comes with this version; train one on photos, with "
            "python train.py restore --data PHOTOS --out runs/restore, and add "
            f"{option} runs/restore"
        )
    return checkpoint


def open_task(task: PhotoTask) -> tuple[Image.Image, tuple[str, ...]]:
    """The photo of a task, and notes about its file."""
    from pix2pix.images.reader import open_image

    photo = open_image(task.source, page=task.page)
    return photo, (*describe_pages(task), *photo.info.get("notes", ()))


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
