"""Keep the pixels of a photo's border and paste them around the processed photo."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageOps

from pix2pix.images.border import Border, Box


class BorderOverlay:
    """A copy of the pixels outside a photo's inner box; the photo itself is not copied."""

    def __init__(self, sheet: Image.Image, border: Border, inverted: bool = False) -> None:
        """Copies the border of a sheet in mode L or RGB; `inverted` makes it a grey negative."""
        self.size = sheet.size
        self.box = border.outer_box(*sheet.size)
        self._points = border.points(*sheet.size)
        self._strips = []
        for box in _around(border.inner_box(*sheet.size), sheet.size):
            strip = sheet.crop(box)
            self._strips.append((box, ImageOps.invert(strip.convert("L")) if inverted else strip))

    def paste_onto(self, canvas: Image.Image) -> None:
        """Pastes the border onto a canvas of the sheet's size that has the photo at `box`."""
        for box, strip in self._strips:
            mask = Image.new("L", strip.size, 255)
            points = [(x - box[0], y - box[1]) for x, y in self._points]
            # Pillow fills the end points as well, so the right and lower corners are one less.
            ends = zip(points, ((0, 0), (1, 0), (1, 1), (0, 1)))
            corners = [(round(x) - right, round(y) - low) for (x, y), (right, low) in ends]
            ImageDraw.Draw(mask).polygon(corners, fill=0)
            canvas.paste(strip.convert(canvas.mode), box, mask)


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
