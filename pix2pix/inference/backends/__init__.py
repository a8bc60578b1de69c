"""Inference backends: torch on any device, or OpenVINO on a CPU if that is faster.

A backend takes and returns tensors on the CPU and is called from one thread at a time.
"""

from pix2pix.inference.backends.cancellation import InferenceCancelledError, Stop
from pix2pix.inference.backends.openvino_backend import OpenVinoBackend
from pix2pix.inference.backends.selection import ENGINES, choose_kind, make_backend
from pix2pix.inference.backends.torch_backend import TorchBackend, fold_resize_convs

__all__ = [
    "ENGINES",
    "InferenceCancelledError",
    "OpenVinoBackend",
    "Stop",
    "TorchBackend",
    "choose_kind",
    "fold_resize_convs",
    "make_backend",
]
