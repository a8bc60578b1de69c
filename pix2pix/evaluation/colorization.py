"""The colour error of colourised photos."""

import numpy as np


def ab_error(a: np.ndarray, b: np.ndarray) -> float:
    """The mean Euclidean distance between a/b planes (H, W, 2), in Lab units."""
    return float(np.hypot(*np.moveaxis(a - b, -1, 0)).mean())
