"""Small runs of train.py for the tests of the trainer, and what they leave."""

import json
import os
import resource
import signal
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from pix2pix.cli import train
from pix2pix.training.run_lock import lock_run
from pix2pix.training.train_step import Trainer

# Without the losses in the features of an EfficientNet, which take most of a tiny step;
# test_loop.py and test_distributed.py train with them.
PLAIN = ["--lambda-perceptual", "0", "--lambda-oasis", "0", "--lambda-uniformity", "0"]
PLAIN += ["--element-dropout", "0", "--user-drawings", "0", "--projected-d", "false"]
TINY = ["--size", "32", "--ngf", "4", "--depth", "3", "--max-channels", "8", "--ndf", "4"]
KEYS = [*TINY, *PLAIN, "--stem", "4", "--num-workers", "0", "--batch-size", "2", "--log-every", "1"]
# As small, for any recipe: without the encoder that some begin with, whose shape is given
SMALL = ["--size", "64", "--ngf", "8", "--depth", "4", "--ndf", "8", "--num-workers", "0"]
SMALL += ["--encoder", "unet"]
# A generator without styles, and a discriminator, as small as they come: ten tensors to save
LEAN = [*PLAIN, "--size", "16", "--ngf", "2", "--depth", "2", "--max-channels", "4"]
LEAN += [
    "--ndf",
    "2",
    "--receptive-field",
    "16",
    "--stem",
    "0",
    "--style-dim",
    "0",
    "--class-norm",
    "false",
]
LEAN += ["--prior-fraction", "0", "--num-workers", "0", "--batch-size", "2", "--log-every", "1"]


def run(*arguments: object) -> int:
    return train.main([str(a) for a in arguments])


def run_with_small_files(arguments: list[str]) -> int:
    """As on a disk that takes no more: no file may grow beyond 20,000 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    return train.main(arguments)


def run_slowly(arguments: list[str]) -> int:
    """The fourth step takes ten minutes, and says when it begins."""
    plain_step = Trainer.step

    def slow_step(self, batch):
        if self.steps_done > 2:
            print("in the fourth step", flush=True)
            time.sleep(600)
        return plain_step(self, batch)

    Trainer.step = slow_step  # type: ignore[method-assign]
    return train.main(arguments)


def lock_and_die(folder: str) -> None:
    with lock_run(Path(folder)):
        os.kill(os.getpid(), signal.SIGKILL)


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


def has_come_to(folder: Path, step: int) -> bool:
    path = folder / "metrics.jsonl"
    return path.exists() and path.read_text().count('"step"') >= step
