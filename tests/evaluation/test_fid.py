"""FID: its formula, and Inception-v3 of torch-fidelity with weights that are made up here.

torch_fidelity is imported where it is used: with torchvision it takes two seconds and 90 MB, which
the worker that only collects these tests does without.
"""

import hashlib
import importlib
import io
import json
import math
import sys
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
from helpers.evaluating import evaluate, write_checkpoint
from helpers.synthetic import write_facades
from helpers.unpaired import TINY
from helpers.whole_runs import run
from PIL import Image

from pix2pix.evaluation import frechet_metrics, inception_features
from pix2pix.evaluation.frechet_metrics import load_frechet_metrics
from pix2pix.evaluation.inception_features import PACKAGE, FidWeights, fid, load_inception_features
from pix2pix.training import run_evaluation

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def inception() -> Any:
    """Inception-v3 of torch-fidelity, as a module."""
    return importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")


def known_fid(first: np.ndarray, second: np.ndarray) -> float:
    """What torch-fidelity computes of features (N, C) and (M, C)."""
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    statistics = [fid_features_to_statistics(torch.from_numpy(each)) for each in (first, second)]
    (known,) = fid_statistics_to_metric(*statistics, verbose=False).values()
    return float(known)


@pytest.fixture(scope="module")
def weights(inception: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the layout of torch-fidelity, which keep the activations' size."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patched:
        extractor = inception.FeatureExtractorInceptionV3
        patched.setattr(extractor, "load_state_dict", lambda *_: None)
        patched.setattr(torch, "load", lambda *_, **__: {})
        state = extractor("fid", ["2048"], "made up here").state_dict()
    for name, tensor in state.items():
        if name.endswith("conv.weight"):
            tensor.normal_(0, math.sqrt(2 / tensor[0].numel()))
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(state, path)
    return path


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of torch hub, empty, and no network."""

    def refuse(url: str, *_: Any, **__: Any) -> None:
        raise URLError("no network in tests")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two unpaired sets, with two images each to evaluate on."""
    folder = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(0)
    for part, level in (("trainA", 60), ("valA", 60), ("trainB", 160), ("valB", 160)):
        (folder / part).mkdir()
        for i in range(2):
            pixels = rng.integers(level - 50, level + 50, (32, 32, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / part / f"{part}-{i}-{rng.integers(99)}.png")
    return folder


# The formula


def axis_samples(radii: list[float], center: list[float]) -> np.ndarray:
    """A sample on either side of the centre on each axis: variances 2 r^2 / (N - 1)."""
    steps = np.concatenate([np.diag(radii), -np.diag(radii)])
    return steps + np.array(center)


def test_fid_of_gaussians_is_the_closed_form() -> None:
    a, b = [1.0, 2.0, 3.0], [2.0, 2.5, 0.5]
    x, y = axis_samples(a, [0, 0, 0]), axis_samples(b, [1, -2, 0.5])
    sigma_a, sigma_b = (np.sqrt(2 / 5) * np.array(r) for r in (a, b))
    known = 1 + 4 + 0.25 + ((sigma_a - sigma_b) ** 2).sum()
    assert fid(x, y) == pytest.approx(known)
    turned, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(2048, 3)))
    assert fid(x @ turned.T, y @ turned.T) == pytest.approx(known)  # as wide as the features are
    assert fid(x, x) == pytest.approx(0, abs=1e-9)


def test_fid_is_that_of_torch_fidelity() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 40)), rng.normal(0.3, 1.5, (150, 40)) @ rng.normal(size=(40, 40))
    for first, second in ((x, y), (x[:15], y[:12])):
        assert fid(first, second) == pytest.approx(known_fid(first, second), rel=1e-4)


def test_one_image_has_no_fid() -> None:
    with pytest.raises(ValueError, match="at least 2 samples, got 1"):
        fid(np.zeros((1, 8)), np.zeros((3, 8)))


# Models


def test_features_are_those_of_torch_fidelity(
    inception: Any, weights: Path, hub_cache: Path
) -> None:
    (hub_cache / Path(inception.URL_INCEPTION_V3).name).symlink_to(weights)
    image_u8 = torch.randint(0, 256, (2, 3, 20, 30), dtype=torch.uint8)
    (known,) = inception.FeatureExtractorInceptionV3("fid", ["2048"], str(weights))(image_u8)
    features = load_inception_features(CPU, FidWeights(may_download=False))
    found = features(image_u8.float() / 127.5 - 1)
    assert found.shape == (2, 2048) and found.std() > 1e-3
    np.testing.assert_allclose(found, known.numpy(), rtol=1e-5)


def color_features(images: torch.Tensor) -> np.ndarray:
    """Stands in for Inception-v3: mean and deviation of the colours, (N, 6)."""
    return torch.cat([images.mean((2, 3)), images.std((2, 3))], 1).numpy()


