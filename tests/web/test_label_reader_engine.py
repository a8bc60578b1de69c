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
            wrong = int((answer["ids"].reshape(expected.shape) != expected).sum())
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
