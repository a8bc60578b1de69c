"""Losses against values worked out by hand."""

import math

import pytest
import torch

from pix2pix.labels.facade_builder import CLASS_IDS
from pix2pix.training.losses import (
    GRAIN,
    ab_cross_entropy,
    background_loss,
    class_cross_entropy,
    color_loss,
    damage_cross_entropy,
    discriminator_loss,
    diversity_loss,
    feature_matching_loss,
    generator_loss,
    grid_loss,
    kl_to_standard_normal,
    oasis_loss,
    reconstruction_loss,
    stain_loss,
    uniformity_loss,
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("hinge", 0.75), ("lsgan", 0.25), ("vanilla", (math.log1p(math.exp(-0.5)) + math.log(2)) / 2)],
)
def test_discriminator_losses_have_their_textbook_values(kind: str, expected: float) -> None:
    real, fake = torch.full((1, 1, 2, 2), 0.5), torch.zeros(1, 1, 2, 2)
    if kind == "lsgan":
        fake = torch.full((1, 1, 2, 2), 0.5)
    assert discriminator_loss(real, fake, kind).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("hinge", -0.5), ("lsgan", 0.25), ("vanilla", math.log1p(math.exp(-0.5)))],
)
def test_generator_losses_have_their_textbook_values(kind: str, expected: float) -> None:
    assert generator_loss(torch.full((1, 1, 2, 2), 0.5), kind).item() == pytest.approx(expected)


def test_an_unknown_gan_loss_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="vanilla, lsgan, hinge, got 'wgan'"):
        generator_loss(torch.zeros(1), "wgan")


@pytest.mark.parametrize("kind", ["vanilla", "lsgan"])
def test_smoothed_labels_make_the_discriminator_stop_short_of_certainty(kind: str) -> None:
    def best_logit(smoothing: float) -> float:
        logits = torch.linspace(-10, 10, 2001).view(-1, 1, 1, 1)
        losses = [discriminator_loss(x, x[:0].sum() - 9.0, kind, smoothing) for x in logits]
        return logits.flatten()[torch.stack(losses).argmin()].item()

    certain = {"vanilla": 10.0, "lsgan": 1.0}[kind]
    smoothed = {"vanilla": math.log(0.9 / 0.1), "lsgan": 0.9}[kind]
    assert best_logit(0.0) == pytest.approx(certain, abs=0.02)
    assert best_logit(0.1) == pytest.approx(smoothed, abs=0.02)


@pytest.mark.parametrize(
    ("kind", "expected"), [("l1", 1.3), ("l2", (0.16 + 4.84) / 2), ("smooth_l1", (0.16 + 1.95) / 2)]
)
def test_reconstruction_losses_have_their_textbook_values(kind: str, expected: float) -> None:
    output, target = torch.zeros(1, 1, 1, 2), torch.tensor([0.4, 2.2]).view(1, 1, 1, 2)
    loss = reconstruction_loss(output, target, torch.ones(1, 1, 1, 2), kind, beta=0.5)
    assert loss.item() == pytest.approx(expected)


def test_an_unknown_reconstruction_loss_is_refused_with_the_choices() -> None:
    zeros = torch.zeros(1, 1, 1, 1)
    with pytest.raises(ValueError, match="l1, l2, smooth_l1, got 'l3'"):
        reconstruction_loss(zeros, zeros, zeros, "l3")


def test_pixels_of_weight_zero_do_not_count() -> None:
    output, target = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    target[..., 0] = 100
    weight = torch.ones(1, 1, 2, 2)
    weight[..., 0] = 0
    assert reconstruction_loss(output, target, weight).item() == pytest.approx(1)


def test_class_cross_entropy_is_that_of_torch_where_all_pixels_count_alike() -> None:
    logits = torch.randn(2, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    classes = torch.arange(32).view(2, 4, 4) % 5
    one_hot = torch.nn.functional.one_hot(classes, 5).permute(0, 3, 1, 2).float()
    ours = class_cross_entropy(logits, one_hot, torch.ones(2, 1, 4, 4))
    assert ours.item() == pytest.approx(torch.nn.functional.cross_entropy(logits, classes).item())


def test_feature_matching_is_the_mean_distance_over_layers() -> None:
    real = [torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 2, 2)]
    fake = [torch.ones(1, 2, 4, 4), torch.full((1, 4, 2, 2), 3.0)]
    assert feature_matching_loss(real, fake).item() == pytest.approx(2)


def test_kl_is_zero_at_the_standard_normal_and_known_beside_it() -> None:
    assert kl_to_standard_normal(torch.zeros(2, 8), torch.zeros(2, 8)).item() == 0
    assert kl_to_standard_normal(torch.ones(2, 8), torch.zeros(2, 8)).item() == pytest.approx(4)


