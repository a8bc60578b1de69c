"""ZeroGPU Spaces, where a GPU is lent for the time of a call; elsewhere nothing happens here."""

import os
from collections.abc import Callable
from typing import TypeVar

# The package makes CUDA appear to be there and must come before CUDA is first asked for. Elsewhere
# it would only load Gradio.
spaces = None
if os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true"):
    import spaces  # type: ignore[no-redef]

MAX_CALL_S = 15  # a visitor needs so much left of the day's share, and waits behind such calls

Function = TypeVar("Function", bound=Callable)


def with_zerogpu(function: Function) -> Function:
    """The function, run in a process that has the GPU: arguments and results cross as pickles."""
    return spaces.GPU(function, duration=MAX_CALL_S) if spaces else function
