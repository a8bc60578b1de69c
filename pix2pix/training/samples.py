"""Sheets of samples: a row for each held-out example, its input, outputs and truth."""

import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch, Dataset
from pix2pix.encoding import decode_ab, decode_photo
from pix2pix.labels import PALETTE
from pix2pix.metrics import generate, to_rgb, with_hints

GAP = 4  # pixels


def sample_sheet(
    model: Model, task: str, dataset: Dataset, device: torch.device, rows: int = 8
) -> Image.Image:
    """Evenly spaced examples.

    labels2photo: labels, the real photo's style, two random styles, real photo. photo2labels:
    photo, the label map found, the true one. colorize: grey, result, result with 10 hints, photo.
    """
    count = min(rows, len(dataset))
    indices = np.linspace(0, len(dataset) - 1, count).round().astype(int).tolist()
    batch = dataset.batch(indices, None)
    columns = {"colorize": color_columns, "photo2labels": label_columns}.get(task, photo_columns)
    return tile(columns(model, batch, device))


def label_columns(model: Model, batch: Batch, device: torch.device) -> list[np.ndarray]:
    found = PALETTE[generate(model, batch, device).argmax(1).numpy()]
    truth = PALETTE[batch.target.argmax(1).numpy()]
    truth[(batch.weight[:, 0] == 0).numpy()] = 0
    return [decode_photo(batch.input), found, truth]


def photo_columns(model: Model, batch: Batch, device: torch.device) -> list[np.ndarray]:
    labels = PALETTE[batch.input.argmax(1).numpy()]
    labels[(batch.input.sum(1) == 0).numpy()] = 0
    seeds = (None, 1, 2) if model.generator.config.style_dim else (None,)
    fakes = [decode_photo(generate(model, batch, device, seed)) for seed in seeds]
    return [labels, *fakes, decode_photo(batch.target)]


def color_columns(model: Model, batch: Batch, device: torch.device) -> list[np.ndarray]:
    lightness = (batch.condition[:, 0].numpy() + 1) * 50
    truth = decode_ab(batch.target)
    results = [decode_ab(generate(model, b, device)) for b in (batch, with_hints(batch, 10))]
    return [to_rgb(lightness, ab) for ab in (np.zeros_like(truth), *results, truth)]


def tile(columns: list[np.ndarray]) -> Image.Image:
    """Columns (N, H, W, 3) uint8 side by side on white."""
    n, h, w, _ = columns[0].shape
    sheet = np.full((n * (h + GAP) - GAP, len(columns) * (w + GAP) - GAP, 3), 255, np.uint8)
    for j, column in enumerate(columns):
        for i, picture in enumerate(column):
            top, left = i * (h + GAP), j * (w + GAP)
            sheet[top : top + h, left : left + w] = picture
    return Image.fromarray(sheet)
