"""Weights & Biases: what a run sends, to a stand-in of the package; and what it says without it."""

import builtins
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from helpers.synthetic import write_facades
from helpers.whole_runs import LEAN, run
from PIL import Image

from pix2pix.training.wandb_writer import WandbWriter


class StandIn(types.ModuleType):
    """The functions of the package that are used, which note what they get."""

    class Image:
        def __init__(self, image: Image.Image) -> None:
            self.size = image.size

    def __init__(self) -> None:
        super().__init__("wandb")
        self.started: list[dict[str, Any]] = []
        self.logged: list[dict[str, Any]] = []
        self.axes: list[tuple[str, str | None]] = []
        self.finished = 0
        self.errors = types.SimpleNamespace(Error=RuntimeError)
        self.refusal = ""

    def init(self, **options: Any) -> "StandIn":
        if self.refusal:
            raise RuntimeError(self.refusal)
        self.started.append(options)
        return self

    def define_metric(self, name: str, step_metric: str | None = None) -> None:
        self.axes.append((name, step_metric))

    def log(self, values: dict[str, Any]) -> None:
        self.logged.append(values)

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    return stand_in


def test_a_run_sends_its_curves_and_a_resumed_one_goes_on_with_them(
    wandb: StandIn, tmp_path: Path
) -> None:
    data = write_facades(tmp_path / "data", 2, 1, 16, 16)
    out = tmp_path / "run"
    options = ["--wandb", "houses", "--max-steps", 2, "--lambda-perceptual", 0]
    options += ["--lambda-oasis", 0, "--element-dropout", 0, "--lambda-uniformity", 0]
    options += ["--user-drawings", 0, "--projected-d", "false"]
    options += ["--progressive-size", 0, "--d-scales", 1, "--device", "cpu"]
    assert run("facades", "--data", data, "--out", out, *LEAN, *options) == 0
    (started,) = wandb.started
    assert (started["project"], started["name"], started["resume"]) == ("houses", "run", "allow")
    assert started["config"]["lambda_l1"] >= 0 and wandb.finished == 1
    assert ("*", "step") in wandb.axes
    losses = [row for row in wandb.logged if "loss/l1" in row]
    rows = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    written = [(row["step"], row["l1"]) for row in rows if "l1" in row]
    assert [(row["step"], row["loss/l1"]) for row in losses] == written and len(written) == 2
    assert any("val/psnr" in row for row in wandb.logged)
    assert [row["step"] for row in wandb.logged if "samples" in row] == [2]
    assert run("--resume", out, "--max-steps", 3, "--device", "cpu") == 0
    assert wandb.started[1]["id"] == started["id"]


def test_a_refused_start_says_what_to_do(wandb: StandIn, tmp_path: Path) -> None:
    wandb.refusal = "api_key not configured"
    with pytest.raises(ValueError, match=r"api_key not configured.*wandb login.*WANDB_MODE"):
        WandbWriter(tmp_path, "houses", {})


def test_without_the_package_the_run_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain_import = builtins.__import__

    def no_wandb(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "wandb":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return plain_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", no_wandb)
    data = write_facades(tmp_path / "data", 2, 1, 16, 16)
    status = run("paper", "--data", data, "--out", tmp_path / "run", *LEAN, "--wandb", "houses")
    assert status == 2
    assert "pip install wandb" in capsys.readouterr().err
