"""What a run writes while it trains: metrics, evaluations with samples and a report, and saves."""

import dataclasses
import json
import logging
import os
from pathlib import Path
from typing import Any, TextIO

import torch

from pix2pix.config import VERSION, CheckpointConfig
from pix2pix.data.datasets.pair_dataset import ImagePairs
from pix2pix.evaluation.unpaired import OPPOSITE
from pix2pix.training.distributed import Workers
from pix2pix.training.examples import write_examples
from pix2pix.training.init_weights import public_name
from pix2pix.training.metric_writers import MetricWriter
from pix2pix.training.norm_statistics import find_trained_norms, measure_norms
from pix2pix.training.report import write_report
from pix2pix.training.resume_overrides import describe_changes
from pix2pix.training.run_dir import BEST_NAME, METRICS_LOG_NAME, save_state
from pix2pix.training.run_evaluation import evaluate_models, inputs_of, sheets_of
from pix2pix.training.run_setup import TrainingRun
from pix2pix.training.run_warnings import RunMonitor
from pix2pix.training.samples import save_sheet
from pix2pix.training.style_codes import measure_styles
from pix2pix.training.train_step import checkpoint_config

log = logging.getLogger(__name__)


def open_metrics_log(run: TrainingRun) -> TextIO:
    """metrics.jsonl, open for appending; the null device on all workers but the first."""
    return open(run.out_dir / METRICS_LOG_NAME if run.workers.is_first else os.devnull, "a")


def write_metrics(run: TrainingRun, file: TextIO, step: int, values: dict[str, Any]) -> None:
    """Appends a line of JSON; `seconds` is the training time so far, without pauses."""
    if run.workers.is_first:
        line = {"step": step, "seconds": round(run.seconds, 1), **values}
        print(json.dumps(line), file=file, flush=True)


def warn_all(run: TrainingRun, file: TextIO, step: int, lines: list[str]) -> None:
    """Logs warnings and writes them to metrics.jsonl, from which the report shows them."""
    for line in lines:
        if run.workers.is_first:
            log.warning("step %d: %s", step, line)
        write_metrics(run, file, step, {"warning": line})


def evaluate_run(
    run: TrainingRun, file: TextIO, board: MetricWriter, monitor: RunMonitor, step: int
) -> bool:
    """Evaluates, writes metrics, samples and report; returns whether it is the best so far."""
    models, progress, recipe = run.trainer.served, run.progress, run.recipe
    device = run.workers.device
    for name, model in models.items() if recipe.ema else ():  # else it is the one in training
        live = run.trainer.trained[name]
        if live.style_encoder is not None and live.style_encoder.training:
            assert model.style_encoder is not None
            measure_styles(model.style_encoder, run.train_set, device)
        if not recipe.is_unpaired:
            norms = find_trained_norms(live, model)
            measure_norms(model, norms, run.train_set, recipe, device)
    progress.metrics = evaluate_models(models, recipe, run.val_set, device)
    write_metrics(run, file, step, {"val": progress.metrics})
    board.add_scalars("val", progress.metrics, step)
    for name, model in models.items():
        examples = inputs_of(run.val_set, name)
        warn_all(run, file, step, monitor.check_outputs(model, examples, device, step, name))
    sheets = sheets_of(models, recipe, run.val_set, device)
    for name, sheet in sheets.items():
        (run.out_dir / name).mkdir(exist_ok=True)
        save_sheet(sheet, run.out_dir / name, None if name else step)
    write_all_examples(run, run.out_dir)
    board.add_image(sheets[""], step)
    write_report(run.out_dir, run.info, training_facts(run, step), step, run.total_steps)
    if not recipe.best_metric:
        return False
    is_best = progress.best.update(recipe.best_metric, progress.metrics[recipe.best_metric], step)
    if is_best:
        write_all_examples(run, run.out_dir / BEST_NAME)
    return is_best


def write_all_examples(run: TrainingRun, folder: Path) -> None:
    """Writes the example inputs of each model of the run."""
    for name in run.trainer.served:
        config = checkpoint_config(run.recipe, direction=name)
        write_examples(folder / name, config, inputs_of(run.val_set, name))


def save_run(run: TrainingRun, step: int, is_best: bool) -> None:
    """Saves the run after `step` steps. The last save stays intact until this one is complete."""
    progress = dataclasses.replace(run.progress, step=step, seconds=run.seconds)
    served = run.trainer.served
    configs = {name: make_config(run, step, name, progress.metrics) for name in served}
    progress.set_configs(configs, is_best)
    save_state(run.out_dir, run.trainer.state_dict(), served, progress, is_best)
    run.progress = progress


def make_config(
    run: TrainingRun, step: int, name: str, metrics: dict[str, Any]
) -> CheckpointConfig:
    """The config of the checkpoint in the folder `name` of the run, AtoB, BtoA, or "" for its own.

    It has the metrics of its own direction only.
    """
    training = training_facts(run, step)
    if name:
        training["direction"] = name
        metrics = {key: value for key, value in metrics.items() if OPPOSITE[name] not in key}
    config = checkpoint_config(run.recipe, training, metrics, name)
    if isinstance(run.train_set, ImagePairs):
        return dataclasses.replace(config, input_half=run.train_set.input_half)
    return config


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
