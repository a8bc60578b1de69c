"""The facade checkpoint that comes along, before drawings that no training photo has."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.hard_drawings import hard_drawings
from pix2pix.inference import Drawer, load_drawer
from pix2pix.labels.facade_builder import CLASS_IDS, build_facade
from pix2pix.labels.facade_presets import PRESETS

FACADES = Path(__file__).resolve().parents[2] / "checkpoints" / "facades"


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    return load_drawer(FACADES, "cpu")


@pytest.mark.parametrize("name", hard_drawings())
def test_a_hard_drawing_gives_a_picture_of_its_size(drawer: Drawer, name: str) -> None:
    label_map = hard_drawings()[name]
    photo = drawer.draw(label_map)
    assert photo.shape == (*label_map.shape, 3)
    assert photo.dtype == np.uint8
    # Neither black nor burnt out: most of it is a colour that a building or a sky has.
    assert 20 < photo.mean() < 245
    assert (photo.max(-1) > 12).mean() > 0.8


def test_noise_of_single_pixels_does_not_drown_the_wall(drawer: Drawer) -> None:
    drawings = hard_drawings()
    plain, noisy = (drawer.draw(drawings[n]).astype(int) for n in ("empty wall", "one-pixel noise"))
    assert np.abs(plain.mean((0, 1)) - noisy.mean((0, 1))).max() < 60


@pytest.mark.parametrize("name", ["facade", "background", "window"])
def test_an_even_drawing_gives_an_even_picture(drawer: Drawer, name: str) -> None:
    style = next(iter(drawer.styles.values()))
    even = drawer.draw(np.full((256, 256), CLASS_IDS[name], np.uint8), style=style)
    assert even.std(axis=(0, 1)).max() < 3
    assert drawer.draw(build_facade(PRESETS[0], 256), style=style).std() > 20, (
        "others are as lively as ever"
    )
