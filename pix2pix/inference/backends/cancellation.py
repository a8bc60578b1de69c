"""Cancel inference when its result is no longer needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Stop: TypeAlias = Callable[[], bool] | None  # polled during a run; True cancels it


class InferenceCancelledError(Exception):
    """Inference was cancelled by its caller."""
