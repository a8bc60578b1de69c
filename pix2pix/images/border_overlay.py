"""Keep the pixels of a photo's border and paste them around the processed photo."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from pix2pix.images.border import Border, Box

TOP = 65535  # white in 16 bits


class BorderOverlay:
    """A copy of the pixels outside a photo's inner box; the photo itself is not copied."""

    def __init__(self, sheet: Image.Image, border: Border, inverted: bool = False) -> None:
        """Copies the border of a sheet in mode L or RGB; `inverted` makes it a grey negative."""
        self.size = sheet.size
        self._inverted = inverted
        self.box = border.outer_box(*sheet.size)
        self._points = border.points(*sheet.size)
        self._strips = []
        for box in _around(border.inner_box(*sheet.size), sheet.size):
            strip = sheet.crop(box)
            self._strips.append((box, ImageOps.invert(strip.convert("L")) if inverted else strip))

    def paste_onto(self, canvas: Image.Image) -> None:
        """Pastes the border onto a canvas of the sheet's size that has the photo at `box`."""
        for box, strip in self._strips:
            canvas.paste(strip.convert(canvas.mode), box, self._mask(box))

    def copy_deep(self, values: np.ndarray, canvas: np.ndarray) -> None:
        """Copies the border of a grey sheet (H, W) uint16 into a canvas (H, W, 3) uint16."""
        for box, _ in self._strips:
            left, top, right, bottom = box
            where = np.asarray(self._mask(box)) > 0
            part = values[top:bottom, left:right][where]
            canvas[top:bottom, left:right][where] = (TOP - part if self._inverted else part)[
                :, None
            ]

    def _mask(self, box: Box) -> Image.Image:
        """The border in a box: 255 in mode L."""
        left, top, right, bottom = box
        mask = Image.new("L", (right - left, bottom - top), 255)
        points = [(x - left, y - top) for x, y in self._points]
        # Pillow fills the end points as well, so the right and lower corners are one less.
        ends = zip(points, ((0, 0), (1, 0), (1, 1), (0, 1)))
        corners = [(round(x) - after, round(y) - low) for (x, y), (after, low) in ends]
        ImageDraw.Draw(mask).polygon(corners, fill=0)
        return mask


def _around(box: Box, size: tuple[int, int]) -> Iterator[Box]:
    """Boxes that together cover the sheet outside `box`."""
    (left, top, right, bottom), (width, height) = box, size
    for part in (
        (0, 0, width, top),
        (0, bottom, width, height),
        (0, top, left, bottom),
        (right, top, width, bottom),
    ):
        if part[0] < part[2] and part[1] < part[3]:
            yield part
