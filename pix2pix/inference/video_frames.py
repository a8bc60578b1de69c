"""Colourise and translate the frames of a video, with colours that do not flicker.

A processor takes the frames (H, W, 3) uint8 in order and returns each one's result, of its size.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from pix2pix.images.chroma_upsampling import light_to_lightness, measure_light, recolor
from pix2pix.inference.colorizer import Colorizer, check_size
from pix2pix.inference.image_to_image import Translator
from pix2pix.inference.photo_session import check_strength
from pix2pix.inference.working_shapes import resize_photo, working_shape
from pix2pix.video.color_steadier import MEMORY, ColorSteadier

STEADY_SIZE = 256  # short side in pixels at which translated frames are steadied

ProcessFrame = Callable[[np.ndarray], np.ndarray]


def colorize_frames(
    colorizer: Colorizer, strength: float = 1.0, size: int | None = None, steady: bool = True
) -> ProcessFrame:
    """A processor that colourises frames and keeps their L.

    `strength` and `size` as in `Colorizer.colorize`. Raises ValueError if they are out of range.
    """
    size = colorizer.size if size is None else size
    check_strength(strength)
    check_size(size, colorizer.size)
    steadier = ColorSteadier(MEMORY if steady else 0)

    def process(rgb: np.ndarray) -> np.ndarray:
        light = measure_light(Image.fromarray(rgb))
        small = light_to_lightness(resize_photo(light, colorizer.working_shape(light.shape, size)))
        ab = steadier.steady(small, resize_photo(colorizer.predict(small).ab, small.shape))
        return np.asarray(recolor(light, small, ab * np.float32(strength)))

    return once_per_picture(process)


def translate_frames(
    translator: Translator,
    seed: int = 0,
    size: int | None = None,
    tile: int | None = None,
    steady: bool = True,
) -> ProcessFrame:
    """A processor that translates frames; their a and b are steadied, their L is as translated.

    `seed`, `size` and `tile` as in `Translator.translate`. ValueError if they are out of range.
    """
    translator.check_sizes(size, tile)
    steadier = ColorSteadier()

    def process(rgb: np.ndarray) -> np.ndarray:
        photo = Image.fromarray(rgb)
        result = np.asarray(translator.translate(photo, seed, size=size, tile=tile))
        return steady_result(steadier, rgb, result) if steady else result

    return once_per_picture(process)


def steady_result(steadier: ColorSteadier, source: np.ndarray, result: np.ndarray) -> np.ndarray:
    """The result (H, W, 3) uint8 with steadied a and b; motion is found in the source frame."""
    height, width = source.shape[:2]
    shape = working_shape(height, width, min(STEADY_SIZE, height, width))
    guide = light_to_lightness(resize_photo(measure_light(Image.fromarray(source)), shape))
    lab = cv2.cvtColor(result.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    small_ab = resize_photo(lab[..., 1:], shape)
    change = steadier.steady(guide, small_ab) - small_ab
    lab[..., 1:] += cv2.resize(change, lab.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    rgb = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    return (rgb * 255 + 0.5).clip(0, 255).astype(np.uint8)


def once_per_picture(process: ProcessFrame) -> ProcessFrame:
    """`process` with repeated frames, as in slowed-down old films, processed once."""
    last: tuple[np.ndarray, np.ndarray] | None = None

    def run(rgb: np.ndarray) -> np.ndarray:
        nonlocal last
        if last is None or not np.array_equal(last[0], rgb):
            last = rgb, process(rgb)
        return last[1]

    return run
