"""A photo that was opened to be colourised repeatedly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from pix2pix.images.chroma_upsampling import recolor, recolor_deep
from pix2pix.images.color_hints import MAX_HINTS, Hint
from pix2pix.images.color_suggestions import Suggestion, suggest_colors
from pix2pix.images.reference_colors import Reference, softmax
from pix2pix.inference.photo_region import PhotoRegion
from pix2pix.inference.working_shapes import resize_photo

if TYPE_CHECKING:
    from pix2pix.inference.colorizer import Colorizer

MAX_STRENGTH = 1.5
GREY_RESULT = 2.0  # mean chroma below which a result looks grey
GREY_NOTE = "the result is nearly grey; more strength or colour hints help"


class Prediction(NamedTuple):
    """What the network predicts for a photo with hints, at half its working size (h, w).

    `logits` are empty (0, h, w) if it predicts no distribution over the points of the a/b grid.
    """

    hints: tuple[Hint, ...]
    ab: np.ndarray  # (h, w, 2) float32, with the hints applied
    code: np.ndarray  # (hint_embed_dim, h', w') float32, padded: the pixel embedding
    logits: np.ndarray  # (88, h, w) float16


class PhotoSession:
    """An opened photo that can be colourised repeatedly.

    `deep` are the values of a grey scan of more than 8 bits, (H, W) uint16 in sRGB, or None.
    `size` is the result's (width, height) and `box` its position in the photo. `offers` suggests
    options of `open_photo` that would help, each with the reason.
    """

    def __init__(
        self,
        colorizer: Colorizer,
        light: np.ndarray,
        small_lightness: np.ndarray,
        notes: tuple[str, ...],
        offers: dict[str, str],
        place: PhotoRegion,
        alpha: Image.Image | None = None,
        changed: np.ndarray | None = None,
        deep: np.ndarray | None = None,
    ) -> None:
        self._changed = changed
        self._deep = deep
        self.offers = offers
        self.size = place.size
        self.box = place.shown
        self._alpha = alpha
        self._notes = notes
        self._colorizer = colorizer
        self._light = light
        self._small = small_lightness
        self._place = place
        self._last: Prediction | None = None
        self._shown: tuple[tuple[Hint, ...], Reference | None, np.ndarray] | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on how the photo was processed, and whether the last result is nearly grey."""
        shown = self._shown
        is_grey = shown is not None and np.hypot(*np.moveaxis(shown[2], -1, 0)).mean() < GREY_RESULT
        return (*self._notes, GREY_NOTE) if is_grey else self._notes

    def colorize(
        self,
        strength: float = 1.0,
        hints: Sequence[Hint] = (),
        reference: Reference | None = None,
    ) -> Image.Image:
        """The colour photo at its own size, or cropped: RGB, or RGBA with its own alpha.

        `strength` scales the chroma, from 0 (grey) to 1.5. Hints have coordinates in 0..1 of the
        whole photo; hints on its border are ignored. `reference` steers the colours towards
        those of another photo. Raises ValueError for a strength or a number of hints out of range.
        """
        ab, place = self._scaled_ab(strength, hints, reference), self._place
        result = place.restore_border(
            recolor(self._light, self._small, ab, place.size, place.corner)
        )
        if self._alpha is not None:
            result.putalpha(self._alpha)
        return result

    @property
    def is_deep(self) -> bool:
        """Whether the photo is grey with more than 8 bits, which `colorize_deep` keeps."""
        return self._deep is not None

    def colorize_deep(
        self,
        strength: float = 1.0,
        hints: Sequence[Hint] = (),
        reference: Reference | None = None,
    ) -> np.ndarray:
        """Like `colorize` in 16 bits, sRGB (H, W, 3) uint16, of a photo that is deep."""
        assert self._deep is not None
        ab, place = self._scaled_ab(strength, hints, reference), self._place
        result = recolor_deep(self._light, self._small, ab, place.size, place.corner)
        if place.frame:
            place.frame.copy_deep(self._deep, result)
        return result

    def repaired(self) -> Image.Image | None:
        """Where scratches were removed, white on black, of the whole photo's size (mode L).

        None where nothing was removed.
        """
        if self._changed is None or not self._changed.any():
            return None
        place = self._place
        sheet = Image.new("L", place.sheet)
        sheet.paste(Image.fromarray(self._changed), place.box[:2])
        return sheet

    def suggest(
        self, x: float, y: float, hints: Sequence[Hint] = (), reference: Reference | None = None
    ) -> tuple[Suggestion, ...]:
        """Likely colours of the place (x, y) in 0..1 of the whole photo, the most likely first.

        `hints` and `reference` are those of `colorize`; without a hint at the place itself, or that
        would be the most likely colour. Empty on the border, and if the network predicts no
        distribution over colours.
        """
        check_hints(hints)
        inner = self._place.inner_hints([Hint(x, y, (0, 0, 0))])
        if not inner or not self._colorizer.predicts_distributions:
            return ()
        prediction = self._predict(self._place.inner_hints(hints))
        if reference is not None:
            prediction = self._colorizer.steer(self._small, prediction, reference)
        around = _around(prediction.logits, inner[0]).reshape(len(prediction.logits), -1)
        likely = softmax(around.T.astype(np.float64)).mean(0)
        return suggest_colors(likely, float(_around(self._small, inner[0]).mean()))

    def _scaled_ab(
        self, strength: float, hints: Sequence[Hint], reference: Reference | None
    ) -> np.ndarray:
        check_strength(strength)
        check_hints(hints)
        return self._find_ab(self._place.inner_hints(hints), reference) * np.float32(strength)

    def _find_ab(self, hints: tuple[Hint, ...], reference: Reference | None) -> np.ndarray:
        """a and b (H, W, 2) float32 at the size of `small_lightness`."""
        shown = self._shown  # read once: another thread may replace it
        if shown is None or shown[:2] != (hints, reference):
            prediction = self._predict(hints)
            if reference is not None:
                prediction = self._colorizer.steer(self._small, prediction, reference)
            ab = resize_photo(prediction.ab, self._small.shape)
            shown = self._shown = hints, reference, ab
        return shown[2]

    def _predict(self, hints: tuple[Hint, ...]) -> Prediction:
        last = self._last
        if last is None or last.hints != hints:
            last = self._last = self._colorizer.predict(self._small, hints)
        return last


def _around(planes: np.ndarray, place: Hint) -> np.ndarray:
    """The 3 x 3 values around a place in each plane (..., H, W), fewer at the edges."""
    height, width = planes.shape[-2:]
    row, column = min(int(place.y * height), height - 1), min(int(place.x * width), width - 1)
    return planes[..., max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]


def check_strength(strength: float) -> None:
    """Raises ValueError unless the strength is in range."""
    if not 0 <= strength <= MAX_STRENGTH:
        raise ValueError(f"strength must be from 0 to {MAX_STRENGTH}, got {strength}")


def check_hints(hints: Sequence[Hint]) -> None:
    """Raises ValueError for too many hints."""
    if len(hints) > MAX_HINTS:
        raise ValueError(f"at most {MAX_HINTS} hints, got {len(hints)}")
