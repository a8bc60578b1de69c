"""Warn where the sizes of the images do not suit the size of training."""

from collections.abc import Sequence

import numpy as np

SMALL = 0.75  # of the training size: smaller images are enlarged noticeably
STRETCH = 1.5  # change of the aspect ratio


def describe_sizes(
    sizes: Sequence[tuple[int, int]], shape: tuple[int, int], resize_mode: str
) -> list[str]:
    """Warnings about images of `sizes` (width, height), trained at `shape` (H, W).

    `resize_mode` is one of config.RESIZE_MODES. Most of the images decide.
    """
    if not sizes:
        return []
    height, width = shape
    own = np.array(sizes, float)
    typical_width, typical_height = (round(v) for v in np.median(own, axis=0))
    lines = []
    scale = np.minimum(own[:, 0] / width, own[:, 1] / height)
    if np.median(scale) < SMALL:
        lines.append(
            f"most images are smaller than the training size ({typical_width}x{typical_height}, "
            f"trained at {width}x{height}): they are enlarged, and the model learns their blur. "
            f"--size {suggest_size(min(typical_width, typical_height))} suits them"
        )
    change = (own[:, 0] / own[:, 1]) / (width / height)
    if resize_mode == "stretch" and np.median(np.maximum(change, 1 / change)) > STRETCH:
        lines.append(
            f"most images are {typical_width}x{typical_height} and are stretched to "
            f"{width}x{height}. --width and --size of their shape, or --resize-mode crop or pad, "
            "keep their proportions"
        )
    return lines


def suggest_size(side: int) -> int:
    """The largest power of two up to `side`, at least 16."""
    return max(16, 2 ** (max(side, 1).bit_length() - 1))
