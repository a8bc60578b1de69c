"""Label maps with photos: NAME.png beside NAME.jpg, as the CMP Facade Database has them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch

from pix2pix.data.loader import Batch
from pix2pix.encoding import encode_labels, encode_photo
from pix2pix.images import find_images, open_rgb
from pix2pix.labels import NUM_CLASSES, VOID, open_label_map

# A facade much wider or higher than square is squeezed to at most this aspect before a square is
# cut from it: most of the building stays in the picture, and windows stay windows.
MAX_ASPECT = 1.3
MAX_ZOOM = 1.25  # a training crop shows at least 1 / MAX_ZOOM of the short side


def find_void(photo: np.ndarray) -> np.ndarray:
    """Where a rectified photo (H, W, 3) uint8 has no picture: its flat corners, (H, W) bool.

    Rectification left wedges of pure black or middle grey, marked in no label map. They are regions
    of that one colour that touch the border; black is opened, so that dark windows at the border
    stay, grey must be flat over 9 pixels, and both are then dilated over their soft rim.
    """
    window = np.ones((9, 9), np.uint8)
    high, low = photo.max(-1), photo.min(-1)
    black = cv2.morphologyEx((high <= 12).astype(np.uint8), cv2.MORPH_OPEN, window) > 0
    spread = (cv2.dilate(photo, window) - cv2.erode(photo, window)).max(-1)
    flat = (spread <= 6) & (high - low <= 4) & ((high <= 28) | ((low >= 116) & (high <= 142)))
    wedge = black | (cv2.dilate(flat.astype(np.uint8), window) > 0)
    _, regions = cv2.connectedComponents(wedge.astype(np.uint8))
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    touching = np.setdiff1d(np.unique(border), [0])
    void = np.isin(regions, touching).astype(np.uint8)
    return cv2.dilate(void, np.ones((5, 5), np.uint8)).astype(bool)


class FacadePairs:
    """The pairs of a folder, decoded once into memory at the size that training needs."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        photos = [p for p in find_images(folder) if p.suffix.lower() in (".jpg", ".jpeg")]
        self.names = [p.stem for p in photos if p.with_suffix(".png").exists()]
        if not self.names:
            raise ValueError(f"{folder}: has no photo NAME.jpg with its label map NAME.png")
        with ThreadPoolExecutor() as pool:
            paired = [p for p in photos if p.with_suffix(".png").exists()]
            self.pairs = list(pool.map(self._load, paired))

    def _load(self, photo_path: Path) -> tuple[np.ndarray, np.ndarray]:
        label_path = photo_path.with_suffix(".png")
        photo = np.asarray(open_rgb(photo_path))
        labels = open_label_map(label_path)
        if labels.shape != photo.shape[:2]:
            raise ValueError(
                f"{label_path}: is {labels.shape[1]}x{labels.shape[0]}, "
                f"its photo {photo.shape[1]}x{photo.shape[0]}"
            )
        labels = np.where(find_void(photo), VOID, labels).astype(np.uint8)
        height, width = photo.shape[:2]
        aspect = float(np.clip(width / height, 1 / MAX_ASPECT, MAX_ASPECT))
        short = round(self.size * MAX_ZOOM)
        shape = (round(short * max(aspect, 1)), round(short * max(1 / aspect, 1)))  # (W, H)
        return (
            cv2.resize(photo, shape, interpolation=cv2.INTER_AREA),
            cv2.resize(labels, shape, interpolation=cv2.INTER_NEAREST_EXACT),
        )

    def __len__(self) -> int:
        return len(self.pairs)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        shape = (size or self.size, size or self.size)
        views = [
            self._view(*self.pairs[i], shape, rngs[k] if rngs else None)
            for k, i in enumerate(indices)
        ]
        photos, labels = (np.stack(arrays) for arrays in zip(*views))
        one_hot = encode_labels(labels, NUM_CLASSES)
        weight = torch.from_numpy(labels != VOID)[:, None].float()
        return Batch(one_hot, encode_photo(photos), weight, one_hot)

    def _view(
        self,
        photo: np.ndarray,
        labels: np.ndarray,
        shape: tuple[int, int],
        rng: np.random.Generator | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A square of the pair, at random with `rng`, else the whole pair squeezed into it."""
        if rng is not None:
            height, width = labels.shape
            side = round(self.size * rng.uniform(1.0, MAX_ZOOM))
            # Each side by itself: a facade is as often squeezed a little as not.
            rows = min(height, round(side * rng.uniform(1.0, 1.15)))
            columns = min(width, round(side * rng.uniform(1.0, 1.15)))
            top = rng.integers(0, height - rows + 1)
            left = rng.integers(0, width - columns + 1)
            photo = photo[top : top + rows, left : left + columns]
            labels = labels[top : top + rows, left : left + columns]
            if rng.random() < 0.5:
                photo, labels = photo[:, ::-1], labels[:, ::-1]
        return (
            cv2.resize(np.ascontiguousarray(photo), shape, interpolation=cv2.INTER_AREA),
            cv2.resize(np.ascontiguousarray(labels), shape, interpolation=cv2.INTER_NEAREST_EXACT),
        )
