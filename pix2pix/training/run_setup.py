"""Prepares a run: opens its data, builds its networks and restores its last save."""

import dataclasses
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pix2pix.checkpoint import Model
from pix2pix.config_fields import from_dict
from pix2pix.data.device_batches import augment_on
from pix2pix.data.discovery import RUN_NAME
from pix2pix.data.factory import open_data
from pix2pix.data.loader import BatchPlan, BatchSource, Dataset, Loadable, count_workers
from pix2pix.data.options import LABEL_TASKS
from pix2pix.data.summary import Facts, describe_data_changes, describe_facts
from pix2pix.training.distributed import Workers
from pix2pix.training.early_stopping import check_metric
from pix2pix.training.init_weights import copy_weights
from pix2pix.training.pretrained import load_pretrained_encoder
from pix2pix.training.recipe import Recipe
from pix2pix.training.resume_overrides import describe_lr_jump, set_change_steps
from pix2pix.training.run_dir import STATE_NAME, Progress, read_data_facts, read_state
from pix2pix.training.run_evaluation import evaluate_models
from pix2pix.training.run_warnings import data_warnings
from pix2pix.training.train_step import Trainer
from pix2pix.training.trainer_base import TrainerBase
from pix2pix.training.unpaired_step import UnpairedTrainer
from pix2pix.training.wandb_writer import check_installed

log = logging.getLogger(__name__)

# Keys of a recipe that looking at the data sets
FOUND_IN_DATA = (
    "channels_in",
    "channels_out",
    "input_range",
    "target_range",
    "input_dtype",
    "target_dtype",
)


@dataclass
class TrainingRun:
    """A prepared run."""

    info: dict[str, Any]  # the content of run.json
    recipe: Recipe
    out_dir: Path
    workers: Workers
    trainer: TrainerBase
    train_set: Dataset
    val_set: Dataset
    progress: Progress
    data_facts: Facts
    began: float = 0.0  # time.monotonic() at which the run would have begun without pauses

    def start_clock(self) -> None:
        self.began = time.monotonic() - self.progress.seconds

    @property
    def seconds(self) -> float:
        """Training time so far, without pauses."""
        return time.monotonic() - self.began

    @property
    def total_steps(self) -> int:
        return self.recipe.total_steps(len(self.train_set))

    @property
    def is_patience_over(self) -> bool:
        return 0 < self.recipe.patience <= self.progress.best.misses


def prepare(info: dict[str, Any], out_dir: Path, workers: Workers) -> TrainingRun:
    """Opens the data and builds the networks, new ones or as they were last saved.

    Completes `info`, the content of run.json. Raises ValueError for data or a recipe that cannot be
    used, or for a damaged save.
    """
    # Data
    recipe, data_dir = from_dict(Recipe, info["recipe"], RUN_NAME), Path(info["data"])
    if recipe.wandb:
        check_installed()
    check_classes(recipe, data_dir)
    earlier = workers.broadcast(read_data_facts(out_dir) if workers.is_first else {})
    state_path = out_dir / STATE_NAME
    opened = open_data(
        recipe.data_options(),
        data_dir,
        processes=workers.world,
        earlier=earlier.get("names"),
        seek_ranges=not state_path.exists(),
        sides=data_sides(info),
    )
    found = {name: getattr(opened.options, name) for name in FOUND_IN_DATA}
    recipe = dataclasses.replace(recipe, **found)
    info["recipe"].update(found)
    train_set, val_set = opened.datasets
    if workers.is_first:
        log_data_facts(opened.facts, earlier, data_dir)
        if not earlier:
            for line in [*opened.size_notes, *data_warnings(train_set, recipe, info["name"])]:
                log.warning("  %s", line)

    # Networks
    steps = recipe.total_steps(len(train_set))
    trainer = trainer_class(recipe)(recipe, workers.device, steps, workers)
    run = TrainingRun(
        info, recipe, out_dir, workers, trainer, train_set, val_set, Progress(), opened.facts
    )
    make_batch_plan(run)  # raises ValueError before the first step
    if recipe.best_metric:  # a wrong name must not wait for the first evaluation
        metrics = evaluate_models(trainer.served, recipe, val_set, workers.device, limit=2)
        check_metric(recipe.best_metric, metrics)

    # Weights: of the last save, or those to start from
    has_state = workers.is_first and state_path.exists()
    content = workers.broadcast(state_path.read_bytes() if has_state else None)
    if content is not None:
        state, run.progress = read_state(content, workers.device, state_path)
        trainer.load_state_dict(state, run.progress.best.value)
    elif facts := load_init_weights(info, recipe, trainer.trained):
        info["init_facts"] = facts
        trainer.ema.load_state_dict(trainer.model.state_dict())
    set_change_steps(info, run.progress.step)
    set_position(run)
    return run


