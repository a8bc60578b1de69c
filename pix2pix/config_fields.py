"""Dataclasses from parsed JSON or TOML: the types of their fields, and old names of keys."""

import dataclasses
import difflib
import reprlib
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

# Old names of keys: read in config.json, run.json, recipes and on the command line, never written
KEY_ALIASES = {
    "accumulate": "gradient_accumulation_steps",
    "canvas": "input_type",
    "clip_grad": "max_grad_norm",
    "d_known": "projected_d",
    "drop": "lr_gamma",
    "drop_after": "lr_patience",
    "drop_every": "lr_step",
    "fit": "resize_mode",
    "flip": "random_flip",
    "gan_loss": "gan_mode",
    "hint_dim": "hint_embed_dim",
    "jitter": "crop_scale",
    "lambda_even": "lambda_uniformity",
    "lambda_known": "lambda_perceptual",
    "lambda_seg": "lambda_oasis",
    "largest": "max_size",
    "precision": "mixed_precision",
    "prior_part": "prior_fraction",
    "schedule": "lr_scheduler",
    "skip_bad": "skip_invalid",
    "small_size": "progressive_size",
    "small_until": "progressive_until",
    "spectral": "spectral_norm",
    "take_out": "element_dropout",
    "warmup": "lr_warmup_steps",
    "workers": "num_workers",
}

T = TypeVar("T")


def rename_old_keys(values: Mapping[str, T], where: str) -> dict[str, T]:
    """`values` with the old names of keys replaced by the new ones, in the same order.

    Raises ValueError where a key is given by both of its names.
    """
    for old, new in KEY_ALIASES.items():
        if old in values and new in values:
            raise ValueError(
                f"{where} has both {new!r} and its old name {old!r}; expected {new!r} alone"
            )
    return {KEY_ALIASES.get(key, key): value for key, value in values.items()}


def require(condition: bool, name: str, expected: str, value: object) -> None:
    """Raises ValueError "NAME must be EXPECTED, got VALUE" unless `condition` holds."""
    if not condition:
        raise ValueError(f"{name} must be {expected}, got {reprlib.repr(value)}")


def from_dict(cls: type[T], values: object, where: str) -> T:
    """A dataclass from parsed JSON or TOML, in which keys may have their old names.

    Raises ValueError for unknown or missing keys and for wrong types.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be a table of keys and values, got {type(values).__name__}")
    values = rename_old_keys(values, where)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    for key in values:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            raise ValueError(
                f"{where} has no key {reprlib.repr(key)}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
    needed = dataclasses.MISSING
    for name, known in fields.items():
        if name not in values and known.default is needed and known.default_factory is needed:
            raise ValueError(f"{where} lacks the key {name!r}")
    return cls(**{k: _coerce(hints[k], v, f"{where}.{k}") for k, v in values.items()})


def _coerce(hint: Any, value: Any, where: str) -> Any:
    """`value` converted to the type `hint`, if that is possible without loss."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_dict(hint, value, where)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in args:
            return None
        return _coerce(next(a for a in args if a is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{where} must be a list, got {reprlib.repr(value)}")
        return tuple(_coerce(args[0], item, where) for item in value)
    if hint is Any:
        return value
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{where} must be a table, got {reprlib.repr(value)}")
        return {k: _coerce(args[1], v, f"{where}.{reprlib.repr(k)}") for k, v in value.items()}
    if hint is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"{where} must be of type {hint.__name__}, got {reprlib.repr(value)}")
    return value
