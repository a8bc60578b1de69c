"""Where to run, and in which precision."""

import contextlib
import ctypes
import os

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name, or the best there is. ValueError where it is not there."""
    if name not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}, got {name!r}")
    found = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(n for n, is_there in found.items() if is_there)
    if not found[name]:
        raise ValueError(f"device {name!r} was asked for, but this machine has none")
    return torch.device(name)


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 natively, rather than by emulation."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, probe, bool)() for probe in probes)
    return False


def autocast(device: torch.device, bf16: bool) -> contextlib.AbstractContextManager[object]:
    return torch.autocast(device.type, torch.bfloat16) if bf16 else contextlib.nullcontext()


def keep_freed_memory() -> bool:
    """Has the process keep the memory that it frees, for its next tensors. Whether that can be had.

    By itself glibc gives large blocks back to the system and gets them anew, emptied page by page,
    100,000 pages in a step of `facades` on a CPU. With this the step took a fifth less time, and at
    its peak 3% more memory.
    """
    libc = ctypes.CDLL(None) if os.name == "posix" else None
    mallopt = getattr(libc, "mallopt", None)  # glibc has it, macOS and musl do not
    return mallopt is not None and bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1))
