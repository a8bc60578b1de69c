"""Run a model on batches, for metrics and sample images."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.images.color import fit_gamut, lab_to_rgb
from pix2pix.images.repair import ONE, find_damage, grow_damage, replace_damage
from pix2pix.models.tensors import (
    apply_hints,
    decode_ab,
    decode_restored,
    encode_colorize_input,
    encode_restore_input,
    style_noise,
)


@torch.inference_mode()
def generate(
    model: Model, batch: Batch, device: torch.device, seeds: Sequence[int] | None = None
) -> Tensor:
    """The generator's output (N, C, H, W), on the CPU, without gradients.

    The style of each example comes from its seed, or from its own target without seeds.
    """
    style = None
    if model.style_encoder is not None:
        if seeds is None:
            style, _ = model.style_encoder(batch.target.to(device))
        else:
            noise = [style_noise(model.generator.config.style_dim, seed) for seed in seeds]
            style = model.style_encoder.sample(torch.cat(noise).to(device))
    x = batch.input.to(device, memory_format=torch.channels_last)
    return model.generator(x, style).float().cpu()


def generate_ab(model: Model, batch: Batch, device: torch.device) -> np.ndarray:
    """A colouriser's a and b (N, h, w, 2) float32 with hints applied, as users get them."""
    return decode_ab(apply_hints(batch.input, generate(model, batch, device)))


def repair(model: Model, batch: Batch, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """L (N, H, W) in 0..100 repaired as users get it, and the damage found, (N, H, W) bool.

    The first pass finds the damage, the second fills it.
    """
    lightness = batch_lightness(batch)
    _, probability = decode_restored(generate(model, batch, device))
    pairs = zip(lightness, (probability * ONE).astype(np.uint16))
    found = np.stack([find_damage(*pair) for pair in pairs])
    marks = np.stack([grow_damage(damage) for damage in found])
    marked = replace(batch, input=encode_restore_input(lightness, marks))
    filled, _ = decode_restored(generate(model, marked, device))
    triples = zip(lightness, filled, found)
    return np.stack([replace_damage(*each) for each in triples]), found


def spread_indices(size: int, limit: int | None) -> list[int]:
    """At most `limit` evenly spaced indices of a dataset."""
    count = size if limit is None else min(limit, size)
    return np.linspace(0, size - 1, count).round().astype(int).tolist()


def restore_void(photo: Tensor, batch: Batch) -> Tensor:
    """The photo with the target's pixels where the weight is 0, which training ignores."""
    return torch.where(batch.weight > 0, photo, batch.target)


def batch_to_rgb(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """sRGB (..., 3) uint8 from L (...) in 0..100 and a/b (..., 2), fitted to the gamut."""
    return lab_to_rgb(fit_gamut(np.concatenate([lightness[..., None], ab], -1)))


def batch_lightness(batch: Batch) -> np.ndarray:
    """L (N, H, W) in 0..100 at the size of a colouriser's output."""
    return (batch.condition[:, 0].numpy() + 1) * 50


def with_hints(batch: Batch, count: int, seeds: Sequence[int], reach: int = 2) -> Batch:
    """The batch with hints of the true colour at `count` random spots of each example."""
    height, width = batch.input.shape[-2:]
    ab = decode_ab(F.interpolate(batch.target, (height, width)))
    hints, mask = np.zeros_like(ab), np.zeros(ab.shape[:3], np.float32)
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        for y, x in rng.integers(reach, np.array(mask.shape[1:]) - reach, (count, 2)):
            spot = np.s_[i, y - reach : y + reach + 1, x - reach : x + reach + 1]
            hints[spot] = ab[spot].mean((0, 1))
            mask[spot] = 1
    hinted = encode_colorize_input((batch.input[:, 0].numpy() + 1) * 50, hints, mask)
    return Batch(hinted, batch.target, batch.weight, batch.condition)
