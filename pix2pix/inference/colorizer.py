"""Colourise photos (task `colorize`).

The network sees the photo's L at working size. `Colorizer.open_photo` prepares that and the
full-size L once; `PhotoSession.colorize` then applies any strength and hints, without running the
network again if only the strength changed.
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
from pix2pix.images.repair_brush import Stroke
from pix2pix.images.scan_analysis import ScanAnalysis, analyze_scan
from pix2pix.images.tone import classify_colors, invert_tones, repair_tones, smooth_grain
from pix2pix.inference.gpu_on_demand import make_runner
from pix2pix.inference.photo_region import PhotoRegion
from pix2pix.inference.restorer import Restorer
from pix2pix.inference.working_shapes import pad_to_multiple, resize_photo, working_shape
from pix2pix.models.tensors import SPREAD_STEP, apply_hints, decode_ab, encode_colorize_input

MAX_STRENGTH = 1.5
MIN_SIZE, MAX_SIZE = 64, 512  # working short side in pixels
HINT_REACH = 2  # radius in working pixels that a hint fills with its colour

GREY_RESULT = 2.0  # mean chroma below which a result looks grey

NOTE_TEXTS = {
    "toned": "its tone (sepia, yellowed) was read as grey",
    "coloured": "its own colours were replaced",
    "no colours": "the result is nearly grey; more strength or colour hints help",
}

# The effect of each suggested option
OFFERS = {
    "denoise": "smooths the dots",
    "negative": "inverts it",
    "crop": "removes it",
}


class Colorizer:
    """Colourises photos. Thread-safe; the network runs in one thread at a time."""

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = make_runner(model, device, engine)

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
        """The photo with new colours, RGB or RGBA; its size, alpha and L are kept.

        Combines `open_photo` and `PhotoSession.colorize`, which document the options and errors.
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
        restorer: Restorer | None = None,
        strokes: Sequence[Stroke] = (),
        scan: ScanAnalysis | None = None,
    ) -> PhotoSession:
        """Prepares a photo to be colourised with varying strength and hints.

        Only the photo's L is used. `size` is the network's short side (default: the checkpoint's);
        the result always has the photo's size. A detected border is hidden from the network and
        kept unchanged, or removed with `crop`. These options change L: `repair` stretches the tones
        of a faded photo, `denoise` smooths its grain or printed dots, `negative` inverts it, a
        `restorer` removes scratches, corrected by `strokes` in 0..1 of the whole photo. `scan` is
        the result of `analyze_scan`, which runs here if it is None. Raises ValueError for a size
        out of range.
        """
        size = self.size if size is None else size
        check_size(size, self.size)
        photo, alpha = split_alpha(to_srgb(photo))
        light = measure_light(photo)
        scan = analyze_scan(photo, light) if scan is None else scan
        place = PhotoRegion.of(photo, scan.border, crop, negative)
        left, top, right, bottom = place.box
        shape = self.working_shape((bottom - top, right - left), size)
        small = to_rgb(photo.resize(shape[::-1], Image.Resampling.BOX, place.box))
        kind = classify_colors(np.asarray(small))
        notes = [NOTE_TEXTS[kind]] if kind in NOTE_TEXTS and not negative else []
        if place.box != (0, 0, *photo.size):
            light = light[top:bottom, left:right].copy()
        for requested, adjust in (
            (denoise, partial(smooth_scan, scan=scan, width=photo.width)),
            (negative, invert_tones),
        ):
            if requested:
                light, line = adjust(light)
                notes.append(line)
        changed = None
        if restorer is not None:
            sheet = (photo.height, photo.width)
            light, changed, line = restorer.repair_light(light, strokes, sheet, place.box)
            notes.append(line)
        if repair:
            light, line = repair_tones(light)
            notes.append(line)
        wanted = {"denoise": denoise, "negative": negative, "crop": crop}
        offers = {name: why for name, why in describe_scan(scan).items() if not wanted[name]}
        small_lightness = light_to_lightness(resize_photo(light, shape))
        if alpha is not None:  # the network sees the photo on white
            small_alpha = alpha.resize(shape[::-1], Image.Resampling.BOX, place.box)
            opacity = np.asarray(small_alpha) / np.float32(255)
            small_lightness = 100 + (small_lightness - 100) * opacity
            alpha = alpha.crop(place.shown)
        return PhotoSession(
            self, light, small_lightness, tuple(notes), offers, place, alpha, changed
        )

    def working_shape(self, shape: tuple[int, int], size: int) -> tuple[int, int]:
        """The working (H, W) of a photo of `shape`: the scale and aspect of training."""
        geometry = serving_geometry(self.config).with_height(size)
        if geometry.resize_mode in ("crop", "squeeze"):
            return working_shape(*shape, size)
        placement = geometry.placement(shape)
        return placement.inner[::-1] if placement.is_rotated else placement.inner

    def predict_ab(self, small_light: np.ndarray, hints: Sequence[Hint] = ()) -> np.ndarray:
        """a and b (h, w, 2) float32 for L (H, W) in 0..100; h, w are H, W or half of them."""
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
    """An opened photo that can be colourised repeatedly.

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
    ) -> None:
        self._changed = changed
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
        """Notes on how the photo was processed, and whether the last result is nearly grey."""
        last = self._last
        is_grey = last is not None and np.hypot(*np.moveaxis(last[1], -1, 0)).mean() < GREY_RESULT
        return (*self._notes, NOTE_TEXTS["no colours"]) if is_grey else self._notes

    def colorize(self, strength: float = 1.0, hints: Sequence[Hint] = ()) -> Image.Image:
        """The colour photo at its own size, or cropped: RGB, or RGBA with its own alpha.

        `strength` scales the chroma, from 0 (grey) to 1.5. Hints have coordinates in 0..1 of the
        whole photo; hints on its border are ignored. Raises ValueError for a strength or a number
        of hints out of range.
        """
        check_strength(strength)
        if len(hints) > MAX_HINTS:
            raise ValueError(f"at most {MAX_HINTS} hints, got {len(hints)}")
        ab = self._predict(self._place.inner_hints(hints)) * np.float32(strength)
        place = self._place
        result = place.restore_border(
            recolor(self._light, self._small, ab, place.size, place.corner)
        )
        if self._alpha is not None:
            result.putalpha(self._alpha)
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

    def _predict(self, hints: tuple[Hint, ...]) -> np.ndarray:
        last = self._last  # read once: another thread may replace it
        if last is None or last[0] != hints:
            ab = self._colorizer.predict_ab(self._small, hints)
            last = self._last = hints, resize_photo(ab, self._small.shape)
        return last[1]


def smooth_scan(light: np.ndarray, scan: ScanAnalysis, width: int) -> tuple[np.ndarray, str]:
    """`light` of a copy `width` wide without grain or halftone dots, and a note about it."""
    if not scan.has_dots:
        return smooth_grain(light)
    dots = scan.dot_spacing(width)
    # Closer dots were already averaged by downscaling the copy.
    smoothed = descreen(light, dots) if dots >= MIN_PERIOD else light
    return smoothed, "its dots were smoothed"


def describe_scan(scan: ScanAnalysis) -> dict[str, str]:
    """The options that would help with a scan, each with the finding that suggests it."""
    found = {}
    if scan.period:
        found["denoise"] = f"looks like a printed halftone, dots {scan.period:.1f} pixels apart"
    elif scan.is_bilevel:
        found["denoise"] = "is a 1-bit scan, black and white dots only"
    if scan.is_negative:
        found["negative"] = "looks like a negative"
    if scan.border:
        found["crop"] = "has a border, which was kept"
    return found


def format_offers(offers: dict[str, str], name: Callable[[str], str]) -> tuple[str, ...]:
    """A sentence for each suggested option; `name` maps an option to its name in the UI."""
    return tuple(f"{why}; {name(option)} {OFFERS[option]}" for option, why in offers.items())


def check_strength(strength: float) -> None:
    """Raises ValueError unless the strength is in range."""
    if not 0 <= strength <= MAX_STRENGTH:
        raise ValueError(f"strength must be from 0 to {MAX_STRENGTH}, got {strength}")


def check_size(size: int, own: int) -> None:
    """Raises ValueError unless the working size is in range or the checkpoint's own."""
    if size != own and not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size must be from {MIN_SIZE} to {MAX_SIZE}, got {size}")
