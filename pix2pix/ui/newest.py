"""Who waits for what: a visitor's newest drawing wins, work on an older one is given up."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST_VISITORS = 1000


class Newest:
    """The number of each visitor's newest request; those of the longest silent are forgotten."""

    def __init__(self, most_visitors: int = MOST_VISITORS) -> None:
        self._most = most_visitors
        self._numbers: OrderedDict[Hashable, int] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, visitor: Hashable, number: int) -> Callable[[], bool]:
        """Notes a request of the visitor. What comes back tells whether a newer one has come.

        Newer is what has the larger number: two that are sent one after the other may arrive here
        the other way round.
        """
        with self._lock:
            self._numbers[visitor] = max(number, self._numbers.get(visitor, number))
            self._numbers.move_to_end(visitor)
            if len(self._numbers) > self._most:
                self._numbers.popitem(last=False)
        return lambda: self._numbers.get(visitor, number) > number


# Of the pictures that follow a hand; a visitor is a session and the event's name. The gate notes a
# request as it arrives, so that the cores are free of the older one when its turn comes.
LIVE = Newest()


def live_event(desk: str) -> str:
    """The name of the event by which a tab's picture follows its drawing."""
    return f"{desk}_live"


def is_live_event(name: str | None) -> bool:
    return name is not None and name.endswith("_live")
