"""Choose the device and the precision."""

import contextlib
from collections.abc import Iterator

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name, or the best available one. ValueError if it is missing."""
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
    """Whether the hardware multiplies bfloat16 natively, without emulation."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return has_amx() or _cpu_has("avx512_bf16", "_is_avx512_bf16_supported")
    return False


def has_amx() -> bool:
    """Whether the CPU has bfloat16 matrix instructions (Intel AMX)."""
    return _cpu_has("amx_bf16", "_is_amx_tile_supported")


def _cpu_has(capability: str, probe: str) -> bool:
    """Whether the CPU has it. torch before 2.12 knows only by the private function `probe`."""
    if hasattr(torch.cpu, "get_capabilities"):
        return bool(torch.cpu.get_capabilities().get(capability, False))
    return bool(getattr(torch.cpu, probe, bool)())


def seed_random(seed: int, device: torch.device) -> None:
    """Seeds torch's random numbers on the CPU and on `device`.

    `torch.manual_seed` seeds every kind of device, and for each that is not in use it formats the
    stack of its caller: some milliseconds, at each step of a training.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def autocast(device: torch.device, bf16: bool) -> contextlib.AbstractContextManager[object]:
    return torch.autocast(device.type, torch.bfloat16) if bf16 else contextlib.nullcontext()


def full_precision(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """A context that computes float32 in full precision, regardless of autocast and TF32."""
    stack = contextlib.ExitStack()
    if torch.amp.is_autocast_available(device.type):
        stack.enter_context(torch.autocast(device.type, enabled=False))
    if device.type == "cuda":
        stack.enter_context(_convolutions_without_tf32())
    return stack


@contextlib.contextmanager
def _convolutions_without_tf32() -> Iterator[None]:
    """By default cuDNN computes float32 convolutions in TF32, with float16's 10 mantissa bits."""
    cudnn = torch.backends.cudnn
    # torch 2.9 renamed the setting and refuses to read the old one after the new one was used.
    switch, name, off = (
        (cudnn.conv, "fp32_precision", "ieee")
        if hasattr(cudnn, "conv")
        else (cudnn, "allow_tf32", False)
    )
    before = getattr(switch, name)
    setattr(switch, name, off)
    try:
        yield
    finally:
        setattr(switch, name, before)
