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
from pix2pix.images.chroma_upsampling import light_to_lightness, measure_light
from pix2pix.images.color import AB_SCALE, ab_grid, rgb_to_lab
from pix2pix.images.color_hints import Hint
from pix2pix.images.convert import split_alpha, to_rgb
from pix2pix.images.deep_grey import read_deep
from pix2pix.images.halftone import MIN_PERIOD, descreen
from pix2pix.images.icc import to_srgb
from pix2pix.images.reference_colors import Reference, steer_logits
from pix2pix.images.repair_brush import Stroke
from pix2pix.images.scan_analysis import ScanAnalysis, analyze_scan
from pix2pix.images.tone import classify_colors, invert_tones, repair_tones, smooth_grain
from pix2pix.inference.gpu_on_demand import make_runner
from pix2pix.inference.photo_region import PhotoRegion
from pix2pix.inference.photo_session import PhotoSession, Prediction, check_strength
from pix2pix.inference.restorer import Restorer
from pix2pix.inference.working_shapes import pad_to_multiple, resize_photo, working_shape
from pix2pix.models import AnnealedMean, annealed_mean, return_logits
from pix2pix.models.tensors import SPREAD_STEP, apply_hints, decode_ab, encode_colorize_input

MIN_SIZE, MAX_SIZE = 64, 512  # working short side in pixels
HINT_REACH = 2  # radius in working pixels that a hint fills with its colour

NOTE_TEXTS = {
    "toned": "its tone (sepia, yellowed) was read as grey",
    "coloured": "its own colours were replaced",
    "plain": "is mostly one tone, like a drawing, a text or a blank page: its colours are guesses",
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
        return_logits(model.generator)
        self._runner = make_runner(model, device, engine)

    def colorize(
        self,
        photo: Image.Image,
        strength: float = 1.0,
        hints: Sequence[Hint] = (),
        *,
        reference: Reference | None = None,
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
        return session.colorize(strength, hints, reference)

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
        deep = read_deep(photo)
        photo, alpha = split_alpha(to_srgb(photo))
        light = measure_light(photo) if deep is None else deep.light
        scan = analyze_scan(photo, light) if scan is None else scan
        place = PhotoRegion.of(photo, scan.border, crop, negative)
        left, top, right, bottom = place.box
        shape = self.working_shape((bottom - top, right - left), size)
        small = to_rgb(photo.resize(shape[::-1], Image.Resampling.BOX, place.box))
        kind = classify_colors(np.asarray(small))
        notes = [NOTE_TEXTS[kind]] if kind in NOTE_TEXTS and not negative else []
        if scan.is_plain:
            notes.append(NOTE_TEXTS["plain"])
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
            self,
            light,
            small_lightness,
            tuple(notes),
            offers,
            place,
            alpha,
            changed,
            None if deep is None else deep.values,
        )

    def working_shape(self, shape: tuple[int, int], size: int) -> tuple[int, int]:
        """The working (H, W) of a photo of `shape`: the scale and aspect of training."""
        geometry = serving_geometry(self.config).with_height(size)
        if geometry.resize_mode in ("crop", "squeeze"):
            return working_shape(*shape, size)
        placement = geometry.placement(shape)
        return placement.inner[::-1] if placement.is_rotated else placement.inner

    @property
    def predicts_distributions(self) -> bool:
        """Whether the network predicts a distribution over colours.

        Suggestions and references need it.
        """
        return self.config.generator.ab_classes > 0

    def predict(self, small_light: np.ndarray, hints: Sequence[Hint] = ()) -> Prediction:
        """Runs the network for L (H, W) in 0..100 and hints in 0..1 of it."""
        x = self._encode(small_light, hints)
        output = self._runner(x, None)
        part = x.shape[2] // output.shape[2]
        height, width = (-(-side // part) for side in small_light.shape)
        own = 2 + self.config.generator.hint_embed_dim
        ab = decode_ab(apply_hints(x, output[:, :own]))[0, :height, :width]
        logits = output[0, own:, :height, :width]
        code = output[0, 2:own].numpy().copy()
        return Prediction(tuple(hints), ab, code, logits.half().numpy())

    def steer(
        self, small_light: np.ndarray, prediction: Prediction, reference: Reference
    ) -> Prediction:
        """The prediction with its colours steered towards a reference; hints stay exact.

        Raises ValueError if the network predicts no distribution over colours.
        """
        if not self.predicts_distributions:
            raise ValueError("this model cannot take colours from another photo")
        _, height, width = prediction.logits.shape
        lightness = resize_photo(small_light, (height, width))
        logits = steer_logits(prediction.logits, lightness, reference, AnnealedMean.TEMPERATURE)
        x = self._encode(small_light, prediction.hints)
        rest = (
            (0, 0),
            *((0, full - own) for full, own in zip(prediction.code.shape[1:], (height, width))),
        )
        padded = torch.from_numpy(np.pad(logits, rest, mode="edge"))[None]
        points = torch.from_numpy(ab_grid() / np.float32(AB_SCALE))
        mean = annealed_mean(padded, points, AnnealedMean.TEMPERATURE)
        output = torch.cat([mean, torch.from_numpy(prediction.code)[None]], 1)
        ab = decode_ab(apply_hints(x, output))[0, :height, :width]
        return prediction._replace(ab=ab, logits=logits)

    def _encode(self, small_light: np.ndarray, hints: Sequence[Hint]) -> torch.Tensor:
        """The network's input for L (H, W) in 0..100, padded below and right."""
        height, width = small_light.shape
        hint_ab = np.zeros((height, width, 2), np.float32)
        mask = np.zeros((height, width), np.float32)
        for hint in hints:
            x, y = round(hint.x * (width - 1)), round(hint.y * (height - 1))
            r = HINT_REACH
            spot = np.s_[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1]
            hint_ab[spot] = rgb_to_lab(np.array(hint.rgb, np.uint8))[1:]
            mask[spot] = 1
        multiple = max(self.config.generator.multiple, SPREAD_STEP)
        light = pad_to_multiple(small_light, multiple)
        rest = ((0, light.shape[0] - height), (0, light.shape[1] - width))
        known, given = np.pad(mask, rest), np.pad(hint_ab, (*rest, (0, 0)))
        return encode_colorize_input(light[None], given[None], known[None])


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
    if scan.is_plain:
        pass  # lines and letters look like dots
    elif scan.period:
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


def check_size(size: int, own: int) -> None:
    """Raises ValueError unless the working size is in range or the checkpoint's own."""
    if size != own and not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size must be from {MIN_SIZE} to {MAX_SIZE}, got {size}")
