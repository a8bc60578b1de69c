"""The end of the server: on SIGTERM or Ctrl+C, what runs is finished and delivered, then it goes.

A host that stops a container sends SIGTERM and kills what is still there ten seconds later.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from gradio import Blocks

FINISH_S = 5.0  # for what runs to end; a drawing takes a fraction of a second
DELIVER_S = 1.0  # for its answers to be fetched
LEAVE_S = 9.0  # after so long the process ends whatever still runs

LEAVING = threading.Event()  # set once the app takes no more requests

log = logging.getLogger("pix2pix")


def wait_for_signal() -> int:
    """Blocks until the process is told to end; the signal's number. For the main thread."""
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


def leave(demo: Blocks, is_idle: Callable[[], bool], end: Callable[[int], None] = os._exit) -> None:
    """Takes no more requests, waits for what runs, and closes the server; all within LEAVE_S.

    `is_idle` tells whether all that runs beside Gradio's queue has ended.
    """
    LEAVING.set()
    guard = threading.Timer(LEAVE_S, end, (1,))
    guard.daemon = True
    guard.start()
    queue = demo._queue
    if not wait_until(lambda: is_idle() and not any(queue.active_jobs), FINISH_S):
        log.warning("what runs takes too long to wait for")
    waiting = queue.pending_event_ids_session  # their answers have not gone out yet
    wait_until(lambda: not any(list(waiting.values())), DELIVER_S)
    demo.close(verbose=False)


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
