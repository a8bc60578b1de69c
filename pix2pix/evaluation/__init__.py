"""Metrics of a model on held-out examples; `evaluate` runs them all.

Metrics are plain numbers in one flat dict. A key is `[GROUP_]METRIC[_VARIANT]`: `ab_error`,
`people_ab_error_10_hints`, `fcn_mean_iou_real`. `metric_names` describes them and knows which
direction is better.
"""

from pix2pix.evaluation.evaluate import evaluate
from pix2pix.evaluation.metric_names import direction

__all__ = ["direction", "evaluate"]
