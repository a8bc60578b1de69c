"""Stops the server on SIGTERM or Ctrl+C: running jobs are finished and delivered first.

A host that stops a container sends SIGTERM, and kills what is left ten seconds later.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

FINISH_S = 5.0  # for running jobs; a drawing takes a fraction of a second
DELIVER_S = 1.0  # for programs to fetch their answers
STOP_S = 9.0  # after so long the process ends whatever still runs

_stopping = threading.Event()

log = logging.getLogger("pix2pix")


def is_stopping() -> bool:
    """Whether the app takes no more requests."""
    return _stopping.is_set()


def wait_for_signal() -> int:
    """Blocks until SIGTERM or SIGINT; returns the signal's number. For the main thread."""
    told = threading.Event()
    numbers: list[int] = []

    def note(number: int, _: object) -> None:
        numbers.append(number)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    while not told.wait(1):  # wakes for signals on every system
        pass
    return numbers[0]


def stop_server(
    is_idle: Callable[[], bool],
    is_delivered: Callable[[], bool],
    close: Callable[[], None],
    end: Callable[[int], None] = os._exit,
) -> None:
    """Takes no more requests, waits for running jobs, and closes the server; within STOP_S."""
    _stopping.set()
    guard = threading.Timer(STOP_S, end, (1,))
    guard.daemon = True
    guard.start()
    if not wait_until(is_idle, FINISH_S):
        log.warning("running jobs take too long to wait for")
    wait_until(is_delivered, DELIVER_S)
    close()


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether `holds()` became true within the time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
