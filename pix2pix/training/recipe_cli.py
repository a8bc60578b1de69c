"""The keys of a recipe as options of the command line and as a printed TOML file."""

import functools
import json
from dataclasses import MISSING, dataclass, fields
from typing import Any

from pix2pix.data.discovery import LAYOUTS
from pix2pix.data.options import DIRECTIONS
from pix2pix.data.resize_crop import RESIZE_MODES
from pix2pix.training.recipe import FROM_DATA, Recipe, read_recipe, recipe_names
from pix2pix.training.recipe_validation import CHOICES


@dataclass(frozen=True)
class Key:
    """A key of a recipe: its heading in --help, its name and its help text."""

    group: str
    name: str
    help: str


def recipe_keys() -> list[Key]:
    """All keys in the order of `Recipe`."""
    return [Key(f.metadata["group"], f.name, f.metadata["help"]) for f in fields(Recipe)]


def format_type(name: str) -> str:
    """Metavar of a key: its type, such as FLOAT, or its choices, such as {vanilla,lsgan,hinge}."""
    choices = {**CHOICES, "layout": ("auto", *LAYOUTS), "direction": DIRECTIONS}
    choices["resize_mode"] = ("auto", *RESIZE_MODES)
    if name in choices:
        return f"{{{','.join(map(str, choices[name]))}}}"
    kind: Any = next(field.type for field in fields(Recipe) if field.name == name)
    return {int: "INT", float: "FLOAT", bool: "{true,false}"}.get(kind, "TEXT")


def format_default(name: str) -> str:
    """The default of a key and the other values in recipes."""
    default = next(field.default for field in fields(Recipe) if field.name == name)
    values: list[Any] = [recipe[name] for recipe in _recipes() if name in recipe]
    others = sorted({value for value in values if value != default})
    words = "none" if default is MISSING else _as_typed(default)
    return f"default: {words}" + (
        f"; in recipes also {', '.join(map(_as_typed, others))}" if others else ""
    )


@functools.cache
def _recipes() -> list[dict[str, object]]:
    return [read_recipe(name) for name in recipe_names()]


def _as_typed(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text or "none"


def format_recipe(recipe: Recipe) -> str:
    """All keys with their values, as a TOML file."""
    lines, group = [], "Task"
    for key in recipe_keys():
        if key.group != group:
            group = key.group
            lines += ["", f"# {group}"]
        if key.name not in FROM_DATA:
            value = json.dumps(getattr(recipe, key.name))
            lines.append(f"{key.name} = {value}".ljust(32) + f"  # {key.help}")
    return "\n".join(lines)
