"""Training inputs that are drawn as people draw: few classes, large rectangles."""

import numpy as np
import pytest

from pix2pix.labels.label_map import CLASSES
from pix2pix.labels.user_drawings import draw_as_users_do

NAMES = [c.name for c in CLASSES]


def draw(seed: int, height: int = 64, width: int = 96) -> np.ndarray:
    return draw_as_users_do(np.random.default_rng(seed), height, width)


def test_a_drawing_depends_on_its_random_numbers_alone() -> None:
    assert (draw(3) == draw(3)).all()
    assert any((draw(3) != draw(seed)).any() for seed in range(4, 8))


@pytest.mark.parametrize("size", [(16, 16), (64, 96), (128, 40)])
def test_a_drawing_is_a_label_map_of_the_size_asked_for(size: tuple[int, int]) -> None:
    for seed in range(40):
        label_map = draw(seed, *size)
        assert label_map.shape == size and label_map.dtype == np.uint8
        assert label_map.max() < len(NAMES)


def test_drawings_have_walls_windows_doors_and_at_times_nothing_but_a_wall() -> None:
    found = [{NAMES[i] for i in np.unique(draw(seed))} for seed in range(150)]
    assert all("facade" in names for names in found)
    for name in ("window", "door", "background"):
        assert sum(name in names for names in found) > 50, name
    assert any(names <= {"facade", "background"} for names in found)
    assert set.union(*found) == set(NAMES)
