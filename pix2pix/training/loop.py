"""The training loop. It knows a recipe and two folders, and nothing of the command line.

A run's folder holds a checkpoint that can be served at any time (config.json, model.safetensors,
README.md, samples.jpg), what a resume needs (run.json and state.pt), and the best checkpoint so far
in best/ where the recipe names a figure to judge by. metrics.jsonl has a line for each report,
samples/ a sheet for each evaluation.
"""

import contextlib
import dataclasses
import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import torch

from pix2pix.data.discovery import LOCK_NAME, RUN_NAME
from pix2pix.data.loader import iterate_batches
from pix2pix.images.reader import find_images
from pix2pix.runtime.signals import StopSignal
from pix2pix.training.distributed import Workers, join_workers, restarts
from pix2pix.training.progress_bar import open_bar, show_losses
from pix2pix.training.recipe import Recipe
from pix2pix.training.resume_overrides import change_keys
from pix2pix.training.run_dir import (
    METRICS_LOG_NAME,
    STATE_NAME,
    RunStoppedError,
    lock_run,
    read_run,
    repair,
    trim_metrics,
    write_facts,
    write_run,
)
from pix2pix.training.run_setup import (
    LossWatch,
    TrainingRun,
    evaluate_run,
    make_plan,
    prepare,
    save,
    write_line,
)
from pix2pix.training.tensorboard import Board

log = logging.getLogger(__name__)

# What torch and its libraries say, in lower case, beside errors of a type of their own
OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
)
MEMORY_WORDS = (
    "out of memory: --gradient-accumulation-steps N, a divisor of --batch-size, splits each step "
    "into N microbatches and can be set on --resume; a new run with a smaller --batch-size or "
    "--size needs less memory"
)
AGAIN = "leaving after this step; press again to leave at once, back at the last save"


def start(
    name: str,
    recipe: Recipe,
    data_dir: Path,
    out_dir: Path,
    device: str = "auto",
    init_from: str | None = None,
) -> int:
    """Trains from the beginning, or from the weights of the checkpoint `init_from`.

    Returns 0, or the number of the signal that ended it. ValueError where `out_dir` already has a
    run, or another process is in it.
    """
    recipe = recipe.with_classes_of(data_dir)
    check_out(out_dir, data_dir)
    run = {"name": name, "data": str(data_dir.resolve()), "recipe": dataclasses.asdict(recipe)}
    if init_from is not None:
        run["init_from"] = init_from
    with join_workers(device) as workers, hold(out_dir, workers):
        with workers.together():
            there = workers.is_first and (out_dir / RUN_NAME).exists()
            if there and not restarts():
                raise ValueError(
                    f"{out_dir}: already holds a run; continue it with --resume {out_dir}"
                )
        return train(run, out_dir, workers)


def check_out(out_dir: Path, data_dir: Path) -> None:
    """ValueError where the folder for a run has images of the data: it must not mix the two."""
    inside = out_dir.resolve().is_relative_to(data_dir.resolve())
    is_run = any((out_dir / name).exists() for name in (RUN_NAME, LOCK_NAME))
    if inside and out_dir.is_dir() and not is_run and find_images(out_dir):
        raise ValueError(
            f"{out_dir}: holds images of the data; expected --out to be a folder of its own, "
            f"such as {out_dir / 'run'}"
        )


def resume(
    out_dir: Path,
    device: str = "auto",
    data_dir: Path | None = None,
    keys: Mapping[str, object] | None = None,
) -> int:
    """Goes on where the run in `out_dir` was last saved; `data_dir` where its data moved to.

    `keys` of the recipe are set anew, see `changes.py`.

    Returns 0, or the number of the signal that ended it.
    """
    with join_workers(device) as workers:
        with workers.together():
            run = read_run(out_dir) if workers.is_first else {}
        run = workers.share(run)
        if data_dir is not None:
            run["data"] = str(data_dir.resolve())
        change_keys(run, keys or {})
        with hold(out_dir, workers):
            return train(run, out_dir, workers)


@contextlib.contextmanager
def hold(out_dir: Path, workers: Workers) -> Iterator[None]:
    """The run's folder is this run's alone, as long as the block lasts."""
    with contextlib.ExitStack() as stack:
        with workers.together():
            if workers.is_first:
                stack.enter_context(lock_run(out_dir))
        yield


