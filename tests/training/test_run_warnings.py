"""Warnings of a run: each is said where it holds, once, and not where it does not."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.models import save_pairs
from helpers.whole_runs import LEAN, run
from PIL import Image
from torch import Tensor

from pix2pix.data.loader import Batch
from pix2pix.data.size_notes import describe_sizes
from pix2pix.training import run_warnings
from pix2pix.training.recipe import load_recipe
from pix2pix.training.report import warning_list
from pix2pix.training.run_warnings import (
    WINDOW,
    RunMonitor,
    data_warnings,
    describe_collapse,
)

EDGES = load_recipe("edges2photo")
WON = {"vanilla": (0.005, 6.0), "lsgan": (0.003, 0.97), "hinge": (0.0, 1.4)}
EVEN = {"vanilla": (0.6, 0.9), "lsgan": (0.2, 0.4), "hinge": (0.9, 0.1)}


def warned(monitor: RunMonitor, d: float, gan: float, start: int = 1000) -> list[str]:
    """The lines after as many logged losses as are looked at, and some more."""
    steps = range(start, start + 50 * 2 * WINDOW, 50)
    values = {"l1": 0.1, "d": d, "gan": gan}
    return [line for step in steps for line in monitor.add_losses(values, step)]


@pytest.mark.parametrize("mode", WON)
def test_a_discriminator_that_wins_is_said_once(mode: str) -> None:
    recipe = dataclasses.replace(EDGES, gan_mode=mode, label_smoothing=0.0)
    (line,) = warned(RunMonitor(recipe), *WON[mode])
    assert line.startswith("the discriminator tells all outputs from real") and "--d-lr" in line
    assert warned(RunMonitor(recipe), *EVEN[mode]) == []
    assert warned(RunMonitor(recipe), WON[mode][0], EVEN[mode][1]) == []  # G fools it after all


def test_a_discriminator_may_win_in_the_first_steps() -> None:
    recipe = dataclasses.replace(EDGES, gan_mode="vanilla")
    assert warned(RunMonitor(recipe), 0.005, 6.0, start=-10_000) == []


def test_label_smoothing_is_taken_off() -> None:
    recipe = dataclasses.replace(EDGES, gan_mode="vanilla", label_smoothing=0.1)
    assert len(warned(RunMonitor(recipe), 0.17, 6.0)) == 1  # the lowest loss is 0.163


def test_two_discriminators_are_told_apart() -> None:
    monitor = RunMonitor(dataclasses.replace(EDGES, gan_mode="lsgan"))
    values = {"d_A": 0.001, "gan_BtoA": 0.99, "d_B": 0.001, "gan_AtoB": 0.3}
    lines = [x for step in range(2000, 4000, 50) for x in monitor.add_losses(values, step)]
    assert len(lines) == 1


def test_outputs_that_are_one_image_are_said() -> None:
    targets = torch.rand(6, 3, 16, 16) * 2 - 1
    one = torch.rand(1, 3, 16, 16).expand(6, 3, 16, 16)
    line = describe_collapse(one + 0.005 * targets, targets)
    assert "the outputs for 6 held-out inputs are nearly one image" in line
    assert describe_collapse(one + 0.5 * targets, targets) == ""
    assert describe_collapse(one, one) == ""  # the targets are one image too
    assert describe_collapse(one[:2], targets[:2]) == ""  # too few to tell


class Examples:
    """A dataset of given inputs and targets."""

    def __init__(self, inputs: Tensor, targets: Tensor) -> None:
        self.inputs, self.targets = inputs, targets
        self.names = [str(i) for i in range(len(inputs))]

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, indices: list[int], rngs: object, size: int | None = None) -> Batch:
        inputs, targets = self.inputs[indices], self.targets[indices]
        return Batch(inputs, targets, torch.ones_like(inputs[:, :1]), inputs)


def drawings() -> Tensor:
    images = torch.ones(5, 3, 32, 32)
    for i, image in enumerate(images):
        image[:, 4 + 3 * i] = -1
    return images


def photos() -> Tensor:
    return torch.rand(5, 3, 32, 32) * 2 - 1


@pytest.mark.parametrize(
    ("name", "is_swapped"), [("edges2photo", True), ("map2aerial", True), ("day2night", False)]
)
def test_pairs_that_look_swapped_are_said(name: str, is_swapped: bool) -> None:
    recipe = load_recipe(name)
    lines = data_warnings(Examples(photos(), drawings()), recipe, name)
    assert len(lines) == is_swapped
    assert all("--direction BtoA" in line and "like photos" in line for line in lines)
    assert data_warnings(Examples(drawings(), photos()), recipe, name) == []


def test_maps_as_targets_have_a_direction_of_their_own() -> None:
    recipe = dataclasses.replace(load_recipe("aerial2map"), direction="BtoA")
    (line,) = data_warnings(Examples(drawings(), photos()), recipe, "aerial2map")
    assert "--direction AtoB" in line


def test_blank_and_equal_images_are_said() -> None:
    recipe = load_recipe("day2night")
    blank = torch.zeros(5, 3, 32, 32)
    (line,) = data_warnings(Examples(photos(), blank), recipe, "day2night")
    assert line.startswith("all 5 targets looked at have one colour each")
    same = photos()[:1].expand(5, 3, 32, 32)
    (line,) = data_warnings(Examples(same, photos()), recipe, "day2night")
    assert line.startswith("all 5 inputs looked at are the same image")


def test_sizes_that_do_not_suit_the_training_are_said() -> None:
    small, right = [(100, 90)] * 3 + [(300, 300)], [(280, 300), (512, 512)]
    (line,) = describe_sizes(small, (256, 256), "crop")
    assert "100x90, trained at 256x256" in line and "--size 64 suits them" in line
    assert describe_sizes(right, (256, 256), "stretch") == []
    (line,) = describe_sizes([(800, 300)] * 2, (256, 256), "stretch")
    assert "800x300 and are stretched to 256x256" in line
    assert describe_sizes([(800, 300)], (256, 256), "crop") == describe_sizes([], (8, 8), "") == []


def test_a_run_says_its_warnings_in_the_log_and_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run_warnings, "MIN_STEPS", 2)
    monkeypatch.setattr(run_warnings, "COLLAPSED", 100.0)  # whatever the outputs are
    save_pairs(tmp_path / "data", 4, 32)
    for path in (tmp_path / "data").rglob("B/*.png"):
        Image.fromarray(
            np.random.default_rng(int(path.stem)).integers(0, 256, (32, 32, 3), np.uint8)
        ).save(path)
    out, options = tmp_path / "run", ["--max-steps", 2, "--direction", "BtoA", "--device", "cpu"]
    options += ["--d-scales", 1]
    with caplog.at_level("INFO"):
        assert run("edges2photo", "--data", tmp_path / "data", "--out", out, *LEAN, *options) == 0
    said = [record.getMessage() for record in caplog.records]
    assert any("like drawings or maps, which edges2photo does the other way" in x for x in said)
    assert any(x.startswith("step 2: the outputs for 4 held-out inputs are nearly") for x in said)
    rows = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    assert [row["step"] for row in rows if "warning" in row] == [2]
    assert "Step 2: the outputs for 4" in (out / "report.html").read_text()


def test_warnings_of_the_report_are_escaped_and_each_shown_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows = [{"step": step, "warning": "a <b>"} for step in (1000, 1500)] + [{"step": 2, "l1": 1.0}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert warning_list(path).count("Step 1,000: a &lt;b&gt;") == 1
    assert "1,500" not in warning_list(path) and warning_list(tmp_path / "none") == ""
    assert np.isfinite(run_warnings.smoothing_floor(EDGES))
