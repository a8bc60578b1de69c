"""Evaluate models that translate between two sets of images without pairs."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.evaluation.evaluate import EVAL_BATCH, Metrics
from pix2pix.evaluation.frechet_metrics import FrechetMetric
from pix2pix.evaluation.generation import spread_indices
from pix2pix.models.tensors import as_rgb

log = logging.getLogger(__name__)

OPPOSITE = {"AtoB": "BtoA", "BtoA": "AtoB"}


def evaluate_unpaired(
    models: Mapping[str, Model],
    dataset: UnpairedImages,
    device: torch.device,
    limit: int | None = 64,
    distances: Sequence[FrechetMetric] = (),
) -> Metrics:
    """The metrics of each direction over evenly spaced images, at most `limit` of a set.

    `models` by direction, AtoB and BtoA; or "" alone, from the inputs of `dataset` to its targets.
    Each of `distances`: from the outputs to the images of the other set; with the suffix before,
    from the inputs. cycle_error: the mean absolute error, 0-255 of the value range, of an image
    translated there and back, if both directions are there.
    """
    real = [read_inputs(own, limit) for own in (dataset, dataset.reversed())]
    features = [[features_of(each, images) for each in distances] for images in real]
    metrics: Metrics = {}
    for name, model in models.items():
        suffix, step = f"_{name}" if name else "", -1 if name == "BtoA" else 1
        inputs, (before, targets) = real[::step][0], features[::step]
        outputs = translate(model, inputs, device)
        for distance, own, other_set in zip(distances, before, targets):
            after = features_of(distance, outputs)
            metrics |= measure_distance(distance, after, own, other_set, suffix)
        if name and (other := models.get(OPPOSITE[name])) is not None:
            error = (translate(other, outputs, device) - inputs).abs().mean()
            metrics["cycle_error" + suffix] = float(error) * 127.5
    examples = sum(min(len(x), limit or len(x)) for x in (dataset.inputs, dataset.targets))
    return {**{k: round(v, 4) for k, v in metrics.items()}, "examples": examples}


def measure_distance(
    distance: FrechetMetric,
    outputs: np.ndarray,
    inputs: np.ndarray,
    targets: np.ndarray,
    suffix: str,
) -> Metrics:
    """The distances from features to those of the targets; a line in the log for too few images."""
    key = distance.key + suffix
    try:
        return {
            key: distance.distance(outputs, targets),
            f"{key}_before": distance.distance(inputs, targets),
        }
    except ValueError as error:
        log.warning("%s: not measured, %s", key, error)
        return {}


def read_inputs(dataset: UnpairedImages, limit: int | None) -> Tensor:
    """Evenly spaced images (N, C, H, W) of the input set, without augmentation."""
    indices = spread_indices(len(dataset.inputs), limit)
    return torch.cat([dataset.batch(part, None).input for part in chunks(indices)])


def chunks(indices: list[int]) -> list[list[int]]:
    return [indices[i : i + EVAL_BATCH] for i in range(0, len(indices), EVAL_BATCH)]


@torch.inference_mode()
def translate(model: Model, images: Tensor, device: torch.device) -> Tensor:
    """The model's outputs (N, C, H, W), on the CPU, as users get them: in 8 bits."""
    outputs = [model.generator(part.to(device)).float().cpu() for part in images.split(EVAL_BATCH)]
    return ((torch.cat(outputs) + 1) * 127.5).round().clamp(0, 255) / 127.5 - 1


def features_of(distance: FrechetMetric, images: Tensor) -> np.ndarray:
    return np.concatenate([distance.features(as_rgb(x)) for x in images.split(EVAL_BATCH)])
