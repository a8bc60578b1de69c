"""An even drawing painted by the torch backend in bf16: run in a process of its own."""

from pathlib import Path

import numpy as np
import torch

from pix2pix.checkpoint import load_checkpoint
from pix2pix.inference.backends import selection
from pix2pix.models.tensors import encode_labels


def paint_even(checkpoint: str, class_index: int, style: list[list[float]], out: str) -> None:
    """Saves what a 256x256 drawing of one class becomes as the array OUT."""
    selection.has_fast_bf16 = lambda device: True
    network = load_checkpoint(Path(checkpoint))[1].generator
    engine = selection.make_backend("torch", network, torch.device("cpu"))
    label_map = np.full((1, 256, 256), class_index, np.uint8)
    np.save(out, engine(encode_labels(label_map, 12), torch.tensor(style)).numpy())
