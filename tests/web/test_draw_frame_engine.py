"""The browser engine frames small drawings as Python does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.engine import NodeJob

from benchmarks.cat_scribbles import KINDS, draw, load_landmarks, whole
from pix2pix.inference.drawing_frame import Frame, find_frame

BOX = (0.14, 0.1, 0.86, 0.84)


def small_drawings() -> list[np.ndarray]:
    """Drawings of all sizes and places, on sheets of two shapes."""
    sheets = []
    for i, marks in enumerate(list(load_landmarks().values())[:15]):
        rng = np.random.default_rng(i)
        scale, place = rng.uniform(0.1, 0.8), rng.uniform(0, 120, 2)
        kind = list(KINDS.values())[i % 3]
        sheet = draw([scale * stroke + place for stroke in kind(marks)], int(rng.integers(1, 5)))
        sheets.append(sheet[: 256 - 64 * (i % 2)])
    return sheets


def drawing(label_map: np.ndarray) -> dict[str, Any]:
    return {"width": label_map.shape[1], "height": label_map.shape[0], "ids": label_map.ravel()}


def test_frames_and_their_parts_are_those_of_python(tmp_path: Path) -> None:
    sheets = small_drawings()
    frames = [find_frame(sheet, BOX) for sheet in sheets]
    assert 4 <= sum(frame is not None for frame in frames) < len(frames)
    found = NodeJob(tmp_path / "find").call(
        "draw/frame", "findFrame", [[drawing(sheet), BOX] for sheet in sheets]
    )
    assert [Frame(**values) if values else None for values in found] == frames
    pairs = [(sheet, frame) for sheet, frame in zip(sheets, frames) if frame]
    parts = NodeJob(tmp_path / "cut").call(
        "draw/frame", "cutFrame", [[drawing(sheet), vars(frame)] for sheet, frame in pairs]
    )
    for (sheet, frame), part in zip(pairs, parts):
        np.testing.assert_array_equal(part["ids"].reshape(sheet.shape), frame.cut(sheet))


@pytest.mark.parametrize("frame", [Frame(-9, 20, 44, 33), Frame(30, 10, 60, 45)])
def test_framed_pictures_are_those_of_python(tmp_path: Path, frame: Frame) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 4), np.uint8)
    values = {"width": 80, "height": 60, "data": picture}
    (sheet,) = NodeJob(tmp_path).call("draw/frame", "pasteFrame", [[values, vars(frame)]])
    pasted = sheet["data"].reshape(60, 80, 4)
    difference = np.abs(pasted[..., :3].astype(int) - frame.paste(picture[..., :3].copy()))
    assert difference.max() <= 1
    assert (pasted[..., 3] == 255).all()


def test_the_engine_enlarges_small_drawings_for_models_with_an_object_box(tmp_path: Path) -> None:
    sheets = [s for s in small_drawings() if s.shape == (256, 256) and find_frame(s, BOX)][:1]
    sheets += [draw(whole(next(iter(load_landmarks().values()))))]
    boxes: list[tuple[float, ...]] = [BOX, ()]
    cases = [(sheet, box) for sheet in sheets for box in boxes]
    pictures = NodeJob(tmp_path).call(
        "framed_drawing.mjs", "paint", [[sheet.ravel(), 256, box] for sheet, box in cases]
    )
    for (sheet, box), picture in zip(cases, pictures):
        frame = find_frame(sheet, box) if box else None
        shown = np.repeat((frame.cut(sheet) if frame else sheet)[..., None] * np.uint8(255), 3, 2)
        expected = frame.paste(shown) if frame else shown
        difference = picture["data"].reshape(256, 256, 4)[..., :3] - expected.astype(int)
        assert np.abs(difference).max() <= 1
