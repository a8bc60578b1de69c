"""Many photos through one piece of work: what is done already, and the rest in parallel."""

import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pix2pix.cli.console import describe_error
from pix2pix.cli.photo_tasks import PhotoTask


@dataclass(frozen=True)
class Outcome:
    """What became of a photo; `reason` where it failed."""

    source: str
    target: Path | None
    notes: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0


def is_done(task: PhotoTask, also: Path | None = None) -> bool:
    """Whether the result is there and newer than the photo (and than the file `also`)."""
    try:
        result = task.target.stat().st_mtime_ns
        return all(result >= Path(p).stat().st_mtime_ns for p in (task.source, also) if p)
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return False


def run_batch(
    tasks: Sequence[PhotoTask],
    work: Callable[[PhotoTask], tuple[str, ...]],
    threads: int,
) -> Generator[Outcome, None, None]:
    """Does all tasks, with a progress bar on a terminal; yields what became of each as it ends.

    `work` returns notes; whatever it raises is the failure of that photo alone. Closing the
    iterator, as a signal does, lets the photos under way end and begins no other.
    """

    def run(task: PhotoTask) -> Outcome:
        start = time.perf_counter()
        try:
            notes = work(task)
        except Exception as error:  # the batch goes on, whatever one file does
            return Outcome(
                task.label, None, reason=describe_error(error).removeprefix(f"{task.source}: ")
            )
        return Outcome(task.label, task.target, notes, seconds=time.perf_counter() - start)

    pool = ThreadPoolExecutor(threads)
    try:
        futures = [pool.submit(run, task) for task in tasks]
        is_shown = len(tasks) > 1 and sys.stderr.isatty()
        with tqdm(total=len(tasks), unit="photo", disable=not is_shown) as bar:
            for future in as_completed(futures):
                bar.update()
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def default_threads() -> int:
    """As many photos at once as there are cores, but no more than memory bears."""
    return min(os.cpu_count() or 1, 4)
