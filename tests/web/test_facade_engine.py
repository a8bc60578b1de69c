"""The browser engine draws the facades that Python draws, to the byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.engine import NodeJob

from pix2pix.labels.canvas_spec import facades_canvas
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import make_random_plan

SHAPES = [(256, 256), (128, 384), (75, 50)]


@pytest.mark.parametrize("shape", SHAPES)
def test_random_facades_are_the_same(tmp_path: Path, shape: tuple[int, int]) -> None:
    seeds = [*range(100), *range(100, 10_000, 99), 2**31 - 1, 2**40 + 7]
    calls = [[seed, shape[1], shape[0]] for seed in seeds]
    found = NodeJob(tmp_path).call("labels/facade_presets", "randomFacade", calls)
    for seed, ids in zip(seeds, found):
        expected = build_facade(make_random_plan(seed), *shape)
        np.testing.assert_array_equal(ids.reshape(shape), expected, err_msg=f"seed {seed}")


def test_the_presets_are_the_same(tmp_path: Path) -> None:
    calls = [list(shape[::-1]) for shape in SHAPES]
    found = NodeJob(tmp_path).call("labels/facade_presets", "presetFacades", calls)
    for shape, presets in zip(SHAPES, found):
        starts = facades_canvas(shape).starts
        assert list(presets) == list(starts)
        for name, ids in presets.items():
            np.testing.assert_array_equal(ids.reshape(shape), starts[name], err_msg=name)
