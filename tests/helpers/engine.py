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
CALL_SCRIPT = Path(__file__).resolve().parents[1] / "web" / "call_engine.mjs"
DTYPES = {
    "Uint8Array": np.uint8,
    "Uint8ClampedArray": np.uint8,
    "Uint16Array": np.uint16,
    "Int32Array": np.int32,
    "Float32Array": np.float32,
    "Float64Array": np.float64,
}
ARRAYS = {np.dtype(kind).name: name for name, kind in DTYPES.items() if "Clamped" not in name}


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

    def call(self, module: str, name: str, calls: list[list[Any]]) -> list[Any]:
        """What a function of engine/MODULE.js returns for each list of arguments.

        A module NAME.mjs is one of tests/web. Arrays become typed arrays and the reverse, flat. An
        error that the function throws is returned as an `EngineError`.
        """
        files = 0

        def pack(value: Any) -> Any:
            nonlocal files
            if isinstance(value, np.ndarray):
                files += 1
                file = self.put(f"argument{files}", value)
                return {"$array": file, "type": ARRAYS[value.dtype.name]}
            if isinstance(value, dict):
                return {key: pack(each) for key, each in value.items()}
            if isinstance(value, (list, tuple)):
                return [pack(each) for each in value]
            return value

        values = {"module": module, "name": name, "calls": pack(calls)}
        return [self._unpack(each) for each in self.run(CALL_SCRIPT, values)]

    def _unpack(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._unpack(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$array" in value:
            return np.fromfile(self.folder / value["$array"], DTYPES[value["type"]])
        if "$error" in value:
            message = value.pop("$error")
            return EngineError(message, value)
        return {key: self._unpack(each) for key, each in value.items()}


class EngineError(Exception):
    """What a function of the engine threw: its message, and its other properties."""

    def __init__(self, message: str, properties: dict[str, Any]) -> None:
        super().__init__(message)
        self.properties = properties


def to_rgba(image: Any) -> np.ndarray:
    """The pixels (H, W, 4) uint8 of a Pillow image, as a browser decodes them."""
    return np.asarray(image.convert("RGBA"))
