"""A model that gives back what it is shown, a tiny checkpoint, and a picture for them."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import Translator
from pix2pix.inference.backends import Stop
from pix2pix.inference.styles import Styles
from pix2pix.training.model_card import write_card
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

TINY: dict[str, Any] = {"size": 32, "ngf": 4, "depth": 3, "max_channels": 8, "norm": "instance"}
EDGES = Recipe("image2image", **TINY, input_type="lines")


class Echo(Translator):
    """Stands in for a model that gives back what it is shown."""

    def __init__(self, size: int = 32, width: int = 0, fit: str = "crop") -> None:
        config = checkpoint_config(EDGES)
        self.config = dataclasses.replace(config, size=size, width=width, resize_mode=fit)
        self.size = size
        self.styles = Styles(self.config, None)
        self.shapes: list[tuple[int, ...]] = []

    def _runner(  # type: ignore[override]
        self, x: torch.Tensor, style: torch.Tensor | None, stop: Stop = None
    ) -> torch.Tensor:
        self.shapes.append(tuple(x.shape[2:]))
        return x


def save_tiny(folder: Path, recipe: Recipe = EDGES) -> Path:
    config = checkpoint_config(recipe)
    torch.manual_seed(0)
    save_checkpoint(folder, config, Model(config), write_card(config))
    return folder


def waves(height: int, width: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    rgb = [128 + 90 * np.sin((x * a + y * b) / 40) for a, b in ((1, 0), (0, 1), (1, 1))]
    return Image.fromarray(np.stack(rgb, -1).astype(np.uint8))
