"""Replace the damaged places of a photo, and nothing else."""

import cv2
import numpy as np

DAMAGE_LEVEL = 0.5  # probability from which a pixel counts as damaged
GROW = 1  # pixels: the rim of a scratch is fainter than what is found
FEATHER = 2  # pixels over which a repair fades into the photo
THICK = 3  # pixels: damage as thick as this is repaired at a coarse level


def repair_opacity(damage: np.ndarray) -> np.ndarray:
    """The opacity (H, W) float32 of a repair of `damage` (H, W) bool.

    1 on the damage and GROW pixels around it, then falling to 0 within FEATHER pixels.
    """
    if not damage.any():
        return np.zeros(damage.shape, np.float32)
    distance = cv2.distanceTransform((~damage).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return ((GROW + FEATHER + 1 - distance) / (FEATHER + 1)).clip(0, 1)


def replace_damage(lightness: np.ndarray, repaired: np.ndarray, damage: np.ndarray) -> np.ndarray:
    """L (H, W) with `repaired` (H, W) where the probability of damage (H, W) is high.

    Pixels away from the damage stay the same to the bit.
    """
    opacity = repair_opacity(damage > DAMAGE_LEVEL)
    mixed = lightness + (repaired - lightness) * opacity
    return np.where(opacity > 0, mixed, lightness).astype(np.float32)


def keep_thick(damage: np.ndarray) -> np.ndarray:
    """The parts of `damage` (H, W) bool that are at least THICK pixels thick."""
    core = cv2.erode(damage.astype(np.uint8), np.ones((THICK, THICK), np.uint8), borderValue=1)
    return damage & (cv2.dilate(core, np.ones((THICK + 2, THICK + 2), np.uint8)) > 0)
