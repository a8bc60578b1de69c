"""`train.py --evaluate`: every task, a table for people, JSON for programs, mistakes in words."""

import json
from pathlib import Path

import pytest
import torch
from helpers.evaluating import evaluate, write_checkpoint
from helpers.fake_hub import FakeHub
from helpers.synthetic import write_facades, write_photos

from pix2pix.checkpoint import Model
from pix2pix.cli import train
from pix2pix.config import CheckpointConfig, GeneratorConfig
from pix2pix.hub.client import Hub


def test_a_facade_model_is_judged_by_a_trace_model(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "no weights"))
    data = write_facades(tmp_path / "data", 1, 3)
    drawer = write_checkpoint(tmp_path / "facades", "labels2photo", 4)
    tracer = write_checkpoint(tmp_path / "trace", "photo2labels")
    assert evaluate(drawer, "--data", data, "--judge", tracer) == 0
    report = json.loads((drawer / "metrics.json").read_text())
    assert (report["task"], report["split"]) == ("labels2photo", "val")
    figures = report["metrics"]
    assert figures["examples"] == 3
    for key in ("psnr_own_style", "fcn_mean_iou_real", "fcn_mean_iou_ratio_random_style"):
        assert key in figures
    assert figures["frechet_random_style"] > 0
    assert figures["diversity"] >= 0
    printed = capsys.readouterr().out
    assert all(key in printed for key in figures)
    assert "FID: not measured" in printed


def test_without_a_judge_a_line_says_what_is_missing(tmp_path: Path, capsys) -> None:
    data = write_facades(tmp_path / "data", 1, 1)
    drawer = write_checkpoint(tmp_path / "facades", "labels2photo")
    assert evaluate(drawer, "--data", data, "--json", tmp_path / "out" / "scores.json") == 0
    assert "FCN score: not measured, it needs a trace checkpoint" in capsys.readouterr().out
    assert (tmp_path / "out" / "scores.json").exists()
    assert not (drawer / "metrics.json").exists()


def test_another_split_and_a_group_are_measured(tmp_path: Path) -> None:
    data = write_photos(tmp_path / "data", 2, 1)
    (data / "train").rename(data / "test")
    model = write_checkpoint(tmp_path / "colorize", "colorize")
    split = ["--split", "test", "--group", "first=photo0"]
    assert evaluate(model, "--data", data, *split) == 0
    figures = json.loads((model / "metrics.json").read_text())["metrics"]
    assert (figures["examples"], figures["first_examples"]) == (2, 1)
    assert figures["ab_error"] != figures["ab_error_10_hints"]
    assert figures["frechet_lite0"] > 0


def test_a_trace_model_has_the_iou_of_each_class(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 1, 2)
    model = write_checkpoint(tmp_path / "trace", "photo2labels")
    assert evaluate(model, "--data", data) == 0
    figures = json.loads((model / "metrics.json").read_text())["metrics"]
    assert {"iou_background", "iou_facade", "iou_window", "iou_door"} <= figures.keys()
    assert "iou_shop" not in figures


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--data", "nowhere"], "nowhere"),
        (["--data", "data", "--judge", "facades"], "the FCN score needs one for photo2labels"),
        (["--data", "data", "--group", "people"], "NAME=GLOB"),
        (["--data", "data", "--group", "people=cat*"], "matches none of 1 examples"),
        (["--data", "data", "--json", "data/val"], "cannot be written"),
    ],
)
def test_a_mistake_is_one_line_in_words(options, reason, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write_facades(Path("data"), 1, 1)
    write_checkpoint(Path("facades"), "labels2photo")
    assert evaluate("facades", *options) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["--evaluate", "x"], ["facades", "--evaluate", "x", "--data", "y"], ["--judge", "x"]],
)
def test_options_that_do_not_go_together_are_refused(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(arguments)
    assert stop.value.code == 2
    assert "--evaluate CHECKPOINT" in capsys.readouterr().err


def test_where_weights_cannot_be_had_the_line_says_why(tmp_path, monkeypatch) -> None:
    from pix2pix.evaluation import perceptual

    def no_package(device: torch.device) -> None:
        raise ModuleNotFoundError("No module named 'torchmetrics'", name="torchmetrics")

    monkeypatch.setattr(perceptual, "load_lpips", no_package)
    model = Model(
        CheckpointConfig("image2image", 64, generator=GeneratorConfig(3, 3, ngf=8, depth=4))
    )
    figures, notes = perceptual.perceptual_metrics(model, "image2image", [], torch.device("cpu"))
    assert figures == {}
    assert notes == [
        "LPIPS: not measured, torchmetrics is not installed (pip install 'torchmetrics[image]')",
    ]


def test_a_checkpoint_and_its_judge_may_lie_on_the_hub(
    hub_server: FakeHub, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_facades(tmp_path / "data", 1, 1)
    shas = {}
    for name, task in (("houses", "labels2photo"), ("trace", "photo2labels")):
        folder = write_checkpoint(tmp_path / "made" / name, task)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        shas[name] = hub_server.add(f"ada/{name}", files).refs["main"]
    monkeypatch.chdir(tmp_path)
    judge = f"ada/trace@{shas['trace']}"
    assert evaluate("ada/houses", "--data", data, "--judge", judge) == 0
    report = json.loads((tmp_path / "houses-metrics.json").read_text())
    assert report["checkpoint"] == f"ada/houses@{shas['houses']}"
    assert report["judge"] == judge
    assert "fcn_mean_iou_real" in report["metrics"]


def test_a_checkpoint_that_is_nowhere_is_said_in_words(
    hub_server: FakeHub, hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("ada/nothing", "--data", write_facades(tmp_path / "data", 1, 1)) == 2
    assert "ada/nothing: there is no such repo on the Hub" in capsys.readouterr().err
