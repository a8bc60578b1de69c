"""The commands that process photos from file to file: `colorize` and `restore`."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pix2pix.cli.console import print_stderr
from pix2pix.cli.photo_report import PhotoPlan
from pix2pix.cli.ray_command import add_ray_options, check_ray_options, run_on_ray
from pix2pix.runtime.bundle import CHECKPOINTS
from pix2pix.runtime.signals import StopSignal

if TYPE_CHECKING:
    from PIL import Image

    from pix2pix.cli.photo_batch import Outcome
    from pix2pix.cli.photo_tasks import PhotoTask

# Processes a photo from file to file, and returns notes about it
Work: TypeAlias = "Callable[[PhotoTask], tuple[str, ...]]"
# Loads the model; takes the options and corrections by hand, such as hints
LoadWork: TypeAlias = "Callable[[argparse.Namespace, Any], Work]"

BUNDLED_RESTORER = CHECKPOINTS / "restore"
SHALLOW = "has 16 bits of lightness, {} holds 8; results in .png and .tif keep them"

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
    add_ray_options(parser)


def check_photo_options(options: argparse.Namespace) -> None:
    """Raises ValueError for options out of range, before the model is loaded."""
    if options.jobs is not None and not 1 <= options.jobs <= 256:
        raise ValueError(f"--jobs must be from 1 to 256, got {options.jobs}")
    check_report(options)
    check_ray_options(options)


def check_report(options: argparse.Namespace) -> None:
    """Raises ValueError if the report cannot be written."""
    from pix2pix.cli.output_paths import check_folder

    if options.report:
        if options.report.is_dir():
            raise ValueError(f"{options.report}: is a folder; the report needs a file")
        check_folder(options.report.parent)


def run_photos(
    options: argparse.Namespace,
    load_work: LoadWork,
    read_corrections: Callable[[Sequence[PhotoTask]], Any],
    also: Path | None = None,
) -> int:
    """Processes all photos and returns the exit status.

    `read_corrections` takes all tasks and returns what `load_work` takes beside the options. A
    result is done if it is newer than its photo and the file `also`.
    """
    return process(options, plan_tasks(options, also), load_work, read_corrections)


def process(
    options: argparse.Namespace,
    plan: PhotoPlan,
    load_work: LoadWork,
    read_corrections: Callable[[Sequence[PhotoTask]], Any],
) -> int:
    """Processes the photos of a plan in threads or on Ray, reports, returns the exit status."""
    from pix2pix.cli.photo_batch import default_threads, run_batch
    from pix2pix.cli.photo_report import report

    waiting = [task for task in plan.tasks if task.label not in plan.finished]
    skipped = [task for task in plan.tasks if task.label in plan.finished]
    outcomes: list[Outcome] = []
    stopped_by = 0  # the number of a signal
    broken = ""  # why the cluster failed
    start = time.perf_counter()
    if waiting:
        corrections = read_corrections(plan.tasks)
        batch = (
            run_batch(waiting, load_work(options, corrections), options.jobs or default_threads())
            if options.ray is None
            else run_on_ray(
                options, waiting, load_work, corrections, plan.resumes and not plan.also
            )
        )
        try:
            with StopSignal(
                "stopping after the current photos; press again to stop at once"
            ) as stop:
                for outcome in batch:
                    outcomes.append(outcome)
                    if stop.number:
                        stopped_by = stop.number
                        batch.close()
                        break
        except RuntimeError as error:
            broken = str(error)
    seconds = time.perf_counter() - start
    report(options, plan, outcomes, skipped, seconds)
    if broken or stopped_by:
        done = {outcome.source for outcome in outcomes if not outcome.reason}
        left = count_left([task for task in waiting if task.label not in done])
        if broken:
            print_stderr(broken)
        print_stderr(f"stopped, {left} photos are left; the same command continues with them")
        return 1 if broken else 128 + stopped_by
    failed = plan.failed or any(outcome.reason for outcome in outcomes)
    return 0 if not failed else 1 if skipped or any(not o.reason for o in outcomes) else 2


def count_left(tasks: Sequence[PhotoTask]) -> int:
    """The number of tasks without a result; some finish after a signal."""
    from pix2pix.cli.photo_batch import is_done

    return sum(bool(task.scheme) or not is_done(task) for task in tasks)


def plan_tasks(options: argparse.Namespace, also: Path | None = None) -> PhotoPlan:
    """The photos of `colorize` and `restore`; see `run_photos` for `also`."""
    from pix2pix.cli.output_paths import plan_outputs
    from pix2pix.cli.photo_tasks import find_photos, plan_pages, plan_photos

    inputs = list(dict.fromkeys(options.inputs))  # the same name twice is one input
    out = Path(options.out)
    ending = options.format and f".{options.format}"
    if uses_storage(options):
        return plan_storage(options, ending, also)
    one = len(inputs) == 1 and not Path(inputs[0]).is_dir()
    if not options.out or (one and not options.out.endswith(("/", os.sep)) and not out.is_dir()):
        targets, bad = plan_outputs(inputs, options.out)
        tasks: list[PhotoTask] = []
        for source, target in targets.items():
            found, worse = plan_pages(source, target)
            tasks += found
            bad |= worse
        return PhotoPlan(tasks, bad, {}, resumes=False)
    photos = find_photos(inputs, out, options.recursive)
    tasks, bad = plan_photos(photos.names, out, ending)
    return find_finished_tasks(
        PhotoPlan(tasks, photos.bad | bad, photos.left_out, not options.force, also=also)
    )


def find_finished_tasks(plan: PhotoPlan) -> PhotoPlan:
    """The plan of local files, with those that have a newer result marked as finished."""
    from pix2pix.cli.photo_batch import is_done

    if plan.resumes:
        plan.finished = {task.label for task in plan.tasks if is_done(task, plan.also)}
    return plan


def uses_storage(options: argparse.Namespace) -> bool:
    """Whether photos or results are at URLs."""
    from pix2pix.runtime.object_storage import is_url

    return options.ray is not None and any(map(is_url, (*options.inputs, options.out)))


def plan_storage(
    options: argparse.Namespace, ending: str | None, also: Path | None = None
) -> PhotoPlan:
    """The photos at URLs, or with results at URLs."""
    from pix2pix.cli.remote_photos import find_finished, plan_remote

    inputs = list(dict.fromkeys(options.inputs))
    tasks, found, files = plan_remote(inputs, options.out, options.recursive, ending)
    plan = PhotoPlan(tasks, found.bad, found.left_out, not options.force, also=also)
    if plan.resumes and tasks:
        plan.finished = find_finished(tasks, files, options.out, also)
    return plan


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
