"""A run is never lost: killed, out of disk, not finite, or started twice."""

import json
import math
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from forked import Forker, wait_until
from safetensors.torch import load_file
from synthetic import write_facades

import train
from pix2pix import files
from pix2pix.checkpoint import load_checkpoint, read_config
from pix2pix.training.learner import Learner
from pix2pix.training.run import lock_run

ROOT = Path(__file__).resolve().parent.parent
TINY = ["--size", "32", "--ngf", "4", "--depth", "3", "--max-channels", "8", "--ndf", "4"]
KEYS = [*TINY, "--stem", "4", "--workers", "0", "--batch-size", "2", "--log-every", "1"]


def run(*arguments: object) -> int:
    return train.main([str(a) for a in arguments])


def spawn(*arguments: object, **options: object) -> subprocess.Popen:
    command = [sys.executable, "train.py", *(str(a) for a in arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, **options)


def weights(folder: Path) -> dict[str, np.ndarray]:
    return {k: v.numpy() for k, v in load_file(folder / "model.safetensors").items()}


def assert_same_weights(one: Path, other: Path) -> None:
    expected, got = weights(one), weights(other)
    assert expected.keys() == got.keys()
    for name in expected:
        np.testing.assert_array_equal(expected[name], got[name], err_msg=name)


def content(folder: Path) -> dict[str, bytes]:
    """What a save consists of."""
    names = ("state.pt", "model.safetensors", "config.json", "README.md")
    return {name: (folder / name).read_bytes() for name in names}


def saved_step(folder: Path) -> int:
    state = torch.load(folder / "state.pt", weights_only=True)
    return json.loads(state["progress"])["step"]


def current_step(folder: Path) -> int:
    return saved_step(folder) if (folder / "state.pt").exists() else 0


def wait_for_step(folder: Path, step: int, process: subprocess.Popen) -> None:
    path = folder / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and path.read_text().count('"step"') >= step:
            return
        time.sleep(0.05)
    raise AssertionError(f"the run never came to step {step}: {process.communicate()}")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_facades(tmp_path / "data", 3, 2, 40, 40)


def test_two_epochs_straight_and_one_and_one_are_identical(tmp_path: Path, data: Path) -> None:
    # epochs=2 over 3 pairs in batches of 1: six steps; the second run is halved by a signal
    keys = [*KEYS[:-4], "--batch-size", "1", "--epochs", "2", "--gan-start", "0", "--seed", "3"]
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    assert run("facades", "--data", data, "--out", whole, *keys) == 0

    plain_step = Learner.step

    def step_with_signal(self, batch, step, total):
        if step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return plain_step(self, batch, step, total)

    Learner.step = step_with_signal
    try:
        status = run("facades", "--data", data, "--out", halved, *keys)
    finally:
        Learner.step = plain_step
    assert status == 128 + signal.SIGTERM
    assert saved_step(halved) == 3
    assert run("--resume", halved) == 0
    assert_same_weights(whole, halved)
    states = [torch.load(f / "state.pt", weights_only=True)["learner"] for f in (whole, halved)]
    assert_equal_states(*states)


def assert_equal_states(one: object, other: object) -> None:
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


SAVING = [*KEYS, "--max-steps", 4, "--save-every", 1, "--sample-every", 2]
SAVING += ["--best-metric", "l1_own_style"]


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


@pytest.mark.slow
def test_kill_9_at_any_moment_leaves_a_checkpoint_and_a_run_that_goes_on(
    tmp_path: Path, data: Path
) -> None:
    out, whole = tmp_path / "run", tmp_path / "whole"
    keys = [*KEYS, "--max-steps", 90, "--save-every", 1, "--sample-every", 3, "--seed", 2]
    keys += ["--best-metric", "l1_own_style"]
    chance, forker = random.Random(0), Forker()
    steps: list[int] = []

    def begin(*arguments: object) -> int:
        return forker.start("train:main", [[str(a) for a in arguments]], tmp_path / "said")

    process = begin("facades", "--data", data, "--out", out, *keys)
    while len(steps) < 10:
        if len(steps) % 5:  # every fifth is killed wherever it is; the others when they have saved
            wait_until(lambda: (steps[-1] if steps else 0) < current_step(out))
        time.sleep(chance.uniform(0, 0.4))
        os.kill(process, signal.SIGKILL)
        assert forker.wait(process) == -signal.SIGKILL
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
    forker.close()
    assert_same_weights(whole, out)
    assert_same_weights(whole / "best", out / "best")


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.slow
def test_a_disk_that_takes_no_more_leaves_the_last_save(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "run"
    keys = [*KEYS, "--max-steps", 100_000, "--save-every", 3]
    process = spawn("facades", "--data", data, "--out", out, *keys)
    wait_for_step(out, 4, process)
    process.terminate()
    process.communicate(timeout=60)
    before = content(out)
    assert len(before["state.pt"]) > 20_000

    process = spawn("--resume", out, preexec_fn=limit_files)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    last = said.strip().splitlines()[-1]
    assert "File too large" in last
    assert f"step {saved_step(out)} is untouched" in last
    assert f"--resume {out}" in last
    assert content(out) == before
    assert not list(out.rglob("*.part"))

    process = spawn("--resume", out)
    wait_for_step(out, saved_step(out) + 3, process)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM


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

    monkeypatch.setattr(files.os, "fsync", fill_up)
    assert run("facades", "--data", data, "--out", out, *keys) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("train.py: No space left on device; the save of step 4 is untouched")
    assert saved_step(out) == read_config(out).training["steps"] == 4
    monkeypatch.undo()
    assert run("--resume", out) == 0


@pytest.mark.parametrize("what", ["loss", "weight"])
def test_what_is_not_finite_stops_the_run_before_it_is_saved(
    tmp_path: Path, data: Path, what: str, capsys: pytest.CaptureFixture
) -> None:
    plain_step = Learner.step

    def step_to_nan(self, batch, step, total):
        losses = plain_step(self, batch, step, total)
        if step == 3 and what == "loss":  # the fourth step; nothing is logged before the sixth
            losses["l1"] = losses["l1"] * math.nan
        elif step == 3:
            next(self.model.parameters()).data[0] = math.nan
        return losses

    out = tmp_path / "run"
    keys = [*KEYS[:-2], "--log-every", 100, "--max-steps", 9, "--save-every", 3]
    Learner.step = step_to_nan
    try:
        assert run("facades", "--data", data, "--out", out, *keys) == 1
    finally:
        Learner.step = plain_step
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "not finite" in error
    assert "the save of step 3 is untouched" in error
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


def test_the_lock_of_a_killed_process_holds_nobody_off(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from pix2pix.training.run import lock_run;"
        f"lock = lock_run(Path({str(tmp_path)!r})); lock.__enter__();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == -signal.SIGKILL
    assert (tmp_path / "run.lock").exists()
    with lock_run(tmp_path):
        assert (tmp_path / "run.lock").read_text() == f"{os.getpid()}\n"


def test_a_mistake_leaves_no_folder_behind(tmp_path: Path) -> None:
    assert run("facades", "--data", tmp_path / "none", "--out", tmp_path / "run", *KEYS) == 2
    assert not (tmp_path / "run").exists()


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
    plain_step = Learner.step

    def step_then_die(self, batch, step, total):
        if step == 3:
            raise ValueError("power cut")
        return plain_step(self, batch, step, total)

    Learner.step = step_then_die
    try:
        assert run("facades", "--data", data, "--out", out, *keys) == 2
    finally:
        Learner.step = plain_step
    before = read_config(out).metrics
    assert before["examples"] == 2

    def step_to_a_signal(self, batch, step, total):
        os.kill(os.getpid(), signal.SIGINT)
        return plain_step(self, batch, step, total)

    (out / "run.json").write_text((out / "run.json").read_text().replace('ps": 4', 'ps": 9'))
    Learner.step = step_to_a_signal
    try:
        assert run("--resume", out) == 128 + signal.SIGINT
    finally:
        Learner.step = plain_step
    assert saved_step(out) == 4
    assert read_config(out).metrics == before


@pytest.mark.slow
def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "run"
    keys = [*KEYS, "--max-steps", 100_000]
    slow = (
        "import sys, time, train; from pix2pix.training.learner import Learner;"
        "step = Learner.step;"
        "Learner.step = lambda self, b, s, t: (s > 2 and time.sleep(60), step(self, b, s, t))[1];"
        "sys.exit(train.main())"
    )
    command = [sys.executable, "-c", slow, "facades", "--data", data, "--out", out, *keys]
    process = subprocess.Popen([str(c) for c in command], cwd=ROOT, stderr=subprocess.PIPE)
    wait_for_step(out, 3, process)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert b"press again to leave at once" in said
