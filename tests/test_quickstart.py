"""docs/quickstart.ipynb: its cells run from top to bottom, against a fake Hub."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from helpers.documented_commands import run_command
from helpers.fake_hub import TOKEN, FakeHub
from PIL import Image

from pix2pix.hub.client import Hub

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "quickstart.ipynb"
CELLS: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, Any]) -> None:
    """The lines of a cell: Python, and after ! a command with {names}."""
    python: list[str] = []
    for line in [*source.replace("\\\n", "").splitlines(), "!"]:
        if not line.startswith("!"):
            python.append(line)
            continue
        exec(compile("\n".join(python), str(NOTEBOOK), "exec"), names)
        python.clear()
        words = shlex.split(line[1:].format_map(names))
        assert not words or run_command(words) == 0, line


@pytest.mark.slow
def test_the_notebook_trains_draws_and_pushes(
    hub_server: FakeHub, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    names: dict[str, Any] = {}
    for cell in CODE:
        if "not-tested" in cell["metadata"].get("tags", ()):
            assert cell["metadata"]["reason"]
            continue
        run_cell("".join(cell["source"]).replace("YOUR-NAME/", "ada/"), names)
    assert Path("runs/quickstart/report.html").exists()
    pushed = hub_server.repos["model", "ada/houses"].files()
    assert {"config.json", "model.safetensors", "README.md", "samples.jpg"} <= pushed.keys()
    drawn, again = (Image.open(name).tobytes() for name in ("house.png", "again.png"))
    assert drawn == again  # the model from the Hub is the one that was trained
    assert Image.open("house.png").size == (256, 256)


def test_the_notebook_is_saved_without_outputs() -> None:
    assert len(CODE) > 5
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in CODE)
    assert len({cell["id"] for cell in CELLS}) == len(CELLS)
