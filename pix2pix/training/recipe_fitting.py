"""Adapts the keys of a recipe that a user did not name to those that were named.

Depth, receptive field and discriminator scales follow the size, which is rounded if it does not
fit; losses that need another one end with it.
"""

import itertools
import math
from collections.abc import Mapping
from typing import Any

from pix2pix.config import ENCODER_DEPTH, RESNET_DEPTH, UNET_KEYS
from pix2pix.models import PATCH_LAYERS, smallest_side
from pix2pix.models.feature_discriminators import NUM_LEVELS

SIZE_KEYS = ("size", "width")
FEATURE_KEYS = ("projected_d", "lambda_perceptual", "lambda_oasis")  # need a frozen network
STYLE_KEYS = ("style_dim", "prior_fraction")
SMALLEST_SIDE = 16  # pixels
LARGEST_BOTTLENECK = 12  # pixels; with a larger one the U-Net has too small a receptive field
UNET_USUAL = {"depth": 8, "padding": "zeros"}
RESNET_USUAL = {
    "depth": RESNET_DEPTH,
    "padding": "reflect",
    "freeze_global": 0.0,
    **UNET_KEYS,
}


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


def fit_to_losses(values: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    """The keys of `values` that become 0 as what they need is off; {} if none must.

    The keys in `given`, which a user named, do not change, nor do any if nothing was named that
    others need.
    """
    features = any(values[key] for key in FEATURE_KEYS)
    has_styles = values["style_dim"] and values["prior_fraction"]
    needed: dict[str, tuple[tuple[str, ...], object]] = {
        "element_dropout": (("lambda_oasis",), values["lambda_oasis"]),
        "user_drawings": (("lambda_oasis",), values["lambda_oasis"]),
        "lambda_diversity": ((*FEATURE_KEYS, *STYLE_KEYS), features and has_styles),
        "lambda_class_color": (STYLE_KEYS, has_styles),
        "style_whitening": (STYLE_KEYS[:1], values["style_dim"]),
    }
    return {
        key: 0.0
        for key, (causes, is_met) in needed.items()
        if values[key] and not is_met and key not in given and any(c in given for c in causes)
    }


def fit_to_size(values: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    """The keys of `values`, all keys of a recipe, that must change for its size; {} if none must.

    The keys in `given`, which a user named, do not change, except that sides which no suitable
    depth divides are rounded. The depth becomes the largest that divides all sides. If nothing
    fits, `Recipe` raises the error.
    """
    if not any(key in given for key in SIZE_KEYS):
        return {}
    rounded = _round_sides(values, given)
    values = {**values, **rounded}
    fitted = rounded | _fit_depth(values, given)
    fitted |= _fit_discriminator({**values, **fitted}, given)
    return fitted


def _round_sides(values: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    """The sides that no suitable depth divides, rounded; {} if the depth is named too."""
    sides = {key: values[key] for key in SIZE_KEYS if values[key]}
    smallest = min(sides.values())
    if "depth" in given or smallest < SMALLEST_SIDE:
        return {}
    depth = values["depth"]
    has_encoder = values["encoder"] != "unet" and not _replaces_encoder(smallest, given)
    halved = _is_halved(values)
    if values["architecture"] == "unet" and not has_encoder:
        needed = math.ceil(math.log2(smallest / LARGEST_BOTTLENECK)) - halved
        depth = min(depth, max(needed, 1))
    frozen = any(values[key] for key in FEATURE_KEYS)
    multiple = 2 ** max(depth + halved, NUM_LEVELS if frozen else 0)
    rounded = {key: max(1, round(side / multiple)) * multiple for key, side in sides.items()}
    return {key: side for key, side in rounded.items() if side != sides[key]}


def _fit_depth(values: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    sides = [values["size"], values["width"] or values["size"]]
    fitted: dict[str, Any] = {}
    halved = _is_halved(values)
    if "depth" not in given and min(sides) > 0:
        is_known = values["encoder"] != "unet"
        too_small = _replaces_encoder(min(sides), given)
        deepest = values["depth"] if not is_known or too_small else 0
        steps = {d: 2 ** (d + halved) for d in range(deepest, 0, -1)}
        depths = [d for d, step in steps.items() if not any(side % step for side in sides)]
        if depths and depths[0] < values["depth"] and _is_deep_enough(sides, depths[0] + halved):
            fitted["depth"] = depths[0]
            if is_known:
                fitted["encoder"] = "unet"
    small = values["progressive_size"]
    multiple = 2 ** (fitted.get("depth", values["depth"]) + halved)
    small_width, rest = divmod(sides[1] * small, max(sides[0], 1))
    if (
        "progressive_size" not in given
        and small
        and (small % multiple or rest or small_width % multiple)
    ):
        fitted["progressive_size"] = 0
    return fitted


def _replaces_encoder(smallest: int, given: Mapping[str, object]) -> bool:
    """Whether a side is too small for a pretrained encoder, which a U-Net's own then replaces."""
    return smallest < 2**ENCODER_DEPTH and "encoder" not in given


def _is_halved(values: Mapping[str, Any]) -> int:
    """1 if the U-Net works at half the resolution, below a local enhancer; else 0."""
    return 1 if values["enhancer"] else 0


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
