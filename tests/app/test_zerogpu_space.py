"""The app on a ZeroGPU Space: strokes borrow no GPU, and where none is lent the CPU draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import gradio as gr
import numpy as np
import pytest
import torch
from helpers.forked import Programs
from helpers.models import CPU as CPU_MODELS
from helpers.models import TINY
from helpers.routes import draw, open_answer, post
from helpers.running import app_arguments, running_app, save_app_models
from helpers.serving import ROOMY, launch
from helpers.zerogpu import Spaces

from pix2pix.app.blocks import create_demo
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import gpu_on_demand, load_drawer
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.runtime import zerogpu
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config

SIDE = 64
# The package as far as this project uses it, which notes every function and refuses every call.
PACKAGE = """
import os
import torch

torch.cuda.is_available = lambda: True  # as outside of calls

def note(text):
    with open(os.environ["NOTES"], "a") as file:
        file.write(text + "\\n")

def GPU(task, duration):
    note(f"function {task.__name__} {duration}")
    def run(*args):
        note(f"call {task.__name__}")
        import gradio
        raise gradio.Error("You have exceeded your ZeroGPU quota", title="ZeroGPU quota exceeded")
    return run
"""


def street() -> np.ndarray:
    labels = np.ones((SIDE, SIDE), np.uint8)
    labels[10:30, 20:50] = 2
    return labels


@pytest.fixture(scope="module")
def wide_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights that paints up to twice the size of its canvas."""
    folder = tmp_path_factory.mktemp("wide")
    config = checkpoint_config(Recipe("labels2photo", **TINY, style_dim=4))
    config = dataclasses.replace(config, max_size=2 * SIDE)
    torch.manual_seed(0)
    save_checkpoint(folder, config, Model(config), "")
    return folder


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch) -> Spaces:
    stand_in = Spaces()
    monkeypatch.setattr(zerogpu, "spaces", stand_in)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return stand_in


@pytest.fixture
def space(
    wide_checkpoint: Path, spaces: Spaces, upload_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A Space that may borrow a GPU for anything but strokes."""
    monkeypatch.setattr(gpu_on_demand, "MAX_CPU_S", 0.0)
    demo = create_demo(load_drawer(wide_checkpoint, "auto"), None, limits=ROOMY)
    yield launch(demo)
    demo.close(verbose=False)


def test_strokes_and_looks_borrow_nothing_and_a_refusal_gives_the_picture_with_a_notice(
    space: str, spaces: Spaces, wide_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces.error = gr.Error("You have exceeded your quota", title="ZeroGPU quota exceeded")
    for _ in range(3):
        stroke = post(space, "draw", "draw", {"ids": pack_ids(street()), "format": "jpeg"})
        assert stroke.status_code == 200 and "x-notice" not in stroke.headers
    assert draw(space, street(), thumbnail=True).shape == (SIDE, SIDE, 3)
    assert spaces.refused == 0
    large = post(space, "draw", "draw", {"ids": pack_ids(street()), "large": True})
    assert unquote(large.headers["x-notice"]) == zerogpu.QUOTA_NOTICE and spaces.refused == 1
    monkeypatch.setattr(zerogpu, "spaces", None)
    expected = load_drawer(wide_checkpoint, *CPU_MODELS).draw(street(), size=2 * SIDE)
    with open_answer(large) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), expected)


def test_the_app_starts_and_draws_without_a_call_and_always_has_a_function(
    tmp_path: Path, programs: Programs
) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "spaces.py").write_text(PACKAGE)
    notes = tmp_path / "notes.txt"
    environment = {
        "SPACES_ZERO_GPU": "true",
        "PYTHONPATH": str(tmp_path / "package"),
        "NOTES": str(notes),
    }
    arguments = [*app_arguments(save_app_models(tmp_path / "models")), "--device=auto"]
    with running_app(tmp_path, arguments, programs, **environment) as app:
        for _ in range(3):
            assert draw(app.url, street()).shape == (SIDE, SIDE, 3)
        assert "Traceback" not in app.said()
    found = notes.read_text().splitlines()
    assert found[0] == f"function _keep_alive {zerogpu.MAX_CALL_S}"
    assert found.count(f"function _run_on_gpu {zerogpu.MAX_CALL_S}") == 8, "one for each model"
    assert not any(line.startswith("call") for line in found)
