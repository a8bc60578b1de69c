"""Where on its sheet the photo is that is coloured, and the border that is laid around it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from pix2pix.images.border import Border, Box
from pix2pix.images.border_overlay import BorderOverlay
from pix2pix.images.color_hints import Hint


class PhotoRegion(NamedTuple):
    """`box` of the sheet is coloured, and `shown` of it is the result: in pixels of the sheet."""

    sheet: tuple[int, int]  # width and height
    box: Box
    shown: Box
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
        """Of the coloured box in the result."""
        return self.box[0] - self.shown[0], self.box[1] - self.shown[1]

    def inner_hints(self, hints: Sequence[Hint]) -> tuple[Hint, ...]:
        """The hints, given in 0..1 of the sheet, that lie in the box, in 0..1 of that."""
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

    def finish(self, result: Image.Image) -> Image.Image:
        if self.frame:
            self.frame.paste_onto(result)
        return result
