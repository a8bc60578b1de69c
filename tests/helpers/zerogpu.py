"""Stands in for the package `spaces` of ZeroGPU."""

import pickle
from collections.abc import Callable
from typing import Any


class Spaces:
    """Lends this process; or refuses with an error, and counts that too."""

    def __init__(self) -> None:
        self.lent: list[str] = []
        self.error: Exception | None = None
        self.refused = 0

    def GPU(self, task: Callable[..., Any], duration: int) -> Callable[..., Any]:  # noqa: N802
        def run(*arguments: Any) -> Any:
            if self.error is not None:
                self.refused += 1
                raise self.error
            self.lent.append(task.__name__)
            return pickle.loads(pickle.dumps(task(*pickle.loads(pickle.dumps(arguments)))))

        return run
