"""Giving a photo its colours (task `colorize`): what is done once for a photo, and what each time.

The network sees the photo's L at working size. `open_photo` prepares that and the L of full size;
`PhotoSession.colorize` then answers for any strength and hints, at once where only the strength
changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.data.resize_crop import serving_geometry
from pix2pix.images.chroma_upsampling import light_to_lightness, measure_light, recolor
from pix2pix.images.color import rgb_to_lab
from pix2pix.images.color_hints import MAX_HINTS, Hint
from pix2pix.images.convert import split_alpha, to_rgb
from pix2pix.images.halftone import MIN_PERIOD, descreen
from pix2pix.images.icc import to_srgb
from pix2pix.images.scan_analysis import ScanAnalysis, analyze_scan
from pix2pix.images.tone import classify_colors, invert_tones, repair_tones, smooth_grain
from pix2pix.inference.oom_fallback import OomFallback
from pix2pix.inference.photo_region import PhotoRegion
from pix2pix.inference.working_shapes import pad_to_multiple, resize_photo, working_shape
from pix2pix.models.tensors import SPREAD_STEP, apply_hints, decode_ab, encode_colorize_input

MAX_STRENGTH = 1.5
MIN_SIZE, MAX_SIZE = 64, 512  # of the short side at work, in pixels
HINT_REACH = 2  # pixels at working size around a hint that take its colour

GREY_RESULT = 2.0  # mean chroma below which a result looks as grey as its photo

NOTE_TEXTS = {
    "toned": "its one tone (sepia, yellowed) was read as grey",
    "coloured": "its own colours were replaced",
    "no colours": "the model found hardly any colours in it; more strength or colour hints help",
}

# What is offered, by the option's name
OFFERS = {
    "denoise": "smooths its dots",
    "negative": "inverts it",
    "crop": "takes it off",
}


class Colorizer:
    """Gives a photo its colours. May be called from several threads; the network runs in one."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = OomFallback(model, device, engine)

    def colorize(
        self,
        photo: Image.Image,
        strength: float = 1.0,
        hints: Sequence[Hint] = (),
        *,
        size: int | None = None,
        repair: bool = False,
        denoise: bool = False,
        negative: bool = False,
        crop: bool = False,
    ) -> Image.Image:
        """The photo with new colours, RGB or RGBA, its size, alpha and own L kept.

        As `open_photo` and `PhotoSession.colorize`, which see; raises what they raise.
        """
        check_strength(strength)
        session = self.open_photo(
            photo, size=size, repair=repair, denoise=denoise, negative=negative, crop=crop
        )
        return session.colorize(strength, hints)

    def open_photo(
        self,
        photo: Image.Image,
        *,
        size: int | None = None,
        repair: bool = False,
        denoise: bool = False,
        negative: bool = False,
        crop: bool = False,
        scan: ScanAnalysis | None = None,
    ) -> PhotoSession:
        """What stays the same while strength and hints change, with notes on what was done.

        Of the photo only L is looked at. `size` is the short side that the network works at (the
        checkpoint's own by default): the result has the photo's size whatever it is. A border is
        found, not shown to the network and left as it is, or taken off with `crop`. `repair`
        stretches the tones of a faded photo, `denoise` smooths its grain or the dots it is printed
        with, `negative` inverts it: L then is no longer its own. `scan` is what is known of the
        photo from `analyze_scan`, which else is found out here. Raises ValueError for a size out of
        range.
        """
        size = self.size if size is None else size
        check_size(size, self.size)
        photo, alpha = split_alpha(to_srgb(photo))
        light = measure_light(photo)
        scan = analyze_scan(photo, light) if scan is None else scan
        place = PhotoRegion.of(photo, scan.border, crop, negative)
        left, top, right, bottom = place.box
        shape = self._working_shape((bottom - top, right - left), size)
        small = to_rgb(photo.resize(shape[::-1], Image.Resampling.BOX, place.box))
        kind = classify_colors(np.asarray(small))
        notes = [NOTE_TEXTS[kind]] if kind in NOTE_TEXTS and not negative else []
        if place.box != (0, 0, *photo.size):
            light = light[top:bottom, left:right].copy()
        for asked, improve in (
            (denoise, partial(smooth_scan, scan=scan, width=photo.width)),
            (negative, invert_tones),
            (repair, repair_tones),
        ):
            if asked:
                light, line = improve(light)
                notes.append(line)
        wanted = {"denoise": denoise, "negative": negative, "crop": crop}
        offers = {name: why for name, why in describe_scan(scan).items() if not wanted[name]}
        small_lightness = light_to_lightness(resize_photo(light, shape))
        if alpha is not None:  # the network sees it on white
            small_alpha = alpha.resize(shape[::-1], Image.Resampling.BOX, place.box)
            opacity = np.asarray(small_alpha) / np.float32(255)
            small_lightness = 100 + (small_lightness - 100) * opacity
            alpha = alpha.crop(place.shown)
        return PhotoSession(self, light, small_lightness, tuple(notes), offers, place, alpha)

    def _working_shape(self, shape: tuple[int, int], size: int) -> tuple[int, int]:
        """(H, W) of a photo of `shape` at work: at the scale and of the aspect of training."""
        geometry = serving_geometry(self.config).with_height(size)
        if geometry.resize_mode in ("crop", "squeeze"):
            return working_shape(*shape, size)
        placement = geometry.placement(shape)
        return placement.inner[::-1] if placement.is_rotated else placement.inner

    def predict_ab(self, small_light: np.ndarray, hints: Sequence[Hint] = ()) -> np.ndarray:
        """a and b (h, w, 2) float32 of L (H, W) in 0..100; h and w are H and W, or half of them."""
        height, width = small_light.shape
        hint_ab = np.zeros((height, width, 2), np.float32)
        mask = np.zeros((height, width), np.float32)
        for hint in hints:
            x, y = round(hint.x * (width - 1)), round(hint.y * (height - 1))
            r = HINT_REACH
            spot = np.s_[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1]
            hint_ab[spot] = rgb_to_lab(np.array(hint.rgb, np.uint8))[1:]
            mask[spot] = 1
        multiple = max(2**self.config.generator.depth, SPREAD_STEP)
        light = pad_to_multiple(small_light, multiple)
        rest = ((0, light.shape[0] - height), (0, light.shape[1] - width))
        known, given = np.pad(mask, rest), np.pad(hint_ab, (*rest, (0, 0)))
        x = encode_colorize_input(light[None], given[None], known[None])
        output = apply_hints(x, self._runner(x, None))
        part = light.shape[0] // output.shape[2]
        return decode_ab(output)[0, : -(-height // part), : -(-width // part)]


class PhotoSession:
    """One photo, opened to be coloured as often as its user likes.

    `size` is the result's (width, height) and `box` where that lies in the photo. `offers` are
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
    ) -> None:
        self.offers = offers
        self.size = place.size
        self.box = place.shown
        self._alpha = alpha
        self._notes = notes
        self._colorizer = colorizer
        self._light = light
        self._small = small_lightness
        self._place = place
        self._last: tuple[tuple[Hint, ...], np.ndarray] | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the photo beside colouring, and whether colours were found at last."""
        last = self._last
        is_grey = last is not None and np.hypot(*np.moveaxis(last[1], -1, 0)).mean() < GREY_RESULT
        return (*self._notes, NOTE_TEXTS["no colours"]) if is_grey else self._notes

    def colorize(self, strength: float = 1.0, hints: Sequence[Hint] = ()) -> Image.Image:
        """The photo in colour at its own size, or that left by `crop`: RGB, or RGBA with its alpha.

        `strength` scales the chroma, 0 (grey) to 1.5. Hints lie in 0..1 of the whole photo; those
        on its border change nothing. Raises ValueError for a strength or a number of hints out of
        range.
        """
        check_strength(strength)
        if len(hints) > MAX_HINTS:
            raise ValueError(f"at most {MAX_HINTS} hints, got {len(hints)}")
        ab = self._predict(self._place.inner_hints(hints)) * np.float32(strength)
        place = self._place
        result = place.finish(recolor(self._light, self._small, ab, place.size, place.corner))
        if self._alpha is not None:
            result.putalpha(self._alpha)
        return result

    def _predict(self, hints: tuple[Hint, ...]) -> np.ndarray:
        last = self._last  # another thread may put its own in place meanwhile: either is whole
        if last is None or last[0] != hints:
            ab = self._colorizer.predict_ab(self._small, hints)
            last = self._last = hints, resize_photo(ab, self._small.shape)
        return last[1]


def smooth_scan(light: np.ndarray, scan: ScanAnalysis, width: int) -> tuple[np.ndarray, str]:
    """`light`, of a copy `width` wide of the scan, without its grain or the dots it is made of."""
    if not scan.has_dots:
        return smooth_grain(light)
    dots = scan.dot_spacing(width)
    # Closer ones are averaged in a copy made small.
    smoothed = descreen(light, dots) if dots >= MIN_PERIOD else light
    return smoothed, "the dots it is made of were smoothed"


def describe_scan(scan: ScanAnalysis) -> dict[str, str]:
    """For each option that would help with such a scan, what was found."""
    found = {}
    if scan.period:
        found["denoise"] = f"looks like a printed halftone, dots {scan.period:.1f} pixels apart"
    elif scan.is_bilevel:
        found["denoise"] = "is a 1-bit scan, black and white dots only"
    if scan.is_negative:
        found["negative"] = "looks like a negative"
    if scan.border:
        found["crop"] = "has a border, which was left as it is"
    return found


def format_offers(offers: dict[str, str], name: Callable[[str], str]) -> tuple[str, ...]:
    """A sentence for each offer; `name` gives what an option is called where this is read."""
    return tuple(f"{why}; {name(option)} {OFFERS[option]}" for option, why in offers.items())


def check_strength(strength: float) -> None:
    """Raises ValueError unless it is one."""
    if not 0 <= strength <= MAX_STRENGTH:
        raise ValueError(f"strength goes from 0 to {MAX_STRENGTH}, got {strength}")


def check_size(size: int, own: int) -> None:
    """Raises ValueError unless it is a working size, or the checkpoint's own."""
    if size != own and not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size goes from {MIN_SIZE} to {MAX_SIZE}, got {size}")
