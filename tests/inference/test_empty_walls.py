"""A wall on which nothing is drawn: the bundled facades paint no windows and no grid on it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pix2pix.inference import Drawer, Tracer, load_drawer, load_tracer
from pix2pix.labels.facade_builder import CLASS_IDS

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
WALL = np.s_[40:245, 20:236]
EMPTY = np.s_[64:224, 44:212]  # 24 pixels from where the wall ends
SEEDS = 12


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    return load_drawer(CHECKPOINTS / "facades", "cpu", "torch")


@pytest.fixture(scope="module")
def tracer() -> Tracer:
    return load_tracer(CHECKPOINTS / "trace", "cpu", "torch")


def detail(photo: np.ndarray) -> float:
    """The standard deviation of the brightness that a blur of 8 pixels takes away, in 0..255."""
    grey = photo.astype(np.float32).mean(-1)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 8))[EMPTY].std())


def test_an_empty_wall_on_a_new_sheet_has_no_windows_and_no_grid(
    drawer: Drawer, tracer: Tracer, in_float32: None
) -> None:
    sheet = np.full((256, 256), CLASS_IDS["background"], np.uint8)
    sheet[WALL] = CLASS_IDS["facade"]
    looks = [drawer.draw(sheet, style=code) for code in drawer.styles.values()]
    seeds = [drawer.draw(sheet, seed=seed) for seed in range(SEEDS)]
    found = [tracer.trace(Image.fromarray(photo))[EMPTY] for photo in (*looks, *seeds)]
    windows = [float((ids == CLASS_IDS["window"]).mean()) for ids in found]
    assert max(windows) < 0.01, windows
    lines = [detail(photo) for photo in looks]
    assert max(lines) < 4, dict(zip(drawer.styles, lines))
