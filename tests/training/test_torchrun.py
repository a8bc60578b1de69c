"""torchrun starts the workers: killed ones come again, and a signal to it saves the run."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.forked import Forker, wait_until
from helpers.two_workers import KEYS, LONGER, assert_same_run, has_lines, losses

pytestmark = pytest.mark.slow


@pytest.fixture
def begin(forker: Forker, tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Starts a function in a process of its own, which writes to `tmp_path`/said."""
    begun: list[int] = []

    def begin_one(function: str, *arguments: Any) -> int:
        env = {"OMP_NUM_THREADS": "1"}
        begun.append(forker.start(function, [*arguments], tmp_path / "said", env))
        return begun[-1]

    yield begin_one
    for process in begun:
        if forker.is_running(process):
            os.kill(process, signal.SIGKILL)


def test_torchrun_starts_killed_workers_again_and_they_go_on_from_the_last_save(
    forker: Forker, begin: Callable[..., int], tmp_path: Path, pairs: Path, whole_run: Path
) -> None:
    broken = tmp_path / "broken"
    training = [*LONGER, "--data", str(pairs), "--out", str(broken)]
    launcher = begin("elastic:launch", str(tmp_path), 1, training)
    wait_until(lambda: has_lines(broken / "metrics.jsonl", 7))
    os.kill(int((tmp_path / "pid1").read_text()), signal.SIGKILL)
    status, said = forker.wait(launcher), (tmp_path / "said").read_text()
    assert status == 0, said
    # Worker 0 notices the loss (test_distributed.py), or torchrun stops it before that.
    assert said.count("photos NAME.jpg with label maps") == 2, "it was started again"
    assert_same_run(whole_run, broken)


def test_a_signal_to_torchrun_saves_the_run(
    forker: Forker, begin: Callable[..., int], tmp_path: Path, pairs: Path
) -> None:
    out = tmp_path / "run"
    training = ["facades", "--data", pairs, *KEYS, "--max-steps=100000", "--out", out]
    command = ["--standalone", "--nproc-per-node=2", "train.py", *map(str, training)]
    launcher = begin("torch.distributed.run:main", command)
    wait_until(lambda: has_lines(out / "metrics.jsonl", 3))
    os.kill(launcher, signal.SIGTERM)
    forker.wait(launcher)
    assert f"--resume {out}" in (tmp_path / "said").read_text()
    assert len(losses(out)) == json.loads((out / "config.json").read_text())["training"]["steps"]
