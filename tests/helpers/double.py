"""Steps of learning in double precision, by one of several workers: rounding explains nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from pix2pix.data.loader import Batch
from pix2pix.models.tensors import encode_labels
from pix2pix.training.distributed import Workers
from pix2pix.training.recipe import Recipe, load_recipe
from pix2pix.training.run_setup import trainer_class


def learn(rank: int, world: int, name: str, keys: dict[str, Any], steps: int, out: str) -> None:
    """Writes rank's losses, averaged over the workers, and its networks to OUT/rank.pt."""
    torch.set_default_dtype(torch.float64)
    Tensor.float = Tensor.double  # type: ignore[method-assign]
    if world > 1:
        store = Path(out).absolute() / "store"
        dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    device = torch.device("cpu")
    workers = Workers(device, rank, world)
    recipe = load_recipe(name, keys)
    trainer = trainer_class(recipe)(recipe, device, steps, workers)
    trainer.model.double()  # tables of constants too
    trainer.ema.double()
    rows = []
    for step in range(steps):
        batch = part_of(make_batch(recipe, step), rank, world)
        rows.append(workers.means(trainer.step(batch)))
    networks = {"model": trainer.model, "d": trainer.discriminator, "ema": trainer.ema}
    tensors = {
        f"{part}.{key}": tensor
        for part, network in networks.items()
        for key, tensor in network.state_dict().items()
    }
    torch.save({"losses": json.dumps(rows), "tensors": tensors}, Path(out) / f"{rank}.pt")


def make_batch(recipe: Recipe, step: int) -> Batch:
    """Noise of the right shapes, the images weighted unevenly and a border not at all."""
    rng = np.random.default_rng(step)
    n, inner = recipe.batch_size, recipe.size
    outer = inner // 2 if recipe.task == "colorize" and recipe.half_output else inner

    def noise(channels: int, side: int) -> Tensor:
        return torch.from_numpy(rng.uniform(-1, 1, (n, channels, side, side)))

    def one_hot(side: int) -> Tensor:
        return encode_labels(rng.integers(0, 12, (n, side, side)).astype(np.uint8), 12).double()

    weight = 1 + noise(1, outer)
    weight *= torch.arange(1.0, n + 1)[:, None, None, None]
    weight[:, :, :, : outer // 4] = 0
    labels, channels = recipe.task == "labels2photo", recipe.generator().in_channels
    inputs = one_hot(inner) if labels else noise(channels, inner)
    traces = recipe.task == "photo2labels"
    target = one_hot(outer) if traces else noise(recipe.generator().out_channels, outer)
    condition = inputs[:, : recipe.condition_channels(), :outer, :outer]
    return Batch(inputs, target, weight, condition)


def part_of(batch: Batch, rank: int, world: int) -> Batch:
    share = len(batch.input) // world
    here = slice(rank * share, (rank + 1) * share)
    return Batch(batch.input[here], batch.target[here], batch.weight[here], batch.condition[here])
