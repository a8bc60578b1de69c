"""Reject plain photos that were mistaken for side-by-side pairs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pix2pix.data.discovery import Example
from pix2pix.images.reader import open_image
from pix2pix.images.seam import MIN_SEAM, measure_center_seam

HALF_NAMES = ("left", "right")

SAMPLE_SIZE = 32  # images, evenly spread


def check_pairs(folder: Path, examples: Sequence[Example]) -> None:
    """Raises ValueError if most of the supposed pairs have no seam at their centre."""
    spread = np.linspace(0, len(examples) - 1, min(len(examples), SAMPLE_SIZE)).round().astype(int)
    steps = [step for i in spread if (step := _step_in(examples[i].parts[0].path)) is not None]
    whole = sum(step < MIN_SEAM for step in steps)
    if whole >= 2 and whole > len(steps) / 2:
        raise ValueError(
            f"{folder}: expected pairs, got what looks like plain photos: in {whole} of "
            f"{len(steps)} images looked at, the left half goes on in the right. Pairs are A left "
            "and B right in one image, or two folders A and B of the same names ('python -m "
            "pix2pix prepare' makes them); if these are pairs all the same, --layout side_by_side "
            "takes them as they are"
        )


def _step_in(path: Path) -> float | None:
    try:
        return measure_center_seam(open_image(path))
    except ValueError:
        return None  # reported when it is read for training
