"""ZeroGPU Spaces, which lend a GPU for the time of a call; no effect elsewhere.

Everything that depends on the package `spaces` is here; read in versions 0.42 to 0.51.
"""

import functools
import logging
import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

# The package emulates CUDA outside of calls and must be imported before CUDA is first used.
# Elsewhere it would only load Gradio.
spaces = None
if os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true"):
    import spaces  # type: ignore[no-redef]

MAX_CALL_S = 15  # a visitor needs this much of the daily quota left; also bounds the waiting time
QUOTA_NOTICE = (
    "Your time on the Space's GPU is used up for today, so this ran on its CPU, which takes longer."
)
BUSY_NOTICE = "The Space got no GPU at the moment, so this ran on its CPU, which takes longer."

log = logging.getLogger("pix2pix")

Function = TypeVar("Function", bound=Callable)


class GpuRefusedError(RuntimeError):
    """ZeroGPU lent no GPU, or the call in its process failed. The message is for the visitor."""


def with_zerogpu(function: Function) -> Function:
    """The function, run in a process with the GPU; arguments and results are pickled.

    Calls raise GpuRefusedError where no GPU is lent.
    """
    if not spaces:
        return function
    lent = spaces.GPU(function, duration=MAX_CALL_S)

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        try:
            return lent(*args)
        except Exception as error:
            if notice := find_refusal(error):
                log.info("ZeroGPU: %s", error)
                raise GpuRefusedError(notice) from None
            raise

    return cast("Function", call)


def find_refusal(error: Exception) -> str:
    """The notice for an error with which `spaces` refuses a GPU; "" for any other error.

    `spaces` raises gradio.Error with a title such as "ZeroGPU quota exceeded", "ZeroGPU queue
    timeout" or "ZeroGPU worker error"; RuntimeError where its API fails, and an error of httpx
    where that is out of reach. Older versions have no title, but speak of the quota ("You have
    exceeded your GPU quota") or of no GPU.
    """
    title, text = str(getattr(error, "title", "")), str(error)
    if "quota" in title or "GPU quota" in text or "GPU limit" in text:
        return QUOTA_NOTICE
    is_unreachable = type(error).__module__.partition(".")[0] == "httpx"
    if title.startswith("ZeroGPU") or "ZeroGPU" in text or "No GPU" in text or is_unreachable:
        return BUSY_NOTICE
    return ""


def _keep_alive() -> None:
    """ZeroGPU stops a Space that has no function for the GPU; those of models may be missing."""


if spaces:
    spaces.GPU(_keep_alive, duration=MAX_CALL_S)
