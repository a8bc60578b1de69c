"""How near a picture's colours are to the true ones."""

import numpy as np


def ab_error(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Euclidean distance of a/b (H, W, 2), in Lab units."""
    return float(np.hypot(*np.moveaxis(a - b, -1, 0)).mean())
