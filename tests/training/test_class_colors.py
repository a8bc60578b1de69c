"""The colours of classes: those of photos cost nothing, and what lies above a building is sky."""

import pytest
import torch
from torch import Tensor

from pix2pix.labels.facade_builder import CLASS_IDS
from pix2pix.training.class_colors import PARTS, RANGES, cell_parts, class_color_loss

SIDE = 16


def house() -> Tensor:
    """A wall on columns 4 to 11, rows 4 to 11, with a door on rows 8 to 11; background around."""
    ids = torch.full((SIDE, SIDE), CLASS_IDS["background"])
    ids[4:12, 4:12] = CLASS_IDS["facade"]
    ids[8:12, 6:10] = CLASS_IDS["door"]
    return torch.nn.functional.one_hot(ids, len(CLASS_IDS)).permute(2, 0, 1)[None].float()


def even(red: float, green: float, blue: float) -> Tensor:
    return torch.tensor([red, green, blue])[None, :, None, None].expand(1, 3, SIDE, SIDE).clone()


def part(name: str) -> Tensor:
    return cell_parts(house())[0, PARTS.index(name)]


def test_each_cell_is_of_one_part_and_what_is_above_is_sky_and_below_street() -> None:
    assert torch.equal(cell_parts(house()).sum(1), torch.ones(1, SIDE // 2, SIDE // 2))
    rows = torch.arange(SIDE // 2)[:, None].expand(-1, SIDE // 2)
    assert torch.equal(part("sky") > 0, rows < 2)
    assert torch.equal(part("street") > 0, rows >= 6)
    beside = part("background")
    assert beside.sum() == 16 and not beside[:, 2:6].any() and not beside[:2].any()


def test_a_sheet_of_background_alone_has_no_sky() -> None:
    labels = torch.zeros(1, len(CLASS_IDS), SIDE, SIDE)
    labels[:, CLASS_IDS["background"]] = 1
    assert cell_parts(labels)[0, CLASS_IDS["background"]].all()
    assert not cell_parts(labels)[0, len(CLASS_IDS) :].any()


def test_a_mixed_cell_and_one_without_a_class_cost_nothing() -> None:
    labels = torch.zeros(1, len(CLASS_IDS), 2, 2)
    assert class_color_loss(torch.ones(1, 3, 2, 2), labels) == 0
    labels[:, CLASS_IDS["door"], 0], labels[:, CLASS_IDS["facade"], 1] = 1, 1
    assert class_color_loss(torch.ones(1, 3, 2, 2), labels) == 0


def test_no_images_cost_nothing() -> None:
    assert class_color_loss(torch.ones(0, 3, 4, 4), torch.ones(0, len(CLASS_IDS), 4, 4)) == 0


def test_an_orange_door_is_drawn_back_to_what_doors_are_and_nothing_else_is() -> None:
    image = even(0.4, 0.4, 0.4)
    image[..., :4, :] = 0.8  # the sky
    image[..., 8:12, 6:10] = torch.tensor([0.2, -0.3, -0.8])[:, None, None]
    image.requires_grad_()
    loss = class_color_loss(image, house())
    red_blue = (0.2 + 0.8) / 2 - RANGES["door"][3]
    assert loss.item() == pytest.approx(red_blue * 4 / (3 * 64), rel=1e-5)
    loss.backward()
    assert image.grad is not None
    red, green, blue = image.grad[0]
    door = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    door[8:12, 6:10] = True
    assert torch.equal(red > 0, door) and torch.equal(blue < 0, door) and not green.any()


def test_a_dark_sky_is_to_become_light() -> None:
    image = even(0.0, 0.0, 0.0)
    image[:, :, :4] = -0.5
    lacking = RANGES["sky"][0] + 0.5
    assert class_color_loss(image, house()).item() == pytest.approx(lacking * 16 / (3 * 64))
