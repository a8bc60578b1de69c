"""Measure the statistics of batch norm again for averaged weights."""

import numpy as np
import torch
from torch import Tensor, nn

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Dataset
from pix2pix.training.distributed import Workers
from pix2pix.training.microbatch import make_microbatches
from pix2pix.training.recipe import Recipe

BatchNorm = nn.BatchNorm2d | nn.SyncBatchNorm

MAX_MEASURED = 96  # images
CHUNK = 16  # images whose mean and variance are measured together


def find_trained_norms(live: Model, averaged: Model) -> list[BatchNorm]:
    """The batch norms of `averaged` whose counterparts in `live` are in training mode.

    Those of a pretrained encoder are left out: its statistics hardly move. Measuring all norms of
    the bundled colouriser again, its a/b error rose from 13.41 to 13.58 Lab units (13.72 with 2,048
    images), and with those of the decoder alone it fell to 13.23.
    """
    own = "" if averaged.generator.config.encoder == "unet" else "generator.down."
    trained = {
        name
        for name, module in live.named_modules()
        if module.training and not (own and name.startswith(own))
    }
    return [
        module
        for name, module in averaged.named_modules()
        if name in trained and isinstance(module, BatchNorm)
    ]


@torch.no_grad()
def measure_norms(
    model: Model,
    norms: list[BatchNorm],
    images: Dataset,
    recipe: Recipe,
    device: torch.device,
) -> None:
    """Sets the running statistics of `norms` to those of training inputs, with these weights.

    The running ones that come with averaged weights are averages of other weights' statistics. For
    the bundled cats, measuring them again took the Fréchet distance of scribbles from 7.1 to 6.0.
    The inputs are augmented and altered as in training, with the same random numbers each time.
    """
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the average of all chunks
        norm.train()
    workers = Workers(device)
    indices = np.linspace(0, len(images) - 1, MAX_MEASURED).round().astype(int).tolist()
    with torch.random.fork_rng(devices=[]):
        for start in range(0, MAX_MEASURED, CHUNK):
            torch.manual_seed(start)
            chunk = indices[start : start + CHUNK]
            rngs = [np.random.default_rng((start, i)) for i in range(len(chunk))]
            batch = images.batch(chunk, rngs).to(device, torch.contiguous_format)
            for part in make_microbatches(recipe, batch, start, False, workers):
                model.generator.logits(part.input, sample_styles(model, part.noise))
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
        norm.eval()


def sample_styles(model: Model, noise: Tensor | None) -> Tensor | None:
    if model.style_encoder is None or noise is None:
        return None
    return model.style_encoder.sample(noise)
