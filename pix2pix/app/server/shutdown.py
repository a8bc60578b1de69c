"""Stops the server on SIGTERM or Ctrl+C: it drains, what runs is answered, then it closes.

A host that stops a container sends SIGTERM, and kills what is left ten seconds later unless it is
configured otherwise; so the time in which visitors may finish with their photos is 0 by default.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pix2pix.app.server.server_state import ServerState

FINISH_S = 5.0  # for running jobs; a drawing takes a fraction of a second
DELIVER_S = 1.0  # for programs to fetch their answers
STOP_S = 9.0  # so long after the grace the process ends whatever still runs

log = logging.getLogger("pix2pix")


class StopSignals:
    """Waits for SIGTERM or SIGINT; a second one ends the process at once. For the main thread."""

    def __init__(self, end: Callable[[int], object] = os._exit) -> None:
        self._first = threading.Event()
        self._end = end
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, _: object) -> None:
        if self._first.is_set():
            self._end(128 + number)
        self._first.set()

    def wait(self) -> None:
        while not self._first.wait(1):  # wakes for signals on every system
            pass


@dataclass(frozen=True)
class Work:
    """What a server that stops waits for."""

    is_idle: Callable[[], bool]  # no job and no request runs
    is_delivered: Callable[[], bool]  # programs have fetched their answers
    holds_photos: Callable[[], bool]  # visitors have photos open


def stop_server(
    state: ServerState,
    work: Work,
    close: Callable[[], None],
    grace_s: float = 0,
    end: Callable[[int], None] = os._exit,
) -> None:
    """Drains for as long as visitors hold photos, `grace_s` at most; then finishes what runs and
    closes the server, within STOP_S."""
    state.drain()
    guard = threading.Timer(grace_s + STOP_S, end, (1,))
    guard.daemon = True
    guard.start()

    def is_done() -> bool:
        return work.is_idle() and not work.holds_photos()

    wait_until(is_done, grace_s)
    # A call of a program may be in Gradio's queue, and in none of ours yet. Programs that never
    # fetch their answers are not waited for during the grace.
    wait_until(work.is_delivered, DELIVER_S)
    state.stop()
    if not wait_until(work.is_idle, FINISH_S):
        log.warning("running jobs take too long to wait for")
    wait_until(work.is_delivered, DELIVER_S)
    close()


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether `holds()` became true within the time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
