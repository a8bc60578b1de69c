"""Example inputs for the app: a few held-out images, saved with the checkpoint."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from pix2pix.checkpoint import EXAMPLES_DIR
from pix2pix.config import INPUT_TYPES, CheckpointConfig
from pix2pix.data.loader import Batch, Dataset
from pix2pix.evaluation.generation import batch_to_rgb, spread_indices
from pix2pix.images.sample_writer import encode_samples, sample_endings
from pix2pix.images.samples import input_format
from pix2pix.labels.label_map import VOID, encode_label_image, is_facades
from pix2pix.models.tensors import decode_fractions, decode_photo
from pix2pix.runtime.atomic_io import write_atomically

COUNT = 6


def write_examples(folder: Path, config: CheckpointConfig, dataset: Dataset) -> None:
    """Writes inputs of the data set to FOLDER/examples, unless it exists.

    Their names are numbers, so that pushing them reveals no file names. Label maps of facades get
    none: their tab has drawings of its own. Samples are written in their own unit.
    """
    names = [entry.name for entry in config.palette]
    into = folder / EXAMPLES_DIR
    if into.exists() or (config.task == "labels2photo" and is_facades(names)):
        return
    batch = dataset.batch(spread_indices(len(dataset), COUNT), None)
    source = input_format(config)
    if not source.is_picture:
        into.mkdir(parents=True)
        suffix = sample_endings(source.dtype, source.channels)[0]
        for i, samples in enumerate(source.unscale(decode_fractions(batch.input)), 1):
            content = encode_samples(samples, suffix)
            write_atomically(into / f"example-{i}{suffix}", content)
        return
    pictures = input_pictures(config, batch)
    is_exact = config.task == "labels2photo" or config.input_type != INPUT_TYPES[0]
    into.mkdir(parents=True)
    for i, picture in enumerate(pictures, 1):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG" if is_exact else "JPEG", quality=92)
        write_atomically(into / f"example-{i}.{'png' if is_exact else 'jpg'}", buffer.getvalue())


def input_pictures(config: CheckpointConfig, batch: Batch) -> list[Image.Image]:
    """Inputs of the generator, as images that the app accepts."""
    if config.task == "labels2photo":
        found = batch.input.argmax(1).numpy().astype(np.uint8)
        found[(batch.input.sum(1) == 0).numpy()] = VOID
        colors = [entry.rgb for entry in config.palette]
        return [encode_label_image(label_map, colors) for label_map in found]
    if config.task in ("colorize", "restore"):
        lightness = (batch.input[:, 0].numpy() + 1) * 50
        photos = batch_to_rgb(lightness, np.zeros((*lightness.shape, 2), np.float32))
    else:
        photos = decode_photo(batch.input)
    return [Image.fromarray(photo) for photo in photos]
