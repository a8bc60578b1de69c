"""The Fréchet distance between generated and real photos, in EfficientNet-Lite0's features."""

import functools
from collections.abc import Iterable

import numpy as np
import torch

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.evaluation.frechet import fit_gaussian, frechet_distance
from pix2pix.evaluation.lite0_features import Lite0Features, load_lite0_features
from pix2pix.evaluation.perceptual import photo_pairs
from pix2pix.models.tensors import encode_photo

TASKS = ("labels2photo", "image2image", "colorize")  # tasks that make photos

load_features = functools.lru_cache(1)(load_lite0_features)


def measure_frechet(
    model: Model, task: str, batches: Iterable[tuple[list[int], Batch]], device: torch.device
) -> dict[str, float]:
    """`frechet_lite0` of the generated photos, in random styles if the model has styles.

    Nothing for tasks that make no photos. Raises ValueError if the weights are not installed.
    """
    if task not in TASKS:
        return {}
    features: Lite0Features = load_features(device)
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for pair in photo_pairs(model, task, batches, device):
        for own, photos in zip(found, pair):
            own.append(features(encode_photo(photos)))
    fake, real = (fit_gaussian(np.concatenate(own)) for own in found)
    return {"frechet_lite0": round(frechet_distance(*fake, *real), 4)}
