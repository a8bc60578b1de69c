"""Replace the damaged places of a photo, and nothing else."""

import cv2
import numpy as np

DAMAGE_LEVEL = 0.5  # probability from which a pixel counts as damaged
GROW = 1  # pixels: the rim of a scratch is fainter than what is found
FEATHER = 2  # pixels over which a repair fades into the photo


def repair_opacity(damage: np.ndarray, level: float = DAMAGE_LEVEL) -> np.ndarray:
    """The opacity (H, W) float32 of a repair, from the probability of damage (H, W).

    1 on the damage and GROW pixels around it, then falling to 0 within FEATHER pixels.
    """
    intact = np.asarray(damage <= level, np.uint8)
    if intact.all():
        return np.zeros(damage.shape, np.float32)
    distance = cv2.distanceTransform(intact, cv2.DIST_L2, 3)
    return ((GROW + FEATHER + 1 - distance) / (FEATHER + 1)).clip(0, 1)


def replace_damage(lightness: np.ndarray, repaired: np.ndarray, damage: np.ndarray) -> np.ndarray:
    """L (H, W) with `repaired` (H, W) where the probability `damage` (H, W) is high.

    Pixels away from the damage stay the same to the bit.
    """
    opacity = repair_opacity(damage)
    mixed = lightness + (repaired - lightness) * opacity
    return np.where(opacity > 0, mixed, lightness).astype(np.float32)