def features_of(folder: Path) -> np.ndarray:
    images = np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])
    return color_features(torch.from_numpy(images).movedim(-1, 1) / 127.5 - 1)


def test_unpaired_sets_have_fid_both_ways_as_a_curve_and_by_evaluate(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frechet_metrics, "load_inception_features", lambda *_: color_features)
    run_evaluation.load_distances.cache_clear()
    out, report = tmp_path / "run", tmp_path / "report.json"
    keys = [*TINY, "--fid", "--max-steps", 1, "--best-metric", "fid_AtoB", "--crop-scale", 1]
    assert run("cyclegan", "--data", sets, "--out", out, *keys) == 0
    run_evaluation.load_distances.cache_clear()
    curve = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])["val"]
    known = known_fid(*(features_of(sets / name) for name in ("valA", "valB")))
    assert curve["fid_AtoB_before"] == pytest.approx(known, abs=1e-3)
    assert curve["fid_BtoA_before"] == pytest.approx(known, abs=1e-3)
    assert min(curve["fid_AtoB"], curve["fid_BtoA"]) > 0
    assert "FID (Inception-v3)" in (out / "report.html").read_text()
    assert run("--evaluate", out, "--data", sets, "--json", report) == 0
    metrics = json.loads(report.read_text())["metrics"]
    assert metrics["fid_AtoB"] == pytest.approx(curve["fid_AtoB"], rel=0.05)  # weights in fp16
    assert metrics["fid_BtoA_before"] == curve["fid_BtoA_before"]


def test_pairs_have_fid_with_a_file_of_weights(
    weights: Path, hub_cache: Path, tmp_path: Path
) -> None:
    data = write_facades(tmp_path / "data", 1, 2)
    drawer = write_checkpoint(tmp_path / "facades", "labels2photo")
    assert evaluate(drawer, "--data", data, "--fid-weights", weights) == 0
    metrics = json.loads((drawer / "metrics.json").read_text())["metrics"]
    assert metrics["fid"] > 0 and metrics["frechet_lite0"] > 0


# Weights that are not available


def test_a_line_says_what_was_expected_and_the_rest_is_measured(
    inception: Any, hub_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_facades(tmp_path / "data", 1, 2)
    drawer = write_checkpoint(tmp_path / "facades", "labels2photo")
    assert evaluate(drawer, "--data", data) == 0
    assert (
        f"FID: not measured, its weights are not in {hub_cache}; --fid" in capsys.readouterr().out
    )
    assert evaluate(drawer, "--data", data, "--fid") == 0
    (line,) = (x for x in capsys.readouterr().out.splitlines() if x.startswith("FID"))
    assert line.startswith("FID: not measured, its weights cannot be downloaded (")
    url = inception.URL_INCEPTION_V3
    assert line.endswith(f"no network in tests>); put the file {url} into {hub_cache}")
    metrics = json.loads((drawer / "metrics.json").read_text())["metrics"]
    assert metrics["frechet_lite0"] > 0 and "fid" not in metrics


def test_other_weights_and_programs_are_refused(
    inception: Any, tmp_path: Path, weights: Path
) -> None:
    class Program:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "was run",)

    def reason(content: Any) -> str:
        torch.save(content, tmp_path / "w.pth")
        _, notes = load_frechet_metrics(CPU, FidWeights(tmp_path / "w.pth"))
        (note,) = notes
        return note

    expected = f"w.pth: expected the weights from {inception.URL_INCEPTION_V3}, got ("
    assert expected in reason(Program())
    assert not (tmp_path / "was run").exists()
    assert "got list" in reason([torch.zeros(2)])
    assert "expected the weights of Inception-v3 as in" in reason({"fc.bias": torch.zeros(2)})
    (tmp_path / "w.pth").write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"w\.pth: expected the weights from .*, got \("):
        load_inception_features(CPU, FidWeights(tmp_path / "w.pth"))
    with pytest.raises(ValueError, match=r"none\.pth: expected the weights from .*No such file"):
        load_inception_features(CPU, FidWeights(tmp_path / "none.pth"))


def test_a_download_with_another_hash_is_refused(
    hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answer(io.BytesIO):
        def info(self) -> Message:
            return Message()

    monkeypatch.setattr("torch.hub.urlopen", lambda *_, **__: Answer(b"not the weights"))
    with pytest.raises(ValueError, match=r"cannot be downloaded .*invalid hash value"):
        load_inception_features(CPU)
    assert list(hub_cache.iterdir()) == []
    url = f"https://example.org/w-{hashlib.sha256(b'not the weights').hexdigest()[:8]}.pth"
    inception_features.download(url, hub_cache / Path(url).name)
    assert (hub_cache / Path(url).name).read_bytes() == b"not the weights"


def test_without_the_package_a_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    _, notes = load_frechet_metrics(CPU, FidWeights())
    assert notes == [f"FID: not measured, {PACKAGE} is not installed (pip install {PACKAGE})"]
