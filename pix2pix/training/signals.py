"""SIGINT and SIGTERM as requests: the run saves and leaves when its step is done."""

import contextlib
import os
import signal

AGAIN = b"\nleaving after this step; press again to leave at once, back at the last save\n"


class StopSignal(contextlib.AbstractContextManager["StopSignal"]):
    """Turns SIGINT and SIGTERM into a request that the loop honours; a second SIGINT kills."""

    number = 0  # of the signal that came, 0: none

    def __enter__(self) -> "StopSignal":
        self._old = {s: signal.signal(s, self._request) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _request(self, number: int, _: object) -> None:
        self.number = number
        # The system's own handling: at once, even in the middle of a long operation. A kill at any
        # moment leaves the last save whole.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with contextlib.suppress(OSError):
            # Not through sys.stderr: this may interrupt a write to it, which must not be entered
            # twice.
            os.write(2, AGAIN)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
