"""The border of a photo kept while the photo in it is worked on, and laid around the result."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageOps

from pix2pix.images.border import Border, Box


class BorderOverlay:
    """A copy of the pixels outside a photo's inner box; nothing of the photo itself is kept."""

    def __init__(self, sheet: Image.Image, border: Border, inverted: bool = False) -> None:
        """Of a sheet in mode L or RGB; `inverted`: as the grey negative of it."""
        self.size = sheet.size
        self.box = border.outer_box(*sheet.size)
        self._points = border.points(*sheet.size)
        self._strips = []
        for box in _around(border.inner_box(*sheet.size), sheet.size):
            strip = sheet.crop(box)
            self._strips.append((box, ImageOps.invert(strip.convert("L")) if inverted else strip))

    def paste_onto(self, canvas: Image.Image) -> None:
        """Pastes the border onto the sheet-sized canvas that has the photo at `box` already."""
        for box, strip in self._strips:
            mask = Image.new("L", strip.size, 255)
            points = [(x - box[0], y - box[1]) for x, y in self._points]
            # Pillow fills the pixels at the corners too: those on the right and below are one less.
            ends = zip(points, ((0, 0), (1, 0), (1, 1), (0, 1)))
            corners = [(round(x) - right, round(y) - low) for (x, y), (right, low) in ends]
            ImageDraw.Draw(mask).polygon(corners, fill=0)
            canvas.paste(strip.convert(canvas.mode), box, mask)


def _around(box: Box, size: tuple[int, int]) -> Iterator[Box]:
    """Boxes that together are all of a sheet but `box`."""
    (left, top, right, bottom), (width, height) = box, size
    for part in (
        (0, 0, width, top),
        (0, bottom, width, height),
        (0, top, left, bottom),
        (right, top, width, bottom),
    ):
        if part[0] < part[2] and part[1] < part[3]:
            yield part
