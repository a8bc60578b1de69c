"""Whether the server starts, is ready, drains or stops; and how many requests run."""

import enum
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Phase(enum.Enum):
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"  # no new visitors; those who hold photos here are still served
    STOPPING = "stopping"  # no new work; what runs is finished


class ServerState:
    """The phase of one server. It is set by the main thread and read by the event loop."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        self.requests = 0  # that run, without the streams that pages leave open
        self._lock = threading.Lock()
        self._callbacks: dict[object, Callable[[], object]] = {}

    @property
    def is_ready(self) -> bool:
        return self.phase is Phase.READY

    @property
    def is_leaving(self) -> bool:
        """Whether it drains or stops."""
        return self.phase in (Phase.DRAINING, Phase.STOPPING)

    @property
    def is_stopping(self) -> bool:
        return self.phase is Phase.STOPPING

    def set_ready(self) -> None:
        """The server has started; one that leaves already goes on leaving."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.READY

    def drain(self) -> None:
        self.phase = Phase.DRAINING

    def stop(self) -> None:
        """Calls what `when_stopping` was given."""
        with self._lock:
            self.phase = Phase.STOPPING
            callbacks = list(self._callbacks.values())
        for call in callbacks:
            call()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Counts a request that runs. For the event loop."""
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    @contextmanager
    def when_stopping(self, call: Callable[[], object]) -> Iterator[None]:
        """Calls `call`, from any thread, if the server stops before the block is left."""
        token = object()
        with self._lock:
            is_late = self.is_stopping
            self._callbacks[token] = call
        if is_late:
            call()
        try:
            yield
        finally:
            with self._lock:
                del self._callbacks[token]
