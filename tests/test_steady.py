"""An even drawing gives an even picture."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pix2pix.config import GeneratorConfig
from pix2pix.facades import ID, build
from pix2pix.inference import load_drawer
from pix2pix.networks import UNet
from pix2pix.networks.steady import steady_norms
from pix2pix.plans import PLANS

SHIPPED = Path(__file__).resolve().parents[1] / "checkpoints" / "facades"


def make_generator(norm: str = "instance", upsample: str = "resize") -> UNet:
    torch.manual_seed(0)
    config = GeneratorConfig(
        3, 3, ngf=8, depth=4, max_channels=16, norm=norm, upsample=upsample, stem=4
    )
    generator = UNet(config).eval()
    for parameter in generator.parameters():
        parameter.data *= 3  # far enough from nothing to be seen
    return generator


def make_inputs(count: int = 6) -> list:
    noise = torch.Generator().manual_seed(1)
    return [(torch.randn(1, 3, 32, 32, generator=noise), None) for _ in range(count)]


@pytest.mark.parametrize("upsample", ["resize", "transpose"])
@torch.inference_mode()
def test_usual_inputs_give_about_what_they_gave(upsample: str) -> None:
    generator = make_generator(upsample=upsample)
    inputs = make_inputs()
    steady = steady_norms(generator, inputs, share=1e-4)
    assert steady.config.norm_eps == 1e-4
    for x, _ in inputs:
        torch.testing.assert_close(steady(x), generator(x), rtol=0, atol=0.02)
    assert generator.config.norm_eps == 1e-5, "the original stays as it was"


@torch.inference_mode()
def test_faint_noise_no_longer_becomes_a_picture() -> None:
    generator = make_generator()
    steady = steady_norms(generator, make_inputs(), share=0.1)
    faint = [1e-4 * x for x, _ in make_inputs()]
    before = torch.stack([generator(x).std() for x in faint]).mean()
    after = torch.stack([steady(x).std() for x in faint]).mean()
    assert after < before / 3


def test_without_instance_norm_or_inputs_there_is_nothing_to_do() -> None:
    with pytest.raises(ValueError, match="expected instance norms and inputs, got 0"):
        steady_norms(make_generator("batch"), make_inputs())
    with pytest.raises(ValueError, match="and 0"):
        steady_norms(make_generator(), [])


@pytest.mark.parametrize("name", ["facade", "background", "window"])
def test_the_shipped_model_paints_an_even_drawing_evenly(name: str) -> None:
    drawer = load_drawer(SHIPPED, "cpu")
    style = next(iter(drawer.styles.values()))
    even = drawer.draw(np.full((256, 256), ID[name], np.uint8), style=style)
    assert even.std(axis=(0, 1)).max() < 3
    assert drawer.draw(build(PLANS[0], 256), style=style).std() > 20, "others are as lively as ever"
