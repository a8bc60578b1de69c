"""The keys of a recipe with their help, read from the comments in `Recipe` itself."""

import inspect
import json
import re
from dataclasses import dataclass

from pix2pix.training.recipe import Recipe

FIELD = re.compile(r"    (\w+): [^=#]+(?:= .+?)?  # (.+)")
HEADING = re.compile(r"    # (.+)")


@dataclass(frozen=True)
class Key:
    """One key of a recipe: its heading in `Recipe`, its name and what it does."""

    group: str
    name: str
    help: str


def recipe_keys() -> list[Key]:
    """All keys, in the order and under the headings of `Recipe`."""
    fields = inspect.getsource(Recipe).split("    def ", 1)[0]
    group, keys = "Task", []
    for line in fields.splitlines():
        if heading := HEADING.fullmatch(line):
            group = heading[1].split(":")[0]
        elif field := FIELD.fullmatch(line):
            keys.append(Key(group, field[1], field[2]))
    return keys


def recipe_text(recipe: Recipe) -> str:
    """All keys with their values, as a TOML file that would set them."""
    lines, group = [], "Task"
    for key in recipe_keys():
        if key.group != group:
            group = key.group
            lines += ["", f"# {group}"]
        if key.name != "palette":  # what the data says
            value = json.dumps(getattr(recipe, key.name))
            lines.append(f"{key.name} = {value}".ljust(32) + f"  # {key.help}")
    return "\n".join(lines)
