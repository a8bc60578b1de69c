"""Scribbles of cats: 40 from landmarks of photos, ten drawn freely, and nearly empty sheets.

They are the inputs of `scribbles.py`. Points are x, y in pixels of a sheet of SIDE x SIDE.
`cat_landmarks.json` holds the landmarks of 40 validation photos, marked by eye, and
`cat_drawings.json` the strokes of the ten drawings.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.labels.line_art import INK, PAPER

SIDE = 256
PEN = 4  # pixels, the pen with which the app opens a sheet
FOLDER = Path(__file__).parent
WHISKER = ((26, 6, 5), (55, 4, 9), (85, 0, 14))  # x, y and the step to the next one's y

Stroke = np.ndarray  # (N, 2) float, from its start to its end
Landmarks = dict[str, Any]


def draw(strokes: Sequence[Stroke], diameter: int = PEN) -> np.ndarray:
    """A label map (SIDE, SIDE) uint8 of PAPER and INK, drawn as by the pen of the app."""
    sheet: np.ndarray = np.full((SIDE, SIDE), PAPER, np.uint8)
    for stroke in strokes:
        for start, end in zip(stroke, stroke[1:] if len(stroke) > 1 else stroke):
            draw_segment(sheet, start, end, diameter)
    return sheet


def draw_segment(sheet: np.ndarray, start: np.ndarray, end: np.ndarray, diameter: int) -> None:
    """Inks the pixels under a round pen, in place: `strokeSegment` of the page's label_map.js."""
    start, end, radius = snap(start, diameter), snap(end, diameter), diameter / 2
    left, top = np.floor(np.minimum(start, end) - radius).astype(int).clip(0)
    right, bottom = np.ceil(np.maximum(start, end) + radius).astype(int).clip(0) + 1
    box = sheet[top:bottom, left:right]
    y, x = np.mgrid[top : top + box.shape[0], left : left + box.shape[1]] + 0.5
    x, y = x - start[0], y - start[1]
    dx, dy = end - start
    along = ((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-9)).clip(0, 1)
    box[(x - along * dx) ** 2 + (y - along * dy) ** 2 <= radius * radius] = INK


def snap(point: np.ndarray, diameter: int) -> np.ndarray:
    """The middle of a pixel for odd diameters, its corner for even ones."""
    snapped: np.ndarray = np.floor(point) + 0.5 if diameter % 2 else np.floor(np.add(point, 0.5))
    return snapped


def rounded(points: Sequence[Sequence[float] | np.ndarray] | np.ndarray, times: int = 2) -> Stroke:
    """A curve through fewer points (Chaikin, 1974). Points that stand twice stay corners."""
    curve = np.array(points, float)
    for _ in range(times):
        before, after = curve[:-1], curve[1:]
        inner = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 1)
        curve = np.concatenate([curve[:1], inner.reshape(-1, 2), curve[-1:]])
    return curve


def shaken(stroke: Stroke, rng: np.random.Generator, jitter: float) -> Stroke:
    """A stroke as by an unsteady hand: displaced as a whole, and by slow waves along its way."""
    steps = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
    way = np.concatenate([[0], np.cumsum(steps)])
    offset = rng.normal(0, jitter, 2)
    moved = stroke + offset
    for wavelength, share in ((160, 0.7), (60, 0.35), (22, 0.12)):
        phase = rng.uniform(0, 2 * np.pi, 2)
        angle = 2 * np.pi * way[:, None] / wavelength + phase
        moved = moved + share * jitter * np.sin(angle)
    return moved


def ellipse(x: float, y: float, rx: float, ry: float) -> Stroke:
    """An ellipse, closed a little beyond its start, as by a hand."""
    angle = np.linspace(-0.5, 2 * np.pi - 0.3, 28)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], 1)


def corner(points: Sequence[Sequence[float]]) -> Stroke:
    """A stroke with a corner at each inner point, slightly rounded at its ends."""
    doubled = [points[0], *(p for point in points[1:-1] for p in (point, point)), points[-1]]
    return rounded(doubled)


# The parts of a face: strokes from landmarks


def ears(marks: Landmarks) -> list[Stroke]:
    return [corner(marks["left_ear"]), corner(marks["right_ear"])]


def jaw(marks: Landmarks) -> Stroke:
    """From the left ear over the chin to the right ear."""
    chin, left, right = (np.array(marks[k]) for k in ("chin", "left_cheek", "right_cheek"))
    left_low, right_low = (
        (0.55 * cheek[0] + 0.45 * chin[0], 0.2 * cheek[1] + 0.8 * chin[1])
        for cheek in (left, right)
    )
    start, end = marks["left_ear"][0], marks["right_ear"][2]
    return rounded([start, left, left_low, chin, right_low, right, end])


def outline(marks: Landmarks) -> Stroke:
    """The head with its ears, in one stroke."""
    (a, tip, b), (c, other_tip, d) = marks["left_ear"], marks["right_ear"]
    top = [(b[0] + c[0]) / 2, min(b[1], c[1]) - 4]
    head = rounded([a, tip, tip, b, b, top, c, c, other_tip, other_tip, d])
    return np.concatenate([head, jaw(marks)[::-1]])


def eyes(marks: Landmarks, with_pupils: bool = False) -> list[Stroke]:
    strokes = []
    for x, y, rx, ry in (marks["left_eye"], marks["right_eye"]):
        strokes.append(ellipse(x, y, rx, ry))
        if with_pupils:
            strokes.append(ellipse(x, y, 3, 0.5 * ry))
    return strokes


