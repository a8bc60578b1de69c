"""A run at work: its data, networks and progress, and what the loop does with them."""

import dataclasses
import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.config import from_dict
from pix2pix.data.datasets.pair_dataset import ImagePairs
from pix2pix.data.discovery import RUN_NAME
from pix2pix.data.factory import open_data
from pix2pix.data.loader import BatchPlan, Dataset
from pix2pix.data.options import LABEL_TASKS
from pix2pix.data.summary import Facts, lines_of_changes, lines_of_facts
from pix2pix.evaluation import evaluate
from pix2pix.training.distributed import Workers
from pix2pix.training.early_stopping import check_metric
from pix2pix.training.examples import write_examples
from pix2pix.training.init_weights import public_name, take_weights
from pix2pix.training.pretrained import take_pretrained
from pix2pix.training.recipe import Recipe
from pix2pix.training.report import write_report
from pix2pix.training.resume_overrides import date_changes, words_of_changes, words_of_jump
from pix2pix.training.run_dir import (
    BEST_NAME,
    STATE_NAME,
    Progress,
    read_facts,
    read_state,
    save_state,
)
from pix2pix.training.samples import sample_sheet, save_sheet
from pix2pix.training.tensorboard import Board
from pix2pix.training.train_step import Learner, checkpoint_config

log = logging.getLogger(__name__)


@dataclass
class TrainingRun:
    """A run at work: what the loop's paragraphs share."""

    run: dict[str, Any]  # the content of run.json
    recipe: Recipe
    out_dir: Path
    workers: Workers
    learner: Learner
    train_set: Dataset
    val_set: Dataset
    progress: Progress
    data_facts: Facts
    began: float = 0.0  # time.monotonic() when the run would have begun without a pause

    @property
    def seconds(self) -> float:
        """The time spent in training so far."""
        return time.monotonic() - self.began

    @property
    def total_steps(self) -> int:
        return self.recipe.total_steps(len(self.train_set))

    @property
    def is_patience_over(self) -> bool:
        return 0 < self.recipe.patience <= self.progress.best.misses


def prepare(run: dict[str, Any], out_dir: Path, workers: Workers) -> TrainingRun:
    """Opens the data and builds the networks, as they were last saved or anew."""
    recipe, data_dir = from_dict(Recipe, run["recipe"], RUN_NAME), Path(run["data"])
    check_run(recipe, data_dir)
    earlier = workers.share(read_facts(out_dir) if workers.is_first else {})
    is_new = not (out_dir / STATE_NAME).exists()
    opened = open_data(
        recipe.data_options(),
        data_dir,
        processes=workers.world,
        earlier=earlier.get("names"),
        seek_ranges=is_new,
    )
    ranges = {name: getattr(opened.options, name) for name in ("input_range", "target_range")}
    recipe = dataclasses.replace(recipe, **ranges)
    run["recipe"].update(ranges)
    if workers.is_first:
        say_facts(opened.facts, earlier, data_dir)
    learner = Learner(recipe, workers.device, workers)
    train_set, val_set = opened.datasets
    progress, facts = Progress(), opened.facts
    job = TrainingRun(run, recipe, out_dir, workers, learner, train_set, val_set, progress, facts)
    make_plan(job)  # checked here, before the first step
    if recipe.best_metric:  # a wrong name must not wait for the first evaluation
        figures = evaluate(learner.ema, recipe.task, job.val_set, workers.device, limit=1)
        check_metric(recipe.best_metric, figures)
    path = out_dir / STATE_NAME
    content = workers.share(path.read_bytes() if workers.is_first and path.exists() else None)
    if content is not None:
        state, job.progress = read_state(content, workers.device, path)
        learner.load_state_dict(state)
    elif found := take_start(run, recipe, learner.model):
        run["init_facts"] = found
        learner.ema.load_state_dict(learner.model.state_dict())
    date_changes(run, job.progress.step)
    say_jump(job)
    return job


def check_run(recipe: Recipe, data_dir: Path) -> None:
    """ValueError where the label maps have other classes by now than the run began with."""
    if recipe.task in LABEL_TASKS:
        now = recipe.with_classes_of(data_dir).palette
        names = [[entry.name for entry in palette] for palette in (recipe.palette, now)]
        if names[0] != names[1]:
            known, found = (", ".join(x) or "those of the facades" for x in names)
            raise ValueError(
                f"{data_dir}: expected the classes {known}, as the run has, got {found}"
            )


def say_facts(facts: Facts, earlier: Facts, data_dir: Path) -> None:
    """Logs what was found in the data, and on resume what changed since the last time."""
    for line in lines_of_facts(facts, data_dir):
        log.info("%s", line)
    if earlier:
        lines = lines_of_changes(earlier, facts)
        log.info("since the last time%s", ":" if lines else " the data is as it was")
        for line in lines:
            log.warning("  %s", line)


def say_jump(job: TrainingRun) -> None:
    """Warns where what was changed makes the learning rates jump; notes the steps of the run."""
    run, step, total = job.run, job.progress.step, job.total_steps
    run["steps_before"] = run.get("total_steps", total)
    run["total_steps"] = total
    if 0 < step < total:
        last, now = job.learner.learning_rates(), job.learner.next_learning_rates(step, total)
        words = words_of_jump(run, step, last, now)
        if words and job.workers.is_first:
            log.warning("%s", words)


