"""How a run is given up when nobody waits for its result any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Stop: TypeAlias = Callable[[], bool] | None  # polled during a run; True cancels it


class InferenceCancelledError(Exception):
    """The run was cancelled because its caller asked for it."""
