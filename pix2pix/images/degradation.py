"""Random defects of an old photo, for training: fading, blur, grain, scratches."""

import cv2
import numpy as np


def degrade(lightness: np.ndarray, rng: np.random.Generator, scratches: bool = True) -> np.ndarray:
    """L (H, W) in 0..100 with random defects of an old scan.

    Contrast and fading, uneven light and stains, blur, low resolution, grain, and `scratches`.
    """
    x: np.ndarray = lightness / 100
    if rng.random() < 0.7:  # gamma, then faded blacks and whites
        x = x ** np.float32(np.exp(rng.uniform(-0.35, 0.35)))
        black, white = rng.uniform(0, 0.15), rng.uniform(0.85, 1)
        x = black + x * (white - black)
    if rng.random() < 0.2:
        x = x + paper_tone(x.shape, rng)
    if rng.random() < 0.3:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.5, 1.5))
    if rng.random() < 0.15:  # low resolution
        height, width = x.shape
        part = rng.uniform(0.35, 0.8)
        small = (max(round(width * part), 8), max(round(height * part), 8))
        x = cv2.resize(cv2.resize(x, small, interpolation=cv2.INTER_AREA), (width, height))
    if rng.random() < 0.4:
        grain = rng.standard_normal(x.shape, np.float32)
        x = x + cv2.GaussianBlur(grain, (0, 0), 0.6) * np.float32(rng.uniform(0.01, 0.06))
    if scratches and rng.random() < 0.15:
        x = scratch(x, rng)
    return (x * 100).clip(0, 100).astype(np.float32)


def paper_tone(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Uneven light and stains to add to L (H, W) in 0..1: large soft patches, up to 0.12."""
    patches = rng.uniform(-1, 1, (3, 3)).astype(np.float32) * np.float32(rng.uniform(0.03, 0.12))
    return cv2.resize(patches, shape[::-1], interpolation=cv2.INTER_CUBIC)


def scratch(lightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """L (H, W) in 0..1 with a few thin, nearly straight scratches and specks."""
    height, width = lightness.shape
    drawn = np.ascontiguousarray(lightness, np.float32)
    tone = float(rng.choice([0.05, 0.95]))
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        turn, length = rng.uniform(0, np.pi), rng.uniform(0.1, 0.8) * max(height, width)
        end = (round(x + np.cos(turn) * length), round(y + np.sin(turn) * length))
        cv2.line(drawn, (round(x), round(y)), end, tone, 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 12))):
        spot = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(drawn, spot, int(rng.integers(1, 3)), tone, -1)
    return drawn
