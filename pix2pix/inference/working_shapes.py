"""Choose the working shape of a network, and resize or pad images to it."""

import cv2
import numpy as np

MAX_ASPECT = 4  # maximum ratio of the working image's sides


def working_shape(height: int, width: int, size: int) -> tuple[int, int]:
    """(H, W) with the short side `size` and the same aspect ratio, up to MAX_ASPECT."""
    scale = size / min(height, width)
    limit = size * MAX_ASPECT
    return min(round(height * scale), limit), min(round(width * scale), limit)


def pad_to_multiple(array: np.ndarray, multiple: int) -> np.ndarray:
    """(H, W, ...) with its last row and column repeated up to multiples of `multiple`."""
    height, width, *rest = array.shape
    sides = [(0, -height % multiple), (0, -width % multiple), *[(0, 0)] * len(rest)]
    return np.pad(array, sides, mode="edge")


def mirror_to_multiple(array: np.ndarray, multiple: int) -> np.ndarray:
    """(H, W, ...) padded by its mirror image, below and right, to multiples of `multiple`."""
    height, width, *rest = array.shape
    sides = [(0, -height % multiple), (0, -width % multiple), *[(0, 0)] * len(rest)]
    return np.pad(array, sides, mode="symmetric")


def resize_photo(photo: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The photo resized to (H, W): area averaging to shrink, bicubic interpolation to grow."""
    shrinks = shape[0] * shape[1] < photo.shape[0] * photo.shape[1]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(photo, shape[::-1], interpolation=kind)
