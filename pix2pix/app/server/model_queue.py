"""Who may use the models: one job at a time in each lane, and a visitor's newest request wins."""

import enum
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, TypeVar

import anyio

from pix2pix.app.server.answers import LeavingError, RequestError
from pix2pix.app.server.client_address import current_client
from pix2pix.app.server.client_shares import Share
from pix2pix.app.server.limits import DEFAULT_LIMITS
from pix2pix.app.server.server_state import ServerState
from pix2pix.inference import InferenceCancelledError, Stop
from pix2pix.runtime.model_time import collect_model_runs
from pix2pix.runtime.user_warnings import collect_notices

MAX_VISITORS = 1000

Result = TypeVar("Result")


class Lane(enum.Enum):
    """What a job keeps busy. Networks run one at a time in any case (`inference.runner.Runner`).

    A drawing takes 40 ms on a CPU, a preview ten times as long, and a whole file takes seconds,
    most of them for decoding, upsampling and encoding. With one lane for all, a drawing would wait
    for every photo that somebody saves.
    """

    DRAWINGS = "drawings"
    PREVIEWS = "previews"
    FILES = "files"  # whole files, one at a time: a picture of 50 megapixels needs 150 to 600 MB


class Done(NamedTuple, Generic[Result]):
    """A job's result, and the notices for the visitor that it gave (`user_warnings.notify`)."""

    result: Result
    notices: tuple[str, ...]


class JobTimes(NamedTuple):
    """How long a job that is done waited and ran, in seconds, and each model run within it."""

    lane: Lane
    waited_s: float
    ran_s: float
    model_s: tuple[float, ...]


class Turns:
    """One turn at a time, client after client, and each client's in the order they came.

    Whoever just had a turn comes last, so one client that waits with many jobs delays another by
    the job that runs. For one event loop.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        if self._is_taken:
            await self._wait(client)
        self._is_taken = True
        try:
            yield
        finally:
            self._next(client)

    async def _wait(self, client: str) -> None:
        event = anyio.Event()
        self._waiting.setdefault(client, deque()).append(event)
        try:
            await event.wait()
        except BaseException:  # cancelled
            if event.is_set():
                self._next(client)
            else:
                self._waiting[client].remove(event)
                if not self._waiting[client]:
                    del self._waiting[client]
            raise

    def _next(self, last: str) -> None:
        """Gives the turn to the next client; `last` had it."""
        if not self._waiting:
            self._is_taken = False
            return
        if last in self._waiting:
            self._waiting.move_to_end(last)
        client, events = self._waiting.popitem(last=False)
        events.popleft().set()
        if events:
            self._waiting[client] = events  # behind the other clients


class ModelQueue:
    """Runs jobs in worker threads, in each lane one at a time, the clients in turn.

    For one event loop: that of the server.
    """

    def __init__(
        self,
        max_waiting: int = DEFAULT_LIMITS.queue,
        max_of_a_client: int | None = None,
        state: ServerState | None = None,
    ) -> None:
        self._state = state or ServerState()
        self.on_done: Callable[[JobTimes], None] | None = None  # called in the job's thread
        self._max_waiting = max_waiting
        self._slots = {lane: anyio.CapacityLimiter(1) for lane in Lane}
        self._turns = {lane: Turns() for lane in Lane}
        self._jobs: Counter[Lane] = Counter()  # running or waiting
        self._shares = {lane: Share(max_of_a_client or max_waiting + 1, "jobs") for lane in Lane}

    def jobs(self, lane: Lane) -> int:
        """How many jobs run or wait in the lane."""
        return self._jobs[lane]

    @property
    def is_idle(self) -> bool:
        return not any(self._jobs.values())

    def check_room(self, lane: Lane) -> None:
        """Raises RequestError 503 if max_waiting jobs wait in the lane, or the server stops."""
        if self._state.is_stopping:
            raise LeavingError
        waiting = self._jobs[lane] - 1
        if waiting >= self._max_waiting:
            raise RequestError(
                503, f"The server is busy: {waiting} others are waiting. Please try again."
            )

    async def run(
        self,
        work: Callable[[], Result],
        lane: Lane = Lane.FILES,
        stop: Stop = None,
        client: str | None = None,
    ) -> Done[Result]:
        """Runs `work` when it is its turn. Raises what it raises.

        `client` is the address that the job counts for, by default that of the current request.
        Raises RequestError as `check_room` does, and 429 if the client has too many jobs in the
        lane; InferenceCancelledError if `stop()` is true when its turn comes.
        """
        self.check_room(lane)
        client = current_client() if client is None else client
        came = time.perf_counter()

        def job() -> Done[Result]:
            if stop is not None and stop():
                raise InferenceCancelledError
            start = time.perf_counter()
            with collect_notices() as notices, collect_model_runs() as runs:
                result = work()
            if self.on_done:
                ran_s = time.perf_counter() - start
                self.on_done(JobTimes(lane, start - came, ran_s, tuple(runs)))
            return Done(result, tuple(notices))

        with self._shares[lane].taken(client):
            self._jobs[lane] += 1
            try:
                async with self._turns[lane].turn(client):
                    return await anyio.to_thread.run_sync(job, limiter=self._slots[lane])
            finally:
                self._jobs[lane] -= 1


class LatestRequests:
    """The number of each visitor's newest request; the least recent visitors are forgotten."""

    def __init__(self, max_visitors: int = MAX_VISITORS) -> None:
        self._max = max_visitors
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, visitor: str, number: int) -> Callable[[], bool]:
        """Registers a request. The returned function tells whether a newer one has come.

        A newer request has a larger number: two requests may arrive in the wrong order.
        """
        with self._lock:
            self._numbers[visitor] = max(number, self._numbers.get(visitor, number))
            self._numbers.move_to_end(visitor)
            if len(self._numbers) > self._max:
                self._numbers.popitem(last=False)
        return lambda: self._numbers.get(visitor, number) > number
