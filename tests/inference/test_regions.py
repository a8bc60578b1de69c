"""Regions of a drawing have their own looks, and soft edges."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.networks import CPU, DRAWING, make_model
from helpers.recording import record_calls
from PIL import Image

from pix2pix.inference import MAX_REGIONS, Drawer, Regions
from pix2pix.inference.regions import blend_weights, edge_radius
from pix2pix.models import StyleMap
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

LABELS = np.random.default_rng(0).integers(0, 12, (40, 56)).astype(np.uint8)
RIGHT = np.zeros_like(LABELS)
RIGHT[:, 28:] = 1


@pytest.fixture(scope="module", params=["torch", "openvino"])
def drawer(request: pytest.FixtureRequest) -> Drawer:
    return Drawer(checkpoint_config(DRAWING), make_model(DRAWING), CPU, request.param)


def test_a_region_that_covers_the_drawing_has_the_look_of_its_seed(drawer: Drawer) -> None:
    whole = Regions(np.ones_like(LABELS), [7])
    difference = drawer.draw(LABELS, 3, regions=whole).astype(int) - drawer.draw(LABELS, 7)
    assert np.abs(difference).max() <= 1


def test_regions_without_pixels_change_nothing(drawer: Drawer) -> None:
    none = Regions(np.zeros_like(LABELS), [7])
    difference = drawer.draw(LABELS, 3, regions=none).astype(int) - drawer.draw(LABELS, 3)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("recipe", [DRAWING, dataclasses.replace(DRAWING, class_norm=False)])
def test_both_backends_paint_regions_alike(recipe: Recipe) -> None:
    pictures = []
    for engine in ("torch", "openvino"):
        drawer = Drawer(checkpoint_config(recipe), make_model(recipe), CPU, engine)
        live = np.zeros((32, 32), np.uint8)
        pictures.append(drawer.draw(live, 3))  # at the live shape, and with one style
        regions = Regions(RIGHT, [[1.0, -1.0, 2.0, 0.5]])
        pictures.append(drawer.draw(LABELS, 3, regions=regions))
    for one, other in zip(pictures[:2], pictures[2:]):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_the_network_gets_the_codes_and_soft_shares_at_its_own_size(
    drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = record_calls(monkeypatch, drawer, "_runner")
    drawer.draw(LABELS, 3, regions=Regions(RIGHT, [[1.0, 2.0, 3.0, 4.0]]))
    ((x, styles, _),) = seen
    assert isinstance(styles, StyleMap)
    assert styles.weights.shape == (1, 2, *x.shape[2:])
    assert styles.codes[0, 1].tolist() == [1, 2, 3, 4]
    torch.testing.assert_close(styles.weights.sum(1), torch.ones(1, *x.shape[2:]))
    assert styles.weights[0, 1, 0, 0] == 0
    assert styles.weights[0, 1, 0, -1] == 1


def test_an_edge_is_soft_over_four_radii_and_no_further() -> None:
    present, weights = blend_weights(RIGHT, 2)
    assert present.tolist() == [0, 1]
    row = weights[1, 20]
    assert np.all(np.diff(row) >= 0)
    assert (row[23], row[32]) == (0, 1)
    assert 0 < row[24] < row[27] < 0.5 < row[28] < row[31] < 1
    assert [edge_radius(side) for side in (32, 256, 512)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("ids", "looks", "said"),
    [
        (RIGHT, [], "from 1 to 8 looks, got 0"),
        (RIGHT, [0] * (MAX_REGIONS + 1), "from 1 to 8 looks, got 9"),
        (RIGHT * 2, [1], r"from 0 to 1, got \[2\]"),
        (RIGHT.astype(int), [1], "uint8"),
    ],
)
def test_invalid_regions_are_refused(ids: np.ndarray, looks: list, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Regions(ids, looks)


def test_regions_must_fit_the_drawing_and_the_model(drawer: Drawer) -> None:
    with pytest.raises(ValueError, match="the drawing's 56x40 pixels, got 40x56"):
        drawer.draw(LABELS, regions=Regions(RIGHT.T.copy(), [1]))
    with pytest.raises(ValueError, match="style"):
        drawer.draw(LABELS, regions=Regions(RIGHT, [[1.0]]))
    plain = dataclasses.replace(DRAWING, style_dim=0, class_norm=False)
    unstyled = Drawer(checkpoint_config(plain), make_model(plain), CPU)
    with pytest.raises(ValueError, match="has no styles, so regions"):
        unstyled.draw(LABELS, regions=Regions(RIGHT, [1]))


def test_the_shape_may_need_padding_and_another_size(drawer: Drawer) -> None:
    photo = drawer.draw(LABELS, 3, size=50, regions=Regions(RIGHT, [7]))
    assert Image.fromarray(photo).size == (70, 50)
