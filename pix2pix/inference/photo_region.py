"""The region of a scan that is colourised, and the border to paste around the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from pix2pix.images.border import Border, Box
from pix2pix.images.border_overlay import BorderOverlay
from pix2pix.images.color_hints import Hint


class PhotoRegion(NamedTuple):
    """The colourised box of a scan and the visible box of the result, in pixels of the scan."""

    sheet: tuple[int, int]  # width and height of the scan
    box: Box  # the photo, which is colourised
    shown: Box  # the result: the whole scan, or the box if the border is cropped
    frame: BorderOverlay | None = None

    @classmethod
    def of(
        cls, sheet: Image.Image, border: Border | None, crop: bool, inverted: bool
    ) -> PhotoRegion:
        whole = (0, 0, *sheet.size)
        if border is None:
            return cls(sheet.size, whole, whole)
        if crop:
            inner = border.inner_box(*sheet.size)
            return cls(sheet.size, inner, inner)
        frame = BorderOverlay(sheet, border, inverted)
        return cls(sheet.size, frame.box, whole, frame)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the result."""
        left, top, right, bottom = self.shown
        return right - left, bottom - top

    @property
    def corner(self) -> tuple[int, int]:
        """The upper left corner of the colourised box in the result."""
        return self.box[0] - self.shown[0], self.box[1] - self.shown[1]

    def inner_hints(self, hints: Sequence[Hint]) -> tuple[Hint, ...]:
        """The hints inside the box, converted from 0..1 of the scan to 0..1 of the box."""
        if self.box == (0, 0, *self.sheet):
            return tuple(hints)
        left, top, right, bottom = self.box
        inner = []
        for hint in hints:
            x = (hint.x * self.sheet[0] - left) / (right - left)
            y = (hint.y * self.sheet[1] - top) / (bottom - top)
            if 0 <= x <= 1 and 0 <= y <= 1:
                inner.append(Hint(x, y, hint.rgb))
        return tuple(inner)

    def restore_border(self, result: Image.Image) -> Image.Image:
        """The result with the border pasted around the photo, if it is kept."""
        if self.frame:
            self.frame.paste_onto(result)
        return result
