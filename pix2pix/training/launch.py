"""Starts a run or resumes one: locks its folder, joins the workers, prepares it and trains."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pix2pix.data.discovery import LOCK_NAME, RUN_NAME
from pix2pix.images.reader import find_images
from pix2pix.training.distributed import Workers, count_restarts, join_workers
from pix2pix.training.loop import train
from pix2pix.training.recipe import Recipe
from pix2pix.training.resume_overrides import override_keys
from pix2pix.training.run_dir import (
    METRICS_LOG_NAME,
    STATE_NAME,
    read_run,
    repair,
    trim_metrics,
    write_data_facts,
    write_run,
)
from pix2pix.training.run_errors import RunStoppedError, stop_reason
from pix2pix.training.run_lock import lock_run
from pix2pix.training.run_setup import TrainingRun, prepare

log = logging.getLogger(__name__)


def start(
    name: str,
    recipe: Recipe,
    data_dir: Path,
    out_dir: Path,
    device: str = "auto",
    init_from: str | None = None,
    sides: Sequence[Path] = (),
) -> int:
    """Trains a new run, from random weights or from those of the checkpoint `init_from`.

    `sides` are the folders A and B, both below `data_dir`; by default they are looked for there.

    Returns 0, or the number of the signal that ended the run. Raises ValueError if `out_dir`
    already holds a run or another process trains in it, RunStoppedError if the run cannot go on.
    """
    recipe = recipe.with_classes_of(data_dir)
    for folder in sides or [data_dir]:
        check_out_dir(out_dir, folder)
    info: dict[str, Any] = {
        "name": name,
        "data": str(data_dir.resolve()),
        "recipe": dataclasses.asdict(recipe),
    }
    if sides:
        info["data_sides"] = [str(side.resolve()) for side in sides]
    if init_from is not None:
        info["init_from"] = init_from
    with join_workers(device) as workers, lock_for_all(out_dir, workers):
        with workers.fail_together():
            exists = workers.is_first and (out_dir / RUN_NAME).exists()
            if exists and not count_restarts():
                raise ValueError(
                    f"{out_dir}: already holds a run; continue it with --resume {out_dir}"
                )
        return prepare_and_train(info, out_dir, workers)


def resume(
    out_dir: Path,
    device: str = "auto",
    data_dir: Path | None = None,
    keys: Mapping[str, object] | None = None,
    sides: Sequence[Path] = (),
) -> int:
    """Continues the run in `out_dir` from its last save; `data_dir` is needed if its data moved.

    `keys` of the recipe are replaced (`resume_overrides.py`). Returns and raises as `start`.
    """
    with join_workers(device) as workers:
        with workers.fail_together():
            info = read_run(out_dir) if workers.is_first else {}
        info = workers.broadcast(info)
        if data_dir is not None:
            info["data"] = str(data_dir.resolve())
            info.pop("data_sides", None)
        if sides:
            info["data_sides"] = [str(side.resolve()) for side in sides]
        override_keys(info, keys or {})
        with lock_for_all(out_dir, workers):
            return prepare_and_train(info, out_dir, workers)


def check_out_dir(out_dir: Path, data_dir: Path) -> None:
    """Raises ValueError if the folder for a run holds images of the data."""
    inside = out_dir.resolve().is_relative_to(data_dir.resolve())
    is_run = any((out_dir / name).exists() for name in (RUN_NAME, LOCK_NAME))
    if inside and out_dir.is_dir() and not is_run and find_images(out_dir):
        raise ValueError(
            f"{out_dir}: holds images of the data; expected --out to be a folder of its own, "
            f"such as {out_dir / 'run'}"
        )


@contextlib.contextmanager
def lock_for_all(out_dir: Path, workers: Workers) -> Iterator[None]:
    """Holds the lock of a run's folder, which the first worker takes for all."""
    with contextlib.ExitStack() as stack:
        with workers.fail_together():
            if workers.is_first:
                stack.enter_context(lock_run(out_dir))
        yield


def prepare_and_train(info: dict[str, Any], out_dir: Path, workers: Workers) -> int:
    """Trains the run that `info`, the content of run.json, describes."""
    run = None
    try:
        with workers.fail_together():
            run = prepare(info, out_dir, workers)
        if workers.is_first:
            write_run(out_dir, info)
            write_data_facts(out_dir, run.data_facts)
            repair(out_dir, run.trainer.served, run.progress)
            trim_metrics(out_dir / METRICS_LOG_NAME, run.progress.step)
        if reason := finished_reason(run):
            log.info("%s: %s", out_dir, reason)
            return 0
        return train(run)
    except Exception as error:
        reason = stop_reason(error)
        if reason is None:
            raise
        # Raised at once: torchrun kills workers that linger
        raise RunStoppedError(f"{reason}; {last_save(out_dir, run)}") from error


def finished_reason(run: TrainingRun) -> str | None:
    """Why no step is left to do, with the option that allows more; None if there are steps."""
    if run.is_patience_over:
        return (
            f"was stopped early and is finished: {run.progress.best.misses} evaluations without a "
            f"better {run.recipe.best_metric}; a larger --patience N continues it"
        )
    if run.progress.step >= run.total_steps:
        return (
            f"is finished, all {run.total_steps} steps are done; "
            f"--max-steps N, with N above {run.progress.step}, continues it"
        )
    return None


def last_save(out_dir: Path, run: TrainingRun | None) -> str:
    if not (out_dir / STATE_NAME).exists():
        return f"nothing was saved yet in {out_dir}"
    which = f"the save of step {run.progress.step}" if run else "the last save"
    return f"{which} is intact, resume from it with --resume {out_dir}"
