"""Differentiable augmentation: what moves, what stays, what has a gradient."""

import pytest
import torch
import torch.nn.functional as F

from pix2pix.training.augmentation import (
    CHANCES,
    POLICIES,
    augment,
    draw_chances,
    drop_elements,
    gather_windows,
)


def chances(count: int, seed: int = 3) -> torch.Tensor:
    return draw_chances(count, torch.Generator().manual_seed(seed))


def pairs(count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (count, 3, 16, 16)
    return torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)


def test_translation_moves_the_picture_and_nothing_else() -> None:
    image = torch.zeros(1, 1, 16, 16)
    image[0, 0, 8, 8] = 1
    moved = augment(image, image, ("translation",), 0.25, chances(1))
    assert moved.sum() == 2
    assert torch.equal(moved[:, :1], moved[:, 1:])
    y, x = moved[0, 0].nonzero()[0].tolist()
    assert (y, x) != (8, 8)
    assert max(abs(y - 8), abs(x - 8)) <= 4


def test_translations_reach_both_ends_of_their_range() -> None:
    image = torch.zeros(500, 1, 16, 16)
    image[:, 0, 8, 8] = 1
    moved = augment(image, image, ("translation",), 0.125, chances(500))
    rows = moved[:, 0].nonzero()[:, 1]
    assert sorted(set(rows.tolist())) == [6, 7, 8, 9, 10]


def test_windows_are_gathered_at_once_as_one_by_one() -> None:
    images = torch.rand(4, 3, 9, 12, generator=torch.Generator().manual_seed(0))
    corners = torch.tensor([[0, 0], [3, 2], [1, 5], [2, 1]])
    alone = [x[:, y : y + 6, z : z + 7] for x, (y, z) in zip(images, corners.tolist())]
    assert torch.equal(gather_windows(images, corners, 6, 7), torch.stack(alone))


def test_color_changes_the_image_and_not_its_condition() -> None:
    condition, image = pairs()
    both = augment(condition, image, ("color",), 0.0, chances(4))
    assert torch.equal(both[:, :3], condition)
    assert (both[:, 3:] - image).abs().mean((1, 2, 3)).min() > 0.01


def test_color_at_the_middle_of_its_ranges_changes_nothing() -> None:
    condition, image = pairs()
    middle = torch.full((4, CHANCES), 0.5)
    assert torch.allclose(augment(condition, image, ("color",), 0, middle)[:, 3:], image, atol=1e-6)


@pytest.mark.parametrize(
    ("which", "value", "expected"),
    [(0, 0.0, (-0.5, 0.0, 0.5)), (1, 0.0, (0.5, 0.5, 0.5)), (2, 0.0, (0.25, 0.5, 0.75))],
    ids=["brightness", "saturation", "contrast"],
)
def test_the_ends_of_the_color_ranges(which: int, value: float, expected: tuple) -> None:
    image = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    drawn = torch.full((1, CHANCES), 0.5)
    drawn[0, which] = value
    changed = augment(image, image, ("color",), 0, drawn)[0, 3:, 0, 0]
    assert changed.tolist() == pytest.approx(expected)


def test_cutout_takes_the_same_quarter_or_less_of_both() -> None:
    ones = torch.ones(50, 1, 16, 16)
    cut = augment(ones, ones, ("cutout",), 0, chances(50))
    assert torch.equal(cut[:, :1], cut[:, 1:])
    missing = 1 - cut[:, 0].mean((1, 2))
    assert missing.max() == pytest.approx(1 / 4)
    assert missing.min() >= 1 / 16


@pytest.mark.parametrize("policy", POLICIES)
def test_the_same_chances_do_the_same_and_others_do_not(policy: str) -> None:
    condition, image = pairs()
    one, two, other = (augment(condition, image, (policy,), 0.25, chances(4, s)) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_without_policies_the_pair_is_as_it_was() -> None:
    condition, image = pairs()
    assert torch.equal(augment(condition, image, (), 0.5, chances(4)), torch.cat(pairs(), 1))


@pytest.mark.parametrize("policy", POLICIES)
def test_gradients_come_through(policy: str) -> None:
    condition, image = pairs()
    image.requires_grad_()
    augment(condition, image, (policy,), 0.25, chances(4)).square().sum().backward()
    assert image.grad is not None
    assert all(g.any() for g in image.grad)


def test_elements_are_taken_out_of_a_drawing_and_what_is_no_class_stays_so() -> None:
    ids = torch.zeros(20, 20, dtype=torch.long)
    ids[4:8, 4:8], ids[12:16, 4:8] = 1, 2  # windows and a door, in a wall of class 0
    labels = F.one_hot(ids, 3).permute(2, 0, 1)[None].float()
    labels[..., 18:, :] = 0
    chances = torch.full((1, 3 + 6), 0.9)
    chances[0, 3] = 0.5  # so many of the classes go: none of them

    def taken(**at: float) -> torch.Tensor:
        these = chances.clone()
        for key, value in at.items():
            these[0, int(key[1:])] = value
        fewer, gaps = drop_elements(labels, these)
        assert torch.equal(gaps[0, 0], (fewer != labels)[0].any(0).float())
        return fewer[0]

    assert torch.equal(taken(), labels[0])
    without_windows = taken(_1=0.1)
    assert not without_windows[1].any() and without_windows[2].sum() == 16
    assert torch.equal(without_windows.sum(0), labels[0].sum(0))
    left = taken(_4=0.0, _5=0.3, _6=0.0, _7=1.0)  # rows 0 to 5 over the whole width
    assert left[1].sum() == 2 * 4 and left[0, 4:6].all() and left[2].sum() == 16
    few = taken(_4=0.0, _5=0.3, _6=0.0, _7=1.0, _8=0.1)  # all outside those rows goes
    assert few[1].sum() == 2 * 4 and not few[2].any() and not few[:, 18:].any()


def test_where_few_elements_are_left_the_background_stays() -> None:
    ids = torch.ones(1, 20, 20, dtype=torch.long)
    ids[:, :4], ids[:, 10:14, 4:8] = 0, 2  # sky, wall, a window
    labels = F.one_hot(ids, 3).permute(0, 3, 1, 2).float()
    chances = torch.tensor([[0.9] * 4 + [0.5, 0.5, 0.5, 0.5] + [0.0]])  # an empty rectangle
    fewer, gaps = drop_elements(labels, chances)
    assert torch.equal(fewer[0, 0], labels[0, 0]) and not fewer[0, 2].any()
    assert gaps.sum() == 16
