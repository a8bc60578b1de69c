"""TensorBoard event files of a run, if the package `tensorboard` is installed."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

log = logging.getLogger(__name__)

BOARD_NAME = "tensorboard"


class TensorBoardWriter:
    """Writes scalars and sample images to OUT_DIR/tensorboard; does nothing without the package.

    TensorBoard hides what an earlier, interrupted part of the run wrote after `first_step`.
    """

    def __init__(self, out_dir: Path, first_step: int) -> None:
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            log.info("no TensorBoard event files; to write them: pip install tensorboard")
            return
        folder = str(out_dir / BOARD_NAME)
        self._writer = SummaryWriter(folder, purge_step=first_step + 1 if first_step else None)

    def add_scalars(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Each value as GROUP/NAME."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def add_image(self, image: Image.Image, step: int) -> None:
        if self._writer is not None:
            self._writer.add_image("samples", np.asarray(image), step, dataformats="HWC")
            self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
