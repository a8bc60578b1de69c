"""How well class indices agree with the true ones, by the confusion between classes.

The definitions are those of Long et al., "Fully Convolutional Networks for Semantic Segmentation"
(CVPR 2015), section 5, which the FCN score of the pix2pix paper uses too.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def confusion_matrix(true: Tensor, found: Tensor, valid: Tensor, num_classes: int) -> Tensor:
    """Counts (num_classes, num_classes), int64, [true, found], of the indices where `valid`."""
    pairs = true[valid] * num_classes + found[valid]
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)


def segmentation_scores(confusion: Tensor, class_names: Sequence[str] = ()) -> dict[str, float]:
    """Pixel accuracy, class accuracy, mean IoU, 0..1; with `class_names` the IoU of each class too.

    Means are over the classes that occur in the truth; one that does not has no figure.
    Raises ValueError where no pixel counts.
    """
    hits, there, found = confusion.diag().double(), confusion.sum(1), confusion.sum(0)
    if not there.sum():
        raise ValueError("expected label maps with at least one pixel of a class, got none")
    known = there > 0
    iou = hits / (there + found - hits)
    scores = {
        "pixel_accuracy": (hits.sum() / there.sum()).item(),
        "class_accuracy": (hits / there)[known].mean().item(),
        "mean_iou": iou[known].mean().item(),
    }
    each = zip(class_names, iou.tolist(), known.tolist())
    return scores | {
        f"iou_{name.replace(' ', '_')}": value for name, value, is_known in each if is_known
    }
