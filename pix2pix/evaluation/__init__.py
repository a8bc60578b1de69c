"""What a model scores on held-out examples: each figure in its own module, `evaluation` runs them.

All figures are plain numbers in one flat table. A key is `[GROUP_]FIGURE[_WHOSE]`: `ab_error`,
`people_ab_error_10_hints`, `fcn_mean_iou_real`; `names` says what it is and which way is better.
"""

from pix2pix.evaluation.evaluate import evaluate
from pix2pix.evaluation.metric_names import direction

__all__ = ["direction", "evaluate"]
