"""Small drawings: the part of a sheet that shows one as large as the drawings of training.

A network that learned from photos of one object in the middle fails on small drawings off the
centre. The part of the sheet around such a drawing is generated alone and put back on a smooth
background. assets/js/engine/draw/frame.js does the same in the browser.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pix2pix.labels.label_map import resize_label_map
from pix2pix.labels.line_art import INK, PAPER

SMALL = 0.85  # of the size of training; larger drawings stay as they are
MIN_SCALE = 0.15  # of a frame, as a fraction of the sheet
CELLS = 50  # along the longer side of a drawing; strokes in adjacent cells are connected
MIN_OUTLINE = 0.5  # of the drawing's box, filled by the box of its largest connected part
MIN_DETAILS = 2  # other parts in that box, such as eyes
FEATHER = 0.1  # of a frame's sides, over which its picture fades into the background
CORNERS = 8  # the corners of a picture are 1 / CORNERS of its sides


@dataclass(frozen=True)
class Frame:
    """A part of a sheet, in pixels; it may reach beyond the sheet's edges."""

    left: int
    top: int
    width: int
    height: int

    def cut(self, label_map: np.ndarray) -> np.ndarray:
        """The frame's part of a label map (H, W), enlarged to (H, W)."""
        return resize_label_map(self._part(label_map, PAPER), label_map.shape)

    def cut_picture(self, picture: np.ndarray, paper: int) -> np.ndarray:
        """The same of a picture (H, W, 3) uint8 on paper of this grey, 0..255."""
        rows, columns = picture.shape[:2]
        part = self._part(picture, paper)
        return cv2.resize(part, (columns, rows), interpolation=cv2.INTER_CUBIC)

    def _part(self, sheet: np.ndarray, paper: int) -> np.ndarray:
        rows, columns = sheet.shape[:2]
        part: np.ndarray = np.full((self.height, self.width, *sheet.shape[2:]), paper, np.uint8)
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = min(self.top + self.height, rows), min(self.left + self.width, columns)
        part[top - self.top : bottom - self.top, left - self.left : right - self.left] = sheet[
            top:bottom, left:right
        ]
        return part

    def paste(self, picture: np.ndarray) -> np.ndarray:
        """A sheet (H, W, 3) uint8 with a picture (H, W, 3) uint8 in the frame.

        The background continues the colours of the picture's corners.
        """
        rows, columns = picture.shape[:2]
        x = _places(columns, self.left, self.width)
        y = _places(rows, self.top, self.height)
        low = cv2.resize(picture, (CORNERS, CORNERS), interpolation=cv2.INTER_AREA)
        corners = low[[0, -1]][:, [0, -1]].astype(np.float64)
        across, down = x.clip(0, 1)[None, :, None], y.clip(0, 1)[:, None, None]
        upper = corners[0, 0] * (1 - across) + corners[0, 1] * across
        lower = corners[1, 0] * (1 - across) + corners[1, 1] * across
        background = upper * (1 - down) + lower * down

        size = (self.width, self.height)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        inner = small[
            (np.arange(rows) - self.top).clip(0, self.height - 1)[:, None],
            (np.arange(columns) - self.left).clip(0, self.width - 1),
        ]
        weight = np.minimum(_fade(x)[None, :], _fade(y)[:, None])[..., None]
        sheet: np.ndarray = (background * (1 - weight) + inner * weight + 0.5).astype(np.uint8)
        return sheet


def find_frame(label_map: np.ndarray, object_box: tuple[float, ...]) -> Frame | None:
    """The frame in which a small drawing has the size and place of `object_box`.

    None for a drawing that is large enough, and for one without an outline that has at least
    MIN_DETAILS parts in it: two eyes alone belong to a large face. `label_map` (H, W) uint8 has the
    classes PAPER and INK; `object_box` is left, top, right, bottom as fractions of the sheet.
    """
    rows, columns = label_map.shape
    y, x = np.nonzero(label_map == INK)
    if not len(y):
        return None
    left, top, right, bottom = int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
    x0, y0, x1, y1 = object_box
    scale = max((right - left) / ((x1 - x0) * columns), (bottom - top) / ((y1 - y0) * rows))
    if scale > SMALL or not _has_outline(label_map[top:bottom, left:right] == INK):
        return None
    scale = max(scale, MIN_SCALE)
    width, height = _round(columns * scale), _round(rows * scale)
    return Frame(
        _round((left + right - (x0 + x1) * width) / 2),
        _round((top + bottom - (y0 + y1) * height) / 2),
        width,
        height,
    )


def _has_outline(ink: np.ndarray) -> bool:
    """Whether the largest connected part surrounds enough others. Gaps of a cell are closed."""
    cell = max(1, max(ink.shape) // CELLS)
    padded = np.pad(ink, [(0, -side % cell) for side in ink.shape])
    rows, columns = (side // cell for side in padded.shape)
    cells = padded.reshape(rows, cell, columns, cell)
    grid: np.ndarray = np.any(cells, axis=(1, 3)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(grid, connectivity=8)
    left, top, width, height = stats[1:, :4].T
    outer = int((width * height).argmax())
    right, bottom = left + width, top + height
    is_inside = (left >= left[outer]) & (top >= top[outer])
    is_inside &= (right <= right[outer]) & (bottom <= bottom[outer])
    is_outline = width[outer] * height[outer] >= MIN_OUTLINE * rows * columns
    return bool(is_outline and is_inside.sum() > MIN_DETAILS)  # the outline is inside itself


def _places(length: int, start: int, size: int) -> np.ndarray:
    """The middle of each pixel along a side of the sheet: 0 to 1 is inside the frame."""
    places: np.ndarray = (np.arange(length) - start + 0.5) / size
    return places


def _fade(places: np.ndarray) -> np.ndarray:
    """Weights of the picture: 0 outside the frame, smoothly up to 1 within FEATHER."""
    edge = (np.minimum(places, 1 - places) / FEATHER).clip(0, 1)
    weights: np.ndarray = edge * edge * (3 - 2 * edge)
    return weights


def _round(value: float) -> int:
    return int(np.floor(value + 0.5))
