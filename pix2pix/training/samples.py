"""Sample sheets: a row per held-out example with input, outputs and target."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from pix2pix.checkpoint import Model
from pix2pix.config import LabelColor
from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.data.loader import Batch, Dataset
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
from pix2pix.evaluation.unpaired import OPPOSITE
from pix2pix.labels.label_map import PALETTE
from pix2pix.models.tensors import decode_ab, decode_photo, decode_restored, show_images
from pix2pix.runtime.atomic_io import write_atomically

GAP = 4  # pixels
CAPTION = 22  # pixels, the height of the line above the columns

Columns = dict[str, np.ndarray]  # caption -> pictures (N, H, W, 3) uint8


def sample_sheet(
    model: Model,
    task: str,
    dataset: Dataset,
    device: torch.device,
    rows: int = 8,
    palette: Sequence[LabelColor] = (),
) -> Image.Image:
    """A sheet of evenly spaced examples with captioned columns.

    labels2photo: labels, output in the photo's style, in two random styles, photo. photo2labels:
    photo, predicted and true label map. colorize: grey, output, output with 10 hints, photo.
    restore: damaged, repaired, damage found, photo.
    image2image: input, output (in the photo's style and in two random ones if there are styles),
    target; other numbers of channels than three are shown as by `tensors.as_rgb`. Classes have the
    colours of `palette`, by default those of the facades.
    """
    colors = np.array([entry.rgb for entry in palette], np.uint8) if palette else PALETTE
    batch = dataset.batch(spread_indices(len(dataset), rows), None)
    if task == "labels2photo":
        return tile(photo_columns(model, batch, device, colors))
    if task == "photo2labels":
        return tile(label_columns(model, batch, device, colors))
    if task == "restore":
        return tile(repair_columns(model, batch, device))
    if task == "colorize":
        return tile(color_columns(model, batch, device))
    return tile(image_columns(model, batch, device))


def unpaired_sheet(
    models: Mapping[str, Model],
    directions: Sequence[str],
    dataset: UnpairedImages,
    device: torch.device,
    rows: int = 8,
) -> Image.Image:
    """A sheet of evenly spaced examples: for each of `directions` input, output, and input again
    if the opposite direction is among `models`; else a random image of the target set."""
    columns: Columns = {}
    shared = min(rows, len(dataset.inputs), len(dataset.targets))
    for name in directions:
        own = dataset.reversed() if name == "BtoA" else dataset
        batch = own.batch(spread_indices(len(own.inputs), shared), None)
        output = generate(models[name], batch, device)
        start = name[:1] or "input"
        columns[start] = show_images(batch.input)
        columns[name.replace("to", " to ") or "output"] = show_images(output)
        if (back := models.get(OPPOSITE.get(name, "none"))) is not None:
            there = replace(batch, input=output)
            columns[f"back to {start}"] = show_images(generate(back, there, device))
        else:
            columns["of the other set"] = show_images(batch.target)
    return tile(columns)


def save_sheet(sheet: Image.Image, out_dir: Path, step: int | None = None) -> None:
    """Writes samples.jpg for the model card, and with a step also samples/step_STEP.jpg."""
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=88)
    paths = [out_dir / "samples.jpg"]
    if step is not None:
        (out_dir / "samples").mkdir(exist_ok=True)
        paths.insert(0, out_dir / "samples" / f"step_{step:07d}.jpg")
    for path in paths:
        write_atomically(path, buffer.getvalue())


def label_columns(model: Model, batch: Batch, device: torch.device, palette: np.ndarray) -> Columns:
    found = palette[generate(model, batch, device).argmax(1).numpy()]
    truth = palette[batch.target.argmax(1).numpy()]
    truth[(batch.weight[:, 0] == 0).numpy()] = 0
    return {"photo": decode_photo(batch.input), "labels found": found, "true labels": truth}


def photo_columns(model: Model, batch: Batch, device: torch.device, palette: np.ndarray) -> Columns:
    labels = palette[batch.input.argmax(1).numpy()]
    labels[(batch.input.sum(1) == 0).numpy()] = 0
    columns = {"labels": labels, "output": decode_photo(generate(model, batch, device))}
    if model.style_encoder is not None:
        columns["in the photo's style"] = columns.pop("output")
        for seed in (1, 2):
            seeds = [seed] * len(labels)
            columns[f"random style {seed}"] = decode_photo(generate(model, batch, device, seeds))
    return {**columns, "photo": decode_photo(batch.target)}


def color_columns(model: Model, batch: Batch, device: torch.device) -> Columns:
    truth = decode_ab(batch.target)
    chroma = {
        "grey": np.zeros_like(truth),
        "output": generate_ab(model, batch, device),
        "with 10 hints": generate_ab(model, with_hints(batch, 10, range(len(truth))), device),
        "photo": truth,
    }
    return {caption: batch_to_rgb(batch_lightness(batch), ab) for caption, ab in chroma.items()}


def repair_columns(model: Model, batch: Batch, device: torch.device) -> Columns:
    truth, _ = decode_restored(batch.target)
    damaged = batch_lightness(batch)
    repaired, damage = repair(model, batch, device)
    columns = {"damaged": damaged, "repaired": repaired, "damage found": damage * np.float32(100)}
    columns["photo"] = truth
    neutral = np.zeros((*truth.shape, 2), np.float32)
    return {caption: batch_to_rgb(light, neutral) for caption, light in columns.items()}


def image_columns(model: Model, batch: Batch, device: torch.device) -> Columns:
    columns = {"input": show_images(batch.input)}
    styles: dict[str, list[int] | None] = {"output": None}
    if model.style_encoder is not None:
        count = len(batch.input)
        styles = {"in the photo's style": None, "random style 1": [1] * count}
        styles["random style 2"] = [2] * count
    for caption, seeds in styles.items():
        output = restore_void(generate(model, batch, device, seeds), batch)
        columns[caption] = show_images(output)
    return {**columns, "truth": show_images(batch.target)}


def tile(columns: Columns) -> Image.Image:
    """The columns side by side on white, each under its caption."""
    n, h, w, _ = next(iter(columns.values())).shape
    step = w + GAP
    sheet = Image.new("RGB", (len(columns) * step - GAP, CAPTION + n * (h + GAP) - GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for j, (caption, column) in enumerate(columns.items()):
        draw.text((j * step + 2, 3), caption, "black", caption_font(caption, w))
        for i, picture in enumerate(column):
            sheet.paste(Image.fromarray(picture), (j * step, CAPTION + i * (h + GAP)))
    return sheet


def caption_font(caption: str, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's default font at the largest size up to 14 pixels that fits the column."""
    fonts = (ImageFont.load_default(size) for size in range(14, 5, -1))
    return next((f for f in fonts if f.getlength(caption) <= width - 4), ImageFont.load_default(5))
