"""Load the inference pipeline of a checkpoint: a folder, or a name on the Hub."""

from __future__ import annotations

from pathlib import Path

from pix2pix.checkpoint import Model, load_checkpoint
from pix2pix.config import CheckpointConfig
from pix2pix.hub import resolve
from pix2pix.inference.colorizer import Colorizer
from pix2pix.inference.image_to_image import Translator
from pix2pix.inference.label_to_photo import Drawer
from pix2pix.inference.photo_to_label import Tracer
from pix2pix.inference.restorer import Restorer
from pix2pix.runtime.device import choose_device


def load_drawer(
    folder: str | Path, device: str = "auto", engine: str = "torch", hd: str | Path | None = None
) -> Drawer:
    """The Drawer of a checkpoint; with `hd`, another checkpoint draws the larger photos.

    Raises ValueError unless the task of both is labels2photo, and if they do not fit together
    (`Drawer.enhance`).
    """
    drawer = Drawer(*_load(folder, "labels2photo"), choose_device(device), engine)
    if hd is not None:
        try:
            drawer.enhance(Drawer(*_load(hd, "labels2photo"), choose_device(device), engine))
        except ValueError as error:
            raise ValueError(f"{hd}: {str(error).removeprefix(f'{hd}: ')}") from None
    return drawer


def load_colorizer(folder: str | Path, device: str = "auto", engine: str = "torch") -> Colorizer:
    """The Colorizer of a checkpoint. Raises ValueError unless its task is colorize."""
    return Colorizer(*_load(folder, "colorize"), choose_device(device), engine)


def load_tracer(folder: str | Path, device: str = "auto", engine: str = "torch") -> Tracer:
    """The Tracer of a checkpoint. Raises ValueError unless its task is photo2labels."""
    return Tracer(*_load(folder, "photo2labels"), choose_device(device), engine)


def load_translator(folder: str | Path, device: str = "auto", engine: str = "torch") -> Translator:
    """The Translator of a checkpoint. Raises ValueError unless its task is image2image."""
    return Translator(*_load(folder, "image2image"), choose_device(device), engine)


def load_restorer(folder: str | Path, device: str = "auto", engine: str = "torch") -> Restorer:
    """The Restorer of a checkpoint. Raises ValueError unless its task is restore."""
    return Restorer(*_load(folder, "restore"), choose_device(device), engine)


Pipeline = Drawer | Colorizer | Tracer | Translator | Restorer


def load_any(folder: str | Path, device: str = "auto", engine: str = "torch") -> Pipeline:
    """The pipeline for a checkpoint's task. Raises ValueError if it is no checkpoint."""
    config, model = load_checkpoint(resolve(folder))
    services: dict[str, type[Pipeline]] = {
        "labels2photo": Drawer,
        "colorize": Colorizer,
        "photo2labels": Tracer,
        "image2image": Translator,
        "restore": Restorer,
    }
    return services[config.task](config, model, choose_device(device), engine)


def _load(folder: str | Path, task: str) -> tuple[CheckpointConfig, Model]:
    config, model = load_checkpoint(resolve(folder))
    if config.task != task:
        raise ValueError(f"{folder}: is a checkpoint for {config.task}, expected one for {task}")
    return config, model
