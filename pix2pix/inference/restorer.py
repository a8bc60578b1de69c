"""Remove scratches, dust and stains from photos (task `restore`).

The network sees a photo at several scales, coarse to fine, each half as large as the next. Wide
damage is repaired where it is a few pixels wide, thin damage at full resolution. At each scale it
finds the damage first, and then fills it. In a photo of more than FIND_PIXELS, damage is found and
filled at the finest scale below that, and enlarged. Only damaged places are replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.images.chroma_upsampling import (
    LIGHT_SCALE,
    light_to_lightness,
    map_strips,
    measure_light,
)
from pix2pix.images.color import (
    encode_gamma,
    fit_gamut,
    lab_to_linear_rgb,
    lab_to_rgb,
    rgb_to_lab,
)
from pix2pix.images.convert import split_alpha
from pix2pix.images.deep_grey import read_deep
from pix2pix.images.icc import to_srgb
from pix2pix.images.repair import (
    COARSE_LEVEL,
    ONE,
    find_damage,
    grow_damage,
    keep_thick,
    repair_opacity,
)
from pix2pix.images.repair_brush import Stroke, draw_strokes
from pix2pix.inference.backends import InferenceCancelledError, Stop
from pix2pix.inference.gpu_on_demand import make_runner
from pix2pix.inference.tiles import fit_side, paint_in_tiles
from pix2pix.inference.working_shapes import mirror_to_multiple, resize_photo
from pix2pix.models.tensors import decode_restored, encode_restore_input

TILE = 512  # pixels of a tile's side at most, and their overlap as a fraction
OVERLAP = 16
COARSEST = 192  # pixels of the short side at the coarsest scale, at least; twice that at most
# Damage is found at up to so many pixels: in larger scans even thin damage is several pixels wide
FIND_PIXELS = 1 << 22
MARK_REACH = 6  # pixels: marked places are filled at the scale where they are this thick
MAX_DAMAGE = 0.35  # of a photo: more is no damage, but a drawing, a text or a pattern

NO_DAMAGE = "no scratches were found"
TOO_MUCH = (
    "nothing was repaired: {:.0%} of it looks like damage, as in a drawing, a text or a pattern; "
    "places can be marked by hand"
)


class Restoration(NamedTuple):
    """A repaired photo; where it was changed, (H, W) uint8 in 0..255; and a note about it.

    `deep` are the values of a grey photo of more than 8 bits, sRGB (H, W) uint16, else None.
    """

    image: Image.Image
    changed: np.ndarray
    note: str
    deep: np.ndarray | None = None


class Restorer:
    """Removes scratches, dust, stains and folds. Thread-safe; the network runs in one thread."""

    find_pixels = FIND_PIXELS

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self._runner = make_runner(model, device, engine)

    def restore(
        self, photo: Image.Image, strokes: Sequence[Stroke] = (), stop: Stop = None
    ) -> Restoration:
        """The photo without damage, in sRGB with its own size and alpha.

        A grey photo stays grey; of a colour photo the lightness is repaired and a and b are kept.
        `strokes` add places to repair and protect others. Raises InferenceCancelledError soon
        after `stop()` is true.
        """
        deep = read_deep(photo)
        photo, alpha = split_alpha(to_srgb(photo))
        light = measure_light(photo) if deep is None else deep.light
        repaired, changed, note = self.repair_light(light, strokes, stop=stop)
        image = replace_light(photo, repaired, changed)
        if alpha is not None:
            image.putalpha(alpha)
        values = None if deep is None else replace_deep(deep.values, repaired, changed)
        return Restoration(image, changed, note, values)

    def repair_light(
        self,
        light: np.ndarray,
        strokes: Sequence[Stroke] = (),
        sheet: tuple[int, int] | None = None,
        box: tuple[int, int, int, int] | None = None,
        stop: Stop = None,
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """`light` (H, W) uint16 without damage, where it changed (H, W) uint8, and a note.

        `light` is the `box` of a scan of `sheet` (H, W), to which the strokes refer; the whole scan
        by default.
        """
        marked, kept = draw_strokes(strokes, sheet or light.shape, box)
        shapes = scales(light.shape)
        marks = assign_marks(marked, light.shape, shapes)
        find, fill = partial(self._find, stop=stop), partial(self._fill, stop=stop)
        current, opacity = repair_scales(light, shapes, marks, kept, find, fill, self.find_pixels)
        changed = (opacity * 255 + 0.5).astype(np.uint8)
        share = float((changed > 127).mean())
        if share > MAX_DAMAGE and not marked.any():
            return light, np.zeros_like(changed), TOO_MUCH.format(share)
        note = f"scratches: {share:.1%} of the photo was repaired" if share else NO_DAMAGE
        return current, changed, note

    def _find(
        self, light: np.ndarray, marks: np.ndarray, stop: Stop = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Wide damage of `light` (H, W) uint16, as to be repaired at coarse scales, and all damage;
        (H, W) bool each."""
        probability = self._run(light, marks, stop)[..., 1]
        found = find_damage(light, probability)
        return keep_thick(probability > COARSE_LEVEL * ONE) & found, found

    def _fill(self, light: np.ndarray, damage: np.ndarray, stop: Stop = None) -> np.ndarray:
        """`light` (H, W) uint16 with the network's fill in the tiles with `damage` (H, W) bool."""
        if not damage.any():
            return light
        return self._run(light, grow_damage(damage), stop, only_marked=True)[..., 0]

    def _run(
        self, light: np.ndarray, marks: np.ndarray, stop: Stop, only_marked: bool = False
    ) -> np.ndarray:
        """Both outputs of the network, (H, W, 2) uint16: light, and the probability of damage.

        With `only_marked` tiles without marks are left out: their light stays.
        """

        def paint(tile: np.ndarray) -> np.ndarray:
            if stop is not None and stop():
                raise InferenceCancelledError
            if only_marked and not tile[..., 1].any():
                return tile
            height, width = tile.shape[:2]
            padded = mirror_to_multiple(tile, multiple)
            x = encode_restore_input(
                light_to_lightness(padded[None, ..., 0]), padded[None, ..., 1].astype(np.float32)
            )
            lightness, damage = decode_restored(self._runner(x, None, stop))
            found = np.stack([lightness[0] * np.float32(LIGHT_SCALE), damage[0] * ONE], -1)
            return found[:height, :width]

        multiple = self.config.generator.multiple
        sides = tuple(fit_side(side, TILE, OVERLAP, multiple) for side in light.shape)
        both = np.stack([light, marks.astype(np.uint16)], -1)
        return paint_in_tiles(both, (sides[0], sides[1]), paint, OVERLAP)