def take_start(run: dict[str, Any], recipe: Recipe, model: Model) -> dict[str, object]:
    """Weights to begin with: a checkpoint's, or an encoder's published ones. Facts for the card."""
    if "init_from" in run:
        return take_weights(model, recipe.task, run["init_from"])
    if recipe.encoder != "unet" and recipe.pretrained:
        return take_pretrained(model.generator)
    return {}


def make_plan(job: TrainingRun) -> BatchPlan:
    recipe, workers = job.recipe, job.workers
    goes_small = 0 < recipe.progressive_size < recipe.size
    return BatchPlan(
        recipe.batch_size,
        recipe.seed,
        round(job.total_steps * recipe.progressive_until) if goes_small else 0,
        recipe.progressive_size,
        workers.rank,
        workers.world,
    )


def write_line(job: TrainingRun, report: TextIO, values: dict[str, Any]) -> None:
    """A line of metrics.jsonl; `seconds` is the run's time so far, without its pauses."""
    if job.workers.is_first:
        line = {"step": values["step"], "seconds": round(job.seconds, 1), **values}
        print(json.dumps(line), file=report, flush=True)


def evaluate_run(job: TrainingRun, report: TextIO, board: Board, step: int) -> bool:
    """Evaluates, and writes samples and report; whether this is the best evaluation so far."""
    model, progress, recipe = job.learner.ema, job.progress, job.recipe
    device = job.workers.device
    progress.metrics = evaluate(model, recipe.task, job.val_set, device)
    write_line(job, report, {"step": step, "val": progress.metrics})
    board.add_scalars("val", progress.metrics, step)
    sheet = sample_sheet(model, recipe.task, job.val_set, device, palette=recipe.palette)
    save_sheet(sheet, job.out_dir, step)
    config = checkpoint_config(recipe)
    write_examples(job.out_dir, config, job.val_set)
    board.add_sheet(sheet, step)
    write_report(job.out_dir, job.run, facts(job, step), step, job.total_steps)
    if not recipe.best_metric:
        return False
    is_best = progress.best.take(recipe.best_metric, progress.metrics[recipe.best_metric], step)
    if is_best:
        write_examples(job.out_dir / BEST_NAME, config, job.val_set)
    return is_best


def save(job: TrainingRun, step: int, is_best: bool) -> None:
    """A save of the run as it is after `step` steps; nothing of the last one is lost before."""
    progress = dataclasses.replace(job.progress, step=step, seconds=job.seconds)
    config = checkpoint_config(job.recipe, training=facts(job, step), metrics=progress.metrics)
    if isinstance(job.train_set, ImagePairs):
        config = dataclasses.replace(config, input_half=job.train_set.input_half)
    progress.config = config.to_dict()
    if is_best:
        progress.best_config = progress.config
    save_state(job.out_dir, job.learner.state_dict(), job.learner.ema, progress, is_best)
    job.progress = progress


def facts(job: TrainingRun, step: int) -> dict[str, Any]:
    """How the weights came about: `training` in config.json, and the card's table."""
    return {
        "recipe": job.run["name"],
        "options": job.run["recipe"],
        "train_images": len(job.train_set),
        "steps": step,
        "images_seen": step * job.recipe.batch_size,
        "hours": round(job.seconds / 3600, 2),
        "device": device_words(job.workers, job.learner.bf16),
        **start_facts(job.run),
        **words_of_changes(job.run),
    }


def start_facts(run: dict[str, Any]) -> dict[str, Any]:
    """What the weights began with. Runs begun by earlier versions noted a path."""
    found = dict(run.get("init_facts", {}))
    return (
        {**found, "init_from": public_name(found["init_from"])} if "init_from" in found else found
    )


def device_words(workers: Workers, bf16: bool) -> str:
    device = workers.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    several = f"{workers.world} x " if workers.world > 1 else ""
    return f"{several}{name}{threads}, {'bf16 autocast' if bf16 else 'fp32'}"


class LossWatch:
    """Notices a loss that is not finite at the step where it comes, without waiting for a GPU."""

    def __init__(self, device: torch.device) -> None:
        self.first_bad = torch.full((), math.inf, dtype=torch.float64, device=device)

    def add(self, losses: dict[str, Tensor], step: int) -> None:
        bad = ~torch.stack([loss.detach().float() for loss in losses.values()]).isfinite().all()
        self.first_bad = torch.where(bad, self.first_bad.clamp(max=step), self.first_bad)

    def check(self, workers: Workers, learner: Learner) -> None:
        """FloatingPointError, on all workers, where a loss was not finite or a weight is not."""
        step = -workers.highest(-self.first_bad.item())
        if step < math.inf:
            raise FloatingPointError(f"step {int(step)}: a loss is not finite")
        for name, tensor in learner.model.state_dict().items():
            if not tensor.isfinite().all():
                raise FloatingPointError(f"the weights {name} are not finite")
