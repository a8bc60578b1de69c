"""Imports Gradio without the stubs that it writes meanwhile. Comes before any other import of it.

Gradio parses the source of each of its 80 components to write a stub for type checkers beside it,
whether there is one or not: half of the seconds that importing it takes. A class that comes from no
file is left out. Ours need no stubs either: a stale one misleads a type checker, and an app should
not write into its own source.
"""

import inspect
from typing import Any

_getfile = inspect.getfile


def _getfile_of_others(thing: Any) -> str:
    if type(thing).__name__ == "ComponentMeta":
        raise OSError("no stub is wanted")
    return _getfile(thing)


inspect.getfile = _getfile_of_others  # type: ignore[assignment]
try:
    from gradio import component_meta
finally:
    inspect.getfile = _getfile

component_meta.create_or_modify_pyi = lambda *_: None
