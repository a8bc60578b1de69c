"""Describe metrics by their keys, tell which direction is better, and format them as a table."""

from collections.abc import Mapping
from typing import NamedTuple


class Metric(NamedTuple):
    """A metric's description with its unit, and what is better: "lower", "higher" or ""."""

    words: str
    better: str


METRICS = {
    "l1": Metric("mean absolute error, 0-255", "lower"),
    "mae": Metric("mean absolute error, in the unit of the values", "lower"),
    "psnr": Metric("PSNR, dB", "higher"),
    "psnr_gain": Metric("PSNR in the damaged area over the damaged photo's, dB", "higher"),
    "psnr_damaged": Metric("PSNR in the damaged area, dB", "higher"),
    "damage_found": Metric("damaged pixels found", "higher"),
    "intact_replaced": Metric("intact pixels replaced", "lower"),
    "ssim": Metric("SSIM", "higher"),
    "ab_error": Metric("a/b error, Lab units", "lower"),
    "bias_a": Metric("mean signed error of a, Lab units", ""),
    "bias_b": Metric("mean signed error of b, Lab units", ""),
    "false_chroma": Metric("mean chroma where the truth is nearly grey", "lower"),
    "colorfulness": Metric("colourfulness", ""),
    "colorfulness_gap": Metric("colourfulness, distance from the truth's", "lower"),
    "pixel_accuracy": Metric("pixel accuracy", "higher"),
    "class_accuracy": Metric("class accuracy", "higher"),
    "mean_iou": Metric("mean IoU", "higher"),
    "iou": Metric("IoU", "higher"),
    "frechet": Metric("Fréchet distance in the judge's features", "lower"),
    "frechet_lite0": Metric("Fréchet distance in EfficientNet-Lite0's features", "lower"),
    "cycle_error": Metric("mean absolute error after both directions, 0-255", "lower"),
    "diversity": Metric("distance between styles in the judge's features", "higher"),
    "fid": Metric("FID (Inception-v3)", "lower"),
    "lpips": Metric("LPIPS (AlexNet)", "lower"),
    "examples": Metric("examples", ""),
}
# Suffixes of reference values that depend only on the data, not on the model.
REFERENCES = ("truth", "grey", "real", "halves", "before")


def base_metric(key: str) -> str:
    """The entry of METRICS that a key belongs to; the key itself if there is none."""
    named = [name for name in METRICS if f"_{name}_" in f"_{key}_"]
    return max(named, key=len, default=key)


def describe_variant(key: str) -> str:
    """The rest of a key in words: "own style", "people 10 hints" or ""."""
    rest = f"_{key}_".replace(f"_{base_metric(key)}_", "_", 1)
    return rest.strip("_").replace("_", " ").replace("fcn", "FCN score")


def is_reference(key: str) -> bool:
    return key.endswith(REFERENCES)


def direction(key: str) -> str:
    """What is better: "lower", "higher", or "" if neither, or if the metric is a reference."""
    figure = METRICS.get(base_metric(key))
    return "" if figure is None or is_reference(key) else figure.better


def describe_metric(key: str) -> str:
    """The description of a key: `fcn_mean_iou_real` is "mean IoU: FCN score real"."""
    name, rest = base_metric(key), describe_variant(key)
    words = METRICS[name].words if name in METRICS else name.replace("_", " ")
    return f"{words}: {rest}" if rest and name != key else words


def format_table(metrics: Mapping[str, float]) -> str:
    """Lines of key, value, an arrow in the better direction, and description."""
    arrows = {"lower": "↓", "higher": "↑", "": " "}
    width = max(map(len, metrics), default=0)
    return "\n".join(
        f"{key:<{width}}  {format_value(value):>9} {arrows[direction(key)]}  {describe_metric(key)}"
        for key, value in metrics.items()
    )


def format_value(value: float) -> str:
    """The value with at most four decimals, fewer for large numbers."""
    if isinstance(value, int):
        return f"{value:,}"
    return (
        f"{value:.4f}" if abs(value) < 1 else f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"
    )
