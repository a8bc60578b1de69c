"""What a person should hear beside the result of their call, without every layer passing it on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)

log = logging.getLogger("pix2pix")


def notify(notice: str) -> None:
    """Says a sentence to whoever made the call that this runs in, and to the log."""
    log.warning(notice)
    heard = _heard.get()
    if heard is not None and notice not in heard:
        heard.append(notice)


@contextmanager
def collect_notices() -> Iterator[list[str]]:
    """The notices of what is called within, in this thread."""
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)
