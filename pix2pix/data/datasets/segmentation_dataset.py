"""Photos with the label maps to predict: facade pairs in the reverse direction."""

from collections.abc import Iterable

import cv2
import numpy as np
import torch

from pix2pix.data.datasets.label_dataset import FacadePairs
from pix2pix.data.loader import Batch
from pix2pix.labels.label_map import VOID
from pix2pix.models.tensors import decode_photo, encode_photo


class TracedFacades:
    """FacadePairs with input and target swapped, and photometric jitter of the photo.

    Classes are weighted by frequency ** -balance; unweighted, doors and pillars are never found.
    """

    def __init__(self, pairs: FacadePairs, balance: float) -> None:
        self.pairs = pairs
        self.palette = pairs.palette
        self.names = pairs.names
        label_maps = (labels for _, labels in pairs.examples.iter_sample())
        self.class_weights = balance_weights(label_maps, len(pairs.palette), balance)

    def __len__(self) -> int:
        return len(self.pairs)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        pairs = self.pairs.batch(indices, rngs, size)
        photos, labels = pairs.target, pairs.input
        if rngs is not None:
            photos = encode_photo(
                np.stack([photometric_jitter(x, rng) for x, rng in zip(decode_photo(photos), rngs)])
            )
        weights = torch.from_numpy(self.class_weights)[None, :, None, None]
        return Batch(photos, labels, (labels * weights).sum(1, keepdim=True), photos)


def balance_weights(
    label_maps: Iterable[np.ndarray], num_classes: int, balance: float
) -> np.ndarray:
    """Weights (num_classes,) of the classes, larger for rare classes, 1 on average."""
    counts = np.zeros(VOID + 1)
    for labels in label_maps:
        counts += np.bincount(labels.reshape(-1), minlength=VOID + 1)
    share = counts[:num_classes] / max(float(counts[:num_classes].sum()), 1.0)
    weights = np.power(np.maximum(share, 1e-3), -balance)
    return (weights / (weights * share).sum()).astype(np.float32)


def photometric_jitter(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photo (H, W, 3) uint8 with random contrast, colour cast, saturation and blur."""
    x: np.ndarray = photo.astype(np.float32) / 255
    if rng.random() < 0.8:
        x = x ** np.float32(np.exp(rng.uniform(-0.4, 0.4)))
        cast = rng.uniform(0.85, 1.15, 3).astype(np.float32) * np.float32(rng.uniform(0.75, 1.25))
        x = (x - 0.5) * cast + 0.5
    if rng.random() < 0.5:
        grey = x.mean(-1, keepdims=True)
        x = grey + (x - grey) * np.float32(rng.uniform(0, 1.5))
    if rng.random() < 0.2:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.5, 1.2))
    if rng.random() < 0.3:
        x = x + rng.standard_normal(x.shape, np.float32) * np.float32(rng.uniform(0.01, 0.05))
    return (x.clip(0, 1) * 255 + 0.5).astype(np.uint8)
