"""The local enhancer adds detail to the enlarged picture of the network below it."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from helpers.networks import RECIPES, inputs, make_model

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig, GeneratorConfig
from pix2pix.config_fields import from_dict
from pix2pix.models import UNet, count_parameters
from pix2pix.models.tensors import encode_labels, style_noise
from pix2pix.training.init_weights import copy_weights
from pix2pix.training.recipe import load_recipe
from pix2pix.training.train_step import checkpoint_config

ENHANCED = RECIPES["enhanced"]
FACADES = "checkpoints/facades"


def networks() -> tuple[UNet, UNet]:
    """A U-Net with an enhancer, and the same without, whose weights the first one has."""
    torch.manual_seed(1)
    whole, below = (
        Model(checkpoint_config(dataclasses.replace(ENHANCED, enhancer=n))).generator
        for n in (6, 0)
    )
    assert isinstance(whole, UNet) and isinstance(below, UNet)
    whole.load_state_dict(below.state_dict(), strict=False)
    return whole.eval().requires_grad_(False), below.eval().requires_grad_(False)


def test_it_starts_as_the_enlarged_picture_of_the_global_network() -> None:
    whole, below = networks()
    x, style = inputs(ENHANCED, (2, 32, 48))
    small = below.logits(F.avg_pool2d(x, 2), style)
    enlarged = F.interpolate(small, scale_factor=2.0, mode="bilinear")
    torch.testing.assert_close(whole.logits(x, style), enlarged, rtol=0, atol=0)
    torch.testing.assert_close(whole(x, style), enlarged.tanh(), rtol=0, atol=0)


def test_one_step_of_the_enhancer_changes_the_picture() -> None:
    whole, _ = networks()
    x, style = inputs(ENHANCED, (1, 32, 32))
    before = whole(x, style)
    assert whole.enhancer is not None
    whole.enhancer.requires_grad_(True)
    whole(x, style).square().mean().backward()
    gradient = whole.enhancer.head.weight.grad
    assert gradient is not None and gradient.abs().max() > 0
    with torch.no_grad():
        whole.enhancer.head.weight -= gradient
    assert (whole(x, style) - before).abs().max() > 1e-4


def test_its_picture_is_sharper_than_an_enlarged_one_can_be() -> None:
    """Columns that alternate vanish at half the resolution; the enhancer sees them."""
    generator = make_model(ENHANCED).generator
    labels = torch.zeros(1, 32, 32, dtype=torch.uint8)
    labels[..., ::2] = 1
    x = encode_labels(labels.numpy(), 12)
    style = torch.zeros(1, 4)
    columns = generator(x, style)[..., 8:24, 8:24]
    assert (columns[..., ::2] - columns[..., 1::2]).abs().mean() > 0.02
    half = F.avg_pool2d(x, 2)
    torch.testing.assert_close(half, half.roll(1, -1), rtol=0, atol=0)


def test_an_even_drawing_gives_an_even_picture() -> None:
    generator = make_model(ENHANCED).generator
    x = torch.zeros(1, 12, 64, 64)
    x[:, 1] = 1
    picture = generator(x, torch.ones(1, 4))
    assert float(picture.std((2, 3)).max()) * 127.5 < 0.05


def test_sides_are_multiples_of_twice_those_of_the_network_below() -> None:
    generator = make_model(ENHANCED).generator
    assert generator.config.multiple == 16 == 2 * 2**generator.config.depth
    x, style = inputs(ENHANCED, (1, 32, 40))
    with pytest.raises(ValueError, match=r"multiples of 16, got \(32, 40\)"):
        generator(x, style)
    with pytest.raises(
        ValueError, match=r"size must be a multiple of .* 16 with enhancer .*, got 40"
    ):
        dataclasses.replace(ENHANCED, size=40)


@pytest.mark.parametrize(
    "keys", [{"stem": 0}, {"encoder": "efficientnet-lite0", "class_norm": False, "depth": 4}]
)
def test_it_needs_a_unet_of_its_own_with_a_stem(keys: dict) -> None:
    with pytest.raises(ValueError, match="enhancer must be 0 without a stem"):
        dataclasses.replace(ENHANCED, **keys).generator()


def test_only_photos_are_enhanced() -> None:
    shape = GeneratorConfig(3, 12, depth=3, stem=4, enhancer=4)
    with pytest.raises(ValueError, match="enhancer must be 0 for photo2labels"):
        CheckpointConfig("photo2labels", 32, shape)


def test_a_config_without_the_keys_has_no_enhancer() -> None:
    values = dataclasses.asdict(checkpoint_config(RECIPES["batch"]).generator)
    for key in ("enhancer", "enhancer_blocks"):
        del values[key]
    config = from_dict(GeneratorConfig, values, "config")
    assert config.enhancer == 0 and config.multiple == 2**config.depth
    assert UNet(config).enhancer is None


def test_the_recipe_takes_facades_as_its_global_network_and_fits_into_16_mib() -> None:
    model = Model(checkpoint_config(load_recipe("facades_hd"))).eval().requires_grad_(False)
    facts = copy_weights(model, "labels2photo", FACADES)
    assert facts["init_tensors"] == "110 of 184"  # all of `facades`
    generator = model.generator
    assert isinstance(generator, UNet) and generator.enhancer is not None
    assert count_parameters(generator.enhancer) == 120_851
    numbers = sum(
        t.numel() * 2 if t.is_floating_point() else 8 for t in model.state_dict().values()
    )
    assert numbers + 200 * len(model.state_dict()) < 16 << 20  # with the file's header


def test_styles_mean_the_same_as_to_the_global_network() -> None:
    """Its encoder sees photos at half the size, and its seeds give the same codes."""
    torch.manual_seed(0)
    hd = checkpoint_config(dataclasses.replace(ENHANCED, size=64))
    whole, below = Model(hd).eval(), Model(checkpoint_config(RECIPES["batch"])).eval()
    whole.load_state_dict(below.state_dict(), strict=False)
    assert whole.style_encoder is not None and below.style_encoder is not None
    photo = torch.rand(1, 3, 64, 64) * 2 - 1
    for found, expected in zip(
        whole.style_encoder(photo), below.style_encoder(F.avg_pool2d(photo, 2))
    ):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
    noise = style_noise(4, 7)
    torch.testing.assert_close(
        whole.style_encoder.sample(noise), below.style_encoder.sample(noise), rtol=0, atol=0
    )
