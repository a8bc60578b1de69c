"""Losses of a conditional GAN. Logits and features come from `models.PatchDiscriminator`."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.labels.facade_builder import CLASS_IDS

GAN_MODES = ("vanilla", "lsgan", "hinge")
RECONSTRUCTIONS = ("l1", "l2", "smooth_l1")


def discriminator_loss(real: Tensor, fake: Tensor, kind: str, smoothing: float = 0.0) -> Tensor:
    """GAN loss of D: vanilla (Goodfellow 2014), lsgan (Mao 2017) or hinge (Lim and Ye 2017).

    It is halved, as in pix2pix. With `smoothing` the label of real images is 1 - smoothing and that
    of fake ones 0 (Salimans et al., "Improved Techniques for Training GANs", 2016, section 3.4).
    Hinge has no labels to smooth.
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
    """GAN loss of G, in the non-saturating form."""
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


def oasis_loss(logits: Tensor, labels: Tensor, painted: bool = False) -> Tensor:
    """OASIS loss: cross-entropy of logits (N, K + 1, H / 2, W / 2) over labelled pixels.

    The target of real images is the class in `labels` (N, K, H, W), that of fake ones the last
    class. OASIS (Schönfeld et al., ICLR 2021, eq. 1), except that classes are weighted by the
    square root of their area in the image instead of equally, and so in fake images too: weighted
    by area, D hardly looks at painted doors, and the generator gives them what no door has.
    """
    classes = F.avg_pool2d(labels, labels.shape[-1] // logits.shape[-1])  # (N, K, H / 2, W / 2)
    log_p = F.log_softmax(logits, 1)
    log_p = log_p[:, -1:] if painted else log_p[:, :-1]
    areas = classes.sum((2, 3), keepdim=True)  # (N, K, 1, 1)
    weights = classes * areas.clamp(min=1).rsqrt()
    losses = -(weights * log_p).sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp(min=1e-6)  # (N,)
    return losses.mean()


def patch_nce_loss(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """PatchNCE (Park et al., ECCV 2020, eq. 4) of unit vectors (N, P, D).

    The cross-entropy of finding the key of the same patch among those of all patches of the image.
    """
    likeness = queries @ keys.detach().transpose(1, 2) / temperature  # (N, P, P)
    own = torch.arange(queries.shape[1], device=queries.device).expand(len(queries), -1)
    return F.cross_entropy(likeness.flatten(0, 1), own.flatten())


UNIFORMITY_CELL = 8  # pixels


def uniformity_loss(images: Tensor, labels: Tensor, gaps: Tensor) -> Tensor:
    """L1 distance of gaps to the mean colour of the class that fills them, over all pixels.

    `images` (N, 3, H, W) in -1..1, one-hot `labels` (N, K, H, W), `gaps` (N, 1, H, W) of 0 or 1.
    The distance of the mean of each cell that has only this class is added: texture is allowed,
    stains are not.
    """
    there = (labels * gaps).sum((2, 3))  # (N, K)
    ground = (labels * F.one_hot(there.argmax(1), labels.shape[1])[:, :, None, None]).sum(1, True)
    area = ground.sum((2, 3), keepdim=True).clamp(min=1)
    mean = ((images * ground).sum((2, 3), keepdim=True) / area).detach()  # (N, 3, 1, 1)
    cells = (F.avg_pool2d(ground, UNIFORMITY_CELL) == 1) * (there.sum(1) > 0)[:, None, None, None]
    stains = (F.avg_pool2d(images, UNIFORMITY_CELL) - mean).abs() * cells
    return ((images - mean).abs() * gaps).mean() + stains.mean()


FACADE = CLASS_IDS["facade"]
GRAIN = 0.03  # difference of neighbouring 2x2 pixels that an empty wall may have, of -1..1
EMPTY_CELLS = 3  # an empty wall has no other class within so many cells


def grid_loss(images: Tensor, labels: Tensor) -> Tensor:
    """How far neighbouring 2x2 pixels of empty walls differ by more than GRAIN, over all of them.

    Of `images` (N, 3, H, W) in -1..1 with one-hot `labels` (N, K, H, W) of facades, N above 0. On
    a wall on which nothing is drawn a discriminator would like a grid of lines.
    """
    whole = (F.avg_pool2d(labels[:, FACADE : FACADE + 1], UNIFORMITY_CELL) == 1).to(images.dtype)
    empty = 1 - F.max_pool2d(1 - whole, 2 * EMPTY_CELLS + 1, 1, EMPTY_CELLS)  # (N, 1, h, w)
    inside = F.interpolate(empty, [side // 2 for side in images.shape[-2:]])
    across, down = (F.relu(steps - GRAIN) for steps in neighbour_steps(images))
    return (across * inside[..., 1:]).mean() + (down * inside[..., 1:, :]).mean()


def neighbour_steps(images: Tensor) -> tuple[Tensor, Tensor]:
    """Distances of neighbouring 2x2 pixels of images (N, C, H, W), across and down."""
    cells = F.avg_pool2d(images, 2)
    across = cells[..., 1:] - cells[..., :-1]
    return across.abs(), (cells[..., 1:, :] - cells[..., :-1, :]).abs()


def stain_loss(images: Tensor, labels: Tensor, drawn: Tensor) -> Tensor:
    """L1 distance of the cells inside each class's areas to their mean colour, over all cells.

    Of `images` (N, 3, H, W) in -1..1 with one-hot `labels` (N, K, H, W), where `drawn` (N, 1, 1, 1)
    bool is true. Inside: the cell and those around it have one class only. What people draw has
    wide empty areas, in which a discriminator would like to see windows.
    """
    whole = (F.avg_pool2d(labels, UNIFORMITY_CELL) == 1).to(images.dtype)
    inside = -F.max_pool2d(-whole, 3, 1, 1) * drawn  # (N, K, h, w)
    cells = F.avg_pool2d(images, UNIFORMITY_CELL)
    area = inside.sum((2, 3)).clamp(min=1)
    mean = torch.einsum("nkhw,nchw->nkc", inside, cells) / area[:, :, None]
    distance = (cells - torch.einsum("nkhw,nkc->nchw", inside, mean.detach())).abs()
    return (distance * inside.sum(1, keepdim=True)).mean()


BACKGROUND = CLASS_IDS["background"]  # the surroundings of a facade


def background_loss(images: Tensor, labels: Tensor) -> Tensor:
    """L1 distance of neighbouring 2x2 pixels in wide areas of the background, over all of them.

    Of `images` (N, 3, H, W) in -1..1 with one-hot `labels` (N, K, H, W) of facades, N above 0. Sky
    and pavement are smooth, and may pass into each other; a discriminator would like bricks.
    """
    background = labels[:, BACKGROUND : BACKGROUND + 1]  # (N, 1, H, W)
    outside = F.max_pool2d(1 - background, 2 * UNIFORMITY_CELL + 1, 1, UNIFORMITY_CELL)
    inside, (across, down) = 1 - F.max_pool2d(outside, 2), neighbour_steps(images)
    across = across * inside[..., 1:] * inside[..., :-1]
    down = down * inside[..., 1:, :] * inside[..., :-1, :]
    return across.mean() + down.mean()


def reconstruction_loss(
    output: Tensor, target: Tensor, weight: Tensor, kind: str = "l1", beta: float = 0.1
) -> Tensor:
    """Mean error over pixels, weighted by `weight` (N, 1, H, W): l1, l2 or smooth_l1.

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


COLOR_CELL = 16  # pixels


# Mean L1 distance in EfficientNet-Lite0's features, whose variance is 1: three quarters of that of
# photos of two facades (1.07)
DIVERSITY_LIMIT = 0.8
NORMAL_DISTANCE = 2 / math.sqrt(math.pi)  # expected |a - b| of standard normal numbers


def diversity_loss(one: list[Tensor], other: list[Tensor], noise: Tensor) -> Tensor:
    """How far two outputs for the same input are from looking different, (N,), at least 0.

    `one` and `other` are their features by level, (N, F, H, W) each; `noise` (N, style_dim) is the
    difference of their style codes' noise: the nearer the codes, the nearer the outputs may be.
    Diversity-sensitive training (Yang et al., ICLR 2019, eq. 4), in features.
    """
    distances = [(a - b).abs().mean((1, 2, 3)) for a, b in zip(one, other)]
    distance = torch.stack(distances).mean(0)  # (N,)
    apart = noise.abs().mean(1) / NORMAL_DISTANCE
    return (DIVERSITY_LIMIT - distance / apart.clamp(min=0.1)).clamp(min=0)


def color_loss(output: Tensor, target: Tensor) -> Tensor:
    """L1 distance of the mean colours of cells of 16x16 pixels, of images (N, C, H, W).

    The distance of blurred images (Ignatov et al., DPED, ICCV 2017, section 3.1.1). Of a distance
    by pixels, detail that no input tells is the largest part; this one sees the colours that the
    style code should carry. At sides that are no multiples of 16 the last pixels do not count. 0
    for no images.
    """
    cell = min(COLOR_CELL, *output.shape[-2:])
    difference = F.avg_pool2d(output - target, cell).abs()
    return difference.sum() / max(1, difference.numel())


def ab_cross_entropy(logits: Tensor, ab: Tensor, points: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy of logits (N, K, H, W) and a/b (N, 2, H, W) soft-encoded over K grid points.

    The target of a pixel is a Gaussian of half a grid step over the points (Zhang et al., 2016,
    section 2.1). `weight` (N, 1, H, W) rebalances rare, vivid colours.
    """
    spacing = (points[1:] - points[:-1]).norm(dim=1).min()
    # |ab - p|^2 without |ab|^2, which cancels out in the softmax
    distance = points.square().sum(1)[None, :, None, None] - 2 * torch.einsum(
        "nchw,kc->nkhw", ab, points
    )  # (N, K, H, W)
    target = torch.softmax(distance / (-2 * (spacing / 2) ** 2), dim=1)
    cross = -(target * torch.log_softmax(logits, dim=1)).sum(1, keepdim=True)
    return (cross * weight).sum() / weight.sum()


def class_cross_entropy(logits: Tensor, one_hot: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy of logits and one-hot classes (N, K, H, W), by `weight` (N, 1, H, W)."""
    cross = -(one_hot * torch.log_softmax(logits, dim=1)).sum(1, keepdim=True)
    return (cross * weight).sum() / weight.sum().clamp(min=1)


def damage_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of a damage map, (N, 1, H, W) each; `target` is -1 or 1.

    The map is tanh(logits) = 2 * sigmoid(2 * logits) - 1.
    """
    return F.binary_cross_entropy_with_logits(2 * logits, (target + 1) / 2)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), summed over the code, mean over the batch."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
