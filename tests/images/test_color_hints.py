"""Hints in JSON: what is written is read again, and anything else is refused with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from pix2pix.images.color_hints import MAX_HINTS, Hint, format_hints, parse_hints, read_hints

HINTS = (Hint(0.25, 0.5, (198, 134, 66)), Hint(0, 1, (0, 0, 255)))


def write(folder: Path, value: Any) -> Path:
    path = folder / "hints.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_hints_survive_json(tmp_path: Path) -> None:
    assert read_hints(write(tmp_path, format_hints(HINTS))) == HINTS


def test_the_documented_form_is_read() -> None:
    assert parse_hints([{"x": 0.25, "y": 0.5, "color": "#C68642", "name": "skin"}]) == HINTS[:1]


def test_each_photo_may_have_its_own(tmp_path: Path) -> None:
    entries = format_hints(HINTS)
    path = write(tmp_path, {"a.jpg": entries[:1], "b/c.png": entries, "d.jpg": []})
    assert read_hints(path) == {"a.jpg": HINTS[:1], "b/c.png": HINTS, "d.jpg": ()}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("3", "expected a list of hints, got int"),
        ([3], "expected a hint with x, y and color, got int"),
        ([{"x": 0, "y": 0}], 'a hint\'s color must be "#rrggbb", got None'),
        ([{"x": 0, "y": 0, "color": "red"}], "got 'red'"),
        ([{"x": 0, "y": 0, "color": "#12345"}], "got '#12345'"),
        ([{"x": 0, "y": 0, "color": [1, 2, 3]}], r"got \[1, 2, 3\]"),
        ([{"x": "0", "y": 0, "color": "#000000"}], "a hint's x must be a number"),
        ([{"x": True, "y": 0, "color": "#000000"}], "a hint's x must be a number"),
        ([{"x": 0, "color": "#000000"}], "a hint's y must be a number"),
        ([{"x": 1.1, "y": 0, "color": "#000000"}], r"must be from 0 to 1"),
        ('[{"x": NaN, "y": 0, "color": "#000000"}]', r"must be from 0 to 1"),
        ({"a.jpg": 3}, "a.jpg: expected a list of hints, got int"),
        ([{"x": 0, "y": 0, "color": "#000000"}] * (MAX_HINTS + 1), "at most 256 hints, got 257"),
    ],
)
def test_what_are_no_hints_is_refused(tmp_path: Path, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"hints.json: .*{reason}"):
        read_hints(write(tmp_path, value))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.json: cannot be read"):
        read_hints(tmp_path / "gone.json")


@pytest.mark.parametrize(("x", "y"), [(-0.1, 0), (0, 1.1), (float("nan"), 0)])
def test_a_hint_outside_the_photo_is_refused(x: float, y: float) -> None:
    with pytest.raises(ValueError, match=r"must be from 0 to 1"):
        Hint(x, y, (0, 0, 0))
