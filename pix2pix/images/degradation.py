"""Random defects of an old photo, for training: fading, blur, grain, scratches."""

from dataclasses import dataclass

import cv2
import numpy as np

GRAIN_BLUR = 0.6  # standard deviation in pixels


@dataclass(frozen=True)
class Degradation:
    """The defects of a photo of H x W pixels, as drawn. 0 or None: it has no such defect."""

    gamma: float = 1.0
    black: float = 0.0  # L in 0..1 of what was black, and of what was white
    white: float = 1.0
    patches: np.ndarray | None = None  # (3, 3) float32: light to add, enlarged to (H, W)
    blur: float = 0.0  # standard deviation in pixels
    small: tuple[int, int] | None = None  # (h, w) of a scan at low resolution
    grain: np.ndarray | None = None  # (H, W) float32, standard normal
    grain_strength: float = 0.0
    scratches: np.ndarray | None = None  # (H, W) uint8: 1 on scratches and specks
    scratch_tone: float = 0.0  # their L in 0..1


def degrade(lightness: np.ndarray, rng: np.random.Generator, scratches: bool = True) -> np.ndarray:
    """L (H, W) in 0..100 with random defects of an old scan.

    Contrast and fading, uneven light and stains, blur, low resolution, grain, and `scratches`.
    """
    return apply_degradation(lightness, draw_degradation(lightness.shape, rng, scratches))


def draw_degradation(
    shape: tuple[int, ...], rng: np.random.Generator, scratches: bool = True
) -> Degradation:
    """Random defects for a photo of the shape (H, W)."""
    height, width = shape
    drawn: dict[str, object] = {}
    if rng.random() < 0.7:  # gamma, then faded blacks and whites
        drawn["gamma"] = float(np.float32(np.exp(rng.uniform(-0.35, 0.35))))
        drawn["black"], drawn["white"] = rng.uniform(0, 0.15), rng.uniform(0.85, 1)
    if rng.random() < 0.2:  # uneven light and stains: large soft patches, up to 0.12
        patches = rng.uniform(-1, 1, (3, 3)).astype(np.float32)
        drawn["patches"] = patches * np.float32(rng.uniform(0.03, 0.12))
    if rng.random() < 0.3:
        drawn["blur"] = rng.uniform(0.5, 1.5)
    if rng.random() < 0.15:  # low resolution
        part = rng.uniform(0.35, 0.8)
        drawn["small"] = (max(round(height * part), 8), max(round(width * part), 8))
    if rng.random() < 0.4:
        drawn["grain"] = rng.standard_normal((height, width), np.float32)
        drawn["grain_strength"] = float(np.float32(rng.uniform(0.01, 0.06)))
    if scratches and rng.random() < 0.15:
        drawn["scratches"], drawn["scratch_tone"] = draw_scratches(height, width, rng)
    return Degradation(**drawn)  # type: ignore[arg-type]


def draw_scratches(height: int, width: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """The mask (H, W) uint8 of a few thin scratches and specks, and their L in 0..1."""
    mask: np.ndarray = np.zeros((height, width), np.uint8)
    tone = float(rng.choice([0.05, 0.95]))
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        turn, length = rng.uniform(0, np.pi), rng.uniform(0.1, 0.8) * max(height, width)
        end = (round(x + np.cos(turn) * length), round(y + np.sin(turn) * length))
        cv2.line(mask, (round(x), round(y)), end, 1)
    for _ in range(int(rng.integers(0, 12))):
        spot = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(mask, spot, int(rng.integers(1, 3)), 1, -1)
    return mask, tone


def apply_degradation(lightness: np.ndarray, defects: Degradation) -> np.ndarray:
    """L (H, W) in 0..100 with these defects; `data/device_color.py` for a batch."""
    height, width = lightness.shape
    x: np.ndarray = lightness / 100
    if defects.gamma != 1:
        x = x**defects.gamma
    if defects.black or defects.white != 1:
        x = defects.black + x * (defects.white - defects.black)
    if defects.patches is not None:
        x = x + cv2.resize(defects.patches, (width, height), interpolation=cv2.INTER_CUBIC)
    if defects.blur:
        x = cv2.GaussianBlur(x, (0, 0), defects.blur)
    if defects.small is not None:
        small = cv2.resize(x, defects.small[::-1], interpolation=cv2.INTER_AREA)
        x = cv2.resize(small, (width, height))
    if defects.grain is not None:
        x = x + cv2.GaussianBlur(defects.grain, (0, 0), GRAIN_BLUR) * defects.grain_strength
    if defects.scratches is not None:
        x = np.where(defects.scratches > 0, np.float32(defects.scratch_tone), x)
    return (x * 100).clip(0, 100).astype(np.float32)
