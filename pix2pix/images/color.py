"""sRGB and CIE L*a*b* (D65, 2 degrees): conversion, gamut, colourfulness.

Lab arrays are float32 (..., 3): L in 0..100, a and b within about +-110 for sRGB colours.
"""

import numpy as np

# IEC 61966-2-1 primaries and the D65 white that they add up to.
RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ],
    np.float32,
)
XYZ_TO_RGB = np.linalg.inv(RGB_TO_XYZ.astype(np.float64)).astype(np.float32)
WHITE_POINT = RGB_TO_XYZ.sum(1)  # XYZ of RGB (1, 1, 1)

AB_SPACING = 16  # distance between the a/b points that the network predicts a distribution over
AB_SCALE = 110.0  # networks use a and b divided by this; sRGB has -108..98

# CIE 15:2004, the linear part of the cube root near black.
LAB_EPSILON = (6 / 29) ** 3
LAB_KAPPA = (29 / 6) ** 2 / 3
LAB_OFFSET = 4 / 29


def decode_gamma(rgb: np.ndarray) -> np.ndarray:
    """Linear values of sRGB, both in 0..1."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def encode_gamma(linear: np.ndarray) -> np.ndarray:
    """sRGB of linear values, both in 0..1."""
    positive = np.maximum(linear, 0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * positive ** (1 / 2.4) - 0.055)


LINEAR_OF_U8 = decode_gamma(np.arange(256, dtype=np.float64) / 255).astype(np.float32)


def rgb_to_lab(rgb_u8: np.ndarray) -> np.ndarray:
    """Lab (..., 3) float32 from sRGB (..., 3) uint8."""
    if rgb_u8.dtype != np.uint8 or rgb_u8.shape[-1] != 3:
        raise ValueError(f"expected (..., 3) uint8, got {rgb_u8.shape} {rgb_u8.dtype}")
    xyz = LINEAR_OF_U8[rgb_u8] @ (RGB_TO_XYZ / WHITE_POINT[:, None]).T
    f = np.where(xyz > LAB_EPSILON, np.cbrt(xyz), LAB_KAPPA * xyz + LAB_OFFSET)
    lab = np.empty_like(f)
    lab[..., 0] = 116 * f[..., 1] - 16
    lab[..., 1] = 500 * (f[..., 0] - f[..., 1])
    lab[..., 2] = 200 * (f[..., 1] - f[..., 2])
    return lab


def lightness(gray_or_rgb_u8: np.ndarray) -> np.ndarray:
    """L (H, W) float32 in 0..100 from a grey (H, W) or sRGB (H, W, 3) uint8 image."""
    linear = LINEAR_OF_U8[gray_or_rgb_u8]
    luminance = linear @ RGB_TO_XYZ[1] if linear.ndim == 3 else linear
    return lightness_of_luminance(luminance).astype(np.float32)


def lightness_of_luminance(luminance: np.ndarray) -> np.ndarray:
    """L in 0..100 of luminances in 0..1."""
    f = np.where(luminance > LAB_EPSILON, np.cbrt(luminance), LAB_KAPPA * luminance + LAB_OFFSET)
    return 116 * f - 16


def lab_to_linear_rgb(lab: np.ndarray) -> np.ndarray:
    """Linear RGB (..., 3) float32; outside 0..1 for colours outside the sRGB gamut."""
    f_y = (lab[..., 0] + 16) / 116
    f = np.stack([f_y + lab[..., 1] / 500, f_y, f_y - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, (f - LAB_OFFSET) / LAB_KAPPA) * WHITE_POINT
    return (xyz @ XYZ_TO_RGB.T).astype(np.float32)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """sRGB (..., 3) uint8. Colours outside the gamut are clipped; see `fit_gamut`."""
    rgb = encode_gamma(np.clip(lab_to_linear_rgb(lab), 0, 1))
    return (rgb * 255 + 0.5).astype(np.uint8)


GAMUT_TOLERANCE = 5e-4  # of linear RGB, far below a step of 8-bit sRGB near black
GAMUT_STEPS = 11  # chroma to within 1/2048 of itself: a rounding error is less than a step of sRGB


def fit_gamut(lab: np.ndarray) -> np.ndarray:
    """Lab (..., 3) float32 with chroma reduced to the sRGB gamut; L and hue are kept."""

    def fits(values: np.ndarray) -> np.ndarray:
        linear = lab_to_linear_rgb(values)
        return np.all((linear >= -GAMUT_TOLERANCE) & (linear <= 1 + GAMUT_TOLERANCE), axis=-1)

    result = np.array(lab, np.float32)
    outside = ~fits(result)
    if not outside.any():
        return result
    colors = result[outside]
    low, high = np.zeros(len(colors), np.float32), np.ones(len(colors), np.float32)
    for _ in range(GAMUT_STEPS):
        middle = (low + high) / 2
        scaled = colors * np.stack([np.ones_like(middle), middle, middle], -1)
        inside = fits(scaled)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    result[outside, 1:] = colors[:, 1:] * low[:, None]
    return result


def ab_grid() -> np.ndarray:
    """The a/b points (88, 2) float32, AB_SPACING apart, that are in the sRGB gamut at some L."""
    ticks = np.arange(-7, 8, dtype=np.float32) * AB_SPACING
    ab = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(-1, 1, 2)
    levels = np.arange(1, 100, dtype=np.float32)[None, :, None]
    lab = np.concatenate(np.broadcast_arrays(levels, ab[..., :1], ab[..., 1:]), -1)  # (K, 99, 3)
    linear = lab_to_linear_rgb(lab)
    showable = np.any(np.all((linear >= 0) & (linear <= 1), axis=-1), axis=1)
    return ab[showable, 0]


def colorfulness(rgb_u8: np.ndarray) -> float:
    """The colourfulness of sRGB (..., 3) uint8; 0 for grey.

    Hasler and Suesstrunk, "Measuring colourfulness in natural images" (2003).
    """
    r, g, b = np.moveaxis(rgb_u8.astype(np.float32), -1, 0)
    rg, yb = r - g, (r + g) / 2 - b
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
