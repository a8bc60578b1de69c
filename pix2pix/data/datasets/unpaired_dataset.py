"""Two sets of images without pairs, such as photos and paintings, summer and winter."""

import copy

import numpy as np
import torch

from pix2pix.data.device_batches import PendingBatch
from pix2pix.data.device_views import draw_views
from pix2pix.data.image_cache import CachedExamples
from pix2pix.data.loader import Batch
from pix2pix.data.pixel_store import PixelStore
from pix2pix.data.resize_crop import Geometry
from pix2pix.models.tensors import encode_image, encode_levels


class UnpairedImages:
    """Images of set A as inputs, and of set B as targets that belong to no input.

    It is as long as the larger set; the smaller one repeats. In training each input comes with a
    random target.
    """

    def __init__(self, examples: CachedExamples, geometry: Geometry) -> None:
        self.examples = examples
        self.geometry = geometry
        sets = [[i for i, own in enumerate(examples.sides) if own == side] for side in "AB"]
        for side, found in zip("AB", sets):
            if not found:
                raise ValueError(f"expected images in both sets, got none in {side}")
        self._set_sets(*sets)

    def _set_sets(self, inputs: list[int], targets: list[int]) -> None:
        """Sets the indices of the examples of both sets, and the names of the inputs."""
        self.inputs, self.targets = inputs, targets
        self.names = [self.examples.names[inputs[i % len(inputs)]] for i in range(len(self))]

    def reversed(self) -> "UnpairedImages":
        """The same sets with B as inputs and A as targets."""
        other = copy.copy(self)
        other._set_sets(self.targets, self.inputs)
        return other

    def __len__(self) -> int:
        return max(len(self.inputs), len(self.targets))

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        """Each input with a random target, or without `rngs` the one of the same index."""
        others = [int(rng.integers(len(self.targets))) for rng in rngs] if rngs else indices
        images = []
        for members, chosen in ((self.inputs, indices), (self.targets, others)):
            examples = [self.examples[members[i % len(members)]] for i in chosen]
            views = self.geometry.crop_views(examples, rngs, size)
            images.append(encode_image(np.stack([view for view, *_ in views])))
        source, target = images
        return Batch(source, target, torch.ones_like(source[:, :1]), source)

    def draw(
        self,
        indices: list[int],
        rngs: list[np.random.Generator],
        size: int | None,
        store: PixelStore,
    ) -> PendingBatch:
        others = [int(rng.integers(len(self.targets))) for rng in rngs]
        chosen = [self.inputs[i % len(self.inputs)] for i in indices]
        chosen += [self.targets[i] for i in others]
        images = store.take(chosen)
        views = draw_views(self.geometry, images, [*rngs, *rngs], size)
        return PendingBatch(_compute, images.parts, views)


def _compute(pending: PendingBatch) -> Batch:
    assert pending.views is not None
    source, target = encode_levels(pending.views.average(pending.parts[0])).chunk(2)
    return Batch(source, target, torch.ones_like(source[:, :1]), source)
