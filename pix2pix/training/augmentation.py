"""What is varied in a step: differentiably, what D sees; and what there is to be painted.

The first is that of Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training"
(2020), whose three policies and ranges these are. D cannot learn a few hundred photos by heart when
it never sees them twice alike, and as G learns through the same variation, none of it gets into the
pictures.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

POLICIES = ("color", "translation", "cutout")
USUAL_SHIFT = 1 / 8  # part of the sides
CUTOUT = 1 / 2  # part of the sides
CHANCES = 7  # random numbers that an image takes


def draw_chances(count: int, generator: torch.Generator) -> Tensor:
    """What `augment` leaves to chance: (count, CHANCES), uniform in [0, 1), on the CPU."""
    return torch.rand(count, CHANCES, generator=generator)


def augment(
    condition: Tensor, image: Tensor, policies: tuple[str, ...], shift: float, chances: Tensor
) -> Tensor:
    """Condition (N, C, H, W) and image (N, D, H, W), one after the other, each pair varied.

    Translation, by up to `shift` of the sides, and cutout do the same to both; color changes the
    image alone: its brightness, saturation and contrast. The same `chances` give the same changes.
    """
    if "color" in policies:
        image = change_color(image, chances[:, :3].to(image))
    pair = torch.cat([condition, image], 1)
    if "translation" in policies:
        pair = translate(pair, shift, chances[:, 3:5])
    if "cutout" in policies:
        pair = cut_out(pair, chances[:, 5:7])
    return pair


def change_color(image: Tensor, chances: Tensor) -> Tensor:
    """Brightness by up to 0.5 of -1..1, saturation 0 to 2 times, contrast 0.5 to 1.5 times."""
    brightness, saturation, contrast = chances[:, :, None, None, None].unbind(1)  # (N, 1, 1, 1)
    image = image + (brightness - 0.5)
    grey = image.mean(1, keepdim=True)
    image = grey + (image - grey) * (2 * saturation)
    mean = image.mean((1, 2, 3), keepdim=True)
    return mean + (image - mean) * (contrast + 0.5)


def translate(images: Tensor, shift: float, chances: Tensor) -> Tensor:
    """Each image moved by up to `shift` of its sides; zeros come in."""
    h, w = images.shape[2:]
    reach_y, reach_x = int(h * shift), int(w * shift)
    padded = F.pad(images, (reach_x, reach_x, reach_y, reach_y))
    sizes = torch.tensor([2 * reach_y + 1, 2 * reach_x + 1])
    corners = (chances * sizes).long().tolist()
    return torch.stack([padded[i, :, y : y + h, x : x + w] for i, (y, x) in enumerate(corners)])


def cut_out(images: Tensor, chances: Tensor) -> Tensor:
    """A rectangle of CUTOUT of the sides of each image is 0; part of it may lie outside."""
    n, _, h, w = images.shape
    rows, columns = int(h * CUTOUT), int(w * CUTOUT)
    keep = images.new_ones(n, 1, h, w)
    for i, (y, x) in enumerate((chances * torch.tensor([h, w])).long().tolist()):
        top, left = y - rows // 2, x - columns // 2
        keep[i, :, max(top, 0) : top + rows, max(left, 0) : left + columns] = 0
    return images * keep


FEW_LEFT = 0.4  # of the drawings that elements are taken out of


def drop_elements(labels: Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """Label maps (N, K, H, W), one-hot, some of whose elements have become their commonest class;
    and where those were, the gaps (N, 1, H, W), 0 or 1.

    Out goes what lies in a rectangle, and each class by a chance that is itself left to chance;
    or, of FEW_LEFT of them, all that lies outside a rectangle but the background, the first class:
    bare walls and a window or two, which nobody photographs but everyone begins with. Pixels of no
    class stay so. `chances`: (N, K + 6), uniform in [0, 1).
    """
    n, classes, height, width = labels.shape
    chances = chances.to(labels)
    gone = (chances[:, :classes] < chances[:, classes, None]).to(labels)  # (N, K)
    out = (labels * gone[:, :, None, None]).sum(1, keepdim=True)  # (N, 1, H, W)
    ends = chances[:, classes + 1 : -1].view(n, 2, 2).sort(2).values  # (N, 2, 2): rows, columns
    rows, columns = (torch.arange(side, device=labels.device) / side for side in (height, width))
    in_rows, in_columns = (
        (at >= ends[:, i, :1]) & (at < ends[:, i, 1:]) for i, at in enumerate((rows, columns))
    )
    within = (in_rows[:, :, None] & in_columns[:, None]).to(labels)[:, None]  # (N, 1, H, W)
    few_left = (chances[:, -1] < FEW_LEFT).to(labels)[:, None, None, None]
    outside = (1 - within) * (1 - labels[:, :1])
    out = few_left * outside + (1 - few_left) * torch.maximum(out, within)
    commonest = F.one_hot(labels.sum((2, 3)).argmax(1), classes).to(labels)  # (N, K)
    commonest = commonest[:, :, None, None]
    gaps = out * (labels * (1 - commonest)).sum(1, keepdim=True)
    return labels + gaps * (commonest - labels), gaps
