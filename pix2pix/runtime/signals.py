"""Turn SIGINT and SIGTERM into a stop request that a loop checks at a safe point."""

import contextlib
import os
import signal


class StopSignal(contextlib.AbstractContextManager["StopSignal"]):
    """Turns SIGINT and SIGTERM into a request (`number`); a second SIGINT kills.

    `words` is printed on the first signal. Unlike a KeyboardInterrupt, the request cannot be lost:
    an exception that is raised during a callback from C is only printed.
    """

    number = 0  # of the received signal, 0: none

    def __init__(self, words: str) -> None:
        self._words = f"\n{words}\n".encode()

    def __enter__(self) -> "StopSignal":
        self._old = {s: signal.signal(s, self._request) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _request(self, number: int, _: object) -> None:
        self.number = number
        # The default handler kills at once, even during a long operation. Saves are atomic, so the
        # last one stays complete.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with contextlib.suppress(OSError):
            # Not sys.stderr: this may interrupt a write to it, which is not reentrant.
            os.write(2, self._words)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