def test_cross_entropy_is_least_for_logits_at_the_true_color() -> None:
    points = torch.tensor([[0.0, 0.0], [0.0, 0.1], [0.1, 0.0]])
    ab, weight = torch.tensor([0.0, 0.1]).view(1, 2, 1, 1), torch.ones(1, 1, 1, 1)
    losses = []
    for best in range(3):
        logits = torch.zeros(1, 3, 1, 1)
        logits[0, best] = 5
        losses.append(ab_cross_entropy(logits, ab, points, weight).item())
    assert losses[1] < min(losses[0], losses[2])


def test_a_class_is_read_by_the_square_root_of_its_area_and_void_not_at_all() -> None:
    labels = torch.zeros(
        1, 2, 4, 6
    )  # at half the sides: four places of class 0, one of 1, one void
    labels[:, 0, :, :4], labels[:, 1, :2, 4:] = 1, 1
    logits = torch.tensor([0.7, 0.2, 0.1]).log()[None, :, None, None].expand(1, 3, 2, 3)
    read = -(2 * math.log(0.7) + 1 * math.log(0.2)) / (2 + 1)
    assert oasis_loss(logits, labels).item() == pytest.approx(read)
    logits = torch.cat([logits[..., :2], torch.zeros(1, 3, 2, 1)], 3)
    painted = -(2 * math.log(0.1) + 1 * math.log(1 / 3)) / (2 + 1)
    assert oasis_loss(logits, labels, painted=True).item() == pytest.approx(painted)
    assert oasis_loss(logits, torch.zeros(1, 2, 4, 6)).item() == 0


def test_a_gap_is_compared_with_the_mean_colour_of_its_class() -> None:
    labels, gaps = torch.zeros(2, 2, 8, 8), torch.zeros(2, 1, 8, 8)
    labels[:, 0, :, :6], labels[:, 1, :, 6:] = 1, 1  # six columns of wall, two of something else
    gaps[0, :, :, 0] = 1
    columns = torch.tensor([0.6, 0.6, 0.0, 0.0, 0.3, 0.3, 9.0, 9.0])
    image = columns.expand(2, 3, 8, 8).clone().requires_grad_()
    loss = uniformity_loss(image, labels, gaps)
    assert loss.item() == pytest.approx(3 * 8 * (0.6 - 0.3) / (2 * 3 * 64))
    loss.backward()
    assert image.grad is not None and image.grad[0, :, :, 0].all()
    assert image.grad[0, :, :, 1:].abs().sum() == 0 and not image.grad[1].any()


def test_an_empty_wall_may_have_a_grain_but_no_grid_and_beside_windows_anything() -> None:
    labels, image = torch.zeros(1, 12, 96, 96), torch.zeros(1, 3, 96, 96)
    labels[:, CLASS_IDS["facade"]] = 1
    image[..., ::4] = GRAIN / 2
    assert grid_loss(image, labels) == 0
    image[..., 40:42] = 0.5  # a line of one cell, which differs from both beside it
    assert grid_loss(image, labels).item() == pytest.approx(2 * (0.5 - GRAIN) / 47)
    labels[:, CLASS_IDS["facade"], :, 64:] = 0
    labels[:, CLASS_IDS["window"], :, 64:] = 1
    assert grid_loss(image, labels) == 0, "within three cells of a window"


def test_where_there_are_gaps_the_whole_wall_is_to_be_without_stains_but_may_have_a_grain() -> None:
    labels, gaps = torch.zeros(1, 2, 16, 32), torch.zeros(1, 1, 16, 32)
    labels[:, 0, :, :24], labels[:, 1, :, 24:] = 1, 1  # six cells of wall, two of something else
    gaps[..., 0, 0] = 1
    image = torch.full((1, 3, 16, 32), 0.5)
    image[..., 24:] = -1
    assert uniformity_loss(image, labels, gaps).item() == pytest.approx(0)
    image[..., :8, 8:16] = -0.1  # a cell of the six
    stained = (5 * 0.1 + 0.5) / 8 + 0.1 / (16 * 32)  # the mean of the wall is 0.4
    assert uniformity_loss(image, labels, gaps).item() == pytest.approx(stained)
    assert uniformity_loss(image, labels, torch.zeros_like(gaps)).item() == 0
    image = torch.full((1, 3, 16, 32), 0.5)
    image[..., 1::2] = 0.1
    assert uniformity_loss(image, labels, gaps).item() == pytest.approx(0.2 / (16 * 32), rel=1e-3)


