"""Tiny checkpoints of every kind that the app has a tab for."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.config import LabelColor
from pix2pix.labels.label_map import encode_label_image
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

CPU = ("cpu", "torch")  # where the app loads models: the device and the engine
TINY: dict[str, Any] = {"size": 64, "ngf": 4, "depth": 4, "max_channels": 8, "norm": "instance"}
TINY_RECIPE = Recipe("labels2photo", size=32, ngf=4, depth=3, max_channels=8, style_dim=4)
ROADS = (
    LabelColor("road", (128, 64, 128)),
    LabelColor("building", (70, 70, 70)),
    LabelColor("sky", (70, 130, 180)),
    LabelColor("car", (0, 0, 142)),
)
RECIPES = {
    "roads": Recipe("labels2photo", **TINY, palette=ROADS, style_dim=4),
    "edges": Recipe("image2image", **TINY, input_type="lines"),
    "aerial": Recipe("image2image", **TINY),
    "segments": Recipe("photo2labels", **TINY, palette=ROADS),
    "grey": Recipe("colorize", **TINY),
    "scratched": Recipe("restore", **TINY),
}


def save_models(folder: Path) -> dict[str, Path]:
    """A checkpoint of random weights for each recipe, by name; two have examples."""
    for name, recipe in RECIPES.items():
        config = checkpoint_config(recipe)
        torch.manual_seed(0)
        save_checkpoint(folder / name, config, Model(config), "# A card\n")
    for name in ("roads", "aerial"):
        (folder / name / "examples").mkdir()
    encode_label_image(street(), [c.rgb for c in ROADS]).save(folder / "roads/examples/street.png")
    (folder / "roads/examples/broken.png").write_bytes(b"no pixels")
    colors().save(folder / "aerial/examples/coast.jpg")
    return {name: folder / name for name in RECIPES}


def street() -> np.ndarray:
    """A label map (64, 64) of sky, a house, a road and a car."""
    labels = np.full((64, 64), 2, np.uint8)
    labels[40:] = 0
    labels[20:40, 10:40] = 1
    labels[46:54, 36:52] = 3
    return labels


def colors(width: int = 120, height: int = 90) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([x * 255 / width, y * 255 / height, 200 - x * 100 / width], -1)
    return Image.fromarray(rgb.astype(np.uint8))


def save_pairs(folder: Path, count: int = 24, side: int = 64) -> None:
    """Edges -> photo: in folder A the outlines of rectangles, in B orange rectangles on blue."""
    rng = np.random.default_rng(0)
    for split, number in (("train", count), ("val", 4)):
        for name in "AB":
            (folder / split / name).mkdir(parents=True)
        for i in range(number):
            left, top = (int(v) for v in rng.integers(4, side // 2, 2))
            right, bottom = (int(v) for v in rng.integers(side // 2 + 4, side - 4, 2))
            edges = Image.new("RGB", (side, side), "white")
            ImageDraw.Draw(edges).rectangle((left, top, right, bottom), outline="black", width=3)
            edges.save(folder / split / "A" / f"{i}.png")
            photo = Image.new("RGB", (side, side), (60, 90, 160))
            ImageDraw.Draw(photo).rectangle((left, top, right, bottom), fill=(230, 140, 40))
            photo.save(folder / split / "B" / f"{i}.png")
