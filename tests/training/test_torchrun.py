"""torchrun starts the workers: killed ones come again, and a signal to it saves the run."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.forked import ROOT, Forker, wait_until
from helpers.two_workers import KEYS, LONGER, assert_same_run, has_lines, losses

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def room(forker: Forker, whole_run: Path) -> None:
    """The memory for three processes: what the others were forked from ends before."""
    forker.close()


def torchrun(*arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.Popen(
        [*command, *(str(a) for a in arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def worker_of(launcher: int, rank: int) -> int:
    """The process's id of a worker that this torchrun started."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    mark = f"RANK={rank}".encode()
    return next(
        int(c) for c in children if mark in Path(f"/proc/{c}/environ").read_bytes().split(b"\0")
    )


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_torchrun_starts_killed_workers_again_and_they_go_on_from_the_last_save(
    tmp_path: Path, pairs: Path, whole_run: Path
) -> None:
    broken = tmp_path / "broken"
    start = ["train.py", *LONGER, "--data", pairs, "--out", broken]
    launcher = torchrun("--max-restarts=1", *start)
    try:
        wait_until(lambda: has_lines(broken / "metrics.jsonl", 7))
        os.kill(worker_of(launcher.pid, 1), signal.SIGKILL)
        _, said = launcher.communicate(timeout=300)
    finally:
        launcher.kill()
    assert launcher.returncode == 0, said
    # Worker 0 notices the loss (test_distributed.py), or torchrun stops it before that.
    assert said.count("photos NAME.jpg with label maps") == 2, "it was started again"
    assert_same_run(whole_run, broken)


def test_a_signal_to_torchrun_saves_the_run(tmp_path: Path, pairs: Path) -> None:
    out = tmp_path / "run"
    launcher = torchrun(
        "train.py", "facades", "--data", pairs, *KEYS, "--max-steps=100000", "--out", out
    )
    try:
        wait_until(lambda: has_lines(out / "metrics.jsonl", 3))
        launcher.terminate()
        _, said = launcher.communicate(timeout=300)
    finally:
        launcher.kill()
    assert f"--resume {out}" in said
    assert len(losses(out)) == json.loads((out / "config.json").read_text())["training"]["steps"]
