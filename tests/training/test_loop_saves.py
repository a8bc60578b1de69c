"""What a run has saved is whole and goes on exactly, wherever it was cut off."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.forked import Forker, wait_until
from helpers.synthetic import write_facades
from helpers.whole_runs import KEYS, LEAN, assert_same_weights, current_step, run, saved_step

from pix2pix.checkpoint import load_checkpoint, read_config
from pix2pix.training.train_step import Trainer

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_facades(tmp_path / "data", 3, 2, 40, 40)


def test_two_epochs_straight_and_one_and_one_are_identical(tmp_path: Path, data: Path) -> None:
    # epochs=2 over 3 pairs in batches of 1: six steps; the second run is halved by a signal
    keys = [*KEYS[:-4], "--batch-size", "1", "--epochs", "2", "--gan-start", "0", "--seed", "3"]
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    assert run("facades", "--data", data, "--out", whole, *keys) == 0

    plain_step = Trainer.step

    def step_with_signal(self, batch):
        if self.steps_done == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return plain_step(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", step_with_signal)
        status = run("facades", "--data", data, "--out", halved, *keys)
    assert status == 128 + signal.SIGTERM
    assert saved_step(halved) == 3
    assert run("--resume", halved) == 0
    assert_same_weights(whole, halved)
    states = [torch.load(f / "state.pt", weights_only=True)["learner"] for f in (whole, halved)]
    assert_equal_states(*states)


def assert_equal_states(one: Any, other: Any) -> None:
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal_states(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other):
            assert_equal_states(a, b)
    else:
        assert one == other


class Killed(BaseException):
    """Stands for the end of the process: nothing handles it."""


SAVING = [*LEAN, "--max-steps", 4, "--save-every", 1, "--sample-every", 2]
SAVING += ["--best-metric", "l1"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with SAVING that nothing cut off."""
    folder = tmp_path_factory.mktemp("whole")
    data = write_facades(folder / "data", 3, 2, 40, 40)
    assert run("facades", "--data", data, "--out", folder / "run", *SAVING) == 0
    return folder / "run"


@pytest.mark.parametrize("dies_before", range(8))
def test_a_save_cut_off_between_two_files_is_made_whole_by_the_resume(
    tmp_path: Path, data: Path, whole: Path, dies_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"

    plain_replace, count = Path.replace, 0

    def replace_then_die(self: Path, target: Path) -> Path:
        nonlocal count
        if (out / "best").exists():  # from the save that makes it on
            if count == dies_before:
                raise Killed
            count += 1
        return plain_replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_then_die)
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # the dead tidy nothing up
        with pytest.raises(Killed):
            run("facades", "--data", data, "--out", out, *SAVING)
    if (out / "config.json").exists():
        load_checkpoint(out)
    assert run("--resume", out) == 0
    assert_same_weights(whole, out)
    assert_same_weights(whole / "best", out / "best")
    assert not list(out.rglob("*.part"))
    configs = [read_config(folder / "best").training["steps"] for folder in (whole, out)]
    assert configs[0] == configs[1]


def test_kill_9_at_any_moment_leaves_a_checkpoint_and_a_run_that_goes_on(
    tmp_path: Path, data: Path, forker: Forker
) -> None:
    out, whole = tmp_path / "run", tmp_path / "whole"
    keys = [*LEAN, "--max-steps", 40, "--save-every", 1, "--sample-every", 3, "--seed", 2]
    keys += ["--best-metric", "l1"]
    chance = random.Random(0)
    steps: list[int] = []

    def begin(*arguments: object) -> int:
        return forker.start(
            "pix2pix.cli.train:main", [[str(a) for a in arguments]], tmp_path / "said"
        )

    process = begin("facades", "--data", data, "--out", out, *keys)
    while len(steps) < 10:
        if len(steps) % 5:  # every fifth is killed wherever it is; the others when they have saved
            wait_until(lambda: (steps[-1] if steps else 0) < current_step(out))
        time.sleep(chance.uniform(0, 0.1))
        os.kill(process, signal.SIGKILL)
        if (status := forker.wait(process)) == 0:
            break  # a fast machine was through before
        assert status == -signal.SIGKILL
        steps.append(current_step(out))
        if (out / "run.json").exists():
            for folder in (out, out / "best"):
                if (folder / "config.json").exists():
                    load_checkpoint(folder)
            process = begin("--resume", out)
        else:
            process = begin("facades", "--data", data, "--out", out, *keys)
    assert forker.wait(process) == 0
    assert steps == sorted(steps)
    assert len(set(steps)) >= 5, steps
    assert not list(out.rglob("*.part"))
    process = begin("facades", "--data", data, "--out", whole, *keys)
    assert forker.wait(process) == 0
    assert_same_weights(whole, out)
    assert_same_weights(whole / "best", out / "best")


def test_a_damaged_state_is_refused_in_words(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "run"
    assert run("facades", "--data", data, "--out", out, *KEYS, "--max-steps", 1) == 0
    whole = (out / "state.pt").read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"hello" * 100):
        (out / "state.pt").write_bytes(damaged)
        capsys.readouterr()
        assert run("--resume", out) == 2
        error = capsys.readouterr().err
        assert "is damaged" in error
        assert error.strip().count("\n") == 0


def test_a_line_cut_off_in_the_metrics_does_not_hinder_a_resume(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "run"
    assert run("facades", "--data", data, "--out", out, *KEYS, "--max-steps", 2) == 0
    path = out / "metrics.jsonl"
    whole = path.read_text()
    path.write_text(whole + '{"step": 1, "l')
    assert run("--resume", out) == 0
    assert path.read_text() == whole


def test_the_figures_of_the_last_evaluation_outlive_a_resume(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "run"
    keys = [*KEYS, "--max-steps", 4, "--sample-every", 3, "--save-every", 1]
    plain_step = Trainer.step

    def step_then_die(self, batch):
        if self.steps_done == 3:
            raise ValueError("power cut")
        return plain_step(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", step_then_die)
        assert run("facades", "--data", data, "--out", out, *keys) == 2
    before = read_config(out).metrics
    assert before["examples"] == 2

    def step_to_a_signal(self, batch):
        os.kill(os.getpid(), signal.SIGINT)
        return plain_step(self, batch)

    (out / "run.json").write_text((out / "run.json").read_text().replace('ps": 4', 'ps": 9'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", step_to_a_signal)
        assert run("--resume", out) == 128 + signal.SIGINT
    assert saved_step(out) == 4
    assert read_config(out).metrics == before
