"""Keys of a recipe that can be changed on resume, and how the changes are recorded."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pix2pix.config_fields import from_dict, rename_old_keys
from pix2pix.training.recipe import Recipe

CHANGEABLE = (
    "crop_scale",
    "random_flip",
    "cache_gb",
    "d_augment",
    "d_shift",
    "lambda_l1",
    "lambda_fm",
    "lambda_perceptual",
    "lambda_oasis",
    "lambda_gan",
    "element_dropout",
    "user_drawings",
    "lambda_uniformity",
    "lambda_color",
    "lambda_class_color",
    "lambda_diversity",
    "lambda_cycle",
    "lambda_identity",
    "lambda_nce",
    "prior_fraction",
    "style_whitening",
    "epochs",
    "max_steps",
    "gradient_accumulation_steps",
    "lr",
    "encoder_lr",
    "d_lr",
    "weight_decay",
    "max_grad_norm",
    "ema",
    "lr_scheduler",
    "decay_start",
    "lr_gamma",
    "lr_step",
    "lr_patience",
    "progressive_size",
    "progressive_until",
    "mixed_precision",
    "num_workers",
    "device_augment",
    "log_every",
    "save_every",
    "sample_every",
    "evaluate_every",
    "fid",
    "wandb",
    "patience",
)
# Keys that change the learning rates of a step
RATE_KEYS = (
    "epochs",
    "max_steps",
    "lr",
    "d_lr",
    "lr_scheduler",
    "decay_start",
    "lr_gamma",
    "lr_step",
)
# Toggling these adds or removes state
TOGGLES = ("ema", "lambda_gan", "lambda_perceptual", "lambda_oasis")


def override_keys(run: dict[str, Any], keys: Mapping[str, object]) -> None:
    """Replaces keys of the recipe in `run`, the content of run.json, and records the old values.

    Raises ValueError for a key that is fixed for a run, or an invalid value.
    """
    keys = rename_old_keys(keys, "--resume")
    fixed = sorted(set(keys) - set(CHANGEABLE))
    if fixed:
        raise ValueError(
            f"--{fixed[0].replace('_', '-')} cannot change within a run; start a new run with its "
            f"weights by --init-from. Keys that can change: {', '.join(CHANGEABLE)}"
        )
    old = run["recipe"]
    recipe = dataclasses.asdict(from_dict(Recipe, {**old, **keys}, "--resume"))
    for key in set(TOGGLES) & set(keys):
        if bool(recipe[key]) != bool(old.get(key)):
            raise ValueError(f"--{key.replace('_', '-')} cannot change to or from 0 in a run")
    changed = {key: [old.get(key), recipe[key]] for key in keys if old.get(key) != recipe[key]}
    if changed:
        run["recipe"] = recipe
        run["changes"] = [*run.get("changes", []), {"step": None, "keys": changed}]


def set_change_steps(run: dict[str, Any], step: int) -> None:
    """Sets the step of changes that have none yet: that of the save from which the run resumes."""
    for change in run.get("changes", []):
        if change["step"] is None:
            change["step"] = step


def describe_lr_jump(
    run: Mapping[str, Any], step: int, last: Mapping[str, float], now: Mapping[str, float]
) -> str:
    """A warning that changed keys make the learning rates jump at a step; "" if they do not jump.

    `last` are the rates of the step before, `now` those of `step`.
    """
    changed = {k for c in run.get("changes", []) if c["step"] == step for k in c["keys"]}
    causes = [key for key in RATE_KEYS if key in changed]
    if run.get("steps_before", run["total_steps"]) != run["total_steps"] and not causes:
        causes = [f"the number of images: {run['steps_before']} steps in all became"]
        causes[0] += f" {run['total_steps']}"
    jumps = [
        f"{name} from {last[name]:.3g} to {rate:.3g}"
        for name, rate in now.items()
        if abs(rate - last[name]) > 0.05 * max(rate, last[name])
    ]
    if not causes or not jumps:
        return ""
    return f"at step {step} the learning rate jumps, {', '.join(jumps)}, by {', '.join(causes)}"


def describe_changes(run: Mapping[str, Any]) -> dict[str, str]:
    """The changes of keys with their steps, as a fact for the model card; {} if there are none."""
    lines = [
        f"from step {change['step']} {key} {new} (was {old})"
        for change in run.get("changes", [])
        for key, (old, new) in change["keys"].items()
    ]
    return {"changed_keys": ", ".join(lines)} if lines else {}
