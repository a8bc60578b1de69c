"""Figures: each against a value known from elsewhere."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.synthetic import open_set, write_facades, write_photos

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig, GeneratorConfig, LabelColor
from pix2pix.data.loader import Batch
from pix2pix.evaluation.colorization import ab_error, measure_cast, with_false_chroma
from pix2pix.evaluation.evaluate import evaluate, mean_metrics
from pix2pix.evaluation.fcn_judge import FcnScorer
from pix2pix.evaluation.fcn_score import distance, feature_metrics
from pix2pix.evaluation.frechet import fit_gaussian, frechet_distance
from pix2pix.evaluation.generation import restore_void, spread_indices
from pix2pix.evaluation.image import mean_absolute_error, psnr, ssim
from pix2pix.evaluation.metric_names import (
    METRICS,
    base_metric,
    describe_metric,
    direction,
    format_table,
)
from pix2pix.evaluation.segmentation import confusion_matrix, segmentation_scores
from pix2pix.labels.label_map import CLASSES

CPU = torch.device("cpu")
PALETTE = tuple(LabelColor(c.name, c.rgb) for c in CLASSES)


def make_model(task: str, inputs: int, outputs: int, style_dim: int = 0) -> Model:
    """A model with random weights, the same each time, large enough to make pictures differ."""
    torch.manual_seed(0)
    shape = GeneratorConfig(inputs, outputs, ngf=8, depth=4, style_dim=style_dim)
    palette = PALETTE if "labels" in task else ()
    model = (
        Model(CheckpointConfig(task, 64, generator=shape, palette=palette))
        .eval()
        .requires_grad_(False)
    )
    for weight in model.generator.parameters():
        weight.mul_(5)
    return model


def noisy_pair(shape: tuple[int, int], amount: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: shape[0], : shape[1]]
    a = np.stack([127 + 100 * np.sin(x / 7), 127 + 90 * np.cos(y / 5), (x + y) % 256], -1)
    b = a + rng.normal(0, amount, a.shape)
    return a.clip(0, 255).astype(np.uint8), b.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("amount", [2, 20, 80])
@pytest.mark.parametrize("shape", [(64, 64), (40, 97)])
def test_psnr_and_ssim_are_those_of_scikit_image(shape: tuple[int, int], amount: float) -> None:
    # It loads all of scipy.stats: not in every process of the tests
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    a, b = noisy_pair(shape, amount)
    everywhere = np.ones(shape, bool)
    assert psnr(a, b, everywhere) == pytest.approx(peak_signal_noise_ratio(a, b), abs=1e-6)
    known = structural_similarity(
        a, b, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(a, b, everywhere) == pytest.approx(known, abs=1e-4)


def test_identical_pictures_have_no_error() -> None:
    a, _ = noisy_pair((32, 32), 1)
    everywhere = np.ones((32, 32), bool)
    assert mean_absolute_error(a, a, everywhere) == 0
    assert psnr(a, a, everywhere) == 100
    assert ssim(a, a, everywhere) == pytest.approx(1, abs=1e-6)


def test_pixels_left_out_count_in_no_figure() -> None:
    a, _ = noisy_pair((64, 64), 1)
    b = a.copy()
    b[:20] = 255 - b[:20]
    valid = np.ones((64, 64), bool)
    valid[:26] = False  # the window of SSIM reaches 5 pixels
    assert mean_absolute_error(a, b, valid) == 0
    assert psnr(a, b, valid) == 100
    assert ssim(a, b, valid) == pytest.approx(1, abs=1e-6)
    assert ssim(a, b, np.ones_like(valid)) < 0.9


def test_ab_error_is_the_mean_distance() -> None:
    a = np.zeros((2, 2, 2), np.float32)
    b = a.copy()
    b[0, 0] = 3, 4
    assert ab_error(a, b) == pytest.approx(5 / 4)


def test_false_chroma_is_a_mean_over_the_nearly_grey_pixels_of_all_photos() -> None:
    true, ab = np.zeros((2, 1, 2, 2), np.float32), np.zeros((2, 1, 2, 2), np.float32)
    true[0, 0, 0] = 30, 40  # coloured: does not count
    ab[0, 0] = (50, 0), (3, 4)
    ab[1, 0] = (0, 9), (0, 1)
    rows = [measure_cast(a, t, "_10_hints") for a, t in zip(ab, true)]
    means = with_false_chroma(mean_metrics(rows))
    assert means == pytest.approx(
        {
            "bias_a_10_hints": (20 + 3) / 4,
            "bias_b_10_hints": (-40 + 4 + 9 + 1) / 4,
            "false_chroma_10_hints": (5 + 9 + 1) / 3,
        }
    )


def test_photos_without_grey_have_no_false_chroma() -> None:
    colored = np.full((2, 2, 2), 20, np.float32)
    assert with_false_chroma(measure_cast(colored, colored)) == {"bias_a": 0, "bias_b": 0}


def test_segmentation_scores_of_a_case_done_by_hand() -> None:
    true = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2])
    found = torch.tensor([0, 0, 0, 1, 1, 0, 1, 0])
    valid = torch.tensor([True] * 7 + [False])  # the last is void
    confusion = confusion_matrix(true, found, valid, 4)
    assert confusion.tolist() == [[3, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    scores = segmentation_scores(confusion, ["wall", "window", "door", "shop front"])
    assert scores["pixel_accuracy"] == pytest.approx(4 / 7)
    assert scores["class_accuracy"] == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    assert scores["mean_iou"] == pytest.approx((3 / 5 + 1 / 4 + 0) / 3)
    assert scores["iou_window"] == pytest.approx(1 / 4)
    assert "iou_shop_front" not in scores  # it does not occur


def test_scores_of_nothing_but_void_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        segmentation_scores(torch.zeros(3, 3, dtype=torch.int64))


def test_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    a, b = np.array([4.0, 9.0, 1.0]), np.array([1.0, 16.0, 1.0])
    offset = np.array([1.0, -2.0, 0.5])
    known = (offset**2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert frechet_distance(offset, np.diag(a), np.zeros(3), np.diag(b)) == pytest.approx(known)


def test_frechet_distance_holds_for_covariances_that_do_not_commute() -> None:
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(0)
    m, n = rng.normal(size=(2, 6, 6))
    a, b = m @ m.T, n @ n.T
    known = np.trace(a + b - 2 * sqrtm(a @ b).real)
    zero = np.zeros(6)
    assert frechet_distance(zero, a, zero, b) == pytest.approx(known, rel=1e-9)
    assert frechet_distance(zero, b, zero, a) == pytest.approx(known, rel=1e-9)


def test_frechet_distance_of_singular_covariances_is_a_number() -> None:
    zero, flat = np.zeros(5), np.ones((5, 5))
    assert frechet_distance(zero, flat, zero, flat) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(zero, flat, zero, np.zeros((5, 5))) == pytest.approx(5)


def test_frechet_distance_of_samples_nears_that_of_their_gaussians() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (20_000, 8))
    y = rng.normal(0.5, 2, (20_000, 8))
    known = 8 * 0.5**2 + 8 * (2 - 1) ** 2
    assert frechet_distance(*fit_gaussian(x), *fit_gaussian(y)) == pytest.approx(known, rel=0.03)


def test_a_covariance_of_few_samples_is_shrunk_and_of_many_is_not() -> None:
    rng = np.random.default_rng(0)
    scales = np.linspace(0.2, 3, 16)
    true = np.diag(scales**2)
    few, many = rng.normal(size=(6, 16)) * scales, rng.normal(size=(50_000, 16)) * scales
    _, shrunk = fit_gaussian(few)
    assert np.linalg.eigvalsh(shrunk).min() > 0.01  # the plain one has 11 zeros
    plain = np.cov(few.T, bias=True)
    assert np.linalg.norm(shrunk - true) < np.linalg.norm(plain - true)
    assert np.trace(shrunk) == pytest.approx(np.trace(plain))
    _, covariance = fit_gaussian(many)
    assert np.abs(covariance - np.cov(many.T, bias=True)).max() < 0.01


def test_a_single_sample_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="at least 2 samples"):
        fit_gaussian(np.zeros((1, 3)))


def test_the_distance_between_styles_is_the_root_mean_square_over_cells() -> None:
    a, b = np.zeros((1, 2, 3)), np.array([[[3.0, 0, 0], [0, 0, 1.0]]])
    assert distance(a, b) == pytest.approx([np.sqrt((9 + 1) / 2)])


def test_equal_styles_have_no_diversity_and_real_photos_as_fakes_no_distance() -> None:
    real = np.random.default_rng(0).normal(size=(10, 16, 5))
    fakes = {"own_style": real, "random_style": real, "style_1": real}
    figures = feature_metrics({"real": real, **fakes})
    assert figures["diversity"] == 0
    assert figures["diversity_real"] > 1
    assert figures["frechet_own_style"] == pytest.approx(0, abs=1e-9)
    assert figures["frechet_real_halves"] > 0


def test_the_void_of_a_generated_photo_is_the_real_one(tmp_path: Path) -> None:
    batch = open_set("labels2photo", write_facades(tmp_path, 1, 1), 64).batch([0], None)
    batch.weight[:, :, :10] = 0
    photo = restore_void(torch.zeros_like(batch.target), batch)
    assert torch.equal(photo[:, :, :10], batch.target[:, :, :10])
    assert not photo[:, :, 10:].any()


@pytest.mark.parametrize(("size", "limit", "expected"), [(3, None, [0, 1, 2]), (9, 3, [0, 4, 8])])
def test_examples_are_spread_evenly(size: int, limit: int | None, expected: list[int]) -> None:
    assert spread_indices(size, limit) == expected


def test_photos_are_measured_in_their_own_and_a_random_style(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 1, 3), 64, "val")
    figures = evaluate(make_model("labels2photo", 12, 3, 4), "labels2photo", dataset, CPU)
    for figure in ("l1", "psnr", "ssim", "colorfulness", "colorfulness_gap"):
        assert {f"{figure}_own_style", f"{figure}_random_style"} <= figures.keys()
    assert figures["l1_own_style"] != figures["l1_random_style"]
    assert figures["examples"] == 3
    plain = evaluate(make_model("labels2photo", 12, 3), "labels2photo", dataset, CPU)
    assert {"l1", "psnr", "ssim"} <= plain.keys()


def test_each_class_is_named_and_void_is_left_out(tmp_path: Path) -> None:
    dataset = open_set("photo2labels", write_facades(tmp_path, 1, 2), 64, "val")
    model = make_model("photo2labels", 3, 12)
    model.generator.final = Always(class_index=1)
    names = [c.name for c in CLASSES]
    figures = evaluate(model, "photo2labels", dataset, CPU, class_names=names)
    batch = dataset.batch([0, 1], None)
    share = batch.target[:, 1].sum() / batch.target.sum()
    assert figures["pixel_accuracy"] == pytest.approx(share.item(), abs=1e-4)
    assert figures["iou_facade"] == pytest.approx(share.item(), abs=1e-4)
    assert figures["iou_window"] == 0
    assert "iou_shop" not in figures


class Always(torch.nn.Module):
    """Logits that say one class, whatever comes."""

    def __init__(self, class_index: int) -> None:
        super().__init__()
        self.class_index = class_index

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(
            torch.full_like(x[:, 0], self.class_index, dtype=torch.int64), x.shape[1]
        ).movedim(-1, 1)


def test_a_group_has_the_figures_of_its_own_examples(tmp_path: Path) -> None:
    root = write_photos(tmp_path, 1, 4)
    dataset = open_set("colorize", root, 64, "val")
    model = make_model("colorize", 7, 2)
    figures = evaluate(model, "colorize", dataset, CPU, groups={"last": "photo3"})
    (root / "val" / "photo3.jpg").rename(tmp_path / "photo3.jpg")
    (tmp_path / "one" / "val").mkdir(parents=True)
    (tmp_path / "photo3.jpg").rename(tmp_path / "one" / "val" / "photo3.jpg")
    alone = evaluate(model, "colorize", open_set("colorize", tmp_path / "one", 64, "val"), CPU)
    assert figures["last_examples"] == 1
    for key in ("ab_error", "psnr_grey", "colorfulness_gap", "ssim", "bias_a", "bias_b"):
        assert figures[f"last_{key}"] == pytest.approx(alone[key], abs=1e-3)
    with pytest.raises(ValueError, match="matches none of 4 examples"):
        evaluate(model, "colorize", dataset, CPU, groups={"cats": "cat*"})


def test_a_judge_reads_real_photos_and_generated_ones(tmp_path: Path) -> None:
    dataset = open_set("labels2photo", write_facades(tmp_path, 1, 4), 64, "val")
    model = make_model("labels2photo", 12, 3, 4)
    reader = make_model("photo2labels", 3, 12)
    reader.generator.final = Always(class_index=1)
    figures = evaluate(model, "labels2photo", dataset, CPU, scorer=FcnScorer(reader, 64, CPU))
    assert figures["fcn_pixel_accuracy_real"] == figures["fcn_pixel_accuracy_own_style"]
    assert figures["fcn_pixel_accuracy_ratio_random_style"] == 1
    assert figures["frechet_own_style"] > 0
    assert figures["diversity"] > 0


def test_a_judge_of_other_classes_or_another_task_is_refused(tmp_path: Path) -> None:
    facades = open_set("labels2photo", write_facades(tmp_path / "f", 1, 1), 64, "val")
    photos = open_set("colorize", write_photos(tmp_path / "p", 1, 1), 64, "val")
    scorer = FcnScorer(make_model("photo2labels", 3, 12), 64, CPU)
    with pytest.raises(ValueError, match="know 5 classes, got 12"):
        shape = GeneratorConfig(5, 3, ngf=8, depth=4)
        model = Model(CheckpointConfig("labels2photo", 64, generator=shape, palette=PALETTE[:5]))
        evaluate(model, "labels2photo", facades, CPU, scorer=scorer)
    with pytest.raises(ValueError, match="got one for colorize"):
        evaluate(make_model("colorize", 7, 2), "colorize", photos, CPU, scorer=scorer)


def test_the_judges_features_follow_the_place_and_not_the_size_of_the_photo() -> None:
    scorer = FcnScorer(make_model("photo2labels", 3, 12), 64, CPU)
    photo = torch.zeros(1, 3, 64, 64)
    other = photo.clone()
    other[..., 48:, 48:] = 0.8
    change = (scorer.features(photo) - scorer.features(other)).abs()
    assert change.sum(-1).argmax() == 15
    large = torch.nn.functional.interpolate(other, scale_factor=2, mode="nearest")
    assert (scorer.features(large) - scorer.features(other)).abs().mean() < change.mean() / 10
    assert scorer.segment(large).shape == (1, 128, 128)


@pytest.mark.parametrize(
    ("key", "figure", "better"),
    [
        ("mean_iou", "mean_iou", "higher"),
        ("iou_window", "iou", "higher"),
        ("fcn_mean_iou_ratio_own_style", "mean_iou", "higher"),
        ("fcn_mean_iou_real", "mean_iou", ""),
        ("people_ab_error_10_hints", "ab_error", "lower"),
        ("ab_error_grey", "ab_error", ""),
        ("people_false_chroma_10_hints", "false_chroma", "lower"),
        ("colorfulness_gap_own_style", "colorfulness_gap", "lower"),
        ("colorfulness_truth", "colorfulness", ""),
        ("frechet_real_halves", "frechet", ""),
        ("learning_rate", "learning_rate", ""),
    ],
)
def test_a_key_tells_its_figure_and_which_way_is_better(key, figure, better) -> None:
    assert base_metric(key) == figure
    assert direction(key) == better


def test_the_table_has_a_line_for_each_figure_with_its_words() -> None:
    text = format_table({"psnr_own_style": 21.25, "ab_error_grey": 16.0, "examples": 317})
    assert text.splitlines()[0] == "psnr_own_style     21.250 ↑  PSNR, dB: own style"
    assert "↓" not in text
    assert "317    examples" in text
    assert describe_metric("fcn_mean_iou_real") == "mean IoU: FCN score real"
    assert all(f.better in ("", "lower", "higher") for f in METRICS.values())


# ---- restore --------------------------------------------------------------------------------


@pytest.mark.parametrize("finds", [True, False])
def test_a_repair_is_measured_in_the_damage_and_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finds: bool
) -> None:
    """A model that knows the truth, and one that finds nothing."""
    root = write_photos(tmp_path, 1, 4)
    dataset = open_set("restore", root, 64, "val")

    def know(model: Model, batch: Batch, device: torch.device) -> torch.Tensor:
        answer = batch.target.clone()
        if not finds:
            answer[:, 1] = -1
        return answer

    monkeypatch.setattr("pix2pix.evaluation.generation.generate", know)
    metrics = evaluate(make_model("restore", 2, 2), "restore", dataset, CPU)
    assert 5 < metrics["psnr_damaged_before"] < 30
    if finds:
        assert metrics["damage_found"] == 1 and metrics["psnr_gain"] > 60
        assert 0 < metrics["intact_replaced"] < 0.3, "the feathered rim"
    else:
        assert metrics["damage_found"] == metrics["psnr_gain"] == metrics["intact_replaced"] == 0
