"""Tiny checkpoints, and the commands with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.album import Colorize, make_colorize, save_colorizer
from helpers.commands import Command, make_workplace, save_tiny


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


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint of random weights for each command, for reading only."""
    return save_tiny(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with the inputs of the commands; nothing half written is left in it."""
    monkeypatch.chdir(tmp_path)
    make_workplace()
    yield tmp_path
    assert not list(tmp_path.rglob("*.part")), "something was left half written"


@pytest.fixture
def draw(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command("draw", checkpoints / "facades", capsys)


@pytest.fixture
def trace(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command("trace", checkpoints / "trace", capsys)
