"""The command line on tiny checkpoints: its fixtures' work, and what a call gives."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.labels.label_map import CLASSES, encode_label_image
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

ROOT = Path(__file__).resolve().parents[2]
INPUTS = {"a.png", "b.png", "photo.jpg", "bad.png"}


def save_tiny(folder: Path) -> Path:
    """Checkpoints of random weights in a folder: `facades`, `colorize` and `trace`."""
    recipes = {
        "facades": Recipe("labels2photo", size=64, ngf=4, depth=4, style_dim=4, norm="instance"),
        "colorize": Recipe("colorize", size=64, ngf=4, depth=4, norm="instance"),
        "trace": Recipe("photo2labels", size=64, ngf=4, depth=4, half_output=True),
    }
    torch.manual_seed(0)
    for name, recipe in recipes.items():
        config = checkpoint_config(recipe)
        if config.generator.style_dim:
            config = dataclasses.replace(config, styles={"brick": (1.0, -1.0, 0.5, 2.0)})
        save_checkpoint(folder / name, config, Model(config), "# A card\n")
    return folder


def make_workplace() -> None:
    """In the current folder label maps a.png and b.png, a photo.jpg, and bad.png, which is text."""
    for name in ("a.png", "b.png"):
        write_map(name)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)).save("photo.jpg")
    Path("bad.png").write_text("no picture")


def write_map(name: str) -> None:
    labels = np.arange(len(CLASSES), dtype=np.uint8).repeat(4)[:, None].repeat(64, 1)
    encode_label_image(labels).save(name)  # 48 high, 64 wide


class Command:
    """A command with its tiny checkpoint; a call gives the exit status and the lines on stderr."""

    def __init__(self, name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.start = [name, "--checkpoint", str(folder), "--device", "cpu"]
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, list[str]]:
        status = main([*self.start, *arguments])
        out, err = self.capsys.readouterr()
        assert out == ""
        return status, err.splitlines()


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file()}
