"""Curves and samples of a run in Weights & Biases (https://docs.wandb.ai), with --wandb PROJECT."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

FOLDER = "wandb"  # where the package keeps its files, in the folder of the run
ID_NAME = "run-id.txt"


def check_installed() -> None:
    """Raises ValueError if the package is not installed."""
    try:
        import wandb  # noqa: F401
    except ImportError:
        raise ValueError(
            "--wandb needs the package wandb, which is not installed: pip install wandb; or leave "
            "--wandb out"
        ) from None


class WandbWriter:
    """Writes scalars and sample images to a run of a project; a resumed run continues its curves.

    Raises ValueError if the package is not installed or not logged in.
    """

    def __init__(self, out_dir: Path, project: str, config: Mapping[str, Any]) -> None:
        check_installed()
        import wandb

        self._wandb = wandb
        try:
            self._run = wandb.init(
                project=project,
                name=out_dir.resolve().name,
                id=read_run_id(out_dir),
                resume="allow",
                dir=str(out_dir),
                config=dict(config),
            )
        except wandb.errors.Error as error:
            raise ValueError(
                f"--wandb: Weights & Biases did not start ({error}); run wandb login, or set "
                "WANDB_MODE=offline to write to the folder of the run alone"
            ) from error
        # Steps of our own: those of the package only rise, and a resumed run may go back to a save
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")

    def add_scalars(self, group: str, values: Mapping[str, float], step: int) -> None:
        self._run.log({**{f"{group}/{name}": v for name, v in values.items()}, "step": step})

    def add_image(self, image: Image.Image, step: int) -> None:
        self._run.log({"samples": self._wandb.Image(image), "step": step})

    def close(self) -> None:
        self._run.finish()


def read_run_id(out_dir: Path) -> str:
    """The identifier of the run in the folder; a new one is written if there is none."""
    path = out_dir / FOLDER / ID_NAME
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(4))
    return path.read_text().strip()
