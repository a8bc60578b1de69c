"""How hints spread over a photo: by place, light and, where the generator gives them, codes."""

import numpy as np
import torch

from pix2pix.images.color import AB_SCALE
from pix2pix.models.tensors import (
    apply_hints,
    encode_colorize_input,
    merge_flip,
    squared_distances,
    with_flip,
)

SIDE = 64
ASKED = torch.tensor([30.0, -20.0]) / AB_SCALE


def one_hint(y: int = 32, x: int = 20) -> torch.Tensor:
    """The input of an evenly grey photo with a hint of 5x5 pixels."""
    light = np.full((1, SIDE, SIDE), 50, np.float32)
    hints, mask = np.zeros((1, SIDE, SIDE, 2), np.float32), np.zeros((1, SIDE, SIDE), np.float32)
    spot = np.s_[0, y - 2 : y + 3, x - 2 : x + 3]
    hints[spot], mask[spot] = (30, -20), 1
    return encode_colorize_input(light, hints, mask)


def halves(apart: float) -> torch.Tensor:
    """An output of no colour whose left half has another code than its right."""
    output = torch.zeros(1, 2 + 3, SIDE // 2, SIDE // 2)
    output[:, 2:, :, SIDE // 4 :] = apart
    return output


def test_without_hints_the_colours_are_the_generators_and_codes_are_left_out() -> None:
    x = encode_colorize_input(
        np.full((1, SIDE, SIDE), 50, np.float32),
        np.zeros((1, SIDE, SIDE, 2), np.float32),
        np.zeros((1, SIDE, SIDE), np.float32),
    )
    output = torch.randn(1, 5, SIDE // 2, SIDE // 2)
    assert torch.equal(apply_hints(x, output), output[:, :2])


def test_a_hint_gets_its_colour_with_codes_and_without() -> None:
    for output in (halves(0.0), halves(0.0)[:, :2]):
        given = apply_hints(one_hint(), output)[0, :, 16, 10]
        assert (given - ASKED).abs().max() < 0.1 * ASKED.abs().max()


def test_a_hint_stays_within_what_has_its_code() -> None:
    near, beyond = np.s_[0, 0, 16, 12], np.s_[0, 0, 16, 22]
    alike, unlike = (apply_hints(one_hint(), halves(apart)) for apart in (0.0, 3.0))
    assert alike[beyond] > 0.3 * ASKED[0]
    assert unlike[beyond] < 0.05 * ASKED[0] and unlike[near] > 0.8 * ASKED[0]


def test_codes_learn_from_where_a_hint_went_wrong() -> None:
    output = halves(0.5).requires_grad_()
    ab = apply_hints(one_hint(), output)
    ab[..., SIDE // 4 :].square().sum().backward()  # the right half should have stayed grey
    assert output.grad is not None and output.grad.isfinite().all()
    pulled = -output.grad[0, 2:, 16]
    assert pulled[:, 20].sum() > 0 > pulled[:, 10].sum(), "apart"


def test_a_picture_and_its_mirror_image_are_made_the_same_of() -> None:
    x = torch.randn(2, 3, 4, 6)
    assert torch.equal(merge_flip(with_flip(x)), x)
    lopsided = torch.arange(6.0).expand(4, 3, 4, 6)  # whatever the picture, brighter on the right
    assert torch.equal(merge_flip(lopsided), torch.full((2, 3, 4, 6), 2.5))


def test_squared_distances_are_those_between_the_points() -> None:
    a, b = torch.randn(7, 4), torch.randn(3, 4)
    torch.testing.assert_close(squared_distances(a, b), torch.cdist(a, b).square())
