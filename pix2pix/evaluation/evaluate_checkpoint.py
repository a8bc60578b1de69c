"""`train.py --evaluate`: the metrics of a checkpoint on a folder of examples."""

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from pix2pix.checkpoint import DIRECTIONS, Model, inner_checkpoints, load_checkpoint
from pix2pix.config import CheckpointConfig
from pix2pix.config_fields import from_dict
from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.data.factory import open_data
from pix2pix.data.loader import Dataset
from pix2pix.data.options import LABEL_TASKS
from pix2pix.evaluation.evaluate import Metrics, batches_of, evaluate
from pix2pix.evaluation.fcn_judge import load_fcn_scorer
from pix2pix.evaluation.frechet_metrics import load_frechet_metrics
from pix2pix.evaluation.generation import spread_indices
from pix2pix.evaluation.inception_features import FidWeights
from pix2pix.evaluation.metric_names import format_table
from pix2pix.evaluation.paired_frechet import TASKS as FRECHET_TASKS
from pix2pix.evaluation.paired_frechet import measure_frechet
from pix2pix.evaluation.perceptual import perceptual_metrics
from pix2pix.evaluation.unpaired import evaluate_unpaired
from pix2pix.hub import resolve
from pix2pix.hub.download import pinned_name
from pix2pix.images.samples import input_format, output_format
from pix2pix.labels.palette import read_palette
from pix2pix.runtime.atomic_io import folder_name, write_atomically
from pix2pix.runtime.device import choose_device
from pix2pix.training.recipe import Recipe
from pix2pix.training.run_dir import read_data_facts

log = logging.getLogger(__name__)

METRICS_NAME = "metrics.json"


def evaluate_checkpoint(
    checkpoint: str,
    data_dir: Path,
    split: str = "val",
    judge_checkpoint: str | None = None,
    groups: Mapping[str, str] | None = None,
    keys: Mapping[str, object] | None = None,
    device_name: str = "auto",
    sides: Sequence[Path] = (),
    fid_weights: Path | None = None,
) -> dict[str, Any]:
    """A report with all metrics of the task over the examples in DATA_DIR/SPLIT.

    Both checkpoints are folders, or OWNER/NAME[@REVISION] on the Hub. `keys` replaces recipe
    keys of the checkpoint's training, for data in another layout. With `fid` among them or
    `fid_weights`, a file, FID is measured; else if its weights are in torch hub's cache. Raises
    the ValueErrors of `open_datasets`, `resolve`, `load_checkpoint`, `load_fcn_scorer` and
    `evaluate`.
    """
    device = choose_device(device_name)
    folder = Path(resolve(checkpoint))
    folders = inner_checkpoints(folder) or {"": folder}
    loaded = {name: load_checkpoint(inner) for name, inner in folders.items()}
    config, model = next(iter(loaded.values()))
    judge_folder = None if judge_checkpoint is None else Path(resolve(judge_checkpoint))
    scorer = None if judge_folder is None else load_fcn_scorer(judge_folder, device)
    check_classes(config, data_dir)
    recipe = recipe_of(config, keys or {})
    # Exclude the training examples from the held-out split
    facts = read_data_facts(folder) or read_data_facts(folder.parent)
    opened = open_data(
        recipe.data_options(), data_dir, [split], earlier=facts.get("names"), sides=sides
    )
    dataset = opened.datasets[0]
    weights = FidWeights(fid_weights, recipe.fid or fid_weights is not None)
    log.info("%s, %s: measuring %d examples of %s", checkpoint, config.task, len(dataset), split)
    if isinstance(dataset, UnpairedImages):
        if groups or scorer:
            raise ValueError("--group and --judge expect pairs; these are unpaired sets")
        own = {name or direction_of(c): m.to(device) for name, (c, m) in loaded.items()}
        distances, notes = load_frechet_metrics(device, weights)
        metrics = evaluate_unpaired(own, dataset, device, None, distances)
        return make_report(folder, config.task, data_dir, split, None, metrics, notes)
    model = model.to(device)
    classes = [entry.name for entry in config.palette]
    metrics = evaluate(model, config.task, dataset, device, None, classes, groups, scorer)
    notes = []
    if config.task == "labels2photo" and scorer is None:
        notes.append("FCN score: not measured, it needs a trace checkpoint (--judge DIR)")
    if config.task != "photo2labels":
        more, reasons = measure_realism(model, config.task, dataset, device, weights)
        metrics |= more
        notes += reasons
    return make_report(folder, config.task, data_dir, split, judge_folder, metrics, notes)


