"""Runs the browser engine's modules under Node on arrays that Python wrote."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import playwright

from pix2pix.runtime.bundle import ASSETS

NODE = Path(playwright.__file__).parent / "driver" / "node"
ENGINE = ASSETS / "js" / "engine"


class NodeJob:
    """A folder of arrays, and a JSON file that names them, for a script of Node's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, array: np.ndarray) -> str:
        """Writes the array's bytes; returns the file's name."""
        np.ascontiguousarray(array).tofile(self.folder / name)
        return name

    def get(self, name: str, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
        return np.fromfile(self.folder / name, dtype).reshape(shape)

    def run(self, script: Path, values: Any) -> Any:
        """What the script writes to answer.json about `values`, in job.json."""
        (self.folder / "job.json").write_text(json.dumps(values))
        command = [str(NODE), str(script), str(self.folder), ENGINE.as_uri()]
        result = subprocess.run(command, capture_output=True, text=True, timeout=900)
        assert result.returncode == 0, result.stderr[-4000:]
        return json.loads((self.folder / "answer.json").read_text())


def to_rgba(image: Any) -> np.ndarray:
    """The pixels (H, W, 4) uint8 of a Pillow image, as a browser decodes them."""
    return np.asarray(image.convert("RGBA"))