Planes = tuple[np.ndarray, np.ndarray]
Find = Callable[[np.ndarray, np.ndarray], Planes]  # light, marks -> wide damage, all damage
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]  # light, damage -> filled light
Shape = tuple[int, int]


def scales(shape: Shape) -> list[Shape]:
    """The shapes (H, W) at which a photo is repaired, coarse to fine; the last is its own."""
    shapes = [shape]
    while min(shapes[0]) >= 2 * COARSEST:
        part = 2 ** len(shapes)
        shapes.insert(0, (round(shape[0] / part), round(shape[1] / part)))
    return shapes


def assign_marks(marked: np.ndarray, shape: Shape, shapes: Sequence[Shape]) -> list[np.ndarray]:
    """The marks (H, W) uint16 of 0 and 1 for each of `shapes`.

    Each connected place is marked at one scale: the finest at which its distance from the border
    is at most MARK_REACH pixels.
    """
    count, labels = cv2.connectedComponents(marked)
    reach = cv2.distanceTransform(marked, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    reach *= shape[0] / marked.shape[0]
    thickest = np.zeros(count, np.float32)
    np.maximum.at(thickest, labels.ravel().astype(np.intp), reach.ravel())
    at = np.zeros(count, int)
    for i, own in enumerate(shapes):
        at[thickest * (own[0] / shape[0]) <= MARK_REACH] = i
    places = np.where(labels > 0, at[labels], -1)
    return [
        (
            cv2.resize((places == i).astype(np.float32), own[::-1], interpolation=cv2.INTER_AREA)
            > 0
        ).astype(np.uint16)
        for i, own in enumerate(shapes)
    ]


def repair_scales(
    light: np.ndarray,
    shapes: Sequence[Shape],
    marks: Sequence[np.ndarray],
    kept: np.ndarray,
    find: Find,
    fill: Fill,
    find_pixels: int = FIND_PIXELS,
) -> Planes:
    """`light` (H, W) uint16 repaired from coarse to fine, and the opacity (H, W) float32 of it."""
    finest = max(i for i, (h, w) in enumerate(shapes) if i == 0 or h * w <= find_pixels)
    current: np.ndarray = resize_photo(light, shapes[0])
    opacity: np.ndarray = np.zeros(shapes[0], np.float32)
    thin: np.ndarray = np.zeros(shapes[0], bool)  # found, but not replaced there
    clean = current  # without all damage
    for i, (shape, mark) in enumerate(zip(shapes, marks)):
        is_last = i == len(shapes) - 1
        if i > 0:  # repairs of the coarser scale
            own = resize_photo(light, shape)
            opacity = cv2.resize(opacity, shape[::-1], interpolation=cv2.INTER_LINEAR)
            coarse = cv2.resize(current, shape[::-1], interpolation=cv2.INTER_CUBIC)
            current = blend(own, coarse, opacity)
        intact = cv2.resize(kept, shape[::-1], interpolation=cv2.INTER_NEAREST) == 0
        damage = intact & (mark > 0)
        hidden = damage
        if i <= finest:
            wide, found = find(current, mark)
            damage = damage | (intact & (found if is_last else wide))
            hidden = damage | (intact & found)
        is_filled = damage.any() or i == finest
        filled, before = fill(current, hidden) if is_filled else current, current
        here = repair_opacity(damage) * intact
        current = blend(current, filled, here)
        if i == finest:
            thin, clean = hidden & ~damage, blend(before, filled, repair_opacity(hidden) * intact)
        elif is_last:
            clean = cv2.resize(clean, shape[::-1], interpolation=cv2.INTER_CUBIC)
            fine = repair_opacity(enlarge_mask(thin, shape) & intact) * intact
            current = blend(current, clean, fine)
            here = np.maximum(here, fine)
        opacity = np.maximum(opacity, here)
    return current, opacity


def enlarge_mask(mask: np.ndarray, shape: Shape) -> np.ndarray:
    """`mask` (h, w) bool enlarged to (H, W), with smooth edges."""
    size = shape[::-1]
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5


def blend(below: np.ndarray, above: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """(H, W) uint16 with `above` over `below`; unchanged to the bit where the opacity is 0."""
    result = below.copy()

    def mix(strip: slice) -> None:
        part = opacity[strip]
        if part.any():
            base = below[strip].astype(np.float32)
            result[strip] = base + (above[strip] - base) * part + np.float32(0.5)

    map_strips(below.shape, mix)
    return result


def replace_light(photo: Image.Image, light: np.ndarray, changed: np.ndarray) -> Image.Image:
    """The photo (mode L or RGB) with the lightness of `light` where `changed` is above 0."""
    pixels = np.array(photo)
    where = np.nonzero(changed)
    lightness = light_to_lightness(light[where])
    if pixels.ndim == 2:
        neutral = np.zeros((len(lightness), 2), np.float32)
        pixels[where] = lab_to_rgb(np.concatenate([lightness[:, None], neutral], 1))[:, 0]
    else:
        lab = rgb_to_lab(pixels[where])
        lab[:, 0] = lightness
        pixels[where] = lab_to_rgb(fit_gamut(lab))
    return Image.fromarray(pixels)


def replace_deep(values: np.ndarray, light: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """sRGB grey `values` (H, W) uint16 with the lightness of `light` where `changed` is above 0."""
    where, result = np.nonzero(changed), values.copy()
    lab = np.zeros((len(where[0]), 3), np.float32)
    lab[:, 0] = light_to_lightness(light[where])
    luminance = lab_to_linear_rgb(lab)[:, 1].clip(0, 1)
    result[where] = np.rint(encode_gamma(luminance) * np.float32(65535))
    return result
