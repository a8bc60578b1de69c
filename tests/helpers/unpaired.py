"""Small sets of images without pairs: warm stripes and cold dots."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 36
# Small networks and images, for runs of the recipes cyclegan and cut
TINY = ["--size", "32", "--ngf", "4", "--ndf", "4", "--receptive-field", "16", "--num-workers", "0"]
TINY += ["--architecture", "resnet_6blocks", "--log-every", "1", "--batch-size", "2"]


def warm(rng: np.random.Generator) -> np.ndarray:
    """Stripes in red and yellow, (SIDE, SIDE, 3) uint8."""
    wave = np.sin(np.arange(SIDE)[:, None] * rng.uniform(0.3, 1) + rng.uniform(0, 6))
    image = np.zeros((SIDE, SIDE, 3))
    image[..., 0], image[..., 1] = 200, 100 + 80 * wave
    return image.astype(np.uint8)


def cold(rng: np.random.Generator) -> np.ndarray:
    """Dots in blue, (SIDE, SIDE, 3) uint8."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[..., 2] = 140
    for y, x in rng.integers(0, SIDE - 4, (12, 2)):
        image[y : y + 4, x : x + 4] = (20, 90, 250)
    return image


def write_sets(folder: Path, a: int = 5, b: int = 7) -> Path:
    """FOLDER/trainA with `a` warm images and FOLDER/trainB with `b` cold ones."""
    for side, count, make in (("A", a, warm), ("B", b, cold)):
        (folder / f"train{side}").mkdir(parents=True)
        for i in range(count):
            image = Image.fromarray(make(np.random.default_rng(i)))
            image.save(folder / f"train{side}" / f"{'summer' if side == 'A' else 'ice 1'}{i}.png")
    return folder
