"""Records the arguments of calls while the original function still runs."""

from typing import Any

import pytest


def record_calls(patch: pytest.MonkeyPatch, owner: Any, name: str) -> list[tuple[Any, ...]]:
    """The positional arguments of each call of `owner.name` from now on, oldest first.

    The list grows with every call. Where `owner` is a class, the instance comes first.
    """
    original = getattr(owner, name)
    calls: list[tuple[Any, ...]] = []

    def recorded(*args: Any, **keywords: Any) -> Any:
        calls.append(args)
        return original(*args, **keywords)

    patch.setattr(owner, name, recorded)
    return calls
