"""SIGINT and SIGTERM as requests, which a loop honours when it is at a good place to leave."""

import contextlib
import os
import signal


class StopSignal(contextlib.AbstractContextManager["StopSignal"]):
    """Turns SIGINT and SIGTERM into a request that the loop honours; a second SIGINT kills.

    `words` say so to whoever pressed the keys. Unlike a KeyboardInterrupt the request cannot be
    lost: one that is raised while Python calls back from C is only printed.
    """

    number = 0  # of the signal that came, 0: none

    def __init__(self, words: str) -> None:
        self._words = f"\n{words}\n".encode()

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
            os.write(2, self._words)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
