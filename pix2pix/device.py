"""Where to run, and in which precision."""

import contextlib

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


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
