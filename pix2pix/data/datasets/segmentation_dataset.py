"""Photos with the label maps to predict: facade pairs in the reverse direction."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor

from pix2pix.data.datasets.label_dataset import FacadePairs
from pix2pix.data.device_batches import PendingBatch
from pix2pix.data.device_color import blur, gaussian_kernels
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.loader import Batch
from pix2pix.data.pixel_store import PixelStore
from pix2pix.labels.label_map import VOID
from pix2pix.models.tensors import decode_photo, encode_levels, encode_photo


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
        return self._weigh(photos, labels, torch.from_numpy(self.class_weights))

    @property
    def examples(self) -> CachedExamples:
        return self.pairs.examples

    def draw(
        self,
        indices: list[int],
        rngs: list[np.random.Generator],
        size: int | None,
        store: PixelStore,
    ) -> PendingBatch:
        pending = self.pairs.draw(indices, rngs, size, store)
        shape = self.pairs.geometry.view_shape(size)
        draws = pack_jitter([draw_jitter(shape, rng) for rng in rngs])
        draws["class_weights"] = torch.from_numpy(self.class_weights)
        return replace(pending, make=self._compute, draws=draws)

    def _compute(self, pending: PendingBatch) -> Batch:
        pairs = self.pairs.compute(pending)
        photos = encode_levels(jitter_batch((pairs.target + 1) / 2, pending.draws))
        return self._weigh(photos, pairs.input, pending.draws["class_weights"])

    def _weigh(self, photos: Tensor, labels: Tensor, class_weights: Tensor) -> Batch:
        weights = class_weights[None, :, None, None]
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


@dataclass(frozen=True)
class Jitter:
    """Random changes of a photo; by default none."""

    gamma: float = 1.0
    cast: np.ndarray | None = None  # (3,) float32: contrast of each channel
    saturation: float = 1.0
    blur: float = 0.0  # standard deviation in pixels
    noise: np.ndarray | None = None  # (H, W, 3) float32, standard normal
    noise_strength: float = 0.0


def photometric_jitter(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photo (H, W, 3) uint8 with random contrast, colour cast, saturation and blur."""
    drawn = draw_jitter(photo.shape[:2], rng)
    x: np.ndarray = photo.astype(np.float32) / 255
    if drawn.cast is not None:
        x = x**drawn.gamma
        x = (x - 0.5) * drawn.cast + 0.5
    if drawn.saturation != 1:
        grey = x.mean(-1, keepdims=True)
        x = grey + (x - grey) * drawn.saturation
    if drawn.blur:
        x = cv2.GaussianBlur(x, (0, 0), drawn.blur)
    if drawn.noise is not None:
        x = x + drawn.noise * drawn.noise_strength
    return (x.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def draw_jitter(shape: tuple[int, ...], rng: np.random.Generator) -> Jitter:
    """Random changes for a photo of the shape (H, W)."""
    drawn: dict[str, object] = {}
    if rng.random() < 0.8:
        drawn["gamma"] = float(np.float32(np.exp(rng.uniform(-0.4, 0.4))))
        cast = rng.uniform(0.85, 1.15, 3).astype(np.float32)
        drawn["cast"] = cast * np.float32(rng.uniform(0.75, 1.25))
    if rng.random() < 0.5:
        drawn["saturation"] = float(np.float32(rng.uniform(0, 1.5)))
    if rng.random() < 0.2:
        drawn["blur"] = rng.uniform(0.5, 1.2)
    if rng.random() < 0.3:
        drawn["noise"] = rng.standard_normal((*shape, 3), np.float32)
        drawn["noise_strength"] = float(np.float32(rng.uniform(0.01, 0.05)))
    return Jitter(**drawn)  # type: ignore[arg-type]


def pack_jitter(jitters: list[Jitter]) -> dict[str, Tensor]:
    """The changes of a batch of photos as tensors for `jitter_batch`."""
    plain = np.ones(3, np.float32)
    noisy = [(i, j.noise) for i, j in enumerate(jitters) if j.noise is not None]
    packed = {
        "gamma": np.array([j.gamma for j in jitters], np.float32),  # (N,)
        "cast": np.stack([plain if j.cast is None else j.cast for j in jitters]),  # (N, 3)
        "saturation": np.array([j.saturation for j in jitters], np.float32),  # (N,)
        "blur": gaussian_kernels([j.blur for j in jitters]),  # (N, K)
        "noisy": np.array([i for i, _ in noisy], np.int64),  # (M,): indices of photos with noise
        "noise_strength": np.array([jitters[i].noise_strength for i, _ in noisy], np.float32),
    }
    if noisy:
        packed["noise"] = np.stack([noise for _, noise in noisy])  # (M, H, W, 3)
    return {name: torch.from_numpy(array) for name, array in packed.items()}


def jitter_batch(photos: Tensor, packed: dict[str, Tensor]) -> Tensor:
    """Levels 0..255 of `photometric_jitter`, from photos (N, 3, H, W) in 0..1 on any device."""
    x = photos.clamp(min=0).pow(packed["gamma"][:, None, None, None])
    x = (x - 0.5) * packed["cast"][:, :, None, None] + 0.5
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * packed["saturation"][:, None, None, None]
    x = blur(x, packed["blur"])
    if "noise" in packed:
        noise = packed["noise"].permute(0, 3, 1, 2) * packed["noise_strength"][:, None, None, None]
        x = x.index_add(0, packed["noisy"], noise)
    return (x.clamp(0, 1) * 255 + 0.5).floor()
