"""The colour error of colourised photos."""

from collections.abc import Mapping

import numpy as np

GREY_TRUTH = 8.0  # chroma in Lab units below which a true colour counts as nearly grey

# Parts of `false_chroma`, which is a mean over the pixels of all photos
_GREY_CHROMA, _GREY_SHARE = "grey_chroma", "grey_share"


def ab_error(a: np.ndarray, b: np.ndarray) -> float:
    """The mean Euclidean distance between a/b planes (H, W, 2), in Lab units."""
    return float(np.hypot(*np.moveaxis(a - b, -1, 0)).mean())


def measure_cast(ab: np.ndarray, true: np.ndarray, suffix: str = "") -> dict[str, float]:
    """The colour cast of a photo with `ab` (H, W, 2), in Lab units.

    The mean signed errors of a and b, and two figures from which `false_chroma` is computed.
    """
    bias_a, bias_b = (ab - true).mean((0, 1))
    is_grey = np.hypot(true[..., 0], true[..., 1]) < GREY_TRUTH
    chroma = np.hypot(ab[..., 0], ab[..., 1])
    return {
        f"bias_a{suffix}": float(bias_a),
        f"bias_b{suffix}": float(bias_b),
        f"{_GREY_CHROMA}{suffix}": float((chroma * is_grey).mean()),
        f"{_GREY_SHARE}{suffix}": float(is_grey.mean()),
    }


def with_false_chroma(means: Mapping[str, float]) -> dict[str, float]:
    """The mean figures of photos with `false_chroma` in place of its parts.

    It is the mean chroma of all pixels with a true chroma below GREY_TRUTH; absent if none has.
    """
    result = {}
    for key, value in means.items():
        if key.startswith(_GREY_CHROMA):
            suffix = key[len(_GREY_CHROMA) :]
            if share := means[_GREY_SHARE + suffix]:
                result[f"false_chroma{suffix}"] = value / share
        elif not key.startswith(_GREY_SHARE):
            result[key] = value
    return result
