"""Losses of a conditional GAN. Logits and features come from `networks.PatchDiscriminator`."""

import torch
import torch.nn.functional as F
from torch import Tensor

GAN_MODES = ("vanilla", "lsgan", "hinge")
RECONSTRUCTIONS = ("l1", "l2", "smooth_l1")


def discriminator_loss(real: Tensor, fake: Tensor, kind: str, smoothing: float = 0.0) -> Tensor:
    """What D minimises: vanilla (Goodfellow 2014), lsgan (Mao 2017) or hinge (Lim and Ye 2017).

    Halved, as in pix2pix. With `smoothing` the real ones' label is 1 - smoothing and the fake ones'
    stays 0 (Salimans et al., "Improved Techniques for Training GANs", 2016, section 3.4); hinge has
    no labels to smooth.
    """
    if kind == "hinge":
        return (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2
    if kind == "lsgan":
        return ((real - (1 - smoothing)).square().mean() + fake.square().mean()) / 2
    if kind == "vanilla":
        real_loss = F.softplus(-real) + smoothing * real  # binary cross-entropy with that label
        return (real_loss.mean() + F.softplus(fake).mean()) / 2
    raise ValueError(f"gan_mode must be one of {', '.join(GAN_MODES)}, got {kind!r}")


def generator_loss(fake: Tensor, kind: str) -> Tensor:
    """What G minimises so that D takes its output for real (the non-saturating form)."""
    if kind == "hinge":
        return -fake.mean()
    if kind == "lsgan":
        return (fake - 1).square().mean()
    if kind == "vanilla":
        return F.softplus(-fake).mean()
    raise ValueError(f"gan_mode must be one of {', '.join(GAN_MODES)}, got {kind!r}")


def feature_matching_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Mean L1 distance of D's hidden activations (Wang et al., pix2pixHD, CVPR 2018, eq. 3)."""
    distances = [F.l1_loss(f, r.detach()) for r, f in zip(real, fake)]
    return torch.stack(distances).mean()


def reading_loss(logits: Tensor, labels: Tensor, painted: bool = False) -> Tensor:
    """Cross-entropy of a SegmentingDiscriminator's logits (N, K + 1, H / 2, W / 2), where the label
    map (N, K, H, W) has a class, with that class, or with painted, the last.

    OASIS (Schönfeld et al., ICLR 2021, eq. 1), but that a class counts by the square root of its
    area in the image, not alike whatever its area.
    """
    classes = F.avg_pool2d(labels, labels.shape[-1] // logits.shape[-1])  # (N, K, H / 2, W / 2)
    log_p = F.log_softmax(logits, 1)
    if painted:
        weights, log_p = classes, log_p[:, -1:]
    else:
        areas = classes.sum((2, 3), keepdim=True)  # (N, K, 1, 1)
        weights, log_p = classes * areas.clamp(min=1).rsqrt(), log_p[:, :-1]
    losses = -(weights * log_p).sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp(min=1e-6)  # (N,)
    return losses.mean()


EVEN_CELL = 8  # pixels


def evenness_loss(images: Tensor, labels: Tensor, gaps: Tensor) -> Tensor:
    """How far images (N, 3, H, W) are, in the gaps (N, 1, H, W) of their label maps, from the mean
    colour of what has the same class there: mean L1 over all pixels, those outside gaps as 0.

    Where there are gaps, added is the same of the mean of each cell that is all of that class: the
    whole wall may have a grain, but no stains.
    """
    there = (labels * gaps).sum((2, 3))  # (N, K)
    ground = (labels * F.one_hot(there.argmax(1), labels.shape[1])[:, :, None, None]).sum(1, True)
    area = ground.sum((2, 3), keepdim=True).clamp(min=1)
    mean = ((images * ground).sum((2, 3), keepdim=True) / area).detach()  # (N, 3, 1, 1)
    cells = (F.avg_pool2d(ground, EVEN_CELL) == 1) * (there.sum(1) > 0)[:, None, None, None]
    stains = (F.avg_pool2d(images, EVEN_CELL) - mean).abs() * cells
    return ((images - mean).abs() * gaps).mean() + stains.mean()


def reconstruction_loss(
    output: Tensor, target: Tensor, weight: Tensor, kind: str = "l1", beta: float = 0.1
) -> Tensor:
    """Mean error over the pixels by `weight` (N, 1, H, W): l1, l2 or smooth_l1.

    l2 is the squared error; smooth_l1 is quadratic below `beta` and parallel to l1 above.
    """
    if kind == "l1":
        error = (output - target).abs()
    elif kind == "l2":
        error = (output - target).square()
    elif kind == "smooth_l1":
        error = F.smooth_l1_loss(output, target, beta=beta, reduction="none")
    else:
        raise ValueError(f"rec_loss must be one of {', '.join(RECONSTRUCTIONS)}, got {kind!r}")
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
