"""Kinds of drawings: facades, label maps of other classes, or lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from pix2pix.config import LabelColor
from pix2pix.images.array_files import ARRAY_SUFFIXES
from pix2pix.images.reader import IMAGE_SUFFIXES, open_image
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import (
    CLASSES,
    VOID,
    decode_label_image,
    is_facades,
    resize_label_map,
)
from pix2pix.labels.line_art import decode_lines

KEYS = "1234567890-="
EXAMPLE_SUFFIXES = IMAGE_SUFFIXES | ARRAY_SUFFIXES
MAX_EXAMPLES = 8
MAX_RATIO = 2  # of the sides of a drawing
SAME_RATIO = 1.02  # sides whose ratios differ by less have one shape
# The brush in pixels of a canvas of 256
PEN = {"tool": "brush", "class_id": 1, "brush": 4, "smooth": True}


@dataclass(frozen=True)
class CanvasSpec:
    """The classes of a drawing, its shape, and how files are read as one."""

    name: Literal["facades", "labels", "lines"]
    shape: tuple[int, int]  # (H, W)
    classes: tuple[LabelColor, ...]
    file_name: str  # what saved files are called
    starts: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def colors(self) -> tuple[tuple[int, ...], ...]:
        return tuple(c.rgb for c in self.classes)

    @property
    def first(self) -> np.ndarray:
        """The drawing that the tab opens with: the first start, or else an empty canvas."""
        empty = np.zeros(self.shape, np.uint8)
        return next(iter(self.starts.values()), empty)

    def props(self) -> dict[str, Any]:
        """The props for the scripts of the page."""
        meanings = [c.meaning for c in CLASSES] if self.name == "facades" else []
        return {
            "kind": self.name,
            "height": self.shape[0],
            "width": self.shape[1],
            "file_name": self.file_name,
            "classes": [
                {
                    "name": c.name,
                    "meaning": meanings[i] if meanings else "",
                    "rgb": list(c.rgb),
                    "key": KEYS[i : i + 1],
                }
                for i, c in enumerate(self.classes)
            ],
        }

    def decode(self, image: Image.Image, shape: tuple[int, int] | None = None) -> np.ndarray:
        """The picture as class indices (H, W) uint8, by default of the shape that suits it.

        Raises ValueError for no such drawing.
        """
        if self.name == "lines":
            label_map = decode_lines(image, self.shape)
        else:
            own = None if self.name == "facades" else self.colors
            label_map = decode_label_image(image, own, [c.name for c in self.classes])
        return fit_label_map(label_map, shape or self.shape_for(label_map.shape))

    def shape_for(self, picture: tuple[int, ...]) -> tuple[int, int]:
        """The shape (H, W) of a drawing of a picture (H, W): its ratio up to MAX_RATIO, with the
        short side of the canvas. Line drawings have the shape of the canvas."""
        height, width = picture[:2]
        ratio, own = width / height, self.shape[1] / self.shape[0]
        if self.name == "lines" or max(ratio / own, own / ratio) < SAME_RATIO:
            return self.shape
        short = min(self.shape)
        ratio = min(max(ratio, 1 / MAX_RATIO), MAX_RATIO)
        return (short, round(short * ratio)) if ratio > 1 else (round(short / ratio), short)

    def check_shape(self, height: int, width: int) -> tuple[int, int]:
        """(height, width). Raises ValueError unless a drawing can have that shape."""
        short = min(self.shape)
        own = (height, width) == self.shape
        if own or (
            self.name != "lines"
            and min(height, width) == short
            and max(height, width) <= MAX_RATIO * short
        ):
            return height, width
        expected = f"{self.shape[1]}x{self.shape[0]}"
        if self.name != "lines":
            expected += f" or {short} by {short} to {MAX_RATIO * short}"
        raise ValueError(f"a drawing here is {expected}, got {width}x{height}")


def facades_canvas(shape: tuple[int, int]) -> CanvasSpec:
    starts = {plan.name: build_facade(plan, *shape) for plan in PRESETS}
    classes = tuple(LabelColor(c.name, c.rgb) for c in CLASSES)
    return CanvasSpec("facades", shape, classes, "facade", starts)


def canvas_of(
    palette: Sequence[LabelColor], shape: tuple[int, int], name: str, examples: Path
) -> CanvasSpec:
    """The kind for label maps of these classes, with the pictures in `examples` to start from."""
    if is_facades([c.name for c in palette]):
        return facades_canvas(shape)
    return with_examples(CanvasSpec("labels", shape, tuple(palette), name), examples)


def with_examples(kind: CanvasSpec, folder: Path) -> CanvasSpec:
    """A copy whose starts are the pictures of the folder that can be read as such drawings."""
    starts = {}
    for path in example_files(folder):
        try:
            starts[path.stem] = kind.decode(open_image(path), kind.shape)
        except ValueError:
            continue  # a photo beside the label maps, say
    return replace(kind, starts=starts)


def example_files(folder: Path) -> list[Path]:
    """The first pictures and arrays in a checkpoint's folder `examples`, by name; [] without it."""
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in EXAMPLE_SUFFIXES)
    return paths[:MAX_EXAMPLES]


def fit_label_map(label_map: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The label map scaled to fit a canvas (H, W) without distortion, and centred.

    The rest of the canvas, and void pixels, are of class 0.
    """
    height, width = label_map.shape
    scale = min(shape[0] / height, shape[1] / width)
    fitted = resize_label_map(
        label_map, (max(1, round(height * scale)), max(1, round(width * scale)))
    )
    height, width = fitted.shape
    top, left = (shape[0] - height) // 2, (shape[1] - width) // 2
    canvas = np.zeros(shape, np.uint8)
    canvas[top : top + height, left : left + width] = np.where(fitted == VOID, 0, fitted)
    return canvas
