"""The colorize command on a tiny checkpoint, and made-up photos for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

Colorize = Callable[..., tuple[int, list[str]]]


def save_colorizer(folder: Path) -> Path:
    torch.manual_seed(0)
    config = checkpoint_config(Recipe("colorize", size=64, ngf=4, depth=4, norm="instance"))
    save_checkpoint(folder, config, Model(config), "# A card\n")
    return folder


def make_colorize(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> Colorize:
    """The command, in a folder with the grey photo.jpg; gives status and the lines on stderr."""
    make("photo.jpg")

    def run(*arguments: str) -> tuple[int, list[str]]:
        start = ["colorize", "--checkpoint", str(checkpoint), "--device", "cpu"]
        status = main([*start, *arguments])
        out, err = capsys.readouterr()
        assert out == ""
        assert not list(Path().rglob("*.part")), "something was left half written"
        return status, err.splitlines()

    return run


def make(name: str, width: int = 70, height: int = 50, **options: Any) -> None:
    """A grey photo with slopes and edges."""
    y, x = np.mgrid[:height, :width]
    grey = (128 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grey).save(name, **options)


def pixels(name: str | Path) -> np.ndarray:
    with Image.open(name) as image:
        return np.asarray(image.convert("RGB"))


def results(folder: str = "out") -> set[str]:
    return {p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file()}
