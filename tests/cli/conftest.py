"""A tiny colorizer's checkpoint, and the colorize command with it."""

from pathlib import Path

import pytest
from helpers.album import Colorize, make_colorize, save_colorizer


@pytest.fixture(scope="session")
def colorizer_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights, for reading only."""
    return save_colorizer(tmp_path_factory.mktemp("colorize"))


@pytest.fixture
def colorize(
    colorizer_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Colorize:
    """The colorize command with that checkpoint, run in an empty folder with one photo."""
    monkeypatch.chdir(tmp_path)
    return make_colorize(colorizer_checkpoint, capsys)
