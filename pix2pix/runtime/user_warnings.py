"""Collect notices for the user during a call, without passing them through every layer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)

log = logging.getLogger("pix2pix")


def notify(notice: str) -> None:
    """Logs a sentence and adds it to the notices of the current call."""
    log.warning(notice)
    heard = _heard.get()
    if heard is not None and notice not in heard:
        heard.append(notice)


@contextmanager
def collect_notices() -> Iterator[list[str]]:
    """A list that receives the notices of the calls inside, in this thread or task."""
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)
