"""Counts what each client uses, and refuses what exceeds its share."""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pix2pix.app.server.answers import RequestError

MAX_CLIENTS = 10_000  # that are remembered; as many sessions
MINUTE_S = 60.0


def over_share(what: str, wait_s: int = 5) -> RequestError:
    """The refusal 429 of a client that uses more than its share."""
    return RequestError(
        429,
        f"Too many {what} from your network address at once. Please try again in {wait_s} seconds.",
        retry_after_s=wait_s,
    )


class Share:
    """How many of something each client may have at once. For one event loop."""

    def __init__(self, limit: int, what: str) -> None:
        self._limit, self._what = limit, what
        self._held: Counter[str] = Counter()

    def of(self, client: str) -> int:
        return self._held[client]

    def __len__(self) -> int:
        return len(self._held)

    def check(self, client: str, amount: int = 1) -> None:
        """Raises RequestError 429 if the client has no room for so much more."""
        if self._held.get(client, 0) + amount > self._limit:
            raise over_share(self._what)

    @contextmanager
    def taken(self, client: str, amount: int = 1) -> Iterator[None]:
        """Raises RequestError 429 if the client would then hold more than the limit."""
        self.add(client, amount)
        try:
            yield
        finally:
            self.remove(client, amount)

    def add(self, client: str, amount: int = 1) -> None:
        self.check(client, amount)
        self._held[client] += amount

    def remove(self, client: str, amount: int = 1) -> None:
        self._held[client] -= amount
        if self._held[client] <= 0:
            del self._held[client]


class SessionRate:
    """How many sessions each client begins in a minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = per_minute, clock
        self._begun: OrderedDict[str, deque[float]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def enter(self, client: str, session: str | None) -> None:
        """Notes a request of a session; None for a new one. Raises RequestError 429."""
        if session is not None and (client, session) in self._known:
            self._known.move_to_end((client, session))
            return
        now = self._clock()
        begun = self._begun.setdefault(client, deque())
        self._begun.move_to_end(client)
        while begun and begun[0] <= now - MINUTE_S:
            begun.popleft()
        if len(begun) >= self._limit:
            wait_s = int(begun[0] + MINUTE_S - now) + 1
            raise over_share("new sessions", wait_s)
        begun.append(now)
        if session is not None:
            self._known[client, session] = None
        while len(self._known) > MAX_CLIENTS:
            self._known.popitem(last=False)
        while len(self._begun) > MAX_CLIENTS:
            self._begun.popitem(last=False)


class SessionOwners:
    """Which client began each session of programs.

    A session's hash stands in addresses and in the logs of proxies. It opens nothing for others.
    """

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()

    def claim(self, session: str, client: str) -> None:
        """Notes the client of a new session. Raises RequestError 403 for another's."""
        self.check(session, client)
        self._owners[session] = client
        self._owners.move_to_end(session)
        while len(self._owners) > MAX_CLIENTS:
            self._owners.popitem(last=False)

    def check(self, session: str, client: str) -> None:
        """Raises RequestError 403 for the session of another client."""
        if self._owners.get(session, client) != client:
            raise RequestError(403, "This session was begun from another network address.")
