"""A run that cannot go on says why and leaves its last save; what may not begin leaves nothing."""

import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers.forked import Forker, wait_until
from helpers.synthetic import write_facades
from helpers.whole_runs import KEYS, content, has_come_to, run, saved_step, weights

from pix2pix.checkpoint import read_config
from pix2pix.runtime import atomic_io
from pix2pix.training.run_lock import lock_run
from pix2pix.training.train_step import Trainer


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_facades(tmp_path / "data", 3, 2, 40, 40)


@pytest.mark.slow
def test_a_disk_that_takes_no_more_leaves_the_last_save(
    tmp_path: Path, data: Path, forker: Forker
) -> None:
    out = tmp_path / "run"

    def begin(function: str, *arguments: object) -> tuple[int, Path]:
        said = tmp_path / f"said{len(list(tmp_path.glob('said*')))}"
        said.touch()
        return forker.start(function, [[str(a) for a in arguments]], said), said

    keys = [*KEYS, "--max-steps", 100_000, "--save-every", 3]
    process, _ = begin("pix2pix.cli.train:main", "facades", "--data", data, "--out", out, *keys)
    wait_until(lambda: has_come_to(out, 4))
    os.kill(process, signal.SIGTERM)
    forker.wait(process)
    before = content(out)
    assert len(before["state.pt"]) > 20_000

    process, said = begin("whole_runs:run_with_small_files", "--resume", out)
    assert forker.wait(process) == 1
    last = said.read_text().strip().splitlines()[-1]
    assert "File too large" in last
    assert f"step {saved_step(out)} is intact" in last
    assert f"--resume {out}" in last
    assert content(out) == before
    assert not list(out.rglob("*.part"))

    saved = saved_step(out)
    process, _ = begin("pix2pix.cli.train:main", "--resume", out)
    wait_until(lambda: saved_step(out) > saved)  # metrics.jsonl has the rows of the run before
    os.kill(process, signal.SIGTERM)
    assert forker.wait(process) == 128 + signal.SIGTERM


def test_a_full_disk_is_one_line_and_the_last_save_is_untouched(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "run"
    keys = [*KEYS, "--max-steps", 9, "--save-every", 2, "--sample-every", 100]
    plain_fsync = os.fsync

    def fill_up(fd: int) -> None:
        if (out / "state.pt").exists() and saved_step(out) == 4:
            raise OSError(28, "No space left on device")
        plain_fsync(fd)

    monkeypatch.setattr(atomic_io.os, "fsync", fill_up)
    assert run("facades", "--data", data, "--out", out, *keys) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("train.py: No space left on device; the save of step 4 is intact")
    assert saved_step(out) == read_config(out).training["steps"] == 4
    monkeypatch.undo()
    assert run("--resume", out) == 0


@pytest.mark.parametrize("what", ["loss", "weight"])
def test_what_is_not_finite_stops_the_run_before_it_is_saved(
    tmp_path: Path, data: Path, what: str, capsys: pytest.CaptureFixture
) -> None:
    plain_step = Trainer.step

    def step_to_nan(self, batch):
        losses = plain_step(self, batch)
        if self.steps_done == 4 and what == "loss":  # nothing is logged before the sixth
            losses["l1"] = losses["l1"] * math.nan
        elif self.steps_done == 4:
            next(self.model.parameters()).data[0] = math.nan
        return losses

    out = tmp_path / "run"
    keys = [*KEYS[:-2], "--log-every", 100, "--max-steps", 9, "--save-every", 3]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", step_to_nan)
        assert run("facades", "--data", data, "--out", out, *keys) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "not finite" in error
    assert "the save of step 3 is intact" in error
    if what == "loss":
        assert "step 4:" in error
    assert saved_step(out) == read_config(out).training["steps"] == 3
    assert all(np.isfinite(w).all() for w in weights(out).values())


def test_a_run_started_twice_in_one_folder_is_refused(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "run"
    start = ["facades", "--data", data, "--out", out, *KEYS, "--max-steps", 1]
    with lock_run(out):
        assert run(*start) == 2
        assert f"process {os.getpid()} is training in it" in capsys.readouterr().err
    assert run(*start) == 0
    with lock_run(out):
        assert run("--resume", out) == 2
        assert f"process {os.getpid()} is training in it" in capsys.readouterr().err
    assert run("--resume", out) == 0
    assert not (out / "run.lock").exists()


def test_the_lock_of_a_killed_process_holds_nobody_off(tmp_path: Path, forker: Forker) -> None:
    process = forker.start("whole_runs:lock_and_die", [str(tmp_path)], tmp_path / "said")
    assert forker.wait(process) == -signal.SIGKILL
    assert (tmp_path / "run.lock").exists()
    with lock_run(tmp_path):
        assert (tmp_path / "run.pid").read_text() == f"{os.getpid()}\n"


def test_a_mistake_leaves_no_folder_behind(tmp_path: Path) -> None:
    assert run("facades", "--data", tmp_path / "none", "--out", tmp_path / "run", *KEYS) == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path, data: Path, forker: Forker) -> None:
    out, said = tmp_path / "run", tmp_path / "said"
    keys = ["facades", "--data", data, "--out", out, *KEYS, "--max-steps", 100_000]
    process = forker.start("whole_runs:run_slowly", [[str(key) for key in keys]], said)
    wait_until(lambda: said.exists() and "in the fourth step" in said.read_text())
    os.kill(process, signal.SIGINT)
    wait_until(lambda: "press again to quit now" in said.read_text())
    assert forker.is_running(process)
    os.kill(process, signal.SIGINT)
    assert forker.wait(process) == -signal.SIGINT


def test_what_a_killed_process_left_unfinished_goes_with_the_next_one(tmp_path: Path) -> None:
    for name in ("", "best", "samples", "examples"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / ".0123456789abcdef.part").touch()
        (tmp_path / name / "whole.txt").touch()
    with lock_run(tmp_path):
        assert not list(tmp_path.rglob("*.part"))
        assert len(list(tmp_path.rglob("whole.txt"))) == 4
