"""Select the backend and the precision for a generator on this machine."""

from __future__ import annotations

import importlib.util
import logging

import torch

from pix2pix.inference.backends.openvino_backend import OpenVinoBackend
from pix2pix.inference.backends.torch_backend import TorchBackend
from pix2pix.models import Generator
from pix2pix.runtime.device import has_amx, has_fast_bf16

ENGINES = ("auto", "torch", "openvino")

log = logging.getLogger("pix2pix")


def make_backend(
    kind: str, generator: Generator, device: torch.device, live_shape: tuple[int, int] | None = None
) -> TorchBackend | OpenVinoBackend:
    """Creates a backend of `kind` and logs it; `auto` selects the faster one (`choose_kind`).

    The backend computes in bf16 if the hardware supports it and the network allows it. Runs at
    `live_shape` (H, W) can be cancelled in every backend. Raises ValueError for an unknown kind, or
    one that is not available on this device or installation.
    """
    if kind not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {kind!r}")
    has_openvino = device.type == "cpu" and importlib.util.find_spec("openvino") is not None
    if kind == "openvino" and not has_openvino:
        raise ValueError(
            f"engine openvino runs on the CPU with the package openvino, got device {device.type}"
        )
    bf16, reason = choose_precision(generator, device)
    if kind == "auto":
        kind, speed = choose_kind(bf16, device, has_openvino)
        reason = f"{speed}; {reason}"
    log.info("engine: %s on %s in %s (%s)", kind, device.type, "bf16" if bf16 else "fp32", reason)
    if kind == "openvino":
        return OpenVinoBackend(generator, bf16, live_shape)
    return TorchBackend(generator, device, bf16)


def choose_precision(generator: Generator, device: torch.device) -> tuple[bool, str]:
    """Whether to compute in bf16, and the reason."""
    if not has_fast_bf16(device):
        return False, "no bf16 in hardware"
    if generator.needs_fp32:
        return False, "the network needs fp32"
    return True, "bf16 in hardware"


def choose_kind(bf16: bool, device: torch.device, has_openvino: bool) -> tuple[str, str]:
    """The faster backend for this device and precision, and the reason.

    `benchmarks/draw.py` compares both with this rule in each precision. A 256x256 drawing took
    55 ms in OpenVINO and 92 ms in torch in fp32 on AVX2; in bf16 27 ms and 60 ms on AVX-512 BF16
    without AMX, and 24 ms in torch with AMX.
    """
    if not has_openvino:
        return "torch", "no OpenVINO" if device.type == "cpu" else "the device is no CPU"
    if bf16 and has_amx():
        return "torch", "faster in bf16 with AMX"
    return "openvino", "faster in bf16 without AMX" if bf16 else "faster in fp32"
