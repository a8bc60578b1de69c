"""Photos as they come from a scanner: printed in dots, on mounts, as negatives. Made by code."""

import cv2
import numpy as np
from helpers.running import ROOT
from PIL import Image

from pix2pix.images.chroma_upsampling import light_to_lightness, measure_light

EXAMPLES = sorted((ROOT / "assets" / "examples").glob("LC-*.jpg"))


def old_photo(index: int = 0) -> np.ndarray:
    """An old photo (H, W) uint8, without what is left of its own film's edge."""
    return np.asarray(Image.open(EXAMPLES[index]).convert("L"))[10:-10, 10:-10]


def light(grey: np.ndarray) -> np.ndarray:
    return measure_light(Image.fromarray(grey))


def psnr(light: np.ndarray, truth: np.ndarray) -> float:
    """In dB, in L, after the best straight line from one to the other: prints have greys of ink."""
    found, true = light_to_lightness(light).ravel(), light_to_lightness(truth).ravel()
    fitted = np.polyval(np.polyfit(found, true, 1), found)
    return float(10 * np.log10(100**2 / np.mean((fitted - true) ** 2)))


def print_in_dots(grey: np.ndarray, period: float, angle: float, blur: float = 0.6) -> np.ndarray:
    """Round dots as large as the photo is dark there, scanned at a third of the pixels."""
    height, width = grey.shape
    big = cv2.resize(grey, (width * 3, height * 3))
    step = 2 * np.pi / 3 / period
    y, x = (np.arange(3 * side, dtype=np.float32) * step for side in grey.shape)
    y = y[:, None]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    screen = np.cos(x * cos + y * sin) + np.cos(y * cos - x * sin)
    levels = np.sort(screen[::5, ::5], axis=None)
    # The share of the screen that stays without ink is the grey, of each of the 256.
    limits = np.interp(np.arange(256) / 255, np.linspace(0, 1, len(levels)), levels)
    limits[0] = -np.inf
    is_paper = screen < limits[big]
    ink = cv2.resize(is_paper.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    scan = cv2.GaussianBlur(ink, (0, 0), blur) * 235 + 12
    noise = np.random.default_rng(0).normal(0, 2, scan.shape)
    return (scan + noise).clip(0, 255).astype(np.uint8)


def mount(
    photo: np.ndarray, tone: float | np.ndarray, margin: int, angle: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The photo on a larger sheet, turned by `angle` degrees, and its four corners (4, 2) there."""
    height, width = photo.shape
    size = width + 2 * margin, height + 2 * margin
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turn[:, 2] += margin
    turned = cv2.warpAffine(photo.astype(np.float32), turn, size, flags=cv2.INTER_CUBIC)
    inside = cv2.warpAffine(np.ones(photo.shape, np.float32), turn, size)
    sheet = tone * (1 - inside) + turned * inside
    sheet = sheet + np.random.default_rng(0).normal(0, 1.5, sheet.shape)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return sheet.clip(0, 255).astype(np.uint8), corners @ turn[:, :2].T + turn[:, 2]
