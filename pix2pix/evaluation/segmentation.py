"""Segmentation metrics from a confusion matrix.

The definitions are those of Long et al., "Fully Convolutional Networks for Semantic Segmentation"
(CVPR 2015), section 5, which the FCN score of the pix2pix paper uses too.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def confusion_matrix(true: Tensor, found: Tensor, valid: Tensor, num_classes: int) -> Tensor:
    """Counts (num_classes, num_classes) int64, [true, found], of the `valid` pixels."""
    pairs = true[valid] * num_classes + found[valid]
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)


def segmentation_scores(confusion: Tensor, class_names: Sequence[str] = ()) -> dict[str, float]:
    """Pixel accuracy, class accuracy and mean IoU in 0..1, and with `class_names` each class's IoU.

    Means are over the classes that occur in the truth; other classes are left out. Raises
    ValueError if the matrix is empty.
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
