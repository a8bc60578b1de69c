"""Colour hints, the known colours of points in a photo, and their JSON form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pix2pix.images.json_file import read_json_file

MAX_HINTS = 256
MAX_FILE_BYTES = 64 << 20  # thousands of photos with all their hints

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Hint:
    """A known colour: the photo has the hue of `rgb` at (x, y), in 0..1 of width and height."""

    x: float
    y: float
    rgb: tuple[int, int, int]

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise ValueError(f"a hint's x and y must be from 0 to 1, got ({self.x}, {self.y})")
        if len(self.rgb) != 3 or not all(0 <= v <= 255 for v in self.rgb):
            raise ValueError(f"a hint's colour must be three values from 0 to 255, got {self.rgb}")


def parse_hints(value: Any) -> tuple[Hint, ...]:
    """The hints in a JSON list of {"x", "y", "color": "#rrggbb"}; other keys are ignored.

    Raises ValueError for anything else.
    """
    if not isinstance(value, list):
        raise ValueError(f"expected a list of hints, got {type(value).__name__}")
    if len(value) > MAX_HINTS:
        raise ValueError(f"at most {MAX_HINTS} hints, got {len(value)}")
    return tuple(_parse_hint(entry) for entry in value)


def _parse_hint(entry: Any) -> Hint:
    if not isinstance(entry, dict):
        raise ValueError(f"expected a hint with x, y and color, got {type(entry).__name__}")
    for key in ("x", "y"):
        if type(entry.get(key)) not in (int, float):
            raise ValueError(f"a hint's {key} must be a number from 0 to 1, got {entry.get(key)!r}")
    color = entry.get("color")
    if not isinstance(color, str) or not _HEX.fullmatch(color):
        raise ValueError(f'a hint\'s color must be "#rrggbb", got {color!r}')
    red, green, blue = bytes.fromhex(color[1:])
    return Hint(entry["x"], entry["y"], (red, green, blue))


def format_hints(hints: Sequence[Hint]) -> list[dict[str, Any]]:
    """The JSON list that `parse_hints` reads."""
    return [{"x": h.x, "y": h.y, "color": "#" + bytes(h.rgb).hex()} for h in hints]


def read_hints(path: Path) -> tuple[Hint, ...] | dict[str, tuple[Hint, ...]]:
    """The hints in a JSON file: one list for all photos, or a dict of lists by photo name.

    Raises ValueError "FILE: reason".
    """

    def parse(value: Any) -> tuple[Hint, ...] | dict[str, tuple[Hint, ...]]:
        if not isinstance(value, dict):
            return parse_hints(value)
        return {name: _parse_named(name, entry) for name, entry in value.items()}

    return read_json_file(path, parse, MAX_FILE_BYTES, "a hints file")


def _parse_named(name: str, value: Any) -> tuple[Hint, ...]:
    try:
        return parse_hints(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
