"""Adapts depth, receptive field and discriminator scales of a recipe to another size."""

import itertools
from collections.abc import Mapping
from typing import Any

from pix2pix.config import ENCODER_DEPTH, RESNET_DEPTH, UNET_KEYS
from pix2pix.models import PATCH_LAYERS, smallest_side

SIZE_KEYS = ("size", "width")
LARGEST_BOTTLENECK = 12  # pixels; with a larger one the U-Net has too small a receptive field
UNET_USUAL = {"depth": 8, "padding": "zeros"}
RESNET_USUAL = {"depth": RESNET_DEPTH, "padding": "reflect", **UNET_KEYS}


def fit_to_architecture(
    values: Mapping[str, Any], given: Mapping[str, object], before: str
) -> dict[str, Any]:
    """The keys of `values` that must change as the architecture was `before`; {} if none must.

    A residual generator gets the published depth and padding, a U-Net the defaults. The keys in
    `given`, which a user named, do not change.
    """
    is_unet = values["architecture"] == "unet"
    if is_unet == (before == "unet"):
        return {}
    usual = UNET_USUAL if is_unet else RESNET_USUAL
    return {k: v for k, v in usual.items() if k not in given and values[k] != v}


def fit_to_size(values: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    """The keys of `values`, all keys of a recipe, that must change for its size; {} if none must.

    The keys in `given`, which a user named, do not change. The depth becomes the largest that
    divides all sides. If nothing fits, `Recipe` raises the error.
    """
    if not any(key in given for key in SIZE_KEYS):
        return {}
    fitted = _fit_depth(values, given)
    fitted |= _fit_discriminator({**values, **fitted}, given)
    return fitted


def _fit_depth(values: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    sides = [values["size"], values["width"] or values["size"]]
    fitted: dict[str, Any] = {}
    if "depth" not in given and min(sides) > 0:
        is_known = values["encoder"] != "unet"
        too_small = min(sides) < 2**ENCODER_DEPTH and "encoder" not in given
        deepest = values["depth"] if not is_known or too_small else 0
        depths = [d for d in range(deepest, 0, -1) if not any(side % 2**d for side in sides)]
        if depths and depths[0] < values["depth"] and _is_deep_enough(sides, depths[0]):
            fitted["depth"] = depths[0]
            if is_known:
                fitted["encoder"] = "unet"
    small = values["progressive_size"]
    multiple = 2 ** fitted.get("depth", values["depth"])
    small_width, rest = divmod(sides[1] * small, max(sides[0], 1))
    if (
        "progressive_size" not in given
        and small
        and (small % multiple or rest or small_width % multiple)
    ):
        fitted["progressive_size"] = 0
    return fitted


def _is_deep_enough(sides: list[int], depth: int) -> bool:
    return min(sides) // 2**depth <= LARGEST_BOTTLENECK


def _fit_discriminator(values: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    """Fewer scales and then a smaller receptive field, if D would have no output at this size."""
    if not values["lambda_gan"]:
        return {}
    sides = [side for side in (values[k] for k in ("size", "width", "progressive_size")) if side]
    field, scales = values["receptive_field"], values["d_scales"]
    fields = [field] if "receptive_field" in given else [f for f in PATCH_LAYERS if f <= field]
    counts = [scales] if "d_scales" in given else range(scales, 0, -1)
    for one, count in itertools.product(sorted(fields, reverse=True), counts):
        if smallest_side(one, count) * (1 + values["half_output"]) <= min(sides):
            found = {"receptive_field": one, "d_scales": count}
            return {key: value for key, value in found.items() if value != values[key]}
    return {}
