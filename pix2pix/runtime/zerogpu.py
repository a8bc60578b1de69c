"""ZeroGPU Spaces, which provide a GPU for the time of a call; no effect elsewhere."""

import os
from collections.abc import Callable
from typing import TypeVar

# The package emulates CUDA outside of calls and must be imported before CUDA is first used.
# Elsewhere it would only load Gradio.
spaces = None
if os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true"):
    import spaces  # type: ignore[no-redef]

MAX_CALL_S = 15  # a visitor needs this much of the daily quota left; also bounds the waiting time

Function = TypeVar("Function", bound=Callable)


def with_zerogpu(function: Function) -> Function:
    """The function, run in a process with the GPU; arguments and results are pickled."""
    return spaces.GPU(function, duration=MAX_CALL_S) if spaces else function
