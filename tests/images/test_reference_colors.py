"""Another photo's colours steer a distribution, as far as they are likely at a place."""

import base64

import numpy as np
import pytest
from PIL import Image

from pix2pix.images.color import ab_grid, lab_to_rgb
from pix2pix.images.reference_colors import (
    LEVELS,
    POINTS,
    Reference,
    read_reference,
    softmax,
    steer_logits,
)

SIZE = LEVELS * POINTS
BLUE, BROWN = np.array([8, -40]), np.array([16, 24])


def two_tones(dark: np.ndarray, light: np.ndarray) -> Image.Image:
    """A photo that is dark above and light below, in these a/b."""
    lab = np.zeros((64, 64, 3), np.float32)
    lab[:32] = 30, *dark
    lab[32:] = 70, *light
    return Image.fromarray(lab_to_rgb(lab))


def mean_ab(logits: np.ndarray) -> np.ndarray:
    return softmax(np.moveaxis(logits, 0, -1)) @ ab_grid()


def test_a_reference_moves_colors_at_its_own_lightness() -> None:
    """The network does not know: blue and brown are as likely everywhere."""
    logits = np.full((POINTS, 8, 8), -8, np.float32)
    for color in (BLUE, BROWN):
        logits[np.argmin(np.hypot(*(ab_grid() - color).T))] = 0
    lightness = np.repeat([30.0, 70.0], 4)[:, None].repeat(8, 1)
    reference = Reference(read_reference(two_tones(BLUE, BROWN)), 1.0)
    steered = mean_ab(steer_logits(logits, lightness, reference, 0.7))
    dark, light = steered[:4].mean((0, 1)), steered[4:].mean((0, 1))
    assert dark[1] < mean_ab(logits)[0, 0, 1] - 2 and light[1] > mean_ab(logits)[0, 0, 1] + 2


def test_colors_that_are_certain_stay() -> None:
    logits = np.full((POINTS, 8, 8), -20, np.float32)
    logits[np.hypot(*(ab_grid() - BROWN).T) < 12] = 0
    lightness = np.full((8, 8), 50.0)
    reference = Reference(read_reference(two_tones(BLUE, BLUE)), 0.6)
    assert mean_ab(steer_logits(logits, lightness, reference, 0.7))[..., 1].min() > 15


def test_strength_zero_changes_nothing_and_more_changes_more() -> None:
    logits = np.random.default_rng(0).normal(0, 2, (POINTS, 6, 7)).astype(np.float32)
    lightness = np.linspace(0, 100, 42).reshape(6, 7)
    colors = read_reference(two_tones(BLUE, BROWN))
    plain = mean_ab(logits)
    changes = [
        np.abs(
            mean_ab(steer_logits(logits, lightness, Reference(colors, strength), 0.7)) - plain
        ).mean()
        for strength in (0.0, 0.5, 1.0)
    ]
    assert changes[0] < 0.02
    assert changes[0] < changes[1] < changes[2]


def test_a_grey_or_tiny_photo_is_no_reference() -> None:
    with pytest.raises(ValueError, match="is grey; choose a colour photo"):
        read_reference(Image.new("RGB", (64, 64), (90, 90, 92)))
    with pytest.raises(ValueError, match=r"is 64x31 pixels.* at least 32 a side"):
        read_reference(two_tones(BLUE, BROWN).resize((64, 31)))


@pytest.mark.parametrize(
    "colors",
    ["", "?", 7, None, *(base64.b64encode(bytes(n)).decode() for n in (10, SIZE, 10**5))],
)
def test_only_what_a_photo_can_have_is_a_reference(colors: object) -> None:
    with pytest.raises(ValueError, match=r"expected the colours of a photo, 528 bytes in base64"):
        Reference(colors)  # type: ignore[arg-type]


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_the_strength_of_a_reference_is_from_0_to_1(strength: float) -> None:
    with pytest.raises(ValueError, match="must be 0 to 1"):
        Reference(read_reference(two_tones(BLUE, BROWN)), strength)
