"""Replace the damaged places of a photo, and nothing else."""

import cv2
import numpy as np

ONE = 65535  # probabilities of damage are uint16
DAMAGE_LEVEL = 0.5  # probability from which a pixel counts as damaged
COARSE_LEVEL = 0.8  # the same at coarse scales: a wide repair that is wrong is seen at once
# The same for what is darker than its surroundings: eyes look like specks, and most damage is light
DARK_LEVEL = 0.9
GROW = 1  # pixels: the rim of a scratch is fainter than what is found
FEATHER = 2  # pixels over which a repair fades into the photo
EMPTY = 1e-4  # a smaller share of known pixels is none
THICK = 3  # pixels: damage as thick as this is repaired at a coarse level


def repair_opacity(damage: np.ndarray) -> np.ndarray:
    """The opacity (H, W) float32 of a repair of `damage` (H, W) bool.

    1 on the damage and GROW pixels around it, then falling to 0 within FEATHER pixels.
    """
    if not damage.any():
        return np.zeros(damage.shape, np.float32)
    distance = cv2.distanceTransform((~damage).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return ((GROW + FEATHER + 1 - distance) / (FEATHER + 1)).clip(0, 1)


def grow_damage(damage: np.ndarray) -> np.ndarray:
    """`damage` (H, W) bool and GROW pixels around it, as uint8 of 0 and 1: what a repair hides."""
    kernel = np.ones((2 * GROW + 1, 2 * GROW + 1), np.uint8)
    return cv2.dilate(damage.astype(np.uint8), kernel)


def fill_smooth(lightness: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """L (H, W) float32 in which places with `marks` (H, W) above 0 are filled from around them.

    Averages of the known pixels on a pyramid, used as fine as there are any: the push-pull method
    of Gortler et al., "The Lumigraph" (SIGGRAPH 1996). Other pixels stay the same to the bit.
    """
    known = marks == 0
    if known.all() or not known.any():
        return lightness
    levels = [(lightness * known, known.astype(np.float32))]
    while min(levels[-1][1].shape) > 2 and levels[-1][1].min() < 1:
        values, weights = levels[-1]
        levels.append((cv2.pyrDown(values), cv2.pyrDown(weights)))
    values, weights = levels.pop()
    filled = np.where(weights > 0, values / np.maximum(weights, EMPTY), lightness[known].mean())
    for values, weights in reversed(levels):
        coarse = cv2.pyrUp(filled.astype(np.float32), dstsize=weights.shape[::-1])
        filled = coarse + (values / np.maximum(weights, EMPTY) - coarse) * weights
    return np.where(known, lightness, filled).astype(np.float32)


def is_dark(light: np.ndarray, damage: np.ndarray) -> np.ndarray:
    """Where `light` (H, W) is darker than what surrounds the `damage` (H, W) bool; bool."""
    if not damage.any():
        return np.zeros(damage.shape, bool)
    return light < fill_smooth(light.astype(np.float32), grow_damage(damage))


def find_damage(light: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Where `light` (H, W) is called damaged, bool, from the `probability` (H, W) uint16 of it."""
    damage = probability > DAMAGE_LEVEL * ONE
    damage &= ~is_dark(light, damage) | (probability > DARK_LEVEL * ONE)
    return damage


def replace_damage(lightness: np.ndarray, repaired: np.ndarray, damage: np.ndarray) -> np.ndarray:
    """L (H, W) with `repaired` (H, W) on the `damage` (H, W) bool.

    Pixels away from the damage stay the same to the bit.
    """
    opacity = repair_opacity(damage)
    mixed = lightness + (repaired - lightness) * opacity
    return np.where(opacity > 0, mixed, lightness).astype(np.float32)


def keep_thick(damage: np.ndarray) -> np.ndarray:
    """The parts of `damage` (H, W) bool that are at least THICK pixels thick."""
    core = cv2.erode(damage.astype(np.uint8), np.ones((THICK, THICK), np.uint8), borderValue=1)
    return damage & (cv2.dilate(core, np.ones((THICK + 2, THICK + 2), np.uint8)) > 0)
