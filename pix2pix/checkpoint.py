"""Save and load checkpoints.

A checkpoint is a folder with config.json (`config.CheckpointConfig`), model.safetensors (fp16, or
fp32 where imported) and README.md, the model card. Loading is strict, reads only the first two, and
unpickles nothing.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pix2pix.config import CheckpointConfig
from pix2pix.config_fields import from_dict
from pix2pix.models import Generator, StyleEncoder, make_generator
from pix2pix.runtime.atomic_io import write_together

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
CARD_NAME = "README.md"
EXAMPLES_DIR = "examples"  # optional example images for the app
MAX_CONFIG_BYTES = 1 << 20
DIRECTIONS = ("AtoB", "BtoA")  # folders in a run that trains both, each a checkpoint of its own


class Model(nn.Module):
    """The networks of a checkpoint: a generator and, if it has styles, a style encoder."""

    def __init__(self, config: CheckpointConfig) -> None:
        super().__init__()
        final_tanh = config.task != "photo2labels"
        self.generator: Generator = make_generator(config.generator, final_tanh)
        if config.output_dtype not in ("", "uint8"):
            self.generator.needs_fp32 = True  # bf16 would round results of 16 bits to 8
        shrink = 2 if config.generator.enhancer else 1  # to what the global network works at
        self.style_encoder = None
        if style_dim := config.generator.style_dim:
            whitening = config.generator.style_whitening
            self.style_encoder = StyleEncoder(style_dim, shrink=shrink, whitening=whitening)


def save_checkpoint(
    folder: Path, config: CheckpointConfig, model: Model, card: str, half: bool = True
) -> None:
    """Writes the folder; with `half`, floats are stored as float16."""
    folder.mkdir(parents=True, exist_ok=True)
    write_together(checkpoint_files(folder, config, model, card, half))


def checkpoint_files(
    folder: Path, config: CheckpointConfig, model: Model, card: str, half: bool = True
) -> dict[Path, bytes]:
    """The files of a checkpoint with their contents; config.json comes last."""
    state = {
        name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()
    }
    tensors = {name: _to_half(tensor) for name, tensor in state.items()} if half else state
    return {
        folder / WEIGHTS_NAME: save(tensors),
        folder / CARD_NAME: card.encode(),
        folder / CONFIG_NAME: (json.dumps(config.to_dict(), indent=2) + "\n").encode(),
    }


def _to_half(tensor: Tensor) -> Tensor:
    """The tensor as float16 if it is a float and does not overflow (variances may)."""
    half = tensor.half() if tensor.is_floating_point() else tensor
    return half if half.isfinite().equal(tensor.isfinite()) else tensor


def read_config(folder: str | Path) -> CheckpointConfig:
    """The config of a checkpoint folder. Raises ValueError with the file name if invalid."""
    path = Path(folder) / CONFIG_NAME
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError(f"{path}: is over {MAX_CONFIG_BYTES} bytes, too large for a config")
        values = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(
            f"{folder}: is not a checkpoint folder, it has no {CONFIG_NAME}{describe_inner(folder)}"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: is not valid JSON ({error})") from None
    try:
        return from_dict(CheckpointConfig, values, "config")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def inner_checkpoints(folder: str | Path) -> dict[str, Path]:
    """The checkpoints of a run that trains both directions, by direction; {} for others."""
    found = {name: Path(folder) / name for name in DIRECTIONS}
    return {n: path for n, path in found.items() if (path / CONFIG_NAME).is_file()}


def describe_inner(folder: str | Path) -> str:
    """A hint for messages that a folder is no checkpoint; "" if none of its folders is one."""
    names = " and ".join(str(path) for path in inner_checkpoints(folder).values())
    return f"; its checkpoints are {names}" if names else ""


def build_meta_model(config: CheckpointConfig) -> Model:
    """The model on the meta device, where tensors have shapes but take no memory."""
    with torch.device("meta"):
        return Model(config)


def tensor_shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def load_checkpoint(folder: str | Path) -> tuple[CheckpointConfig, Model]:
    """Config and float32 model, in evaluation mode, on the CPU.

    Raises ValueError if the weights are missing, damaged, or differ from the config in name or
    shape. Shapes are compared before any memory is allocated.
    """
    config = read_config(folder)
    path = Path(folder) / WEIGHTS_NAME
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise ValueError(f"{folder}: has no {WEIGHTS_NAME}") from None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: is damaged or not a safetensors file ({error})") from None
    model = build_meta_model(config)
    wanted = model.state_dict()
    expected, found = tensor_shapes(wanted), tensor_shapes(tensors)
    if expected != found:
        differing = sorted(
            n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n)
        )
        name = differing[0]
        raise ValueError(
            f"{path}: does not match {CONFIG_NAME} in {len(differing)} tensors, the first "
            f"{name}: expected {expected.get(name, 'none')}, got {found.get(name, 'none')}"
        )
    for name, tensor in tensors.items():
        if tensor.is_floating_point() != wanted[name].is_floating_point():
            raise ValueError(
                f"{path}: {name} must be {wanted[name].dtype}, or stored as such with fewer bits; "
                f"got {tensor.dtype}"
            )
        if not tensor.isfinite().all():
            raise ValueError(f"{path}: {name} has values that are not finite, it is damaged")
    # Copies, so that the memory-mapped file can be closed
    copies = {n: t.float() if t.is_floating_point() else t.clone() for n, t in tensors.items()}
    model.load_state_dict(copies, strict=True, assign=True)
    return config, model.eval().requires_grad_(False)
