"""Training: it learns, it resumes exactly, its checkpoints serve."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers.forked import Forker, wait_until
from helpers.synthetic import make_facade, write_facades, write_photos
from helpers.whole_runs import KEYS, PLAIN, SMALL
from safetensors.torch import load_file

from pix2pix.cli import train
from pix2pix.inference import load_colorizer, load_drawer
from pix2pix.training.recipe import load_recipe
from pix2pix.training.train_step import Trainer

pytestmark = pytest.mark.slow


def run(*arguments: object) -> int:
    return train.main([str(a) for a in arguments])


def read_metrics(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def untimed(row: dict) -> dict:
    return {key: value for key, value in row.items() if key != "seconds"}


def weights(folder: Path) -> dict[str, np.ndarray]:
    return {k: v.numpy() for k, v in load_file(folder / "model.safetensors").items()}


def test_a_tiny_run_overfits_one_pair(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 1, 1, 64, 64)
    out = tmp_path / "run"
    keys = ["--max-steps", 140, "--log-every", 140, "--sample-every", 140, "--lr", 6e-3]
    keys += ["--stem", 4, "--receptive-field", 16, "--lambda-l1", 30]
    steady = ["--batch-size", 1, "--ema", 0, "--lambda-gan", 0.1, "--seed", 4]
    steady += ["--prior-fraction", 0, "--norm", "instance"]  # batch norm of one image is noisy
    assert run("facades", "--data", data, "--out", out, *SMALL, *PLAIN, *keys, *steady) == 0
    photo, labels = make_facade(64, 64, seed=0)
    drawn = load_drawer(out, "cpu").draw(labels)
    error = np.abs(drawn.astype(int) - photo).mean()
    flat = np.abs(photo.mean((0, 1)) - photo).mean()
    assert error < flat / 3, f"mean error {error:.1f}; a flat colour has {flat:.1f}"


def test_a_tiny_colorizer_learns_blue_above_and_green_below(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "data", 4, 2)
    out = tmp_path / "run"
    keys = ["--max-steps", 120, "--batch-size", 2, "--ema", 0, "--lr", 4e-3, "--gan-start", 0.9]
    assert run("colorize", "--data", data, "--out", out, *SMALL, *keys) == 0
    figures = read_metrics(out)[-1]["val"]
    assert figures["ab_error"] < figures["ab_error_grey"] / 2
    from PIL import Image

    grey = Image.open(data / "val" / "photo0.jpg").convert("L")
    result = np.asarray(load_colorizer(out, "cpu").colorize(grey)).astype(int)
    assert (result[:30, :, 2] - result[:30, :, 0]).mean() > 30
    assert (result[60:, :, 1] - result[60:, :, 2]).mean() > 20


def test_a_tiny_tracer_finds_the_windows_of_one_facade(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 1, 1, 64, 64)
    out = tmp_path / "run"
    keys = ["--max-steps", 150, "--sample-every", 150, "--lr", 3e-3, "--progressive-size", 0]
    assert run("trace", "--data", data, "--out", out, *SMALL, *keys, "--batch-size", 2) == 0
    figures = read_metrics(out)[-1]["val"]
    assert figures["pixel_accuracy"] > 0.9
    assert figures["mean_iou"] > 0.6


@pytest.mark.parametrize(
    ("recipe", "dies_at", "device_augment"),
    [("facades", 5, "off"), ("colorize", 5, "on"), ("facades", 2, "on"), ("trace", 5, "off")],
)
def test_resume_is_exact(tmp_path: Path, recipe: str, dies_at: int, device_augment: str) -> None:
    write = write_photos if recipe == "colorize" else write_facades
    data = write(tmp_path / "data", 5, 1)
    keys = [*SMALL, "--max-steps", 8, "--batch-size", 2, "--log-every", 1, "--gan-start", 0]
    keys += ["--device-augment", device_augment]
    if recipe == "trace":  # whose encoder has weights and a rate of its own
        keys += ["--encoder", "efficientnet-lite0", "--depth", 5]
    else:
        keys += ["--size", 32, "--depth", 3, "--receptive-field", 16]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(recipe, "--data", data, "--out", whole, *keys, "--save-every", 100) == 0

    plain_step = Trainer.step

    def step_then_die(self, batch):  # the machine goes down in the middle of a run
        if self.steps_done == dies_at:
            raise ValueError("power cut")
        return plain_step(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", step_then_die)
        saving = ["--save-every", 3]
        assert run(recipe, "--data", data, "--out", broken, *keys, *saving) == 2
    assert run("--resume", broken) == 0

    expected, got = weights(whole), weights(broken)
    assert expected.keys() == got.keys()
    for name in expected:
        np.testing.assert_array_equal(expected[name], got[name], err_msg=name)
    losses = [[untimed(row) for row in read_metrics(f)] for f in (whole, broken)]
    assert losses[0] == losses[1]


def test_a_run_writes_what_the_readme_promises(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 2, 1)
    keys = ["--max-steps", 4, "--sample-every", 2, "--log-every", 2, "--batch-size", 2]
    assert run("facades", "--data", data, "--out", tmp_path / "run", *SMALL, *keys) == 0
    names = sorted(p.name for p in (tmp_path / "run").iterdir() if p.name != "tensorboard")
    assert names == [
        "README.md",
        "config.json",
        "data.json",
        "metrics.jsonl",
        "model.safetensors",
        "report.html",
        "run.json",
        "samples",
        "samples.jpg",
        "state.pt",
    ]
    assert len(list((tmp_path / "run" / "samples").iterdir())) == 2
    assert [row["step"] for row in read_metrics(tmp_path / "run") if "val" in row] == [2, 4]
    card = (tmp_path / "run" / "README.md").read_text()
    assert "| steps | 4 |" in card
    assert "| train images | 2 |" in card


def test_sigterm_saves_and_leaves_and_the_run_goes_on(tmp_path: Path, forker: Forker) -> None:
    data = write_facades(tmp_path / "data", 2, 1)
    out, said = tmp_path / "run", tmp_path / "said"
    keys = [*KEYS, "--max-steps", 100000, "--batch-size", 1]
    start = ["facades", "--data", data, "--out", out, *keys]
    process = forker.start("pix2pix.cli.train:main", [[str(a) for a in start]], said)
    wait_until(lambda: (out / "metrics.jsonl").exists() and (out / "metrics.jsonl").read_text())
    os.kill(process, signal.SIGTERM)
    assert forker.wait(process) == 128 + signal.SIGTERM
    assert f"--resume {out}" in said.read_text().splitlines()[-1]
    assert load_drawer(out, "cpu").draw(np.ones((32, 32), np.uint8)).shape == (32, 32, 3)
    assert (out / "state.pt").exists()


def test_a_folder_that_holds_a_run_is_not_started_again(tmp_path: Path, capsys) -> None:
    data = write_facades(tmp_path / "data", 2, 1)
    keys = [*SMALL, *PLAIN, "--max-steps", 1]
    assert run("facades", "--data", data, "--out", tmp_path / "run", *keys) == 0
    assert run("facades", "--data", data, "--out", tmp_path / "run", *keys) == 2
    assert "--resume" in capsys.readouterr().err


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 2, 1)
    assert run("facades", "--data", data, "--out", tmp_path / "run", *KEYS, "--max-steps", 2) == 0
    before = weights(tmp_path / "run")
    assert run("--resume", tmp_path / "run") == 0
    after = weights(tmp_path / "run")
    assert all(np.array_equal(before[k], after[k]) for k in before)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["facades", "--data", "nowhere", "--out", "x"], "no such folder"),
        (["faces", "--data", ".", "--out", "x"], "one of aerial2map, cats, colorize"),
        (
            ["facades", "--data", ".", "--out", "x", "--size", "100", "--depth", "7"],
            "multiple of 2 ** depth",
        ),
        (["facades", "--data", ".", "--out", "x", "--norm", "layer"], "one of batch"),
        (["--resume", "nowhere"], "no run to resume"),
    ],
)
def test_a_mistake_is_one_line_in_words(arguments, reason, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'lambda_l1'"):
        load_recipe("facades", {"lambda_l2": 3.0})