def measure_realism(
    model: Model, task: str, dataset: Dataset, device: torch.device, weights: FidWeights
) -> tuple[Metrics, list[str]]:
    """LPIPS, the Fréchet distance and FID, and a line for each that is unavailable."""
    indices = spread_indices(len(dataset), None)
    found, notes = perceptual_metrics(model, task, batches_of(dataset, indices), device)
    metrics = {key: round(value, 4) for key, value in found.items()}
    if task in FRECHET_TASKS:
        distances, reasons = load_frechet_metrics(device, weights)
        metrics |= measure_frechet(model, task, batches_of(dataset, indices), device, distances)
        notes += reasons
    return metrics, notes


def direction_of(config: CheckpointConfig) -> str:
    """AtoB or BtoA of a checkpoint that was trained together with its opposite; else ""."""
    name = config.training.get("direction")
    return name if name in DIRECTIONS else ""


def make_report(
    folder: Path,
    task: str,
    data_dir: Path,
    split: str,
    judge_folder: Path | None,
    metrics: Mapping[str, float],
    notes: Sequence[str],
) -> dict[str, Any]:
    return {
        "checkpoint": pinned_name(folder) or folder_name(folder),
        "task": task,
        "data": folder_name(data_dir),
        "split": split,
        "judge": judge_folder and (pinned_name(judge_folder) or folder_name(judge_folder)),
        "metrics": dict(metrics),
        "notes": list(notes),
    }


def check_classes(config: CheckpointConfig, data_dir: Path) -> None:
    """Raises ValueError if the label maps have other classes than the checkpoint."""
    if config.task in LABEL_TASKS:
        known = [entry.name for entry in config.palette]
        found = [entry.name for entry in read_palette(data_dir).classes]
        if known != found:
            raise ValueError(
                f"{data_dir}: expected label maps of the classes {', '.join(known)}, "
                f"got {', '.join(found)}"
            )


def recipe_of(config: CheckpointConfig, keys: Mapping[str, object]) -> Recipe:
    """The recipe that reads data like the checkpoint's training, with some keys replaced."""
    known = {f.name for f in dataclasses.fields(Recipe)}
    shape = dataclasses.asdict(config.generator)
    own: dict[str, object] = {"resize_mode": config.resize_mode, "crop_scale": config.crop_scale}
    source, target = input_format(config), output_format(config)
    if config.task == "image2image" and not config.training.get("options"):
        own |= {"input_dtype": source.dtype, "input_range": source.value_range}
        own |= {"target_dtype": target.dtype, "target_range": target.value_range}
        own |= {"channels_in": source.channels, "channels_out": target.channels}
    values = {**config.training.get("options", {}), **shape, **own, **keys}
    values |= {"task": config.task, "size": config.size, "width": config.width}
    return from_dict(Recipe, {k: v for k, v in values.items() if k in known}, "recipe")


def default_json_path(checkpoint: str) -> Path:
    """metrics.json in a checkpoint folder; for a Hub model, a file in the working folder."""
    if Path(checkpoint).exists():
        return Path(checkpoint) / METRICS_NAME
    name = checkpoint.split("@")[0].split("/")[-1]
    return Path(f"{name}-{METRICS_NAME}")


def write_json(report: Mapping[str, Any], path: Path) -> None:
    """Writes the report. Raises ValueError if the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(report, indent=2) + "\n").encode())
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({error.strerror or error})") from None


def format_report(report: Mapping[str, Any]) -> str:
    """The metrics as a text table, and notes on what could not be measured."""
    return "\n".join([format_table(report["metrics"]), "", *report["notes"]]).rstrip()


def parse_groups(texts: list[str]) -> dict[str, str]:
    """Globs by group name, from texts NAME=GLOB. Raises ValueError for any other text."""
    groups = {}
    for text in texts:
        name, equals, pattern = text.partition("=")
        if not (equals and pattern and name.isidentifier()):
            raise ValueError(f"--group must be NAME=GLOB, NAME of letters and digits, got {text!r}")
        groups[name] = pattern
    return groups
