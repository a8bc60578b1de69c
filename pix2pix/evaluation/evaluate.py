"""Evaluate a model on a dataset, with the metrics of its task."""

import fnmatch
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch, Dataset
from pix2pix.evaluation.colorization import ab_error, measure_cast, with_false_chroma
from pix2pix.evaluation.fcn_judge import FcnScorer
from pix2pix.evaluation.fcn_score import score_with_fcn
from pix2pix.evaluation.generation import (
    batch_lightness,
    batch_to_rgb,
    generate,
    generate_ab,
    repair,
    restore_void,
    spread_indices,
    with_hints,
)
from pix2pix.evaluation.image import lightness_psnr, mean_absolute_error, psnr, ssim
from pix2pix.evaluation.segmentation import confusion_matrix, segmentation_scores
from pix2pix.images.color import colorfulness
from pix2pix.images.samples import PICTURE, SampleFormat
from pix2pix.models.tensors import decode_ab, decode_fractions, decode_photo, decode_restored

EVAL_BATCH = 8
HINTS = 10

Metrics = dict[str, float]


def evaluate(
    model: Model,
    task: str,
    dataset: Dataset,
    device: torch.device,
    limit: int | None = 64,
    class_names: Sequence[str] = (),
    groups: Mapping[str, str] | None = None,
    scorer: FcnScorer | None = None,
) -> Metrics:
    """The task's metrics over evenly spaced examples, at most `limit` of them (None: all).

    `class_names` adds the IoU of each class. `groups` (name -> glob of example names) adds the same
    metrics for the matching examples, as NAME_METRIC. `scorer` adds the FCN score, the Fréchet
    distance and the diversity of labels2photo. Raises ValueError for a group that matches nothing,
    and for a scorer of another number of classes or a model of another task.
    """
    if scorer is not None:
        check_scorer(scorer, model, task)
    indices = spread_indices(len(dataset), limit)
    measures: dict[str, Callable[..., list[Any]]]
    measures = {
        "photo2labels": measure_labels,
        "colorize": measure_colors,
        "restore": measure_repairs,
    }
    measure = measures.get(task, measure_photos)
    target = getattr(dataset, "target_format", PICTURE)
    if not target.is_picture:
        measure = functools.partial(measure_samples, target)
    records: list[Any] = []
    for part, batch in batches_of(dataset, indices):
        records += measure(model, batch, part, device)

    def summarize(chosen: list[Any]) -> Metrics:
        if task == "photo2labels":
            return segmentation_scores(torch.stack(chosen).sum(0), class_names)
        return with_false_chroma(mean_metrics(chosen))

    metrics = {**summarize(records), "examples": len(indices)}
    for name, pattern in (groups or {}).items():
        members = find_members(dataset, indices, pattern)
        own = {**summarize([records[i] for i in members]), "examples": len(members)}
        metrics |= {f"{name}_{key}": value for key, value in own.items()}
    if scorer is not None:
        metrics |= score_with_fcn(model, batches_of(dataset, indices), scorer, device)
    return {k: v if isinstance(v, int) else round(v, 4) for k, v in metrics.items()}


def check_scorer(scorer: FcnScorer, model: Model, task: str) -> None:
    if task != "labels2photo":
        raise ValueError(f"the FCN score expects a model for labels2photo, got one for {task}")
    num_classes = model.generator.config.in_channels
    if scorer.num_classes != num_classes:
        raise ValueError(
            f"the FCN scorer must know {num_classes} classes, got {scorer.num_classes}"
        )


def batches_of(dataset: Dataset, indices: list[int]) -> Iterator[tuple[list[int], Batch]]:
    """The examples without augmentation, in batches, each with its indices."""
    for start in range(0, len(indices), EVAL_BATCH):
        part = indices[start : start + EVAL_BATCH]
        yield part, dataset.batch(part, None)


def find_members(dataset: Dataset, indices: list[int], pattern: str) -> list[int]:
    """The positions in `indices` of the examples with a matching name. ValueError if none."""
    names = getattr(dataset, "names", None)
    if names is None:
        raise ValueError(f"expected examples with names for the group {pattern!r}, got none")
    members = [k for k, i in enumerate(indices) if fnmatch.fnmatchcase(names[i], pattern)]
    if not members:
        raise ValueError(f"the group {pattern!r} matches none of {len(indices)} examples")
    return members


def mean_metrics(rows: list[Metrics]) -> Metrics:
    """The mean of each metric over the examples that have it; all-void photos have none."""
    rows = [row for row in rows if row]
    if not rows:
        raise ValueError("expected at least one example with non-void pixels, got none")
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def measure_labels(
    model: Model, batch: Batch, indices: list[int], device: torch.device
) -> list[Tensor]:
    """The confusion matrix of each example over all pixels with a class."""
    found, true = generate(model, batch, device).argmax(1), batch.target.argmax(1)
    valid = batch.weight[:, 0] > 0
    classes = model.generator.config.out_channels
    return [confusion_matrix(t, f, v, classes) for t, f, v in zip(true, found, valid)]


