"""Front matter that the Hub reads from a model card: figures, data sets, base model, picture.

https://huggingface.co/docs/hub/model-cards#model-card-metadata
"""

from collections.abc import Sequence
from typing import Any

from pix2pix.config import CheckpointConfig
from pix2pix.evaluation.metric_names import METRICS, base_metric, describe_metric, is_reference
from pix2pix.training.init_weights import PINNED
from pix2pix.training.model_card import WORDS

SAMPLES_NAME = "samples.jpg"  # of held-out examples
NO_DATASET = "custom"  # where the data set is not on the Hub


def hub_metadata(
    config: CheckpointConfig, repo_id: str, datasets: Sequence[str] = (), samples: bool = False
) -> dict[str, Any]:
    """The values that are known of a checkpoint. `samples`: its sample sheet is uploaded too."""
    values: dict[str, Any] = {}
    if datasets:
        values["datasets"] = list(datasets)
    base = config.training.get("init_from")
    if isinstance(base, str) and PINNED.fullmatch(base):
        values["base_model"] = base.split("@")[0]
    figures = figure_entries(config)
    if figures:
        values["model-index"] = [
            {
                "name": repo_id.split("/")[1],
                "results": [
                    {
                        "task": {"type": WORDS[config.task].pipeline_tag},
                        "dataset": {
                            "type": datasets[0] if datasets else NO_DATASET,
                            "name": "held-out examples",
                        },
                        "metrics": figures,
                    }
                ],
            }
        ]
    if samples:
        values["widget"] = [{"text": "held-out examples", "output": {"url": SAMPLES_NAME}}]
    return values


def figure_entries(config: CheckpointConfig) -> list[dict[str, Any]]:
    """The held-out figures that describe the model; those of the data alone are left out."""
    return [
        {"type": base_metric(key), "name": describe_metric(key), "value": value}
        for key, value in config.metrics.items()
        if isinstance(value, (int, float))
        and not isinstance(value, bool)
        and base_metric(key) in METRICS
        and base_metric(key) != "examples"
        and not is_reference(key)
    ]
