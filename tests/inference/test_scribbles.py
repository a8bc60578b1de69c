"""The scribbles by which models of cats are judged, and the bundled checkpoint on some of them."""

from pathlib import Path

import numpy as np
import pytest
from helpers.engine import NodeJob

from benchmarks.cat_scribbles import KINDS, SIDE, draw, hand_drawings, scarce_sheets, scribbles
from benchmarks.scribbles import roughness
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.inference.loading import load_translator

CATS = Path(__file__).resolve().parents[2] / "checkpoints" / "cats"


@pytest.fixture(scope="module")
def sheets() -> list[tuple[str, np.ndarray]]:
    return scribbles()


def test_there_are_eight_scribbles_of_each_kind_and_ten_drawings(
    sheets: list[tuple[str, np.ndarray]],
) -> None:
    assert {kind: sum(k == kind for k, _ in sheets) for kind in KINDS} == dict.fromkeys(KINDS, 8)
    drawings = list(hand_drawings().values())
    assert len(drawings) == 10
    for sheet in [s for _, s in sheets] + drawings:
        assert sheet.shape == (SIDE, SIDE)
        assert set(np.unique(sheet)) == {0, 1}
        assert 0.005 < sheet.mean() < 0.2
    for kind, sheet in sheets:
        assert (kind == "half, mirrored") == bool((sheet == sheet[:, ::-1]).all())


@pytest.mark.parametrize("diameter", [1, 3, 4, 6])
def test_the_pen_is_that_of_the_page(tmp_path: Path, diameter: int) -> None:
    points = np.random.default_rng(diameter).uniform(-10, 70, (12, 2))
    (drawn,) = NodeJob(tmp_path).call(
        "pen_strokes.mjs", "drawPen", [[points.ravel().tolist(), diameter, 64]]
    )
    own = draw([points], diameter)[:64, :64]
    np.testing.assert_array_equal(own, drawn.reshape(64, 64))


def test_the_bundled_cats_are_calm_without_strokes_and_lively_with_a_face(
    sheets: list[tuple[str, np.ndarray]], in_float32: None
) -> None:
    """In float32. What bf16 changes is bounded in test_precision.py."""
    drawer = LineDrawer(load_translator(CATS, "cpu"))
    scarce = scarce_sheets()
    steps = {name: roughness(drawer.draw(scarce[name])) for name in ("empty", "a dot", "a line")}
    assert steps["empty"] < 0.1
    assert steps["a dot"] < 0.25
    assert steps["a line"] < 1
    assert roughness(drawer.draw(sheets[0][1])) > 2 * steps["a line"]
