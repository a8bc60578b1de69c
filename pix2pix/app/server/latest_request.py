"""Who waits for what: a visitor's newest drawing wins, work on an older one is given up."""

import threading
from collections import OrderedDict
from collections.abc import Callable

MOST_VISITORS = 1000


class Newest:
    """The number of each visitor's newest request; those of the longest silent are forgotten."""

    def __init__(self, most_visitors: int = MOST_VISITORS) -> None:
        self._most = most_visitors
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, visitor: str, number: int) -> Callable[[], bool]:
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