def train(run: dict[str, Any], out_dir: Path, workers: Workers) -> int:
    """`run` holds the recipe's name, its keys, and the data folder: the content of run.json."""
    job = None
    try:
        with workers.together():
            job = prepare(run, out_dir, workers)
        if workers.is_first:
            write_run(out_dir, run)
            write_facts(out_dir, job.data_facts)
            repair(out_dir, job.learner.ema, job.progress)
            trim_metrics(out_dir / METRICS_LOG_NAME, job.progress.step)
        if done := words_of_end(job):
            log.info("%s: %s", out_dir, done)
            return 0
        return run_steps(job)
    except OSError as error:
        raise RunStoppedError(f"{error.strerror}; {last_save(out_dir, job)}") from error
    except torch.linalg.LinAlgError as error:  # of the styles' covariance
        words = f"the weights are not finite ({error})"
        raise RunStoppedError(f"{words}; {last_save(out_dir, job)}") from error
    except (FloatingPointError, RunStoppedError) as error:
        raise RunStoppedError(f"{error}; {last_save(out_dir, job)}") from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise RunStoppedError(f"{MEMORY_WORDS}; {last_save(out_dir, job)}") from error


def words_of_end(job: TrainingRun) -> str:
    """Why there is nothing left to do, and what would go on; "" where there is something."""
    if job.is_patience_over:
        return (
            f"was stopped early and is finished: {job.progress.best.misses} evaluations without a "
            f"better {job.recipe.best_metric}; --patience N, with a larger N, goes on"
        )
    if job.progress.step >= job.total_steps:
        return (
            f"is finished, all {job.total_steps} steps are done; "
            f"--max-steps N, with N above {job.progress.step}, goes on"
        )
    return ""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a GPU's or the machine's memory did not suffice, whoever says so."""
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    words = str(error).lower()
    return any(part in words for part in OUT_OF_MEMORY)


def last_save(out_dir: Path, job: TrainingRun | None) -> str:
    """What is left of a run that stops; at once, as torchrun ends a worker that lingers."""
    if not (out_dir / STATE_NAME).exists():
        return f"nothing was saved yet in {out_dir}"
    which = f"the save of step {job.progress.step}" if job else "the last save"
    return f"{which} is untouched, go on from it with --resume {out_dir}"


def run_steps(job: TrainingRun) -> int:
    """The loop. Returns the number of the signal that ended it, or 0."""
    recipe, workers, learner = job.recipe, job.workers, job.learner
    first_step, total_steps, signal_number = job.progress.step, job.total_steps, 0
    batches = iterate_batches(
        job.train_set, make_plan(job), first_step, total_steps, recipe.num_workers
    )
    watch = LossWatch(workers.device)
    job.began = time.monotonic() - job.progress.seconds
    with (
        StopSignal(AGAIN) as stop,
        open_bar(first_step, total_steps, workers.is_first) as bar,
        contextlib.closing(Board(job.out_dir, first_step, workers.is_first)) as board,
        open_report(job) as report,
    ):
        for step, batch in enumerate(batches, first_step):
            losses = learner.step(batch, step, total_steps)
            watch.add(losses, step + 1)
            done, is_best = step + 1, False
            bar.update()

            # What is due
            logs = done % recipe.log_every == 0 or done == total_steps
            evaluates = done % recipe.sample_every == 0 or done == total_steps
            saves = done % recipe.save_every == 0 or evaluates
            if logs or saves:
                watch.check(workers, learner)

            # Log
            if logs:
                values = {name: round(value, 5) for name, value in workers.means(losses).items()}
                show_losses(bar, values, recipe.batch_size)
                board.add_scalars("loss", values, done)
                write_line(job, report, {"step": done, **values, **learner.learning_rates()})

            # Evaluate
            if evaluates:
                is_best = workers.share(workers.is_first and evaluate_run(job, report, board, done))
                learner.plateau.take(is_best)

            # Save. A signal may have come to any worker at any time: all agree here.
            signal_number = int(workers.highest(stop.number))
            leaves = signal_number > 0 or workers.highest(job.is_patience_over) > 0
            if leaves and not saves:
                watch.check(workers, learner)
            if (leaves or saves) and workers.is_first:
                save(job, done, is_best)
            if leaves:
                break
    if signal_number and done < total_steps:
        if workers.is_first:
            log.warning("stopped at step %d; continue with --resume %s", done, job.out_dir)
        return signal_number
    return 0


def open_report(job: TrainingRun) -> TextIO:
    """metrics.jsonl, to be written by the first worker alone."""
    return open(job.out_dir / METRICS_LOG_NAME if job.workers.is_first else os.devnull, "a")
