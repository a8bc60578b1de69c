"""The browser engine opens drawings as Python does: ids, notices and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.drawing_cases import FACADES, GROUPS, NAME, Case, png
from helpers.engine import EngineError, NodeJob
from helpers.label_images import house
from helpers.png_files import raw_png

from pix2pix.app.server.draw_routes import NotALabelMapError, open_drawing
from pix2pix.images.reader import open_image
from pix2pix.labels.label_colors import _settle_blends
from pix2pix.labels.label_map import encode_label_image
from pix2pix.runtime.user_warnings import collect_notices


@pytest.mark.parametrize("group", GROUPS)
def test_a_drawing_is_opened_alike(tmp_path: Path, group: str) -> None:
    cases = dict(GROUPS[group]())
    calls = [list(as_values(case)) for case in cases.values()]
    found = NodeJob(tmp_path).call("labels/label_reader", "readLabelImage", calls)
    failures: list[tuple[Any, ...]] = []
    for (name, case), answer in zip(cases.items(), found):
        expected, said = python_reads(case)
        if isinstance(expected, Exception):
            ok = isinstance(answer, EngineError) and str(answer) == str(expected)
            is_other = isinstance(expected, NotALabelMapError)
            ok = ok and answer.properties.get("notALabelMap", False) == is_other
            if not ok:
                failures.append((name, str(expected), answer))
        elif isinstance(answer, EngineError):
            failures.append((name, said, answer))
        else:
            opened = answer["ids"].reshape(answer["height"], answer["width"])
            wrong = int((opened != expected).sum()) if opened.shape == expected.shape else -1
            if wrong or answer["notices"] != said:
                failures.append((name, f"{wrong} pixels differ", said, answer["notices"]))
    assert not failures, "\n".join(map(str, failures))


def as_values(case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    image = open_image(case.content)
    values = {
        "bytes": np.frombuffer(case.content, np.uint8),
        "name": NAME,
        "rgba": np.asarray(image.convert("RGBA")) if image.format != "PNG" else None,
        "width": image.width,
        "height": image.height,
    }
    return values, case.canvas.props()


def python_reads(case: Case) -> tuple[np.ndarray | Exception, list[str]]:
    with collect_notices() as notices:
        try:
            return open_drawing(case.content, NAME, case.canvas), notices
        except ValueError as error:
            return error, notices


def test_a_damaged_file_is_no_photo_to_trace(tmp_path: Path) -> None:
    whole = png(encode_label_image(house()))
    broken = [whole[: len(whole) // 2], whole[:60], whole[:20], raw_png(np.zeros((4, 4, 1)), 8, 3)]
    calls = [
        [as_values(Case(whole))[0] | {"bytes": np.frombuffer(each, np.uint8)}, FACADES.props()]
        for each in broken
    ]
    for error in NodeJob(tmp_path).call("labels/label_reader", "readLabelImage", calls):
        assert str(error) == "drawing: is damaged or cut short"
        assert "notALabelMap" not in error.properties


def test_blends_get_the_class_of_the_nearest_pixel_as_in_opencv(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cases = []
    for shape in ((40, 60), (1, 30), (25, 3), (64, 64)):
        for share in (0.3, 0.8, 0.99):
            is_blend = rng.random(shape) < share
            is_blend.flat[0] = False
            cases.append((rng.integers(0, 12, shape).astype(np.uint8), is_blend))
    calls = [[ids, mask.astype(np.uint8), *ids.shape[::-1]] for ids, mask in cases]
    found = NodeJob(tmp_path).call("labels/settle_blends", "settleBlends", calls)
    for (ids, mask), settled in zip(cases, found):
        np.testing.assert_array_equal(settled.reshape(ids.shape), _settle_blends(ids, mask))


@pytest.mark.parametrize("interlaced", [False, True])
def test_the_samples_of_a_png_are_read_whatever_its_filters(
    tmp_path: Path, interlaced: bool
) -> None:
    rng = np.random.default_rng(0)
    kinds = [(depth, 0, 1) for depth in (1, 2, 4, 8, 16)] + [
        (depth, kind, channels) for kind, channels in ((2, 3), (4, 2), (6, 4)) for depth in (8, 16)
    ]
    cases = []
    for depth, kind, channels in kinds:
        for shape in ((1, 1), (3, 5), (40, 33)):
            samples = rng.integers(0, 2**depth, (*shape, channels))
            cases.append((samples, raw_png(samples, depth, kind, interlaced=interlaced)))
    calls = [[np.frombuffer(content, np.uint8)] for _, content in cases]
    for (samples, _), found in zip(
        cases, NodeJob(tmp_path).call("labels/png_reader", "readPng", calls)
    ):
        np.testing.assert_array_equal(found["samples"].reshape(samples.shape), samples)
