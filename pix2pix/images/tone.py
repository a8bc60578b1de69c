"""Classify a photo's own colours and repair its tones: stretch, invert, smooth grain.

`light` is L as in `chroma_upsampling.py`: (H, W) uint16, 0..65535 for L 0..100.
"""

import cv2
import numpy as np

from pix2pix.images.chroma_upsampling import (
    LIGHT_SCALE,
    compute_light,
    light_to_lightness,
    map_strips,
)
from pix2pix.images.color import rgb_to_lab

# Chroma, in Lab units. Greys saved as JPEG stay below GREY_CHROMA. In a toned photo (sepia,
# yellowed) L determines a and b to within TONE_SPREAD; real colours vary more.
GREY_CHROMA = 4.0
TONE_SPREAD = 3.5
TONE_LEVELS = 16

BLACK_L, WHITE_L = 3.0, 97.0  # range of L after the repair
TAIL = 0.5  # percent of the pixels that may be darker, and lighter
MAX_STRETCH = 4.0  # factor; more would amplify the grain
BORDER = 0.05  # fraction of each side that is ignored: the paper's edge

MAX_GRAIN_L = 6.0
_BILATERAL = 5  # pixels across


def classify_colors(small_rgb: np.ndarray) -> str:
    """Classifies sRGB (h, w, 3) uint8, about 256 pixels high: "grey", "toned" or "coloured".

    Toned means one tint over the whole photo: sepia, yellowed, cyanotype.
    """
    lab = rgb_to_lab(cv2.medianBlur(small_rgb, 3) if min(small_rgb.shape[:2]) >= 3 else small_rgb)
    light, ab = lab[..., 0].ravel(), lab[..., 1:].reshape(-1, 2)
    if np.percentile(np.hypot(ab[:, 0], ab[:, 1]), 98) < GREY_CHROMA:
        return "grey"
    level = (light * (TONE_LEVELS / 100.001)).astype(int)
    count = np.bincount(level, minlength=TONE_LEVELS).clip(1)
    spread = np.zeros(len(light))
    for plane in ab.T:
        mean = np.bincount(level, plane, TONE_LEVELS) / count
        spread += (plane - mean[level]) ** 2
    return "toned" if np.sqrt(spread.mean()) < TONE_SPREAD else "coloured"


def repair_tones(light: np.ndarray) -> tuple[np.ndarray, str]:
    """`light` with its tones stretched to black and white, and a line that describes the change.

    A contrast stretch between percentiles of the area inside BORDER, by at most MAX_STRETCH.
    """
    table, low, high = make_stretch_table(*measure_tone_range(light))
    if table is None:
        return light, f"tones left as they are: L {low:.0f} to {high:.0f}"
    ends = np.clip(np.array([low, high]) * LIGHT_SCALE, 0, 65535).astype(int)
    now = table[ends] / LIGHT_SCALE
    line = f"tones stretched: L {low:.0f} to {high:.0f} is now {now[0]:.0f} to {now[1]:.0f}"
    return table[light], line


def measure_tone_range(light: np.ndarray) -> tuple[float, float]:
    """L of the darkest and the lightest tone, without BORDER and TAIL percent at each end."""
    height, width = light.shape
    top, left = int(height * BORDER), int(width * BORDER)
    inner = light[top : height - top, left : width - left]
    step = max(1, int(np.sqrt(inner.size / 1e6)))  # a sample of a million pixels
    low, high = np.percentile(inner[::step, ::step], [TAIL, 100 - TAIL]) / LIGHT_SCALE
    return float(low), float(high)


def make_stretch_table(low: float, high: float) -> tuple[np.ndarray | None, float, float]:
    """The new `light` of each value, (65536,) uint16, and low and high; None if no change."""
    goal_low, goal_high = min(low, BLACK_L), max(high, WHITE_L)
    if high - low < 1 or goal_high - goal_low < 1.06 * (high - low):
        return None, low, high
    slope = min((goal_high - goal_low) / (high - low), MAX_STRETCH)
    start = (goal_low + goal_high) / 2 - slope * (low + high) / 2  # keeps the range centred
    table = np.arange(65536, dtype=np.float32) * slope + start * LIGHT_SCALE
    return table.clip(0, 65535).astype(np.uint16), low, high


def invert_tones(light: np.ndarray) -> tuple[np.ndarray, str]:
    """The positive of a negative's `light`, stretched to black and white, and a line about it.

    Inverts sRGB values rather than L, like scanning programs do.
    """
    low, high = measure_tone_range(light)
    table = make_invert_table()
    ends = table[[int(high * LIGHT_SCALE), int(low * LIGHT_SCALE)]] / LIGHT_SCALE
    stretch, *_ = make_stretch_table(float(ends[0]), float(ends[1]))
    return (table if stretch is None else stretch[table])[light], "the negative was inverted"


def make_invert_table() -> np.ndarray:
    """The `light` of the inverted sRGB value for each `light`, (65536,) uint16."""
    shades = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
    known = compute_light(shades)[0].astype(np.float64)
    steps = np.interp(np.arange(65536), known, np.arange(256))
    return np.rint(np.interp(255 - steps, np.arange(256), known)).astype(np.uint16)


def smooth_grain(light: np.ndarray) -> tuple[np.ndarray, str]:
    """`light` with smoothed grain and intact edges, and a line that states the grain's strength.

    A bilateral filter with a range in L of twice the measured grain.
    """
    grain = min(measure_grain(light), MAX_GRAIN_L)
    if grain < 0.2:
        return light, f"no grain to smooth (L {grain:.1f})"
    result = np.empty_like(light)
    margin = _BILATERAL // 2

    def smooth(strip: slice) -> None:
        top = max(strip.start - margin, 0)
        part = light_to_lightness(light[top : strip.stop + margin])
        part = cv2.bilateralFilter(part, _BILATERAL, 2 * grain, _BILATERAL / 2)
        part = part[strip.start - top : strip.stop - top] * np.float32(LIGHT_SCALE)
        result[strip] = (part + np.float32(0.5)).clip(0, 65535)

    map_strips(light.shape, smooth)
    return result, f"grain smoothed: L +-{grain:.1f}"


def measure_grain(light: np.ndarray) -> float:
    """The standard deviation of the noise in units of L; 0 if the photo is too small.

    The median form of Immerkaer, "Fast noise variance estimation" (1996), over at most 2 million
    pixels at the centre.
    """
    height, width = light.shape
    if min(height, width) < 3:
        return 0.0
    rows, columns = min(height, 1400), min(width, 1400)
    top, left = (height - rows) // 2, (width - columns) // 2
    part = light_to_lightness(light[top : top + rows, left : left + columns])
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = cv2.filter2D(part, cv2.CV_32F, kernel)[1:-1, 1:-1]
    return float(np.median(np.abs(response)) / 0.6745 / 6)