def test_wide_areas_of_a_drawing_are_to_be_without_stains_each_in_its_own_colour() -> None:
    labels = torch.zeros(2, 2, 48, 96)
    labels[:, 0, :, :48], labels[:, 1, :, 48:] = 1, 1  # 6 x 6 cells each
    image = torch.full((2, 3, 48, 96), 0.5)
    image[..., 48:] = -0.5
    drawn = torch.tensor([True, False])[:, None, None, None]
    assert stain_loss(image, labels, drawn).item() == pytest.approx(0)
    image[..., 40:56] = 1  # cells at the border of two classes
    assert stain_loss(image, labels, drawn).item() == pytest.approx(0)
    image[..., 16:24, 16:24] = 0  # one of 6 x 5 cells inside the first area
    stained = (29 * 0.5 / 30 + 0.5 - 0.5 / 30) / (2 * 72)
    assert stain_loss(image, labels, drawn).item() == pytest.approx(stained)
    assert stain_loss(image, labels, ~drawn).item() == pytest.approx(stained)
    assert stain_loss(image, labels, drawn & ~drawn).item() == 0
    image[..., 16:24, 16:24] = 0.5
    image[..., 1:40:2] += 0.1
    image[..., 0:40:2] -= 0.1
    assert stain_loss(image, labels, drawn).item() == pytest.approx(0, abs=1e-6), "a grain"


def test_damage_cross_entropy_is_that_of_the_map() -> None:
    logits, target = torch.zeros(1, 1, 1, 2), torch.tensor([[[[1.0, -1.0]]]])
    half = math.log(2)
    assert damage_cross_entropy(logits, target).item() == pytest.approx(half)
    sure = torch.atanh(torch.tensor([[[[0.8, -0.8]]]]))  # a probability of 0.9 either way
    expected = -math.log(0.9)
    assert damage_cross_entropy(sure, target).item() == pytest.approx(expected, rel=1e-4)


def test_the_color_loss_sees_the_colour_of_a_cell_and_not_its_detail() -> None:
    flat = torch.zeros(1, 3, 32, 32)
    striped = flat.clone()
    striped[..., ::2], striped[..., 1::2] = 0.5, -0.5
    assert color_loss(striped, flat).item() == pytest.approx(0, abs=1e-6)
    tinted = flat.clone()
    tinted[:, 0, :16, :16] = 0.6  # one channel of three, one cell of four
    assert color_loss(tinted, flat).item() == pytest.approx(0.6 / 12)
    assert color_loss(flat[:0], flat[:0]).item() == 0


def test_the_color_loss_takes_images_smaller_than_a_cell() -> None:
    assert color_loss(torch.ones(1, 3, 8, 24), torch.zeros(1, 3, 8, 24)).item() == pytest.approx(1)


def test_outputs_in_other_styles_are_to_differ_as_much_as_their_codes_do_up_to_a_limit() -> None:
    one = [torch.zeros(1, 2, 4, 4), torch.zeros(1, 3, 2, 2)]
    usual = torch.full((1, 2), 2 / math.sqrt(math.pi))  # the mean distance of two codes

    def lacking(distance: float, noise: torch.Tensor) -> float:
        return diversity_loss(one, [level + distance for level in one], noise).item()

    assert lacking(0.0, usual) == pytest.approx(0.8)
    assert lacking(0.3, usual) == pytest.approx(0.5)
    assert lacking(0.3, 3 * usual) == pytest.approx(0.7)
    assert lacking(0.3, usual / 3) == lacking(5.0, usual) == 0


def test_the_background_is_to_be_smooth_and_may_pass_from_sky_to_pavement() -> None:
    labels = torch.zeros(1, 3, 64, 64)
    labels[:, 0], labels[:, 0, :, 40:], labels[:, 1, :, 40:] = 1, 0, 1  # a wall on the right
    image = torch.zeros(1, 3, 64, 64)
    image[..., 34:] = torch.rand(30, generator=torch.Generator().manual_seed(0))  # near the wall
    assert background_loss(image, labels).item() == 0
    rows = torch.linspace(-1, 1, 64)[:, None].expand(64, 64)
    grid = (torch.arange(64) // 4 % 2).float()[:, None].expand(64, 64)
    passing, bricks = (background_loss(x.expand(1, 3, 64, 64), labels) for x in (rows, grid))
    # 16 of 32 columns of 2x2 pixels are inside; of 31 steps down every second one is 1
    assert bricks.item() == pytest.approx(16 / 32 * 15 / 31)
    assert passing.item() == pytest.approx(16 / 32 * 4 / 63)
