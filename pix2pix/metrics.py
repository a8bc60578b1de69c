"""What a model scores on held-out examples."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.color import colorfulness, fit_gamut, lab_to_rgb
from pix2pix.data.loader import Batch, Dataset
from pix2pix.encoding import decode_ab, decode_photo, encode_colorize_input, style_noise

EVAL_BATCH = 8


@torch.inference_mode()
def generate(model: Model, batch: Batch, device: torch.device, seed: int | None = None) -> Tensor:
    """The generator's output, on the CPU. Its style is by `seed`, else each target's own."""
    style = None
    if model.style_encoder is not None:
        if seed is None:
            style, _ = model.style_encoder(batch.target.to(device))
        else:
            noise = style_noise(model.generator.config.style_dim, seed).to(device)
            style = model.style_encoder.sample(noise).expand(len(batch.input), -1)
    x = batch.input.to(device, memory_format=torch.channels_last)
    return model.generator(x, style).float().cpu()


def evaluate(
    model: Model, task: str, dataset: Dataset, device: torch.device, limit: int = 64
) -> dict[str, float]:
    """The task's figures over evenly spaced examples, `limit` of them at the most."""
    count = min(limit, len(dataset))
    indices = np.linspace(0, len(dataset) - 1, count).round().astype(int).tolist()
    if task == "photo2labels":
        return judge_labels(model, dataset, indices, device)
    judge = judge_colors if task == "colorize" else judge_photos
    rows = []
    for start in range(0, count, EVAL_BATCH):
        batch = dataset.batch(indices[start : start + EVAL_BATCH], None)
        rows += judge(model, batch, device)
    means = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
    return {**means, "examples": count}


def judge_labels(
    model: Model, dataset: Dataset, indices: list[int], device: torch.device
) -> dict[str, float]:
    """Pixel accuracy, class accuracy and mean IoU, 0..1, over all pixels that have a class."""
    classes = model.generator.config.out_channels
    confusion = torch.zeros(classes, classes, dtype=torch.int64)  # [true, found]
    for start in range(0, len(indices), EVAL_BATCH):
        batch = dataset.batch(indices[start : start + EVAL_BATCH], None)
        found = generate(model, batch, device).argmax(1)
        pairs = batch.target.argmax(1) * classes + found
        pairs = pairs[batch.weight[:, 0] > 0]
        confusion += torch.bincount(pairs, minlength=classes**2).view(classes, classes)
    hits, there, said = confusion.diag().double(), confusion.sum(1), confusion.sum(0)
    known = there > 0
    return {
        "pixel_accuracy": round((hits.sum() / there.sum()).item(), 4),
        "class_accuracy": round((hits / there)[known].mean().item(), 4),
        "mean_iou": round((hits / (there + said - hits))[known].mean().item(), 4),
        "examples": len(indices),
    }


def psnr(a_u8: np.ndarray, b_u8: np.ndarray) -> float:
    """In dB, at most 100 (identical pictures)."""
    error = np.mean((a_u8.astype(np.float64) - b_u8) ** 2)
    return float(min(100.0, 10 * np.log10(255**2 / max(error, 1e-12))))


def judge_photos(model: Model, batch: Batch, device: torch.device) -> list[dict[str, float]]:
    """Mean absolute error in 0..255 where the photo has a picture: in its own style, in another."""
    valid = (batch.weight > 0).float()
    truth = decode_photo(batch.target * valid)
    rows: list[dict[str, float]] = [{"colorfulness_truth": colorfulness(t)} for t in truth]
    for name, seed in (("own_style", None), ("random_style", 0)):
        output = generate(model, batch, device, seed)
        error = (output - batch.target).abs().mean(1, keepdim=True) * 127.5  # (N, 1, H, W)
        each = (error * valid).sum((1, 2, 3)) / valid.sum((1, 2, 3)).clamp(min=1)
        for row, l1, photo in zip(rows, each.tolist(), decode_photo(output * valid)):
            row |= {f"l1_{name}": l1, f"colorfulness_{name}": colorfulness(photo)}
    return rows


def judge_colors(model: Model, batch: Batch, device: torch.device) -> list[dict[str, float]]:
    """a/b error (mean Euclidean, Lab units) without and with 10 hints, beside leaving it grey."""
    outputs = {
        "": decode_ab(generate(model, batch, device)),
        "_10_hints": decode_ab(generate(model, with_hints(batch, 10), device)),
    }
    truth_ab = decode_ab(batch.target)
    lightness = (batch.condition[:, 0].numpy() + 1) * 50
    rows = []
    for i, ab in enumerate(truth_ab):
        truth = to_rgb(lightness[i], ab)
        row = {
            "ab_error_grey": float(np.hypot(ab[..., 0], ab[..., 1]).mean()),
            "psnr_grey": psnr(to_rgb(lightness[i], np.zeros_like(ab)), truth),
            "colorfulness_truth": colorfulness(truth),
        }
        for name, output in outputs.items():
            difference = output[i] - ab
            rgb = to_rgb(lightness[i], output[i])
            row["ab_error" + name] = float(np.hypot(difference[..., 0], difference[..., 1]).mean())
            row["psnr" + name] = psnr(rgb, truth)
            row["colorfulness" + name] = colorfulness(rgb)
        rows.append(row)
    return rows


def to_rgb(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    return lab_to_rgb(fit_gamut(np.concatenate([lightness[..., None], ab], -1)))


def with_hints(batch: Batch, count: int, reach: int = 2) -> Batch:
    """The batch with the true colour given at `count` fixed random spots of each example."""
    height, width = batch.input.shape[-2:]
    ab = decode_ab(F.interpolate(batch.target, (height, width)))
    hints, mask = np.zeros_like(ab), np.zeros(ab.shape[:3], np.float32)
    rng = np.random.default_rng(0)
    for i in range(len(ab)):
        for y, x in rng.integers(reach, np.array(mask.shape[1:]) - reach, (count, 2)):
            spot = np.s_[i, y - reach : y + reach + 1, x - reach : x + reach + 1]
            hints[spot] = ab[spot].mean((0, 1))
            mask[spot] = 1
    hinted = encode_colorize_input((batch.input[:, 0].numpy() + 1) * 50, hints, mask)
    return Batch(hinted, batch.target, batch.weight, batch.condition)
