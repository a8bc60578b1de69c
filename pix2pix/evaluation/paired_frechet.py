"""Fréchet distances between generated and real photos."""

import logging
from collections.abc import Iterable, Sequence

import numpy as np
import torch

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.evaluation.frechet_metrics import FrechetMetric
from pix2pix.evaluation.perceptual import photo_pairs
from pix2pix.models.tensors import encode_photo

log = logging.getLogger(__name__)

TASKS = ("labels2photo", "image2image", "colorize")  # tasks that make photos


def measure_frechet(
    model: Model,
    task: str,
    batches: Iterable[tuple[list[int], Batch]],
    device: torch.device,
    distances: Sequence[FrechetMetric],
) -> dict[str, float]:
    """The distances of the generated photos, in random styles if the model has styles, by key.

    Nothing for tasks that make no photos, and, with a line in the log, for too few photos.
    """
    if task not in TASKS or not distances:
        return {}
    sides: list[tuple[list[np.ndarray], list[np.ndarray]]] = [([], []) for _ in distances]
    for pair in photo_pairs(model, task, batches, device):
        for photos, *found in zip(pair, *sides):
            images = encode_photo(photos)
            for distance, own in zip(distances, found):
                own.append(distance.features(images))
    metrics = {}
    for distance, (fake, real) in zip(distances, sides):
        try:
            value = distance.distance(np.concatenate(fake), np.concatenate(real))
            metrics[distance.key] = round(value, 4)
        except ValueError as error:
            log.warning("%s: not measured, %s", distance.key, error)
    return metrics
