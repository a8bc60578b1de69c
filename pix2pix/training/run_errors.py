"""Errors that end a run: no memory, a full disk, values that are not finite, a lost worker."""

import torch

# Messages of torch and its libraries, in lower case, of errors that have no type of their own
OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
)
OUT_OF_MEMORY_ADVICE = (
    "out of memory: --gradient-accumulation-steps N, a divisor of --batch-size, splits each step "
    "into N microbatches and can be set on --resume; a new run with a smaller --batch-size or "
    "--size needs less memory"
)


class RunStoppedError(RuntimeError):
    """A run that cannot go on. The message says what is saved and how to resume."""


def stop_reason(error: Exception) -> str | None:
    """Why a run cannot go on, for the errors that may happen to any run; else None."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, torch.linalg.LinAlgError):  # from the covariance of style codes
        return f"the weights are not finite ({error})"
    if isinstance(error, (FloatingPointError, RunStoppedError)):
        return str(error)
    return OUT_OF_MEMORY_ADVICE if is_out_of_memory(error) else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the memory of a GPU or of the machine was exhausted."""
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    message = str(error).lower()
    return any(part in message for part in OUT_OF_MEMORY)
