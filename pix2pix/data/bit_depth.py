"""Find one value range for all deep images of a dataset (10 to 16 bits, floats), read at 8 bits.

A range per image would make dark images as bright as bright ones, and 12 bits read as 16 would be
nearly black. The range is saved with the recipe and in config.json, so that a model's later inputs
are scaled like its training images.
"""

import logging
from collections.abc import Sequence

import numpy as np

from pix2pix.data.discovery import ImagePart
from pix2pix.data.example_reader import map_threads, open_parts
from pix2pix.images.reader import read_mode
from pix2pix.images.value_range import (
    ValueRange,
    guess_value_range,
    is_deep,
    measure_value_extremes,
)

SAMPLE_SIZE = 256  # evenly spaced deep images

log = logging.getLogger(__name__)


def find_set_range(parts: Sequence[ImagePart], what: str) -> ValueRange:
    """The value range of the images above 8 bits, which is logged; () if there are none."""

    def mode_of(part: ImagePart) -> str:
        try:
            return read_mode(part.path)
        except ValueError:
            return ""  # reported by the validation

    def look(part: ImagePart) -> tuple[float, float, bool] | None:
        try:
            image = open_parts([part])[0]
        except ValueError:
            return None
        return (*measure_value_extremes(image), image.mode == "F") if is_deep(image.mode) else None

    modes = map_threads(mode_of, parts, "looking at depths")
    deep = [part for part, mode in zip(parts, modes) if is_deep(mode)]
    spread = np.linspace(0, len(deep) - 1, min(len(deep), SAMPLE_SIZE)).round().astype(int)
    looks = [x for x in map_threads(look, [deep[i] for i in spread], "looking at values") if x]
    if not looks:
        return ()
    low, high = min(x[0] for x in looks), max(x[1] for x in looks)
    found = guess_value_range(low, high, any(x[2] for x in looks))
    log.info(
        "%s: %s of more than 8 bits, with values from %s to %s: in all of them, %s to %s is read "
        "as 0 to 255",
        what,
        "1 image" if len(deep) == 1 else f"{len(deep):,} images",
        *(f"{value:,.6g}" for value in (low, high, *found)),
    )
    return found
