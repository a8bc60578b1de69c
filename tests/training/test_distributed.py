"""Several workers make the run that one would make: two or four gloo processes on a CPU."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.forked import Forker, wait_until
from helpers.two_workers import (
    KEYS,
    LONGER,
    SMALL,
    assert_same_run,
    has_lines,
    losses,
    start_pair,
)

WITHOUT_BATCH_NORM = {**SMALL, "encoder": "unet", "norm": "instance"}
UNPAIRED = {**SMALL, "depth": 2, "receptive_field": 16, "architecture": "resnet_6blocks"}
FACADES = {**WITHOUT_BATCH_NORM, "stem": 4, "receptive_field": 16, "lambda_z": 1.0}

ALSO_FOUR = ("facades", "edges2photo")  # compared with four workers too

pytestmark = pytest.mark.slow


@pytest.fixture
def begin(forker: Forker, tmp_path: Path) -> Iterator[Callable[..., list[int]]]:
    begun: list[int] = []

    def begin_two(*arguments: object, **how: str) -> list[int]:
        pair = start_pair(forker, tmp_path, *arguments, **how)
        begun.extend(pair)
        return pair

    yield begin_two
    for process in begun:
        if forker.is_running(process):
            os.kill(process, signal.SIGKILL)


def learn_double(
    forker: Forker, folder: Path, world: int, recipe: str, keys: dict[str, Any]
) -> list[dict]:
    """What each of so many workers has after three steps in double precision."""
    folder.mkdir()
    said = [folder / f"said{rank}" for rank in range(world)]
    processes = [
        forker.start("double:learn", [rank, world, recipe, keys, 3, str(folder)], said[rank])
        for rank in range(world)
    ]
    for process, words in zip(processes, said):
        assert forker.wait(process) == 0, words.read_text()
    return [torch.load(folder / f"{rank}.pt") for rank in range(world)]


@pytest.mark.parametrize(
    ("recipe", "keys"),
    [
        ("facades", FACADES),  # of the second worker's two images one has a drawn style
        ("facades", {**FACADES, "prior_fraction": 0.5}),  # both have: it sees no truth at all
        (
            "facades",
            {
                **FACADES,
                "class_norm": True,
                "gradient_accumulation_steps": 2,
                "d_scales": 2,
                "projected_d": True,
                "lambda_perceptual": 1.0,
                "lambda_oasis": 1.0,
                "element_dropout": 0.8,
                "user_drawings": 0.5,
                "lambda_diversity": 0.5,
                "d_augment": "color,translation,cutout",
            },
        ),
        # The global network is frozen in the first steps, and learns in the last
        (
            "facades_hd",
            {**FACADES, "size": 64, "enhancer": 4, "enhancer_blocks": 1, "freeze_global": 0.2},
        ),
        ("colorize", {**WITHOUT_BATCH_NORM, "size": 64, "receptive_field": 16}),
        ("trace", {**WITHOUT_BATCH_NORM, "dropout": 0.0, "progressive_size": 0}),
        (
            "edges2photo",
            {
                **SMALL,
                "receptive_field": 16,
                "dropout": 0.0,
                "gan_mode": "lsgan",
                "rec_loss": "smooth_l1",
                "d_every": 2,
                "max_grad_norm": 0.5,
            },
        ),
        ("cyclegan", {**UNPAIRED, "pool_size": 3, "d_augment": "color,translation"}),
        ("cut", {**UNPAIRED, "gradient_accumulation_steps": 2, "nce_patches": 20}),
    ],
    ids=[
        "facades",
        "no_truth",
        "augmented_parts",
        "enhanced",
        "colorize",
        "trace",
        "edges2photo",
        "cyclegan",
        "cut",
    ],
)
def test_workers_make_the_steps_of_one(
    forker: Forker, tmp_path: Path, recipe: str, keys: dict[str, Any], request: Any
) -> None:
    (one,) = learn_double(forker, tmp_path / "one", 1, recipe, keys)
    worlds = (2, 4) if request.node.callspec.id in ALSO_FOUR else (2,)
    for world in worlds:
        for several in learn_double(forker, tmp_path / str(world), world, recipe, keys):
            for a, b in zip(json.loads(one["losses"]), json.loads(several["losses"])):
                assert a == pytest.approx(b, rel=1e-12, abs=1e-14)
            assert_same_tensors(one["tensors"], several["tensors"])


def assert_same_tensors(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        # Before an instance norm a bias has no gradient but rounding errors, and Adam divides
        # those by their own size plus 1e-8: hence 1e-8, not 1e-14.
        torch.testing.assert_close(
            other[name], tensor, rtol=1e-8, atol=1e-8, msg=(name + ": {}").format
        )


def test_a_worker_that_is_killed_ends_all_and_the_run_goes_on_as_if_nothing_was(
    forker: Forker, begin: Callable[..., list[int]], tmp_path: Path, pairs: Path, whole_run: Path
) -> None:
    broken = tmp_path / "broken"
    function = "two_workers:train_to_the_eighth_step"
    first, second = begin(*LONGER, "--data", pairs, "--out", broken, function=function)
    wait_until(lambda: has_lines(broken / "metrics.jsonl", 7))
    os.kill(second, signal.SIGKILL)
    assert forker.wait(second) == -signal.SIGKILL
    assert forker.wait(first) == 1
    last = (tmp_path / "said0").read_text().strip().splitlines()[-1]
    assert "another worker is gone" in last
    assert f"--resume {broken}" in last

    for process in begin("--resume", broken):
        assert forker.wait(process) == 0
    assert_same_run(whole_run, broken)


@pytest.mark.parametrize("sender", [0, 1])
def test_a_signal_to_any_worker_stops_all_at_the_same_step(
    forker: Forker, begin: Callable[..., list[int]], tmp_path: Path, pairs: Path, sender: int
) -> None:
    out = tmp_path / "run"
    pair = begin("facades", "--data", pairs, *KEYS, "--max-steps=100000", "--out", out)
    wait_until(lambda: has_lines(out / "metrics.jsonl", 3))
    os.kill(pair[sender], signal.SIGTERM)
    statuses = [forker.wait(process) for process in pair]
    said, echo = ((tmp_path / f"said{rank}").read_text() for rank in (0, 1))
    assert statuses == [143, 143], said + echo
    assert f"--resume {out}" in said.strip().splitlines()[-1]
    assert "--resume" not in echo
    assert len(losses(out)) == json.loads((out / "config.json").read_text())["training"]["steps"]


def test_a_mistake_is_said_once(
    forker: Forker, begin: Callable[..., list[int]], tmp_path: Path, pairs: Path
) -> None:
    keys = ["facades", "--data", pairs, *KEYS, "--batch-size=3", "--out", tmp_path / "run"]
    assert [forker.wait(process) for process in begin(*keys)] == [2, 2]
    said, echo = ((tmp_path / f"said{rank}").read_text() for rank in (0, 1))
    assert "batch_size must be a multiple of the number of workers, 2, got 3" in said
    assert "batch_size" not in echo
    assert not (tmp_path / "run").exists()
