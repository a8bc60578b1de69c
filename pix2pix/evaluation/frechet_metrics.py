"""Fréchet distances between sets of images, each in the features of a network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pix2pix.evaluation.frechet import fit_gaussian, frechet_distance
from pix2pix.evaluation.inception_features import FidWeights, fid, load_inception_features
from pix2pix.evaluation.lite0_features import load_lite0_features


@dataclass(frozen=True)
class FrechetMetric:
    """A distance between sets of images: the name of the metric, and its two steps.

    `features` makes samples (M, D) of images (N, 3, H, W) in -1..1, M from N upwards; `distance`
    compares the samples of two sets.
    """

    key: str
    features: Callable[[Tensor], np.ndarray]
    distance: Callable[[np.ndarray, np.ndarray], float]


def lite0_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The Fréchet distance of the samples' Gaussians, with shrinkage."""
    return frechet_distance(*fit_gaussian(first), *fit_gaussian(second))


def load_frechet_metrics(
    device: torch.device, weights: FidWeights | None = None
) -> tuple[list[FrechetMetric], list[str]]:
    """`frechet_lite0`, and `fid` if `weights` is given.

    Also returns a line for each metric that is unavailable, with the reason.
    """
    metrics: list[FrechetMetric] = []
    notes: list[str] = []
    try:
        metrics.append(FrechetMetric("frechet_lite0", load_lite0_features(device), lite0_distance))
    except ValueError as error:
        notes.append(f"Fréchet distance: not measured, {error}")
    if weights is not None:
        try:
            metrics.append(FrechetMetric("fid", load_inception_features(device, weights), fid))
        except ValueError as error:
            notes.append(f"FID: not measured, {error}")
    return metrics, notes
