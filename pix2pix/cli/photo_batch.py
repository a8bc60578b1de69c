"""Process many photos in parallel, skipping those that are already done."""

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
from pix2pix.images.reader import has_end


@dataclass(frozen=True)
class Outcome:
    """The result of processing a photo; `reason` if it failed."""

    source: str
    result: str  # its path or URL; empty if it failed
    notes: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0


def is_done(task: PhotoTask, also: Path | None = None) -> bool:
    """Whether the result exists, is whole, and is newer than the photo and the file `also`."""
    try:
        result = task.target.stat()
        others = (Path(path).stat() for path in (task.source, also) if path)
        is_newest = all(result.st_mtime_ns >= other.st_mtime_ns for other in others)
        return is_newest and result.st_size > 0 and has_end(task.target)
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return False


def run_batch(
    tasks: Sequence[PhotoTask],
    work: Callable[[PhotoTask], tuple[str, ...]],
    threads: int,
) -> Generator[Outcome, None, None]:
    """Runs all tasks, with a progress bar on a terminal; yields each outcome when it is ready.

    `work` returns notes; an exception fails only that photo. Closing the iterator, as a signal
    does, finishes the photos in progress and starts no others.
    """

    def run(task: PhotoTask) -> Outcome:
        start = time.perf_counter()
        try:
            notes = work(task)
        except Exception as error:  # one file must not stop the batch
            return Outcome(
                task.label, "", reason=describe_error(error).removeprefix(f"{task.source}: ")
            )
        return Outcome(task.label, task.result, notes, seconds=time.perf_counter() - start)

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
    """The default number of parallel photos: the cores, at most 4 to limit memory."""
    return min(os.cpu_count() or 1, 4)
