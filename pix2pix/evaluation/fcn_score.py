"""Metrics of generated photos by an FcnScorer: FCN score, Fréchet distance, diversity."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.evaluation.fcn_judge import FcnScorer
from pix2pix.evaluation.frechet import fit_gaussian, frechet_distance
from pix2pix.evaluation.generation import generate, restore_void
from pix2pix.evaluation.segmentation import confusion_matrix, segmentation_scores

STYLES = 4  # random styles per drawing, to measure diversity
SCORES = ("pixel_accuracy", "class_accuracy", "mean_iou")


def score_with_fcn(
    model: Model,
    batches: Iterable[tuple[list[int], Batch]],
    scorer: FcnScorer,
    device: torch.device,
) -> dict[str, float]:
    """The metrics of the generated photos, with those of the real photos for comparison.

    `fcn_SCORE_real` is the segmentation score of the real photos, `fcn_SCORE_STYLE` of the
    generated ones, and `fcn_SCORE_ratio_STYLE` their quotient. `frechet` is the distance between
    the features of real and generated photos; `frechet_real_halves`, between two halves of the
    real photos, gives its scale. `diversity` is the mean distance between random styles of one
    drawing; `diversity_real`, between two real photos. STYLE is `own_style` or `random_style`, and
    missing for models without styles. Void pixels of the real photo are copied into the generated
    one and count in no score.
    """
    confusions: dict[str, Tensor] = {}
    features: dict[str, list[Tensor]] = defaultdict(list)
    for indices, batch in batches:
        true, valid = batch.input.argmax(1), batch.weight[:, 0] > 0
        for group, photos in photos_of(model, batch, indices, device).items():
            features[group].append(scorer.features(photos))
            if not group.startswith("style_"):
                found = confusion_matrix(true, scorer.segment(photos), valid, scorer.num_classes)
                confusions[group] = confusions[group] + found if group in confusions else found
    joined = {group: torch.cat(parts).numpy() for group, parts in features.items()}
    return {**fcn_scores(confusions), **feature_metrics(joined)}


def photos_of(
    model: Model, batch: Batch, indices: list[int], device: torch.device
) -> dict[str, Tensor]:
    """The real and the generated photos by style; "style_K" are for the diversity."""
    photos = {"real": batch.target}
    if model.style_encoder is None:
        made = {"": generate(model, batch, device)}
    else:
        made = {
            "own_style": generate(model, batch, device),
            "random_style": generate(model, batch, device, indices),
        }
        for k in range(1, STYLES):
            # Seeds far from the indices, so that these styles differ from random_style
            seeds = [1_000_000 * k + i for i in indices]
            made[f"style_{k}"] = generate(model, batch, device, seeds)
    return photos | {group: restore_void(x, batch) for group, x in made.items()}


def fcn_scores(confusions: dict[str, Tensor]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    scores = {group: segmentation_scores(c) for group, c in confusions.items()}
    for score in SCORES:
        real = scores["real"][score]
        metrics[f"fcn_{score}_real"] = real
        for group in scores:
            if group != "real":
                suffix = f"_{group}" if group else ""
                metrics[f"fcn_{score}{suffix}"] = scores[group][score]
                metrics[f"fcn_{score}_ratio{suffix}"] = scores[group][score] / max(real, 1e-9)
    return metrics


def feature_metrics(features: dict[str, np.ndarray]) -> dict[str, float]:
    """Fréchet distances and diversity from features (N, cells, C) by group of photos."""
    real = features["real"]
    metrics: dict[str, float] = {}
    fitted = fit_gaussian(real.reshape(-1, real.shape[-1]))
    for group, own in features.items():
        if group != "real" and not group.startswith("style_"):
            key = f"frechet_{group}" if group else "frechet"
            other = fit_gaussian(own.reshape(-1, own.shape[-1]))
            metrics[key] = frechet_distance(*fitted, *other)
    if len(real) > 1:
        halves = [fit_gaussian(real[k::2].reshape(-1, real.shape[-1])) for k in (0, 1)]
        metrics["frechet_real_halves"] = frechet_distance(*halves[0], *halves[1])
    styles = [own for group, own in features.items() if group.startswith(("style_", "random"))]
    if len(styles) > 1:
        pairs = [distance(a, b).mean() for a, b in combinations(styles, 2)]
        metrics["diversity"] = float(np.mean(pairs))
        if len(real) > 1:
            others = [distance(real[i:], real[:-i]).sum() for i in range(1, len(real))]
            metrics["diversity_real"] = float(np.sum(others) / (len(real) * (len(real) - 1) / 2))
    return metrics


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The distances (N,) of features (N, cells, C): the root mean square over the cells."""
    return np.sqrt(((a - b) ** 2).sum(-1).mean(-1))
