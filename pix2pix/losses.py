"""Losses of a conditional GAN. Logits and features come from `networks.PatchDiscriminator`."""

import torch
import torch.nn.functional as F
from torch import Tensor

GAN_LOSSES = ("vanilla", "lsgan", "hinge")


def discriminator_loss(real: Tensor, fake: Tensor, kind: str) -> Tensor:
    """What D minimises: vanilla (Goodfellow 2014), lsgan (Mao 2017) or hinge (Lim and Ye 2017)."""
    if kind == "hinge":
        return (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2
    if kind == "lsgan":
        return ((real - 1).square().mean() + fake.square().mean()) / 2
    if kind == "vanilla":
        return (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2
    raise ValueError(f"gan_loss must be one of {', '.join(GAN_LOSSES)}, got {kind!r}")


def generator_loss(fake: Tensor, kind: str) -> Tensor:
    """What G minimises so that D takes its output for real (the non-saturating form)."""
    if kind == "hinge":
        return -fake.mean()
    if kind == "lsgan":
        return (fake - 1).square().mean()
    if kind == "vanilla":
        return F.softplus(-fake).mean()
    raise ValueError(f"gan_loss must be one of {', '.join(GAN_LOSSES)}, got {kind!r}")


def feature_matching_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Mean L1 distance of D's hidden activations (Wang et al., pix2pixHD, CVPR 2018, eq. 3)."""
    distances = [F.l1_loss(f, r.detach()) for r, f in zip(real, fake)]
    return torch.stack(distances).mean()


def weighted_l1(output: Tensor, target: Tensor, weight: Tensor, beta: float = 0.0) -> Tensor:
    """Mean absolute error over the pixels by `weight` (N, 1, H, W); smooth L1 where `beta` > 0."""
    if beta:
        error = F.smooth_l1_loss(output, target, beta=beta, reduction="none")
    else:
        error = (output - target).abs()
    return (error * weight).sum() / (weight.sum() * output.shape[1]).clamp(min=1)


def ab_cross_entropy(logits: Tensor, ab: Tensor, points: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy between logits (N, K, H, W) and a/b (N, 2, H, W) spread over K grid points.

    Each pixel is shared out among the points by a Gaussian of half a grid step (Zhang et al., 2016,
    section 2.1). `weight` (N, 1, H, W) makes up for how rare vivid pixels are.
    """
    spacing = (points[1:] - points[:-1]).norm(dim=1).min()
    # |ab - p|^2 without |ab|^2, which is the same for all points and drops out of the softmax
    distance = points.square().sum(1)[None, :, None, None] - 2 * torch.einsum(
        "nchw,kc->nkhw", ab, points
    )  # (N, K, H, W)
    target = torch.softmax(distance / (-2 * (spacing / 2) ** 2), dim=1)
    cross = -(target * torch.log_softmax(logits, dim=1)).sum(1, keepdim=True)
    return (cross * weight).sum() / weight.sum()


def class_cross_entropy(logits: Tensor, one_hot: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy of logits and one-hot classes (N, K, H, W) by `weight` (N, 1, H, W)."""
    cross = -(one_hot * torch.log_softmax(logits, dim=1)).sum(1, keepdim=True)
    return (cross * weight).sum() / weight.sum().clamp(min=1)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), summed over the code, mean over the batch."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


def augment_for_discriminator(
    images: Tensor, max_shift: float, generator: torch.Generator, part: tuple[int, int] = (0, 1)
) -> Tensor:
    """Each image shifted by up to `max_shift` of its sides, zeros moved in: differentiable.

    Translation is the strongest single policy of Zhao et al., "Differentiable Augmentation for
    Data-Efficient GAN Training" (2020). A condition and its image must move together: concatenate
    them before. A generator in the same state gives the same shifts. Where the images are only the
    first of two, or any other `part`, of a batch, they are shifted as they would be in the whole.
    """
    n, _, h, w = images.shape
    reach_y, reach_x = int(h * max_shift), int(w * max_shift)
    if not (reach_y or reach_x):
        return images
    padded = F.pad(images, (reach_x, reach_x, reach_y, reach_y))
    own = slice(part[0] * n, (part[0] + 1) * n)
    tops = torch.randint(0, 2 * reach_y + 1, (n * part[1],), generator=generator)[own].tolist()
    lefts = torch.randint(0, 2 * reach_x + 1, (n * part[1],), generator=generator)[own].tolist()
    return torch.stack(
        [padded[i, :, y : y + h, x : x + w] for i, (y, x) in enumerate(zip(tops, lefts))]
    )
