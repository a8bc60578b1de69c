"""A run that begins with another's weights, keeps its best checkpoint, and knows when to stop."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.synthetic import write_facades, write_photos
from safetensors.torch import load_file

from pix2pix.checkpoint import load_checkpoint, read_config
from pix2pix.cli import train
from pix2pix.training import init_weights, run_outputs

TINY = [
    "--size=32",
    "--ngf=4",
    "--depth=3",
    "--max-channels=8",
    "--ndf=4",
    "--num-workers=0",
    "--encoder=unet",
]
KEYS = [*TINY, "--batch-size=1", "--log-every=1"]
TRACE = ["trace", *KEYS, "--progressive-size=0"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_facades(tmp_path / "data", 3, 2, 40, 40)


def run(*arguments: object) -> int:
    return train.main([str(a) for a in arguments])


def weights(folder: Path) -> dict[str, np.ndarray]:
    return {k: v.numpy() for k, v in load_file(folder / "model.safetensors").items()}


def evaluations(folder: Path) -> list[dict]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if "val" in row]


def give_figures(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """Each evaluation has the next of these as its mean IoU."""
    left, plain = list(values), run_outputs.evaluate_models

    def evaluate(*arguments: Any, **options: Any) -> dict[str, Any]:
        figures = plain(*arguments, **options)
        return figures if options.get("limit") else {**figures, "mean_iou": left.pop(0)}

    monkeypatch.setattr(run_outputs, "evaluate_models", evaluate)


def test_the_same_recipe_takes_all_weights_and_the_card_says_whose(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    assert run(*TRACE, "--data", data, "--out", old, "--max-steps=2") == 0
    with caplog.at_level("INFO"):
        # so small a rate that a step leaves the weights where they were
        start = [*TRACE, "--data", data, "--out", new, "--max-steps=1", "--lr=1e-12", "--seed=5"]
        assert run(*start, "--init-from", old) == 0
    count = len(load_checkpoint(old)[1].state_dict())
    assert f"took {count} of {count} tensors" in caplog.text
    assert "not taken" not in caplog.text
    before, after = weights(old), weights(new)
    moved = [name for name in before if "running" not in name and "num_batches" not in name]
    assert moved
    for name in moved:
        np.testing.assert_allclose(after[name], before[name], atol=2e-3, err_msg=name)
    facts = read_config(new).training
    assert facts["init_from"] == "old"  # not where it is on this machine
    assert facts["init_tensors"] == f"{count} of {count}"
    card = (new / "README.md").read_text()
    assert "| init from | old |" in card and str(tmp_path) not in card


def test_what_does_not_fit_is_named_with_both_shapes(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    assert run(*TRACE, "--data", data, "--out", old, "--max-steps=1") == 0
    start = [*TRACE, "--data", data, "--out", new, "--max-steps=1", "--max-channels=16"]
    assert run(*start, "--init-from", old) == 0
    theirs, own = weights(old), weights(new)
    assert "not taken, another shape" in caplog.text
    differing = [name for name in own if name in theirs and own[name].shape != theirs[name].shape]
    assert differing
    for name in differing:
        assert f"{name} {theirs[name].shape} -> {own[name].shape}" in caplog.text
    taken, all_of_them = read_config(new).training["init_tensors"].split(" of ")
    assert int(taken) == int(all_of_them) - len(differing)


def test_the_weights_of_another_task_are_a_start_that_is_warned_of(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = tmp_path / "old"
    assert run(*TRACE, "--data", data, "--out", old, "--max-steps=1") == 0
    photos = write_photos(tmp_path / "photos", 2, 1, 40)
    start = ["colorize", *TINY, "--data", photos, "--max-steps=1", "--norm=batch", "--batch-size=1"]
    start += ["--lambda-gan=0", "--init-from", old]
    assert run(*start, "--out", tmp_path / "new") == 0
    assert "its task is photo2labels, this run's colorize" in caplog.text
    assert "not taken" in caplog.text


def test_a_start_that_does_not_exist_leaves_no_run(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture
) -> None:
    start = [*TRACE, "--data", data, "--out", tmp_path / "new", "--init-from", tmp_path / "none"]
    assert run(*start) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert str(tmp_path / "none") in error
    assert not (tmp_path / "new").exists()


def test_a_name_of_the_hub_is_a_start_too(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "models--ann--tracer" / "snapshots" / ("0" * 40)
    assert run(*TRACE, "--data", data, "--out", copy, "--max-steps=1") == 0
    monkeypatch.setattr(init_weights, "resolve", {"ann/tracer": copy}.__getitem__)
    new = tmp_path / "new"
    start = [*TRACE, "--data", data, "--out", new, "--max-steps=1", "--init-from=ann/tracer"]
    assert run(*start) == 0
    assert read_config(new).training["init_from"] == f"ann/tracer@{'0' * 40}"


def test_the_best_checkpoint_is_that_of_its_step(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [*TRACE, "--data", data, "--sample-every=1", "--best-metric=mean_iou"]
    give_figures(monkeypatch, [0.2, 0.5, 0.4, 0.5])
    out, until_best = tmp_path / "run", tmp_path / "until_best"
    assert run(*keys, "--out", out, "--max-steps=4", "--lr-scheduler=constant") == 0
    best = read_config(out / "best")
    assert (best.training["steps"], best.metrics["mean_iou"]) == (2, 0.5)
    assert read_config(out).training["steps"] == 4
    monkeypatch.undo()
    assert run(*keys, "--out", until_best, "--max-steps=2", "--lr-scheduler=constant") == 0
    expected, got = weights(until_best), weights(out / "best")
    assert all(np.array_equal(expected[name], got[name]) for name in expected)
    assert not all(np.array_equal(weights(out)[name], got[name]) for name in got)


def test_a_run_out_of_patience_stops_and_stays_so(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [*TRACE, "--data", data, "--sample-every=1", "--best-metric=mean_iou", "--patience=2"]
    give_figures(monkeypatch, [0.2, 0.3, 0.1, 0.3])
    out = tmp_path / "run"
    assert run(*keys, "--out", out, "--max-steps=50") == 0
    assert [row["step"] for row in evaluations(out)] == [1, 2, 3, 4]
    before = (out / "state.pt").read_bytes()
    assert run("--resume", out) == 0
    assert (out / "state.pt").read_bytes() == before
    assert read_config(out / "best").training["steps"] == 2


def test_a_metric_that_is_none_is_refused_before_the_first_step(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture
) -> None:
    keys = [*TRACE, "--data", data, "--out", tmp_path / "run", "--best-metric=beauty"]
    assert run(*keys) == 2
    assert "mean_iou" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_plateau_goes_on_where_it_was(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [*TRACE, "--data", data, "--sample-every=1", "--best-metric=mean_iou"]
    keys += ["--lr-scheduler=plateau", "--lr-patience=2", "--lr-gamma=0.5", "--max-steps=7"]
    keys += ["--lr-warmup-steps=0"]
    figures = [0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6]  # the rate falls after the third and the fifth
    give_figures(monkeypatch, figures)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(*keys, "--out", whole) == 0
    state = torch.load(whole / "state.pt", weights_only=True)["learner"]
    assert state["plateau"] == {"factor": 0.25, "best": 0.6, "misses": 0}
    assert state["g_optimizer"]["param_groups"][0]["lr"] == pytest.approx(1e-3 * 0.25)

    plain_write = run_outputs.write_report

    def write_then_die(*arguments: Any) -> None:  # after the save of step 4, between two drops
        plain_write(*arguments)
        if arguments[3] == 5:
            raise ValueError("power cut")

    monkeypatch.undo()
    give_figures(monkeypatch, figures)
    with monkeypatch.context() as patch:
        patch.setattr(run_outputs, "write_report", write_then_die)
        assert run(*keys, "--out", broken) == 2
    monkeypatch.undo()
    give_figures(monkeypatch, figures[4:])
    assert run("--resume", broken) == 0
    expected, got = weights(whole), weights(broken)
    assert all(np.array_equal(expected[name], got[name]) for name in expected)
