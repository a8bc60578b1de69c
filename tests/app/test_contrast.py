"""Text stands out from what is behind it in both schemes: WCAG AA, a ratio of 4.5 at least."""

import re
from pathlib import Path

import pytest

from pix2pix.labels.label_map import CLASSES

CSS = (Path(__file__).resolve().parents[2] / "assets" / "css" / "studio.css").read_text(
    encoding="utf-8"
)
PAIRS = [
    ("ink", "paper"),
    ("ink", "surface"),
    ("ink", "sunk"),
    ("ink-2", "paper"),
    ("ink-2", "surface"),
    ("ink-2", "sunk"),
    ("on-accent", "accent"),
    ("accent", "paper"),
]


def colours(scheme: str) -> dict[str, tuple[int, ...]]:
    """The custom properties of a scheme; the first block is light, the second dark."""
    block = CSS.split("}")[("light", "dark").index(scheme)]
    found = re.findall(r"--st-([a-z0-9-]+): #([0-9a-f]{6})", block)
    return {name: tuple(bytes.fromhex(value)) for name, value in found}


def luminance(rgb: tuple[int, ...]) -> float:
    linear = [v / 3294.6 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(scheme: str, text: str, ground: str) -> None:
    palette = colours(scheme)
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("entry", CLASSES, ids=lambda c: c.name)
def test_a_key_can_be_read_on_its_class_colour(entry: object) -> None:
    rgb = entry.rgb  # type: ignore[attr-defined]
    ink = (0, 0, 0) if luminance(rgb) > 0.179 else (255, 255, 255)
    assert contrast(ink, rgb) >= 4.5


def test_the_ratio_of_black_and_white_is_21() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
