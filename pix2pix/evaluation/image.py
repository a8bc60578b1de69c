"""Image metrics: L1, PSNR, SSIM of sRGB images (H, W, 3) uint8, or of arrays of that scale.

`valid` (H, W) bool excludes pixels, such as the corners of a rectified photo.
"""

import cv2
import numpy as np


def mean_absolute_error(a_u8: np.ndarray, b_u8: np.ndarray, valid: np.ndarray) -> float:
    """The mean absolute error in 0..255."""
    return float(np.abs(a_u8[valid].astype(np.float32) - b_u8[valid]).mean())


def psnr(a_u8: np.ndarray, b_u8: np.ndarray, valid: np.ndarray) -> float:
    """The peak signal-to-noise ratio in dB, at most 100 (identical images)."""
    error = np.mean((a_u8[valid].astype(np.float64) - b_u8[valid]) ** 2)
    return float(min(100.0, 10 * np.log10(255**2 / max(error, 1e-12))))


def lightness_psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray | None = None) -> float:
    """The peak signal-to-noise ratio in dB of L (H, W) in 0..100, in `where` (H, W) bool."""
    difference = (a - b).astype(np.float64) if where is None else (a - b)[where].astype(np.float64)
    error = np.mean(difference**2)
    return float(min(100.0, 10 * np.log10(100**2 / max(error, 1e-12))))


def ssim(a_u8: np.ndarray, b_u8: np.ndarray, valid: np.ndarray) -> float:
    """The structural similarity, -1..1: the mean over the pixels and the three channels.

    Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004):
    an 11x11 Gaussian window with sigma 1.5, K1 = 0.01, K2 = 0.03, without the outermost 5 pixels.
    Windows of valid pixels may include excluded ones, so callers make these equal in both images.
    """
    a, b = a_u8.astype(np.float32), b_u8.astype(np.float32)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    similarity = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    )
    inner = np.zeros_like(valid)
    inner[5:-5, 5:-5] = valid[5:-5, 5:-5]
    return float(similarity[inner if inner.any() else valid].mean())


def _blur(x: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(x, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT)