def nose(marks: Landmarks) -> Stroke:
    x, y = marks["nose"]
    return corner([(x, y - 7), (x - 9, y - 7), (x, y + 3), (x + 9, y - 7), (x - 1, y - 7)])


def mouth(marks: Landmarks) -> Stroke:
    """Like a w below the nose."""
    (x, y), (mx, my) = marks["nose"], marks["mouth"]
    left, right = [(mx - 10, my + 5), (mx - 20, my + 2)], [(mx + 10, my + 5), (mx + 20, my + 2)]
    return rounded([left[1], left[0], (mx, my), (x, y + 3), (x, y + 3), (mx, my), *right])


def whiskers(marks: Landmarks, sides: Sequence[int] = (-1, 1), count: int = 3) -> list[Stroke]:
    x, y = marks["nose"]
    return [
        rounded([(x + s * dx, y + start + slope * i) for dx, start, slope in WHISKER])
        for s in sides
        for i in range(count)
    ]


def whole(marks: Landmarks) -> list[Stroke]:
    return [outline(marks), *eyes(marks, True), nose(marks), mouth(marks), *whiskers(marks)]


def outline_and_eyes(marks: Landmarks) -> list[Stroke]:
    return [outline(marks), *eyes(marks)]


def ten_strokes(marks: Landmarks) -> list[Stroke]:
    face = [*ears(marks), jaw(marks), *eyes(marks), nose(marks), mouth(marks)]
    return [*face, *whiskers(marks, (-1,), 2), *whiskers(marks, (1,), 1)]


def eyes_and_nose(marks: Landmarks) -> list[Stroke]:
    return [*eyes(marks), nose(marks)]


def left_half(marks: Landmarks) -> list[Stroke]:
    """Half a face for the app's mirror, the nose on its axis."""
    (a, tip, b), chin, cheek = marks["left_ear"], marks["chin"], marks["left_cheek"]
    (x, y), (_, my) = marks["nose"], marks["mouth"]
    low = (0.55 * cheek[0] + 0.45 * x, 0.2 * cheek[1] + 0.8 * chin[1])
    head = rounded([(x, b[1] - 4), b, b, tip, tip, a, cheek, low, (x, chin[1])])
    nostril = corner([(x, y - 7), (x - 9, y - 7), (x, y + 3)])
    lip = rounded([(x, y + 3), (x, my), (x - 10, my + 5), (x - 20, my + 2)])
    strokes = [head, eyes(marks)[0], nostril, lip, *whiskers(marks, (-1,))]
    return [stroke + np.array([SIDE / 2 - x, 0]) for stroke in strokes]


KINDS: dict[str, Callable[[Landmarks], list[Stroke]]] = {
    "whole": whole,
    "outline and eyes": outline_and_eyes,
    "ten strokes": ten_strokes,
    "eyes and nose": eyes_and_nose,
    "half, mirrored": left_half,
}


def load_landmarks() -> dict[str, Landmarks]:
    """The landmarks of 40 photos by file name without its suffix."""
    marks: dict[str, Landmarks] = json.loads((FOLDER / "cat_landmarks.json").read_text())
    return marks


def scribbles(count: int = 40) -> list[tuple[str, np.ndarray]]:
    """(kind, label map) of `count` photos with landmarks, each of KINDS in turn, with jitter."""
    drawn = []
    for i, marks in enumerate(list(load_landmarks().values())[:count]):
        rng = np.random.default_rng(i)
        kind = list(KINDS)[i % len(KINDS)]
        jitter = rng.uniform(1, 3)
        diameter = int(rng.choice([3, PEN, PEN, 6]))
        strokes = [shaken(stroke, rng, jitter) for stroke in KINDS[kind](marks)]
        sheet = draw(strokes, diameter)
        if kind == "half, mirrored":
            sheet |= sheet[:, ::-1]
        drawn.append((kind, sheet))
    return drawn


def hand_drawings() -> dict[str, np.ndarray]:
    """The label maps of ten drawings that follow no photo, by name."""
    drawings = json.loads((FOLDER / "cat_drawings.json").read_text())
    return {name: draw([rounded(s) for s in strokes]) for name, strokes in drawings.items()}


def small_heads() -> list[tuple[np.ndarray, tuple[int, int, int]]]:
    """Label maps of the 40 photos' heads, small and at any place: each with left, top and side of
    the square that shows the whole photo."""
    heads = []
    for i, marks in enumerate(load_landmarks().values()):
        rng = np.random.default_rng(i)
        side = int(rng.integers(64, 144))
        left, top = (int(place) for place in rng.integers(0, SIDE - side, 2))
        kind = ("whole", "outline and eyes", "ten strokes")[i % 3]
        strokes = [stroke * (side / SIDE) + (left, top) for stroke in KINDS[kind](marks)]
        heads.append((draw(strokes, 3), (left, top, side)))
    return heads


def scarce_sheets() -> dict[str, np.ndarray]:
    """Label maps with next to nothing, or with a head where training has none, by name."""
    marks = load_landmarks()["pixabay_cat_003142"]
    head = [*outline_and_eyes(marks), nose(marks)]
    low_left, high_right = (
        draw([0.4 * stroke + place for stroke in head]) for place in ((16, 140), (140, 12))
    )
    return {
        "empty": draw([]),
        "a dot": draw([np.array([[128.0, 128.0]])]),
        "a line": draw([rounded([(40, 160), (120, 120), (215, 150)])]),
        "an angle": draw([corner([(60, 170), (125, 90), (195, 160)])]),
        "two eyes": draw(eyes(marks)),
        "a circle": draw([ellipse(128, 135, 80, 75)]),
        "small, low": low_left,
        "small, high": high_right,
    }
