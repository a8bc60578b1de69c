"""Small made-up data for the tests: facades with their label maps, and colour photos."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pix2pix.data.factory import open_datasets
from pix2pix.data.options import DataOptions
from pix2pix.labels.label_map import encode_label_image

# A colour for each of the classes used: sky, wall, window, door
COLORS = np.array([(150, 190, 230), (190, 120, 90), (40, 50, 70), (90, 50, 20)], np.uint8)


def make_facade(height: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo (H, W, 3) and its label map (H, W): a wall with windows and a door under the sky."""
    rng = np.random.default_rng(seed)
    labels = np.ones((height, width), np.uint8)
    labels[: height // 6] = 0
    for row in range(2):
        for column in range(3):
            top, left = height // 4 + row * height // 4, width // 8 + column * width // 4
            labels[top : top + height // 8, left : left + width // 8] = 2
    labels[-height // 6 :, width // 2 : width // 2 + width // 8] = 3
    noise = rng.integers(-8, 9, (height, width, 3))
    return np.clip(COLORS[labels].astype(int) + noise, 0, 255).astype(np.uint8), labels


def write_facades(root: Path, train: int, val: int, height: int = 96, width: int = 96) -> Path:
    for split, count in (("train", train), ("val", val)):
        (root / split).mkdir(parents=True)
        for i in range(count):
            photo, labels = make_facade(height, width, seed=i + 1000 * (split == "val"))
            Image.fromarray(photo).save(root / split / f"house{i}.jpg", quality=95)
            encode_label_image(labels).save(root / split / f"house{i}.png")
    return root


def write_photos(root: Path, train: int, val: int, side: int = 80) -> Path:
    """Blue above, green below, a warm disc between: colours that lightness gives away."""
    y, x = np.mgrid[:side, : side + 16]
    for split, count in (("train", train), ("val", val)):
        (root / split).mkdir(parents=True)
        for i in range(count):
            rng = np.random.default_rng(i)
            photo = np.where((y < side // 2)[..., None], (120, 170, 240), (60, 110, 40))
            cy, cx = rng.integers(side // 4, 3 * side // 4, 2)
            photo = np.where(((y - cy) ** 2 + (x - cx) ** 2 < 150)[..., None], (220, 90, 60), photo)
            noisy = np.clip(photo + rng.integers(-8, 9, photo.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(root / split / f"photo{i}.jpg", quality=95)
    return root


def open_set(task: str, root: Path, size: int, split: str = "train", **options: Any) -> Any:
    """One split of a folder as a data set."""
    return open_datasets(DataOptions(task, size, **options), root, [split])[0]


def save_ramp(path: Path, size: tuple[int, int] = (90, 60), **options: Any) -> Path:
    """Saves a grey photo that grows lighter from left to right."""
    ramp = np.linspace(40, 210, size[0], dtype=np.float32)[None].repeat(size[1], 0)
    Image.fromarray(ramp.astype(np.uint8)).save(path, **options)
    return path


def save_picture(path: Path, picture: Any, **options: Any) -> Path:
    """Saves an array or image, or 40x30 pixels of one colour, in folders made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (40, 30), picture) if isinstance(picture, tuple) else picture
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(path, **options)
    return path
