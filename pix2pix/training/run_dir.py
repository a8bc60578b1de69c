"""Files in the folder of a run: saves, run.json, data.json and metrics.jsonl.

A save consists of a checkpoint (model.safetensors, README.md, config.json), state.pt, and the
checkpoint in best/ if the run keeps one. state.pt is replaced first and holds all that the others
hold. If a process is killed between two files, `repair` rewrites the others.
"""

import io
import json
import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pix2pix.checkpoint import CONFIG_NAME, Model, checkpoint_files
from pix2pix.config import CheckpointConfig
from pix2pix.config_fields import from_dict, rename_old_keys
from pix2pix.data.discovery import RUN_NAME
from pix2pix.runtime.atomic_io import write_atomically, write_together
from pix2pix.training.early_stopping import Best
from pix2pix.training.model_card import write_card

STATE_NAME = "state.pt"
STATE_KEY = "learner"  # of the networks and optimizers; the name since the first version
METRICS_LOG_NAME = "metrics.jsonl"
DATA_NAME = "data.json"
SHEET_NAME = "samples.jpg"
BEST_NAME = "best"

log = logging.getLogger(__name__)


@dataclass
class Progress:
    """Progress of a run. With the state of the trainer, it is all that resuming needs."""

    step: int = 0
    seconds: float = 0.0  # of training, over all its sessions
    metrics: dict[str, Any] = field(default_factory=dict)  # of the last evaluation
    best: Best = field(default_factory=Best)
    config: dict[str, Any] = field(default_factory=dict)  # the content of config.json
    best_config: dict[str, Any] = field(default_factory=dict)  # that of best/config.json
    # config.json by folder, of a run that saves several checkpoints, AtoB and BtoA
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    best_configs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def set_configs(self, configs: Mapping[str, CheckpointConfig], is_best: bool) -> None:
        """Sets the configs of the checkpoints, by their folders; "" is the run's own."""
        values = {name: config.to_dict() for name, config in configs.items()}
        self.config = values.pop("", {})
        self.configs = values
        if is_best:
            self.best_config, self.best_configs = self.config, self.configs

    def all_configs(self, best: bool = False) -> dict[str, dict[str, Any]]:
        """The configs of the checkpoints, or of the best ones, by their folders."""
        own, others = (self.best_config, self.best_configs) if best else (self.config, self.configs)
        return {**({"": own} if own else {}), **others}


def read_run(folder: Path) -> dict[str, Any]:
    """The content of run.json: the recipe's name, its keys, and the data folder."""
    path = folder / RUN_NAME
    if not path.exists():
        raise ValueError(f"{folder}: has no {RUN_NAME}, so there is no run to resume")
    try:
        run = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is not valid JSON ({error})") from None
    if not isinstance(run, dict) or not {"name", "data", "recipe"} <= run.keys():
        raise ValueError(f"{path}: expected the keys name, data and recipe")
    changes = run.get("changes", [])
    if not isinstance(changes, list) or not all(isinstance(c, dict) for c in changes):
        raise ValueError(f"{path}: changes must be a list of objects")
    all_keys = [run["recipe"], *(change.get("keys") for change in changes)]
    if not all(isinstance(keys, dict) for keys in all_keys):
        raise ValueError(f"{path}: a recipe and the keys of a change must be objects")
    run["recipe"] = rename_old_keys(run["recipe"], f"{path}: recipe")
    for change in changes:
        change["keys"] = rename_old_keys(change["keys"], f"{path}: changes")
    return run


def write_run(folder: Path, run: dict[str, Any]) -> None:
    write_atomically(folder / RUN_NAME, json.dumps(run, indent=2).encode())


def read_data_facts(folder: Path) -> dict[str, Any]:
    """The summary of the data (data.json) from when the run last started; {} if there is none."""
    try:
        facts = json.loads((folder / DATA_NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def write_data_facts(folder: Path, facts: dict[str, Any]) -> None:
    write_atomically(folder / DATA_NAME, json.dumps(facts, indent=1).encode())


def save_state(
    folder: Path,
    trainer: dict[str, Any],
    served: Mapping[str, Model],
    progress: Progress,
    is_best: bool,
) -> None:
    """Writes state.pt and the checkpoints, also those in best/ if this step is the best.

    `served` are the models by folder; "" is the run's own.
    """
    buffer = io.BytesIO()
    # Only types that torch.load accepts with weights_only=True
    torch.save({STATE_KEY: trainer, "progress": json.dumps(to_json(progress))}, buffer)
    files = {folder / STATE_NAME: buffer.getvalue()}
    write_together(files | served_files(folder, served, progress, is_best))


def served_files(
    folder: Path, served: Mapping[str, Model], progress: Progress, is_best: bool
) -> dict[Path, bytes]:
    files = {}
    if is_best:
        for name, values in progress.all_configs(best=True).items():
            own, best = folder / name, folder / BEST_NAME / name
            best.mkdir(parents=True, exist_ok=True)
            if (own / SHEET_NAME).exists():
                files[best / SHEET_NAME] = (own / SHEET_NAME).read_bytes()
            config = from_dict(CheckpointConfig, values, "config")
            files |= checkpoint_files(best, config, served[name], write_card(config))
    for name, values in progress.all_configs().items():
        (folder / name).mkdir(exist_ok=True)
        config = from_dict(CheckpointConfig, values, "config")
        files |= checkpoint_files(folder / name, config, served[name], write_card(config))
    return files


def repair(folder: Path, served: Mapping[str, Model], progress: Progress) -> None:
    """Rewrites the checkpoint from state.pt if the process was killed while saving.

    config.json is the last file of a save: if it equals the config in the state, all files were
    written.
    """
    configs = {folder / name / CONFIG_NAME: c for name, c in progress.all_configs().items()}
    if not all(path.exists() and holds(path, config) for path, config in configs.items()):
        is_best = progress.best.step == progress.step and bool(progress.all_configs(best=True))
        write_together(served_files(folder, served, progress, is_best))


def holds(path: Path, values: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(path.read_bytes()) == json.loads(json.dumps(values)))
    except ValueError:
        return False


def to_json(progress: Progress) -> dict[str, Any]:
    return {**vars(progress), "best": vars(progress.best)}


def read_state(content: bytes, device: torch.device, where: Path) -> tuple[dict, Progress]:
    """The state of the trainer and the progress, from the content of state.pt.

    Raises ValueError if it is damaged. Only tensors and plain values are unpickled.
    """
    try:
        state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        if "progress" not in state:  # written before there were best checkpoints
            return state[STATE_KEY], Progress(state["step"], state["seconds"])
        values = json.loads(state["progress"])
        return state[STATE_KEY], Progress(**{**values, "best": Best(**values["best"])})
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError) as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{where}: is damaged ({words})") from None


def trim_metrics(path: Path, step: int) -> None:
    """Drops the lines that were written after the last save: these steps are repeated."""
    if path.exists():
        kept = [line for line in path.read_text().splitlines() if is_before(line, step)]
        write_atomically(path, "".join(line + "\n" for line in kept).encode())


def is_before(line: str, step: int) -> bool:
    """Whether a line of metrics.jsonl is complete and not later than `step`."""
    try:
        return bool(json.loads(line)["step"] <= step)
    except ValueError:  # cut off by a full disk or a kill
        return False
