"""A style map of one style is that style; of two, each place has its own."""

import pytest
import torch
from helpers.networks import RECIPES, inputs, make_model, random_style_map

from pix2pix.models import StyleMap

STYLED = ["drawing", "zeros", "enhanced"]


@pytest.mark.parametrize("kind", STYLED)
def test_a_constant_map_gives_what_its_style_gives(kind: str) -> None:
    recipe = RECIPES[kind]
    generator = make_model(recipe).generator
    x, style = inputs(recipe, (2, 16, 32))
    weights = random_style_map(recipe, x, regions=3).weights
    same = StyleMap(style[:, None].expand(-1, 3, -1), weights)
    torch.testing.assert_close(generator(x, same), generator(x, style), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", STYLED)
def test_pixels_far_from_a_region_keep_nearly_their_picture(kind: str) -> None:
    recipe = RECIPES[kind]
    generator = make_model(recipe).generator
    x, style = inputs(recipe, (1, 64, 64))
    other = style + 3
    weights = torch.zeros(1, 2, 64, 64)
    weights[:, 0, :, :32] = weights[:, 1, :, 32:] = 1  # the right half has the other style
    found = generator(x, StyleMap(torch.stack([style, other], 1), weights))
    left, right = found[..., :24], found[..., 40:]
    own, changed = generator(x, style), generator(x, other)
    assert (left - own[..., :24]).abs().mean() < (left - changed[..., :24]).abs().mean()
    assert (right - changed[..., 40:]).abs().mean() < (right - own[..., 40:]).abs().mean()


def test_it_is_split_into_images_like_a_tensor() -> None:
    styles = random_style_map(RECIPES["drawing"], torch.zeros(3, 12, 8, 8), regions=2)
    first, *_ = parts = styles.split(1)
    assert len(parts) == 3
    assert torch.equal(first.codes, styles.codes[:1])
    assert torch.equal(first.weights, styles.weights[:1])