def check_classes(recipe: Recipe, data_dir: Path) -> None:
    """Raises ValueError if the label maps have other classes than when the run began."""
    if recipe.task in LABEL_TASKS:
        now = recipe.with_classes_of(data_dir).palette
        names = [[entry.name for entry in palette] for palette in (recipe.palette, now)]
        if names[0] != names[1]:
            known, found = (", ".join(x) or "those of the facades" for x in names)
            raise ValueError(
                f"{data_dir}: expected the classes {known}, as the run has, got {found}"
            )


def log_data_facts(facts: Facts, earlier: Facts, data_dir: Path) -> None:
    """Logs what was found in the data and, on resume, what has changed in it."""
    for line in describe_facts(facts, data_dir):
        log.info("%s", line)
    if earlier:
        lines = describe_data_changes(earlier, facts)
        log.info("since the last time%s", ":" if lines else " the data is as it was")
        for line in lines:
            log.warning("  %s", line)


def set_position(run: TrainingRun) -> None:
    """Moves the trainer to the step of the last save; warns if overrides change the rates there."""
    info, step, total = run.info, run.progress.step, run.total_steps
    info["steps_before"] = info.get("total_steps", total)
    info["total_steps"] = total
    last = run.trainer.learning_rates()
    run.trainer.start_at(step)
    if 0 < step < total:
        jump = describe_lr_jump(info, step, last, run.trainer.next_learning_rates())
        if jump and run.workers.is_first:
            log.warning("%s", jump)


def load_init_weights(
    info: dict[str, Any], recipe: Recipe, models: Mapping[str, Model]
) -> dict[str, object]:
    """Loads a checkpoint's weights or a pretrained encoder's, if asked for; facts for the card.

    `models` are those of `TrainerBase.trained`. Several get the weights of the folders of the same
    names in `init_from`, the folder of an earlier run.
    """
    facts: dict[str, object] = {}
    for name, model in models.items():
        if "init_from" in info:
            start = str(Path(info["init_from"]) / name) if name else info["init_from"]
            facts |= copy_weights(model, recipe.task, start, recipe.pretrained)
        elif recipe.pretrained:
            facts |= load_pretrained_encoder(model.generator)
    return facts


def trainer_class(recipe: Recipe) -> type[TrainerBase]:
    """The class that trains with the recipe."""
    return UnpairedTrainer if recipe.is_unpaired else Trainer


def data_sides(info: Mapping[str, Any]) -> list[Path]:
    """The folders A and B that the user named; [] if they are found in the data folder."""
    return [Path(side) for side in info.get("data_sides", [])]


def make_batch_plan(run: TrainingRun) -> BatchPlan:
    recipe, workers = run.recipe, run.workers
    is_progressive = 0 < recipe.progressive_size < recipe.size
    return BatchPlan(
        recipe.batch_size,
        recipe.seed,
        round(run.total_steps * recipe.progressive_until) if is_progressive else 0,
        recipe.progressive_size,
        workers.rank,
        workers.world,
    )


def make_batch_source(run: TrainingRun) -> BatchSource[Loadable]:
    """What makes the training batches: on the CPU, or on the training device."""
    return augment_on(run.train_set, run.recipe.device_augment, run.workers.device)


def count_threads(run: TrainingRun) -> int:
    """The number of loader threads of this worker."""
    local = int(os.environ.get("LOCAL_WORLD_SIZE", run.workers.world))  # set by torchrun
    return count_workers(run.recipe.num_workers, run.workers.device, local)
