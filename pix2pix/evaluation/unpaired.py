"""Evaluate models that translate between two sets of images without pairs."""

import functools
import logging
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.evaluation.evaluate import EVAL_BATCH, Metrics
from pix2pix.evaluation.frechet import fit_gaussian, frechet_distance
from pix2pix.evaluation.generation import spread_indices
from pix2pix.evaluation.lite0_features import Lite0Features, load_lite0_features
from pix2pix.models.tensors import as_rgb

log = logging.getLogger(__name__)

OPPOSITE = {"AtoB": "BtoA", "BtoA": "AtoB"}


def evaluate_unpaired(
    models: Mapping[str, Model],
    dataset: UnpairedImages,
    device: torch.device,
    limit: int | None = 64,
) -> Metrics:
    """The metrics of each direction over evenly spaced images, at most `limit` of a set.

    `models` by direction, AtoB and BtoA; or "" alone, from the inputs of `dataset` to its targets.
    frechet_lite0: the Fréchet distance of the outputs to the images of the other set, in features
    of EfficientNet-Lite0; with the suffix before, that of the inputs. cycle_error: the mean
    absolute error, 0-255 of the value range, of an image translated there and back, if both
    directions are there.
    """
    features = find_features(device)
    sets = {name: dataset.reversed() if name == "BtoA" else dataset for name in models}
    metrics: Metrics = {}
    for name, model in models.items():
        suffix = f"_{name}" if name else ""
        inputs = read_inputs(sets[name], limit)
        outputs = translate(model, inputs, device)
        if features is not None:
            targets = features_of(features, read_inputs(sets[name].reversed(), limit))
            metrics["frechet_lite0" + suffix] = distance(features_of(features, outputs), targets)
            before = distance(features_of(features, inputs), targets)
            metrics[f"frechet_lite0{suffix}_before"] = before
        if name and (other := models.get(OPPOSITE[name])) is not None:
            error = (translate(other, outputs, device) - inputs).abs().mean()
            metrics["cycle_error" + suffix] = float(error) * 127.5
    examples = sum(min(len(x), limit or len(x)) for x in (dataset.inputs, dataset.targets))
    return {**{k: round(v, 4) for k, v in metrics.items()}, "examples": examples}


@functools.lru_cache(1)
def find_features(device: torch.device) -> Lite0Features | None:
    """None, and a line in the log, if the weights are not installed."""
    try:
        return load_lite0_features(device)
    except ValueError as error:
        log.warning("Fréchet distance: not measured, %s", error)
        return None


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


def features_of(features: Lite0Features, images: Tensor) -> np.ndarray:
    return np.concatenate([features(as_rgb(part)) for part in images.split(EVAL_BATCH)])


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return frechet_distance(*fit_gaussian(first), *fit_gaussian(second))
