"""Training by two workers: a small run, started by hand, and what it leaves."""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
from helpers.forked import Forker
from safetensors.torch import load_file

from pix2pix.cli import train
from pix2pix.training.train_step import Trainer

SMALL: dict[str, Any] = {
    "size": 32,
    "ngf": 4,
    "depth": 3,
    "max_channels": 8,
    "ndf": 4,
    "batch_size": 4,
}
KEYS = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
KEYS += ["--stem=4", "--num-workers=0", "--log-every=1", "--mixed-precision=fp32", "--device=cpu"]
KEYS += [
    "--lambda-perceptual=0",
    "--lambda-oasis=0",
    "--lambda-uniformity=0",
    "--element-dropout=0",
    "--user-drawings=0",
    "--projected-d=false",
    "--norm=instance",  # batch norm depends on how a batch is split
]
LONGER = ["facades", *KEYS, "--save-every=5", "--sample-every=12", "--max-steps=24"]


def train_to_the_eighth_step(arguments: list[str]) -> int:
    """train.py, whose second worker waits in the eighth step to be killed."""
    plain_step = Trainer.step

    def step_or_wait(self, batch):
        if os.environ["RANK"] == "1" and self.steps_done == 7:
            time.sleep(600)
        return plain_step(self, batch)

    Trainer.step = step_or_wait  # type: ignore[method-assign]
    return train.main(arguments)


def start_pair(
    forker: Forker,
    folder: Path,
    *arguments: object,
    function: str = "pix2pix.cli.train:main",
) -> list[int]:
    """Two workers of train.py, as torchrun starts them; what each says is in FOLDER/said0, 1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    pair = []
    for rank in (0, 1):
        said = folder / f"said{rank}"
        said.unlink(missing_ok=True)
        env = {**place, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        pair.append(forker.start(function, [[str(a) for a in arguments]], said, env))
    return pair


def run_whole(forker: Forker, folder: Path, data: Path) -> Path:
    """A run of two workers with LONGER that nothing broke."""
    for process in start_pair(forker, folder, *LONGER, "--data", data, "--out", folder / "run"):
        assert forker.wait(process) == 0
    return folder / "run"


def losses(folder: Path) -> list[dict]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines if "val" not in line]
    return [{k: v for k, v in row.items() if k not in ("seconds", "step")} for row in rows]


def has_lines(path: Path, count: int) -> bool:
    return path.exists() and path.read_text().count("\n") >= count


def assert_same_run(one: Path, other: Path) -> None:
    assert losses(one) == losses(other)
    expected, got = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert expected.keys() == got.keys()
    for name in expected:
        np.testing.assert_array_equal(expected[name], got[name], err_msg=name)
