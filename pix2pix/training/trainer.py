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
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.config import CheckpointConfig, LabelColor, from_dict
from pix2pix.data.facades import FacadePairs
from pix2pix.data.loader import Batch, Dataset, Plan, iterate_batches
from pix2pix.data.photos import PlainPhotos
from pix2pix.device import autocast, choose_device, has_fast_bf16
from pix2pix.files import write_atomically
from pix2pix.labels import CLASSES
from pix2pix.losses import (
    ab_cross_entropy,
    augment_for_discriminator,
    discriminator_loss,
    feature_matching_loss,
    generator_loss,
    kl_to_standard_normal,
    weighted_l1,
)
from pix2pix.metrics import evaluate
from pix2pix.networks import AbMean, PatchDiscriminator
from pix2pix.training.card import write_card
from pix2pix.training.recipe import Recipe
from pix2pix.training.samples import sample_sheet

log = logging.getLogger(__name__)

M = TypeVar("M", bound=torch.nn.Module)

PARTS = ("model", "ema", "discriminator", "g_optimizer", "d_optimizer")
RUN_NAME = "run.json"
STATE_NAME = "state.pt"


class Learner:
    """The networks of a run with their optimizers: everything that learns."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        config = checkpoint_config(recipe)
        self.model = self._place(Model(config))
        self.ema = self._place(Model(config)).eval().requires_grad_(False)
        self.ema.load_state_dict(self.model.state_dict())
        self.discriminator = self._place(
            PatchDiscriminator(
                recipe.condition_channels() + config.generator.out_channels,
                recipe.ndf,
                recipe.receptive_field,
                recipe.d_norm,
                recipe.spectral,
            )
        )
        betas = (recipe.beta1, 0.999)
        self.g_optimizer = torch.optim.Adam(self.model.parameters(), recipe.lr, betas)
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), recipe.d_lr, betas)
        self.bf16 = recipe.precision == "bf16" or (
            recipe.precision == "auto" and has_fast_bf16(device)
        )

    def _place(self, module: M) -> M:
        return module.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).state_dict() for name in PARTS}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in PARTS:
            getattr(self, name).load_state_dict(state[name])

    def step(self, batch: Batch, step: int, total_steps: int) -> dict[str, Tensor]:
        """One update of D and of G; the losses by name, still on the device."""
        recipe = self.recipe
        # All chance in a step comes from its number: a resumed run repeats the unbroken one.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        progress = step / total_steps
        adversarial = recipe.lambda_gan > 0 and progress >= recipe.gan_start
        for optimizer, lr in ((self.g_optimizer, recipe.lr), (self.d_optimizer, recipe.d_lr)):
            for group in optimizer.param_groups:
                group["lr"] = lr * min(1.0, (1 - progress) / max(1 - recipe.decay_start, 1e-9))
        losses = {}

        # Fake images
        encoded = len(batch.input)  # the first so many have their own photo's style
        with autocast(self.device, self.bf16):
            style = None
            if self.model.style_encoder is not None:
                encoded -= int(len(batch.input) * recipe.prior_part)
                mean, log_variance = self.model.style_encoder(batch.target[:encoded])
                mean, log_variance = mean.float(), log_variance.float()
                noise = self._normal(len(batch.input), recipe.style_dim)
                own = mean + noise[:encoded] * (log_variance / 2).exp()
                self.model.style_encoder.observe(own)
                style = torch.cat([own, self.model.style_encoder.sample(noise[encoded:])])
                losses["kl"] = kl_to_standard_normal(mean, log_variance)
            logits = self.model.generator.logits(batch.input, style)
        target, weight = batch.target, batch.weight
        if recipe.lambda_ce and not adversarial:
            # Neighbours say the same and many classes cost much: a quarter of the pixels, in turn,
            # does until D wants whole pictures
            thin = np.s_[:, :, step % 2 :: 2, step // 2 % 2 :: 2]
            logits, target, weight = logits[thin], target[thin], weight[thin]
        logits = logits.float()
        fake = self.model.generator.final(logits)
        valid = (weight > 0).float()
        fake = fake * valid + target * (1 - valid)

        # D: real up, fake down
        if adversarial and step % recipe.d_every == 0:
            self.discriminator.requires_grad_(True)
            with autocast(self.device, self.bf16):
                real_logits, _ = self._judge(batch.condition, target, step)
                fake_logits, _ = self._judge(batch.condition, fake.detach(), step)
            losses["d"] = discriminator_loss(
                real_logits.float(), fake_logits.float(), recipe.gan_loss
            )
            self.d_optimizer.zero_grad(set_to_none=True)
            losses["d"].backward()
            self.d_optimizer.step()

        # G: near the truth where it has that truth's style, real to D everywhere
        losses["l1"] = weighted_l1(
            fake[:encoded], target[:encoded], weight[:encoded], recipe.l1_beta
        )
        loss = recipe.lambda_l1 * losses["l1"]
        if isinstance(self.model.generator.final, AbMean) and recipe.lambda_ce:
            points = self.model.generator.final.points
            losses["ce"] = ab_cross_entropy(logits, target, points, weight)
            loss = loss + recipe.lambda_ce * losses["ce"]
        if "kl" in losses:
            ramp = min(1.0, progress / max(recipe.kl_warmup, 1e-9))
            loss = loss + ramp * recipe.lambda_kl * losses["kl"]
        if adversarial:
            self.discriminator.requires_grad_(False)
            with autocast(self.device, self.bf16):
                fake_logits, fake_features = self._judge(batch.condition, fake, step)
                losses["gan"] = generator_loss(fake_logits.float(), recipe.gan_loss)
                loss = loss + recipe.lambda_gan * losses["gan"]
                if recipe.lambda_fm:
                    with torch.no_grad():
                        _, real_features = self._judge(batch.condition, target, step)
                    losses["fm"] = feature_matching_loss(
                        [f[:encoded].float() for f in real_features],
                        [f[:encoded].float() for f in fake_features],
                    )
                    loss = loss + recipe.lambda_fm * losses["fm"]
        self.g_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.g_optimizer.step()

        # The average that is served; it follows closely while there is little to average
        decay = min(recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean_tensor, tensor in zip(
                self.ema.state_dict().values(), self.model.state_dict().values()
            ):
                if tensor.is_floating_point():
                    mean_tensor.lerp_(tensor, 1 - decay)
                else:
                    mean_tensor.copy_(tensor)
        return losses

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape).to(self.device)  # drawn on the CPU: the same on every device

    def _judge(self, condition: Tensor, image: Tensor, step: int) -> tuple[Tensor, list[Tensor]]:
        shifts = torch.Generator().manual_seed(self.recipe.seed + step)
        pair = torch.cat([condition, image], 1)
        return self.discriminator(
            augment_for_discriminator(pair, self.recipe.d_shift, shifts).contiguous(
                memory_format=torch.channels_last
            )
        )


def checkpoint_config(
    recipe: Recipe, training: dict[str, Any] | None = None, metrics: dict[str, Any] | None = None
) -> CheckpointConfig:
    return CheckpointConfig(
        task=recipe.task,
        size=recipe.size,
        generator=recipe.generator(),
        palette=tuple(LabelColor(c.name, c.rgb) for c in CLASSES)
        if recipe.task == "labels2photo"
        else (),
        training=training or {},
        metrics=metrics or {},
    )


def open_dataset(recipe: Recipe, data_dir: Path, split: str) -> Dataset:
    """The examples in DIR/SPLIT. ValueError where it is not there or holds none."""
    folder = data_dir / split
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; --data needs the folders train and val in it")
    if recipe.task == "labels2photo":
        return FacadePairs(folder, recipe.size)
    return PlainPhotos(folder, recipe.size, recipe.half_output)


def start(name: str, recipe: Recipe, data_dir: Path, out_dir: Path, device: str = "auto") -> None:
    """Trains from the beginning. ValueError where `out_dir` already has a run."""
    if (out_dir / RUN_NAME).exists():
        raise ValueError(f"{out_dir}: already holds a run; continue it with --resume {out_dir}")
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
    train_set = open_dataset(recipe, Path(run["data"]), "train")
    val_set = open_dataset(recipe, Path(run["data"]), "val")
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

    def save(step: int, metrics: dict) -> None:
        facts = {
            "recipe": run["name"],
            "options": run["recipe"],
            "train_images": len(train_set),
            "steps": step,
            "images_seen": step * recipe.batch_size,
            "hours": round((time.monotonic() - started) / 3600, 2),
            "device": device_words(device, learner.bf16),
        }
        config = checkpoint_config(recipe, training=facts, metrics=metrics)
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
    bar = tqdm(total=total_steps, initial=first_step, unit="step", dynamic_ncols=True)
    metrics: dict = {}
    with StopSignal() as stop, bar, open(out_dir / "metrics.jsonl", "a") as report:
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
                bar.set_postfix(values)
                print(json.dumps({"step": done, **values}), file=report, flush=True)

            # Evaluate
            if done % recipe.sample_every == 0 or done == total_steps:
                metrics = evaluate(learner.ema, recipe.task, val_set, device)
                print(json.dumps({"step": done, "val": metrics}), file=report, flush=True)
                sheet = sample_sheet(learner.ema, recipe.task, val_set, device)
                (out_dir / "samples").mkdir(exist_ok=True)
                sheet.save(out_dir / "samples" / f"step_{done:07d}.jpg", quality=88)
                sheet.save(out_dir / "samples.jpg", quality=88)

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
