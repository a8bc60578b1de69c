"""What may be set anew when a run goes on: what neither its weights nor its state depend on."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pix2pix.config import from_dict, rename_old_keys
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
    "lambda_uniformity",
    "prior_fraction",
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
    "log_every",
    "save_every",
    "sample_every",
    "patience",
)
# By which the learning rates at a step are others
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
# Above 0 a run has a part that it has not at 0
WITH_PARTS = ("ema", "lambda_gan", "lambda_perceptual", "lambda_oasis")


def override_keys(run: dict[str, Any], keys: Mapping[str, object]) -> None:
    """Sets keys of the recipe in `run`, the content of run.json, and notes what they were.

    Raises ValueError for a key that a run has once and for all, or a value that it cannot have.
    """
    keys = rename_old_keys(keys, "--resume")
    fixed = sorted(set(keys) - set(CHANGEABLE))
    if fixed:
        raise ValueError(
            f"--{fixed[0].replace('_', '-')} cannot change while a run lasts; a new run takes its "
            f"weights over with --init-from. What can: {', '.join(CHANGEABLE)}"
        )
    old = run["recipe"]
    recipe = dataclasses.asdict(from_dict(Recipe, {**old, **keys}, "--resume"))
    for key in set(WITH_PARTS) & set(keys):
        if bool(recipe[key]) != bool(old.get(key)):
            raise ValueError(f"--{key.replace('_', '-')} cannot change to or from 0 in a run")
    changed = {key: [old.get(key), recipe[key]] for key in keys if old.get(key) != recipe[key]}
    if changed:
        run["recipe"] = recipe
        run["changes"] = [*run.get("changes", []), {"step": None, "keys": changed}]


def set_change_steps(run: dict[str, Any], step: int) -> None:
    """Gives the changes that have no step yet that of the save which the run goes on from."""
    for change in run.get("changes", []):
        if change["step"] is None:
            change["step"] = step


def describe_lr_jump(
    run: Mapping[str, Any], step: int, last: Mapping[str, float], now: Mapping[str, float]
) -> str:
    """That the learning rates jump at a step because of what was changed there; "" if they do not.

    `last` are the rates of the step before, `now` those to come.
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
    """For the card: which keys were changed on the way, and when."""
    lines = [
        f"from step {change['step']} {key} {new} (was {old})"
        for change in run.get("changes", [])
        for key, (old, new) in change["keys"].items()
    ]
    return {"changed_keys": ", ".join(lines)} if lines else {}