def measure_photos(
    model: Model, batch: Batch, indices: list[int], device: torch.device
) -> list[Metrics]:
    """The metrics of each generated photo, in its own style and in a random one, if any."""
    valid = (batch.weight[:, 0] > 0).numpy()
    truth = decode_photo(batch.target)
    rows: list[Metrics] = [
        {"colorfulness_truth": colorfulness(t[v])} if v.any() else {} for t, v in zip(truth, valid)
    ]
    for suffix, seeds in styles_of(model, indices):
        output = decode_photo(restore_void(generate(model, batch, device, seeds), batch))
        for row, photo, true, mask in zip(rows, output, truth, valid):
            if row:
                row |= compare(photo, true, mask, suffix)
    return rows


def measure_samples(
    target: SampleFormat, model: Model, batch: Batch, indices: list[int], device: torch.device
) -> list[Metrics]:
    """The metrics of each generated image of samples: the error in the unit of its values (mae),
    and PSNR and SSIM over the value range."""
    valid = (batch.weight[:, 0] > 0).numpy()
    truth = decode_fractions(batch.target)
    rows: list[Metrics] = [{} for _ in truth]
    low, high = target.value_range
    for suffix, seeds in styles_of(model, indices):
        output = decode_fractions(restore_void(generate(model, batch, device, seeds), batch))
        for row, own, true, mask in zip(rows, output, truth, valid):
            if mask.any():
                row[f"mae{suffix}"] = float(np.abs(own - true)[mask].mean()) * (high - low)
                row[f"psnr{suffix}"] = psnr(own * 255, true * 255, mask)
                each = [
                    ssim(own[..., k] * 255, true[..., k] * 255, mask)
                    for k in range(target.channels)
                ]
                row[f"ssim{suffix}"] = float(np.mean(each))
    return rows


def styles_of(model: Model, indices: list[int]) -> list[tuple[str, list[int] | None]]:
    """The styles to measure: the suffix of their metrics, and their seeds."""
    if model.style_encoder is None:
        return [("", None)]
    return [("_own_style", None), ("_random_style", indices)]


def compare(photo: np.ndarray, true: np.ndarray, valid: np.ndarray, suffix: str = "") -> Metrics:
    """The metrics of a photo compared with the true one, both (H, W, 3) uint8."""
    own = colorfulness(photo[valid])
    metrics = {
        "l1": mean_absolute_error(photo, true, valid),
        "psnr": psnr(photo, true, valid),
        "ssim": ssim(photo, true, valid),
        "colorfulness": own,
        "colorfulness_gap": abs(own - colorfulness(true[valid])),
    }
    return {key + suffix: value for key, value in metrics.items()}


def measure_colors(
    model: Model, batch: Batch, indices: list[int], device: torch.device
) -> list[Metrics]:
    """The metrics of each colourised photo without hints, with ten hints, and of the grey photo."""
    truth_ab = decode_ab(batch.target)
    outputs = {
        "": generate_ab(model, batch, device),
        f"_{HINTS}_hints": generate_ab(model, with_hints(batch, HINTS, indices), device),
        "_grey": np.zeros_like(truth_ab),
    }
    rows = []
    for i, (light, ab) in enumerate(zip(batch_lightness(batch), truth_ab)):
        truth = batch_to_rgb(light, ab)
        valid = np.ones(light.shape, bool)
        row = {"colorfulness_truth": colorfulness(truth)}
        for suffix, output in outputs.items():
            row |= compare(batch_to_rgb(light, output[i]), truth, valid, suffix)
            row["ab_error" + suffix] = ab_error(output[i], ab)
            if suffix != "_grey":
                row |= measure_cast(output[i], ab, suffix)
        rows.append(row)
    return rows


def measure_repairs(
    model: Model, batch: Batch, indices: list[int], device: torch.device
) -> list[Metrics]:
    """The metrics of each repaired photo, as users get it, and of its damage map.

    PSNR of L in the damaged area before and after, and their difference; the damage found (recall)
    and the share of intact pixels that were replaced.
    """
    truth, damage = decode_restored(batch.target)
    damaged = batch_lightness(batch)
    output, found = repair(model, batch, device)
    rows: list[Metrics] = []
    for true, where, before, repaired, marked in zip(truth, damage > 0, damaged, output, found):
        if not where.any():
            rows.append({})
            continue
        row = {
            "psnr_damaged_before": lightness_psnr(before, true, where),
            "psnr_damaged": lightness_psnr(repaired, true, where),
            "psnr": lightness_psnr(repaired, true),
            "damage_found": float(marked[where].mean()),
            "intact_replaced": float((repaired != before)[~where].mean()),
        }
        rows.append({"psnr_gain": row["psnr_damaged"] - row["psnr_damaged_before"], **row})
    return rows
