"""A pool of earlier outputs, from which D gets half of its fake images."""

import torch
from torch import Tensor


class ImagePool:
    """At most `size` images that G generated earlier.

    Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial
    Training" (CVPR 2017), section 2.3, as in CycleGAN. Images are kept in float16.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []  # (C, H, W) each

    def query(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The images (N, C, H, W), once the pool is full about half of them replaced by earlier
        ones, whose places they take. Fills the pool first."""
        chosen = []
        for image in images.detach():
            if len(self.images) < self.size:
                self.images.append(image.half())
            elif self.size and torch.rand((), generator=generator) < 0.5:
                place = int(torch.randint(self.size, (), generator=generator))
                earlier = self.images[place].to(image.dtype)
                self.images[place] = image.half()
                image = earlier
            chosen.append(image)
        return torch.stack(chosen)

    def state_dict(self) -> dict[str, Tensor]:
        return {"images": torch.stack(self.images)} if self.images else {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.images = list(state["images"]) if state else []
