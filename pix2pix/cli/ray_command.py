"""The options `--ray` of the commands for photos, and the batch of photos on a Ray cluster."""

from __future__ import annotations

import argparse
import glob
import os
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli.console import describe_error
from pix2pix.runtime.atomic_io import PART_PATTERN
from pix2pix.runtime.object_storage import GLOB, is_url

if TYPE_CHECKING:
    from pix2pix.cli.photo_batch import Outcome
    from pix2pix.cli.photo_command import LoadWork
    from pix2pix.cli.photo_tasks import PhotoTask

RAY_HELP = """\
archives: --ray processes images in worker processes of a Ray cluster, one model per worker: without
ADDRESS on this machine, else on all machines of the cluster, which need pix2pix-studio[ray] and see
the images and OUT under the same paths. Images and OUT may be URLs: s3://, gs:// and others of
fsspec. Patterns in quotes are expanded. The same command continues a stopped run, with or without
--ray. Without ADDRESS, put --ray last.
"""

# Options with files and checkpoints that are read here and sent to the workers
_SHIPPED = ("checkpoint", "checkpoint_restore", "like", "style_from", "regions")
_CHECKPOINT_FILES = ("config.json", "model.safetensors")
KILLED = "its worker process was killed, at every attempt; it may need more memory than there is"


def add_ray_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("archives")
    group.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="process photos on a Ray cluster, HOST:PORT or auto (default: one on this machine)",
    )
    group.add_argument(
        "--ray-workers",
        type=int,
        metavar="N",
        help="worker processes (default: one per GPU; without GPUs, as many as fit)",
    )
    group.add_argument(
        "--ray-cores",
        type=int,
        metavar="N",
        help="CPU cores of each worker (default: 2; with GPUs, an equal share)",
    )


def check_ray_options(options: argparse.Namespace) -> None:
    """Expands patterns in the inputs. Raises ValueError for options that do not fit together."""
    for name in ("ray_workers", "ray_cores"):
        value, option = getattr(options, name), f"--{name.replace('_', '-')}"
        if value is not None and options.ray is None:
            raise ValueError(f"{option} needs --ray")
        if value is not None and value < 1:
            raise ValueError(f"{option} must be at least 1, got {value}")
    urls = [name for name in (*options.inputs, options.out) if is_url(name)]
    if options.ray is None:
        if urls and not Path(urls[0]).exists():
            raise ValueError(f"{urls[0]}: is a URL, which needs --ray")
        return
    options.inputs = [path for given in options.inputs for path in _expand(given)]


def _expand(given: str) -> list[str]:
    """The local files of a pattern as a shell gives them; the name itself if it is no pattern."""
    if is_url(given) or not GLOB & set(given) or Path(given).exists():
        return [given]
    paths = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 (Path.glob: only relative ones)
    if not paths:
        raise ValueError(f"{given}: matches no file")
    return paths


@dataclass(frozen=True)
class _Result:
    """What a worker returns for a photo."""

    notes: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class _Loader:
    """Loads the model in a worker, to which it travels by pickle."""

    load_work: LoadWork
    options: argparse.Namespace
    corrections: Any
    shipped: Mapping[str, str]  # names in the worker's folder, by option
    resumes: bool  # whether a result that is newer than its photo is not made again

    def __call__(self, folder: Path, cores: int, is_retry: bool) -> Callable[[PhotoTask], _Result]:
        import torch

        from pix2pix.cli.remote_photos import is_finished, with_storage

        warnings.simplefilter("ignore")  # problems with files are reported in one line each
        torch.set_num_threads(cores)
        given = {str(folder / name): getattr(self.options, o) for o, name in self.shipped.items()}
        for option, name in self.shipped.items():
            setattr(self.options, option, folder / name)
        try:
            work = with_storage(self.load_work(self.options, self.corrections))
        except ValueError as error:  # about a file, which has another name here
            reason = str(error)
            for path, name in given.items():
                reason = reason.replace(path, str(name))
            raise ValueError(reason) from None

        def run(task: PhotoTask) -> _Result:
            start = time.perf_counter()
            if is_retry and self.resumes and is_finished(task):
                return _Result()
            try:
                notes = work(task)
            except Exception as error:  # one file must not stop the batch
                return _Result(reason=describe_error(error).removeprefix(f"{task.source}: "))
            return _Result(notes, seconds=time.perf_counter() - start)

        return run


def run_on_ray(
    options: argparse.Namespace,
    tasks: Sequence[PhotoTask],
    load_work: LoadWork,
    corrections: Any,
    resumes: bool,
) -> Generator[Outcome, None, None]:
    """Processes all tasks on a Ray cluster; yields each outcome when its block is done.

    Closing the iterator abandons the photos in progress, which leave no results. Raises ValueError
    if there is no cluster or if the workers cannot start, RuntimeError if the cluster fails.
    """
    from tqdm import tqdm

    from pix2pix.cli.photo_batch import Outcome
    from pix2pix.inference.ray_pool import RayPool

    plain = argparse.Namespace(**{k: v for k, v in vars(options).items() if k != "run"})
    shipped, files = read_shipped(plain)
    loader = _Loader(load_work, plain, corrections, shipped, resumes)
    absolute = [_make_absolute(task) for task in tasks]
    address = options.ray or os.environ.get("RAY_ADDRESS", "")
    is_shown = sys.stderr.isatty()
    folders = {task.target.parent for task in tasks if not task.scheme}
    with ExitStack() as stack:
        stack.callback(remove_parts, folders, time.time())  # after the workers have ended
        pool = stack.enter_context(RayPool(address, options.ray_workers, options.ray_cores))
        batch = stack.enter_context(
            closing(pool.run(loader, files, absolute, getattr(options, "jobs", None)))
        )
        bar = stack.enter_context(tqdm(total=len(tasks), unit="photo", disable=not is_shown))
        for found in batch:
            for finished in found:
                bar.update()
                task = tasks[finished.index]
                result = finished.result or _Result(reason=KILLED)
                path = "" if result.reason else task.result
                yield Outcome(task.label, path, result.notes, result.reason, result.seconds)


def remove_parts(folders: Iterable[Path], start: float) -> None:
    """Removes the unfinished files that killed workers left since the time `start`."""
    for folder in folders:
        for part in folder.glob(PART_PATTERN):
            with suppress(OSError):
                if part.stat().st_mtime >= start:
                    part.unlink()


def _make_absolute(task: PhotoTask) -> PhotoTask:
    """The task with paths that hold in any current folder."""
    source = task.source if is_url(task.source) else str(Path(task.source).absolute())
    target = task.target if task.scheme else task.target.absolute()
    return replace(task, source=source, target=target)


def read_shipped(options: argparse.Namespace) -> tuple[dict[str, str], dict[str, bytes]]:
    """The names of the files and checkpoints of the options, and the content of each file.

    Workers on other machines may not have them. Raises ValueError for a missing one.
    """
    from pix2pix.hub import resolve

    names: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for option in _SHIPPED:
        given = getattr(options, option, None)
        if given is None or (option == "checkpoint_restore" and not options.remove_scratches):
            continue
        path = Path(resolve(given))
        if path.is_dir():
            names[option] = option
            inner = [path / name for name in _CHECKPOINT_FILES]
            files |= {f"{option}/{p.name}": p.read_bytes() for p in inner if p.is_file()}
        elif path.is_file():
            names[option] = f"{option}{path.suffix}"
            files[names[option]] = path.read_bytes()
    return names, files
