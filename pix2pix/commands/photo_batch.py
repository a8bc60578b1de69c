"""Many photos through one piece of work: which, where to, what is done already, and in parallel."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pix2pix.commands.outputs import check_folder, guard_outputs
from pix2pix.commands.words import say
from pix2pix.imaging.open import PHOTO_SUFFIXES, find_images
from pix2pix.imaging.save import FORMATS


@dataclass(frozen=True)
class Job:
    """A photo to be done: its file as it was given, its name in the batch, its result's file."""

    source: str
    name: str  # with sub-folders, / between them
    target: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a photo; `reason` where it failed."""

    source: str
    target: Path | None
    notes: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0


def find_photos(
    inputs: Sequence[str], out: Path, recursive: bool
) -> tuple[dict[str, Path], dict[str, str]]:
    """The photos in files and folders with their names in the batch, and folders that have none.

    A name is relative to the folder that was given, and begins with that folder's own where there
    are several. What lies in OUT are results. Raises ValueError where OUT is one of the folders.
    """
    folders = [Path(given) for given in inputs if given and Path(given).is_dir()]
    place = out.resolve()
    names: dict[str, Path] = {}
    bad: dict[str, str] = {}
    for given in inputs:
        folder = Path(given)
        if not given or folder not in folders:
            names[given] = Path(folder.name)
            continue
        if folder.resolve() == place:
            raise ValueError(f"{out}: is the folder of the photos; results need another one")
        found = find_images(folder, recursive, PHOTO_SUFFIXES)
        if place.is_relative_to(folder.resolve()):
            found = [path for path in found if not path.resolve().is_relative_to(place)]
        prefix = Path(folder.resolve().name) if len(folders) > 1 else Path()
        names |= {str(path): prefix / path.relative_to(folder) for path in found}
        if not found:
            deeper = "" if recursive else "; --recursive looks into its sub-folders"
            bad[given] = f"has no photos in it{deeper}"
    return names, bad


def plan_photos(
    names: dict[str, Path], out: Path, ending: str | None
) -> tuple[list[Job], dict[str, str]]:
    """A job for each photo, its result under its own name in OUT, and the reason for those without.

    The result has the photo's ending, or PNG's where that cannot be written, or `ending`. Where two
    photos would then have one result, the second ending is put behind the first.
    """
    check_folder(out)
    endings = {s: ending or _keep_ending(name) for s, name in names.items()}
    taken = [name.with_suffix(endings[s]) for s, name in names.items()]
    count = Counter(taken)
    wanted = {}
    for (source, name), target in zip(names.items(), taken):
        if count[target] > 1 and name.suffix != endings[source]:
            target = name.with_name(name.name + endings[source])
        wanted[source] = out / target
    targets, bad = guard_outputs(wanted)
    return [Job(s, names[s].as_posix(), target) for s, target in targets.items()], bad


def _keep_ending(name: Path) -> str:
    return name.suffix if name.suffix.lower() in FORMATS else ".png"


def is_done(job: Job, also: Path | None = None) -> bool:
    """Whether the result is there and newer than the photo (and than the file `also`)."""
    try:
        result = job.target.stat().st_mtime_ns
        return all(result >= Path(p).stat().st_mtime_ns for p in (job.source, also) if p)
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return False


def run_batch(
    jobs: Sequence[Job],
    work: Callable[[Job], tuple[str, ...]],
    threads: int,
) -> Generator[Outcome, None, None]:
    """Does all jobs, with a progress bar on a terminal; yields what became of each as it ends.

    `work` returns notes; whatever it raises is the failure of that photo alone. Closing the
    iterator, as a signal does, lets the photos under way end and begins no other.
    """

    def run(job: Job) -> Outcome:
        start = time.perf_counter()
        try:
            notes = work(job)
        except Exception as error:  # the batch goes on, whatever one file does
            return Outcome(job.source, None, reason=say(error).removeprefix(f"{job.source}: "))
        return Outcome(job.source, job.target, notes, seconds=time.perf_counter() - start)

    pool = ThreadPoolExecutor(threads)
    try:
        futures = [pool.submit(run, job) for job in jobs]
        is_shown = len(jobs) > 1 and sys.stderr.isatty()
        with tqdm(total=len(jobs), unit="photo", disable=not is_shown) as bar:
            for future in as_completed(futures):
                bar.update()
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def default_threads() -> int:
    """As many photos at once as there are cores, but no more than memory bears."""
    return min(os.cpu_count() or 1, 4)
