"""What a run writes while it trains: metrics, evaluations with samples and a report, and saves."""

import dataclasses
import json
import os
from typing import Any, TextIO

import torch

from pix2pix.config import VERSION
from pix2pix.data.datasets.pair_dataset import ImagePairs
from pix2pix.evaluation import evaluate
from pix2pix.training.distributed import Workers
from pix2pix.training.examples import write_examples
from pix2pix.training.init_weights import public_name
from pix2pix.training.report import write_report
from pix2pix.training.resume_overrides import describe_changes
from pix2pix.training.run_dir import BEST_NAME, METRICS_LOG_NAME, save_state
from pix2pix.training.run_setup import TrainingRun
from pix2pix.training.samples import sample_sheet, save_sheet
from pix2pix.training.tensorboard import TensorBoardWriter
from pix2pix.training.train_step import checkpoint_config


def open_metrics_log(run: TrainingRun) -> TextIO:
    """metrics.jsonl, open for appending; the null device on all workers but the first."""
    return open(run.out_dir / METRICS_LOG_NAME if run.workers.is_first else os.devnull, "a")


def write_metrics(run: TrainingRun, file: TextIO, step: int, values: dict[str, Any]) -> None:
    """Appends a line of JSON; `seconds` is the training time so far, without pauses."""
    if run.workers.is_first:
        line = {"step": step, "seconds": round(run.seconds, 1), **values}
        print(json.dumps(line), file=file, flush=True)


def evaluate_run(run: TrainingRun, file: TextIO, board: TensorBoardWriter, step: int) -> bool:
    """Evaluates, writes metrics, samples and report; returns whether it is the best so far."""
    model, progress, recipe = run.trainer.ema, run.progress, run.recipe
    device = run.workers.device
    progress.metrics = evaluate(model, recipe.task, run.val_set, device)
    write_metrics(run, file, step, {"val": progress.metrics})
    board.add_scalars("val", progress.metrics, step)
    sheet = sample_sheet(model, recipe.task, run.val_set, device, palette=recipe.palette)
    save_sheet(sheet, run.out_dir, step)
    config = checkpoint_config(recipe)
    write_examples(run.out_dir, config, run.val_set)
    board.add_image(sheet, step)
    write_report(run.out_dir, run.info, training_facts(run, step), step, run.total_steps)
    if not recipe.best_metric:
        return False
    is_best = progress.best.update(recipe.best_metric, progress.metrics[recipe.best_metric], step)
    if is_best:
        write_examples(run.out_dir / BEST_NAME, config, run.val_set)
    return is_best


def save_run(run: TrainingRun, step: int, is_best: bool) -> None:
    """Saves the run after `step` steps. The last save stays intact until this one is complete."""
    progress = dataclasses.replace(run.progress, step=step, seconds=run.seconds)
    training = training_facts(run, step)
    config = checkpoint_config(run.recipe, training=training, metrics=progress.metrics)
    if isinstance(run.train_set, ImagePairs):
        config = dataclasses.replace(config, input_half=run.train_set.input_half)
    progress.config = config.to_dict()
    if is_best:
        progress.best_config = progress.config
    save_state(run.out_dir, run.trainer.state_dict(), run.trainer.ema, progress, is_best)
    run.progress = progress


def training_facts(run: TrainingRun, step: int) -> dict[str, Any]:
    """How the weights were trained: `training` in config.json, and the card's table."""
    return {
        "recipe": run.info["name"],
        "options": run.info["recipe"],
        "train_images": len(run.train_set),
        "steps": step,
        "images_seen": step * run.recipe.batch_size,
        "hours": round(run.seconds / 3600, 2),
        "device": describe_device(run.workers, run.trainer.bf16),
        "pix2pix_version": VERSION,
        **init_facts(run.info),
        **describe_changes(run.info),
    }


def init_facts(info: dict[str, Any]) -> dict[str, Any]:
    """Where the initial weights came from. Runs of earlier versions recorded a path."""
    facts = dict(info.get("init_facts", {}))
    if "init_from" in facts:
        facts["init_from"] = public_name(facts["init_from"])
    return facts


def describe_device(workers: Workers, bf16: bool) -> str:
    device = workers.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    several = f"{workers.world} x " if workers.world > 1 else ""
    return f"{several}{name}{threads}, {'bf16 autocast' if bf16 else 'fp32'}"
