"""Differentiable augmentation of D's inputs, and dropping of elements from G's label maps.

The policies and their ranges are those of Zhao et al., "Differentiable Augmentation for
Data-Efficient GAN Training" (2020). They keep D from memorizing small data sets. G is trained
through the same augmentation, so it does not reproduce it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

POLICIES = ("color", "translation", "cutout")
USUAL_SHIFT = 1 / 8  # fraction of the sides
CUTOUT = 1 / 2  # fraction of the sides
CHANCES = 7  # random numbers for an image


def draw_chances(count: int, generator: torch.Generator) -> Tensor:
    """Random numbers for `augment`: (count, CHANCES), uniform in [0, 1), on the CPU."""
    return torch.rand(count, CHANCES, generator=generator)


def augment(
    condition: Tensor, image: Tensor, policies: tuple[str, ...], shift: float, chances: Tensor
) -> Tensor:
    """Augmented condition (N, C, H, W) and image (N, D, H, W), concatenated to (N, C + D, H, W).

    Translation, by up to `shift` of the sides, and cutout apply to both. Color changes brightness,
    saturation and contrast of the image only. Equal `chances` give equal changes.
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
    """Images moved by up to `shift` of their sides, padded with zeros."""
    h, w = images.shape[2:]
    reach_y, reach_x = int(h * shift), int(w * shift)
    padded = F.pad(images, (reach_x, reach_x, reach_y, reach_y))
    sizes = torch.tensor([2 * reach_y + 1, 2 * reach_x + 1])
    corners = (chances * sizes).long()
    if images.device.type == "cpu":  # copies of slices are faster than gathering there
        cuts = zip(padded.unbind(), corners.tolist())
        return torch.stack([image[:, y : y + h, x : x + w] for image, (y, x) in cuts])
    return gather_windows(padded, corners.to(images.device, non_blocking=True), h, w)


def gather_windows(images: Tensor, corners: Tensor, height: int, width: int) -> Tensor:
    """A window of each image (N, C, H, W), with its top left corner at y, x of `corners` (N, 2)."""
    top, left = corners[:, :, None].unbind(1)  # (N, 1) each
    rows = (top + torch.arange(height, device=images.device))[:, None, :, None]
    columns = (left + torch.arange(width, device=images.device))[:, None, None]
    n, channels, _, whole = images.shape
    strip = images.gather(2, rows.expand(n, channels, height, whole))
    return strip.gather(3, columns.expand(n, channels, height, width))


def cut_out(images: Tensor, chances: Tensor) -> Tensor:
    """Images with a rectangle of CUTOUT of the sides set to 0; it may lie partly outside."""
    h, w = images.shape[2:]
    centers = (chances * torch.tensor([h, w])).long().to(images.device, non_blocking=True)

    def covers(center: Tensor, side: int) -> Tensor:  # (N, side)
        length = int(side * CUTOUT)
        offset = torch.arange(side, device=images.device) - (center[:, None] - length // 2)
        return (offset >= 0) & (offset < length)

    gone = covers(centers[:, 0], h)[:, None, :, None] & covers(centers[:, 1], w)[:, None, None]
    return images * (~gone).to(images)


SPARSE = 0.4  # fraction of the label maps that keep elements only in a rectangle


def drop_elements(labels: Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """One-hot label maps (N, K, H, W) with elements replaced by the most common class; and the gaps
    (N, 1, H, W), 1 where elements were replaced.

    Each map loses the elements in a random rectangle, and random classes with a random probability.
    A fraction SPARSE of the maps loses everything outside the rectangle except the background
    (class 0) instead: a bare wall with a window or two, as users begin to draw. Pixels without a
    class keep none. `chances`: (N, K + 6), uniform in [0, 1).
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
    few_left = (chances[:, -1] < SPARSE).to(labels)[:, None, None, None]
    outside = (1 - within) * (1 - labels[:, :1])
    out = few_left * outside + (1 - few_left) * torch.maximum(out, within)
    commonest = F.one_hot(labels.sum((2, 3)).argmax(1), classes).to(labels)  # (N, K)
    commonest = commonest[:, :, None, None]
    gaps = out * (labels * (1 - commonest)).sum(1, keepdim=True)
    return labels + gaps * (commonest - labels), gaps
