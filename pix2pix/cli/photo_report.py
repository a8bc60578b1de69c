"""What a command for photos reports at the end: notes, failures, counts, and a file."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.cli.console import print_stderr

if TYPE_CHECKING:
    from pix2pix.cli.photo_batch import Outcome
    from pix2pix.cli.photo_tasks import PhotoTask

MAX_LISTED = 10  # maximum number of photos to list for equal notes; more are counted
MAX_LINES = 20  # maximum number of lines of notes, and of failed photos, about an archive


@dataclass
class PhotoPlan:
    """The photos of a command: those to process, and those that are left out for a reason."""

    tasks: list[PhotoTask]
    failed: dict[str, str]  # reasons, by input
    left_out: dict[str, str]  # reasons, by file that is no photo
    resumes: bool  # whether photos with a newer result are skipped
    finished: set[str] = field(default_factory=set)  # the labels of those photos
    also: Path | None = None  # a file that results must be newer than


def report(
    options: argparse.Namespace,
    plan: PhotoPlan,
    outcomes: Sequence[Outcome],
    skipped: Sequence[PhotoTask],
    seconds: float,
) -> None:
    """Prints notes, failures and counts, and writes the file of --report."""
    from pix2pix.cli.photo_tasks import describe_left_out

    failed = plan.failed | {o.source: o.reason for o in outcomes if o.reason}
    done = [outcome for outcome in outcomes if not outcome.reason]
    for lines in (describe_notes(done), [f"{source}: {why}" for source, why in failed.items()]):
        listed = len(lines) if options.ray is None else MAX_LINES
        for line in lines[:listed]:
            print_stderr(line)
        if lines[listed:]:
            print_stderr(f"and {len(lines[listed:])} more; --report FILE.json lists them all")
    if plan.left_out:
        print_stderr(describe_left_out(plan.left_out))
    if skipped:
        print_stderr(f"{len(skipped)} already done and skipped; --force does them again")
    if options.ray is not None:
        rate = len(done) / seconds if done else 0.0
        print_stderr(
            f"{len(done)} done, {len(skipped)} skipped, {len(failed)} failed; {rate:.2f} photos/s "
            f"in {seconds:.0f} s, with the start of the workers"
        )
    if options.report:
        write_report(options.report, done, skipped, failed, plan.left_out, seconds)


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
    seconds: float,
) -> None:
    """Writes the report as JSON; `seconds` is the time of the whole batch."""
    from pix2pix.runtime.atomic_io import write_atomically

    content = {
        "seconds": round(seconds, 3),
        "photos_per_s": round(len(done) / seconds, 4) if done else 0.0,
        "done": [
            {
                "photo": outcome.source,
                "result": outcome.result,
                "notes": outcome.notes,
                "seconds": round(outcome.seconds, 3),
            }
            for outcome in done
        ],
        "skipped": [{"photo": task.label, "result": task.result} for task in skipped],
        "failed": [{"photo": source, "reason": reason} for source, reason in failed.items()],
        "left_out": [{"file": file, "reason": reason} for file, reason in left_out.items()],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
