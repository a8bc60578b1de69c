"""Losses against values worked out by hand."""

import math

import pytest
import torch

from pix2pix.losses import (
    ab_cross_entropy,
    augment_for_discriminator,
    class_cross_entropy,
    discriminator_loss,
    feature_matching_loss,
    generator_loss,
    kl_to_standard_normal,
    weighted_l1,
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


def test_pixels_of_weight_zero_do_not_count() -> None:
    output, target = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    target[..., 0] = 100
    weight = torch.ones(1, 1, 2, 2)
    weight[..., 0] = 0
    assert weighted_l1(output, target, weight).item() == pytest.approx(1)


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


def test_the_discriminators_shift_moves_the_picture_and_nothing_else() -> None:
    image = torch.zeros(1, 1, 16, 16)
    image[0, 0, 8, 8] = 1
    shifted = augment_for_discriminator(image, 0.25, torch.Generator().manual_seed(3))
    assert shifted.sum() == 1
    assert not torch.equal(shifted, image)


def test_generators_in_the_same_state_shift_alike() -> None:
    image = torch.randn(4, 2, 16, 16)
    one, two = (
        augment_for_discriminator(image, 0.25, torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert torch.equal(one, two)
