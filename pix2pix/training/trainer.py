"""The training loop. It knows a recipe and two folders, and nothing of the command line.

A run's folder holds a checkpoint that can be served at any time (config.json, model.safetensors,
README.md, samples.jpg), and what a resume needs: run.json and state.pt. metrics.jsonl has a line
for each report, samples/ a sheet for each evaluation.
"""

import contextlib
import dataclasses
import io
import json
import logging
import math
import signal
import time
from pathlib import Path

import torch

from pix2pix.checkpoint import save_checkpoint
from pix2pix.config import from_dict
from pix2pix.data.loader import Plan, iterate_batches
from pix2pix.data.open import open_datasets
from pix2pix.device import choose_device
from pix2pix.files import write_atomically
from pix2pix.metrics import evaluate
from pix2pix.training.board import Board
from pix2pix.training.card import write_card
from pix2pix.training.learner import Learner, checkpoint_config
from pix2pix.training.progress import open_bar, show_losses
from pix2pix.training.recipe import Recipe
from pix2pix.training.report import write_report
from pix2pix.training.samples import sample_sheet, save_sheet

log = logging.getLogger(__name__)

RUN_NAME = "run.json"
STATE_NAME = "state.pt"


def start(name: str, recipe: Recipe, data_dir: Path, out_dir: Path, device: str = "auto") -> None:
    """Trains from the beginning. ValueError where `out_dir` already has a run."""
    if (out_dir / RUN_NAME).exists():
        raise ValueError(f"{out_dir}: already holds a run; continue it with --resume {out_dir}")
    recipe = recipe.with_classes_of(data_dir)
    run = {"name": name, "data": str(data_dir.resolve()), "recipe": dataclasses.asdict(recipe)}
    train(run, out_dir, device)


def resume(out_dir: Path, device: str = "auto") -> None:
    """Goes on where the run in `out_dir` was last saved."""
    path = out_dir / RUN_NAME
    if not path.exists():
        raise ValueError(f"{out_dir}: has no {RUN_NAME}, so there is no run to resume")
    train(json.loads(path.read_text()), out_dir, device)


def train(run: dict, out_dir: Path, device_name: str) -> None:
    """`run` holds the recipe's name, its keys, and the data folder: the content of run.json."""
    recipe = from_dict(Recipe, run["recipe"], RUN_NAME)
    device = choose_device(device_name)
    train_set, val_set = open_datasets(recipe.data_options(), Path(run["data"]))
    total_steps = recipe.total_steps(len(train_set))
    learner = Learner(recipe, device)
    out_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(out_dir / RUN_NAME, json.dumps(run, indent=2).encode())

    # Continue where state.pt ends, or begin
    first_step, seconds = 0, 0.0
    if (out_dir / STATE_NAME).exists():
        state = torch.load(out_dir / STATE_NAME, map_location=device, weights_only=True)
        learner.load_state_dict(state["learner"])
        first_step, seconds = state["step"], state["seconds"]
    trim_metrics(out_dir / "metrics.jsonl", first_step)
    started = time.monotonic() - seconds

    def facts(step: int) -> dict:
        return {
            "recipe": run["name"],
            "options": run["recipe"],
            "train_images": len(train_set),
            "steps": step,
            "images_seen": step * recipe.batch_size,
            "hours": round((time.monotonic() - started) / 3600, 2),
            "device": device_words(device, learner.bf16),
        }

    def save(step: int, metrics: dict) -> None:
        config = checkpoint_config(recipe, training=facts(step), metrics=metrics)
        save_checkpoint(out_dir, config, learner.ema, write_card(config))
        buffer = io.BytesIO()
        seconds = time.monotonic() - started
        torch.save({"learner": learner.state_dict(), "step": step, "seconds": seconds}, buffer)
        write_atomically(out_dir / STATE_NAME, buffer.getvalue())

    small_steps = (
        round(total_steps * recipe.small_until) if 0 < recipe.small_size < recipe.size else 0
    )
    plan = Plan(recipe.batch_size, recipe.seed, small_steps, recipe.small_size)
    batches = iterate_batches(train_set, plan, first_step, total_steps, recipe.workers)
    bar = open_bar(first_step, total_steps)
    metrics: dict = {}
    with (
        StopSignal() as stop,
        bar,
        contextlib.closing(Board(out_dir, first_step)) as board,
        open(out_dir / "metrics.jsonl", "a") as report,
    ):
        for step, batch in enumerate(batches, first_step):
            losses = learner.step(batch.to(device, torch.channels_last), step, total_steps)
            done = step + 1
            bar.update()
            last = done == total_steps or stop.requested

            # Log
            if done % recipe.log_every == 0 or last:
                values = {k: round(v.item(), 5) for k, v in losses.items()}
                if not all(map(math.isfinite, values.values())):
                    raise FloatingPointError(f"step {done}: a loss is not finite: {values}")
                show_losses(bar, values, recipe.batch_size)
                board.add_scalars("loss", values, done)
                print(json.dumps({"step": done, **values}), file=report, flush=True)

            # Evaluate
            if done % recipe.sample_every == 0 or done == total_steps:
                metrics = evaluate(learner.ema, recipe.task, val_set, device)
                print(json.dumps({"step": done, "val": metrics}), file=report, flush=True)
                sheet = sample_sheet(
                    learner.ema, recipe.task, val_set, device, palette=recipe.palette
                )
                save_sheet(sheet, out_dir, done)
                board.add_scalars("val", metrics, done)
                board.add_sheet(sheet, done)
                write_report(out_dir, run, facts(done), done, total_steps)

            # Save
            if done % recipe.save_every == 0 or last:
                save(done, metrics)
            if stop.requested:
                log.warning("stopped at step %d; continue with --resume %s", done, out_dir)
                break


class StopSignal(contextlib.AbstractContextManager["StopSignal"]):
    """Turns SIGINT and SIGTERM into a request that the loop honours after its step."""

    requested = False

    def __enter__(self) -> "StopSignal":
        self._old = {s: signal.signal(s, self._request) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _request(self, *_: object) -> None:
        self.requested = True

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)


def trim_metrics(path: Path, step: int) -> None:
    """Drops the lines that the run wrote after its last save, so that none stands twice."""
    if path.exists():
        lines = path.read_text().splitlines()
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        write_atomically(path, "".join(line + "\n" for line in kept).encode())


def device_words(device: torch.device, bf16: bool) -> str:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    return f"{name}{threads}, {'bf16 autocast' if bf16 else 'fp32'}"
