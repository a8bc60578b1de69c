"""Where the curves and samples of a run go beside metrics.jsonl: TensorBoard, Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from PIL import Image

from pix2pix.training.run_setup import TrainingRun
from pix2pix.training.tensorboard import TensorBoardWriter
from pix2pix.training.wandb_writer import WandbWriter


class MetricWriter(Protocol):
    """Takes the values of a run, step by step."""

    def add_scalars(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Each value as GROUP/NAME."""
        ...

    def add_image(self, image: Image.Image, step: int) -> None: ...

    def close(self) -> None: ...


class MetricWriters:
    """Passes everything on to several writers."""

    def __init__(self, writers: Sequence[MetricWriter]) -> None:
        self._writers = writers

    def add_scalars(self, group: str, values: Mapping[str, float], step: int) -> None:
        for writer in self._writers:
            writer.add_scalars(group, values, step)

    def add_image(self, image: Image.Image, step: int) -> None:
        for writer in self._writers:
            writer.add_image(image, step)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


def open_writers(run: TrainingRun) -> MetricWriters:
    """The writers that are installed and asked for; none on all workers but the first.

    Raises ValueError if Weights & Biases is asked for and cannot start.
    """
    if not run.workers.is_first:
        return MetricWriters(())
    board = TensorBoardWriter(run.out_dir, run.progress.step)
    if not run.recipe.wandb:
        return MetricWriters((board,))
    return MetricWriters((board, WandbWriter(run.out_dir, run.recipe.wandb, run.info["recipe"])))
