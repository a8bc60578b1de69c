"""Collects how long models run within a block of code, as `user_warnings` collects notices."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_runs: ContextVar[list[float] | None] = ContextVar("model runs", default=None)


@contextmanager
def collect_model_runs() -> Iterator[list[float]]:
    """Gives a list that gets the seconds of each model run in the block, in its thread."""
    runs: list[float] = []
    token = _runs.set(runs)
    try:
        yield runs
    finally:
        _runs.reset(token)


def note_model_run(seconds: float) -> None:
    """Adds a run to the list of the surrounding block, if there is one."""
    if (runs := _runs.get()) is not None:
        runs.append(seconds)
