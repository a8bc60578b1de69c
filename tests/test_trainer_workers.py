"""Several workers make the run that one would make: two gloo processes on a CPU."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from synthetic import write_facades, write_photos

import train

ROOT = Path(__file__).resolve().parent.parent
TINY = ["--size", "32", "--ngf", "4", "--depth", "3", "--max-channels", "8", "--ndf", "4"]
KEYS = [*TINY, "--workers", "0", "--batch-size", "4", "--log-every", "1", "--precision", "fp32"]

pytestmark = pytest.mark.slow


def environment(rank: int, port: int) -> dict[str, str]:
    """What torchrun would set."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    return {**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)}


def spawn_two(*arguments: object) -> list[subprocess.Popen]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "train.py", *(str(a) for a in arguments)]
    return [
        subprocess.Popen(
            command, cwd=ROOT, env=environment(rank, port), stderr=subprocess.PIPE, text=True
        )
        for rank in (0, 1)
    ]


def wait_for_lines(path: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_text().count("\n") < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def losses(folder: Path) -> list[dict]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [
        {k: v for k, v in r.items() if k not in ("seconds", "step")} for r in rows if "val" not in r
    ]


def weights(folder: Path) -> dict[str, np.ndarray]:
    return {k: v.numpy() for k, v in load_file(folder / "model.safetensors").items()}


@pytest.mark.parametrize(
    ("recipe", "keys"),
    [
        ("facades", ["--stem", "4", "--lambda-z", "1"]),  # the second worker draws one of two
        ("facades", ["--stem", "4", "--prior-part", "0.5"]),  # it has no photo's style at all
        ("colorize", ["--norm", "instance", "--gan-start", "0.5", "--size", "64"]),
        ("trace", ["--norm", "instance", "--dropout", "0"]),
    ],
)
def test_two_workers_have_the_losses_of_one(tmp_path: Path, recipe: str, keys: list[str]) -> None:
    write = write_photos if recipe == "colorize" else write_facades
    data = write(tmp_path / "data", 7, 2)
    keys = [recipe, "--data", data, *KEYS, *keys, "--max-steps", "6"]
    one, two = tmp_path / "one", tmp_path / "two"
    assert train.main([str(a) for a in [*keys, "--out", one]]) == 0
    for process in spawn_two(*keys, "--out", two):
        _, said = process.communicate(timeout=200)
        assert process.returncode == 0, said
    expected, got = losses(one), losses(two)
    assert len(expected) == len(got) == 6
    for a, b in zip(expected, got):
        # Not the weights: Adam makes steps of its full size out of the rounding errors that are
        # the gradient of a bias before an instance norm, and no loss sees them.
        assert a == pytest.approx(b, rel=2e-3, abs=2e-4)


def test_a_worker_that_is_killed_ends_all_and_the_run_goes_on_as_if_nothing_was(
    tmp_path: Path,
) -> None:
    data = write_facades(tmp_path / "data", 5, 2)
    keys = ["facades", "--data", data, *KEYS, "--stem", "4", "--save-every", "5"]
    keys += ["--sample-every", "20", "--max-steps", "60"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for process in spawn_two(*keys, "--out", whole):
        process.communicate(timeout=200)
        assert process.returncode == 0

    first, second = spawn_two(*keys, "--out", broken)
    wait_for_lines(broken / "metrics.jsonl", 12)
    second.kill()
    _, said = first.communicate(timeout=60)
    second.communicate()
    assert first.returncode == 1
    last = said.strip().splitlines()[-1]
    assert "another worker is gone" in last
    assert f"--resume {broken}" in last

    for process in spawn_two("--resume", broken):
        _, said = process.communicate(timeout=200)
        assert process.returncode == 0, said
    assert losses(whole) == losses(broken)
    expected, got = weights(whole), weights(broken)
    assert all(np.array_equal(expected[name], got[name]) for name in expected)


def test_a_signal_to_any_worker_stops_all_at_the_same_step(tmp_path: Path) -> None:
    data, out = write_facades(tmp_path / "data", 3, 1), tmp_path / "run"
    keys = ["facades", "--data", data, *KEYS, "--stem", "4", "--max-steps", "100000"]
    first, second = spawn_two(*keys, "--out", out)
    wait_for_lines(out / "metrics.jsonl", 3)
    second.send_signal(signal.SIGTERM)
    _, said = first.communicate(timeout=60)
    _, echo = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (143, 143), said + echo
    assert f"--resume {out}" in said.strip().splitlines()[-1]
    assert "--resume" not in echo
    steps = json.loads((out / "config.json").read_text())["training"]["steps"]
    assert len(losses(out)) == steps


def test_a_mistake_is_said_once(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 3, 1)
    keys = ["facades", "--data", data, *KEYS, "--stem", "4", "--batch-size", "3"]
    first, second = spawn_two(*keys, "--out", tmp_path / "run")
    _, said = first.communicate(timeout=60)
    _, echo = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (2, 2)
    assert "batch_size must be a multiple of the number of workers, 2, got 3" in said
    assert echo == ""
