"""The networks against the figures of the literature, and against their own promises."""

import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from pix2pix.config import GeneratorConfig
from pix2pix.models import (
    InstanceNorm,
    MultiScaleDiscriminator,
    PatchDiscriminator,
    ResizeConv,
    ResNetGenerator,
    StyleEncoder,
    UNet,
    count_parameters,
    smallest_side,
)

SMALL: dict[str, Any] = {"ngf": 4, "depth": 3, "max_channels": 16}


def test_the_papers_unet_256_has_its_54413955_parameters() -> None:
    assert count_parameters(UNet(GeneratorConfig(3, 3))) == 54_413_955


def test_the_70x70_patchgan_has_its_2768705_parameters() -> None:
    assert count_parameters(PatchDiscriminator(6)) == 2_768_705


CYCLEGAN = GeneratorConfig(
    3,
    3,
    64,
    2,
    norm="instance",
    norm_affine=False,
    architecture="resnet_9blocks",
    padding="reflect",
)


def test_the_networks_of_cyclegan_have_the_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        generator = ResNetGenerator(CYCLEGAN)
        discriminator = PatchDiscriminator(3, norm="instance", norm_affine=False)
    assert count_parameters(generator) == 11_378_179
    assert count_parameters(discriminator) == 2_764_737


@pytest.mark.parametrize("upsample", ["transpose", "resize"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_resnet_of_any_depth_keeps_the_size(depth: int, upsample: str) -> None:
    config = dataclasses.replace(CYCLEGAN, ngf=4, depth=depth, upsample=upsample, max_channels=8)
    network = ResNetGenerator(config).eval()
    picture = network(torch.randn(2, 3, 32, 48))
    assert picture.shape == (2, 3, 32, 48)
    assert picture.abs().max() <= 1
    with pytest.raises(ValueError, match=r"multiples of \d, got \(30, 37\)"):
        network(torch.zeros(1, 3, 30, 37))


def test_a_resnet_computes_what_the_paper_describes() -> None:
    """Against the layers of the paper, written down one by one with the same weights."""
    config = dataclasses.replace(CYCLEGAN, ngf=4, architecture="resnet_6blocks")
    net: Any = ResNetGenerator(config).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.2)
    x = torch.randn(1, 3, 16, 20, dtype=torch.double)

    def norm(y: torch.Tensor) -> torch.Tensor:
        mean, variance = y.mean((2, 3), keepdim=True), y.var((2, 3), unbiased=False, keepdim=True)
        return (y - mean) / (variance + 1e-5).sqrt()

    def mirrored(y: torch.Tensor, width: int) -> torch.Tensor:
        return F.pad(y, (width,) * 4, mode="reflect")

    y = norm(F.conv2d(mirrored(x, 3), net.first.conv.weight, net.first.conv.bias)).relu()
    for down in net.down:
        y = norm(F.conv2d(y, down.conv.weight, down.conv.bias, stride=2, padding=1)).relu()
    for block in net.blocks:
        z = norm(F.conv2d(mirrored(y, 1), block.conv1.weight, block.conv1.bias)).relu()
        y = y + norm(F.conv2d(mirrored(z, 1), block.conv2.weight, block.conv2.bias))
    for up in net.up:
        weights = up.conv.weight, up.conv.bias
        y = norm(F.conv_transpose2d(y, *weights, stride=2, padding=1, output_padding=1)).relu()
    expected = F.conv2d(mirrored(y, 3), net.last.weight, net.last.bias).tanh()
    torch.testing.assert_close(net(x), expected)


def test_a_residual_resnet_starts_as_the_identity_and_stays_in_range() -> None:
    config = dataclasses.replace(
        CYCLEGAN, ngf=4, architecture="resnet_6blocks", residual=True, upsample="resize"
    )
    network = ResNetGenerator(config)
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(network(x), x, rtol=0, atol=0)
    network(x).square().sum().backward()
    assert network.last.weight.grad is not None
    assert network.last.weight.grad.abs().sum() > 0
    torch.nn.init.normal_(network.last.weight, 0.0, 1.0)
    assert network(x).abs().max() <= 1
    for wrong in ({"out_channels": 1}, {"architecture": "unet", "padding": "zeros"}):
        with pytest.raises(ValueError, match="residual must be false with architecture unet"):
            dataclasses.replace(config, **wrong)


def test_a_resnet_has_no_keys_of_the_unet() -> None:
    with pytest.raises(ValueError, match="stem must be 0 with architecture resnet_9blocks, got 4"):
        dataclasses.replace(CYCLEGAN, stem=4)
    with pytest.raises(ValueError, match="padding must be zeros or replicate, got 'reflect'"):
        dataclasses.replace(CYCLEGAN, architecture="unet")
    with pytest.raises(ValueError, match="norm_affine must be true with norm batch"):
        dataclasses.replace(CYCLEGAN, norm="batch")


@pytest.mark.parametrize(("field", "side"), [(1, 256), (16, 126), (70, 30), (286, 6)])
def test_a_patchgan_gives_a_logit_for_each_patch(field: int, side: int) -> None:
    logits, features = PatchDiscriminator(6, ndf=4, receptive_field=field)(
        torch.zeros(1, 6, 256, 256)
    )
    assert logits.shape == (1, 1, side, side)
    assert len(features) >= 2


@pytest.mark.parametrize("field", [1, 16, 70, 286])
def test_a_patch_sees_just_its_receptive_field(field: int) -> None:
    network = PatchDiscriminator(1, ndf=2, receptive_field=field, norm="none").double()
    x = torch.randn(1, 1, 384, 384, dtype=torch.double, requires_grad=True)
    logits, _ = network(x)
    middle = logits.shape[-1] // 2
    logits[0, 0, middle, middle].backward()
    assert x.grad is not None
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == field


def test_an_unknown_receptive_field_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"\[1, 16, 70, 286\], got 71"):
        PatchDiscriminator(6, receptive_field=71)


@pytest.mark.parametrize("depth", [1, 2, 5, 7])
def test_a_unet_of_any_depth_keeps_the_size(depth: int) -> None:
    config = GeneratorConfig(3, 2, ngf=2, depth=depth, max_channels=8)
    assert UNet(config)(torch.zeros(2, 3, 128, 256)).shape == (2, 2, 128, 256)


def test_a_stem_and_a_style_keep_the_size() -> None:
    config = GeneratorConfig(
        12, 3, **SMALL, norm="instance", upsample="resize", stem=4, style_dim=8
    )
    assert UNet(config)(torch.zeros(2, 12, 32, 64), torch.zeros(2, 8)).shape == (2, 3, 32, 64)


def test_half_output_halves_the_sides_and_gives_ab_within_srgb() -> None:
    config = GeneratorConfig(4, 2, **SMALL, half_output=True, ab_classes=88)
    ab = UNet(config)(torch.randn(1, 4, 32, 48))
    assert ab.shape == (1, 2, 16, 24)
    assert ab.abs().max() <= 1


def test_codes_of_places_come_beside_ab_one_for_each_cell_of_8x8_pixels() -> None:
    config = GeneratorConfig(
        7, 2, ngf=4, depth=4, max_channels=8, half_output=True, ab_classes=88, hint_embed_dim=5
    )
    network = UNet(config).eval()
    output = network(torch.randn(1, 7, 32, 48))
    assert output.shape == (1, 2 + 5, 16, 24)
    code = output[:, 2:]
    cells = F.avg_pool2d(code, 4)
    torch.testing.assert_close(F.interpolate(cells, scale_factor=4.0), code)
    assert cells.std() > 0


def test_a_size_that_the_depth_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match=r"multiples of 8, got \(32, 36\)"):
        UNet(GeneratorConfig(3, 3, **SMALL))(torch.zeros(1, 3, 32, 36))


def test_a_generator_with_styles_does_not_run_without_one() -> None:
    with pytest.raises(ValueError, match="style code of 8"):
        UNet(GeneratorConfig(3, 3, **SMALL, style_dim=8))(torch.zeros(1, 3, 32, 32))


def test_another_style_gives_another_picture() -> None:
    network = UNet(GeneratorConfig(3, 3, **SMALL, norm="instance", style_dim=8)).eval()
    x = torch.randn(1, 3, 32, 32)
    first, second = (network(x, torch.full((1, 8), value)) for value in (-1.0, 1.0))
    assert (first - second).abs().mean() > 1e-3


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_gradient_of_instance_norm_does_not_depend_on_the_order_in_memory(layout: Any) -> None:
    x = torch.randn(1, 8, 6, 6, dtype=torch.double).to(memory_format=layout).requires_grad_()
    sent = torch.randn(1, 8, 6, 6, dtype=torch.double)
    (expected,) = torch.autograd.grad(
        (x - x.mean((2, 3), True)) / (x.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt(),
        x,
        sent,
    )
    for order in (torch.contiguous_format, torch.channels_last):
        y = InstanceNorm(8, 1e-5, affine=False)(x)
        (found,) = torch.autograd.grad(y, x, sent.to(memory_format=order))
        torch.testing.assert_close(found, expected)


def test_resize_convolution_equals_upsampling_and_3x3_convolution() -> None:
    layer = ResizeConv(5, 7).double()
    x = torch.randn(2, 5, 9, 11, dtype=torch.double)
    upsampled = F.interpolate(x, scale_factor=2, mode="nearest")
    expected = F.conv2d(upsampled, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(x), expected)


def test_a_style_is_a_mean_and_a_log_variance_by_photo() -> None:
    mean, log_variance = StyleEncoder(8)(torch.randn(3, 3, 64, 64))
    assert mean.shape == log_variance.shape == (3, 8)


def test_sampled_styles_are_spread_as_the_observed_ones() -> None:
    torch.manual_seed(0)
    encoder = StyleEncoder(2)
    mixing = torch.tensor([[0.5, 0.0], [0.3, 0.1]])
    for _ in range(2000):
        encoder.observe(torch.tensor([1.0, -2.0]) + torch.randn(8, 2) @ mixing.T)
    samples = encoder.sample(torch.randn(5000, 2))
    torch.testing.assert_close(samples.mean(0), torch.tensor([1.0, -2.0]), atol=0.05, rtol=0)
    torch.testing.assert_close(samples.T.cov(), mixing @ mixing.T, atol=0.05, rtol=0)


@pytest.mark.parametrize(("whitening", "share"), [(0.0, 0.01), (0.5, 0.1), (1.0, 1.0)])
def test_whitening_evens_out_how_far_random_styles_vary(whitening: float, share: float) -> None:
    torch.manual_seed(0)
    encoder = StyleEncoder(2, whitening=whitening)
    turn = torch.tensor([[0.8, -0.6], [0.6, 0.8]])
    encoder.style_covariance.copy_(turn @ torch.diag(torch.tensor([4.0, 0.04])) @ turn.T)
    samples = encoder.sample(torch.randn(20_000, 2)) @ turn
    expected = torch.diag(torch.tensor([4.0, 4.0 * share]))
    torch.testing.assert_close(samples.T.cov(), expected, atol=0.08, rtol=0.02)


def test_what_a_photo_is_served_does_not_depend_on_its_neighbours_in_the_batch() -> None:
    for norm in ("batch", "instance"):
        network = UNet(GeneratorConfig(3, 3, **SMALL, norm=norm)).eval()
        x = torch.randn(4, 3, 32, 32)
        torch.testing.assert_close(network(x)[:1], network(x[:1]), rtol=1e-4, atol=1e-5)


EVEN = GeneratorConfig(
    12, 3, 8, 4, 32, "instance", "resize", stem=4, style_dim=4, class_norm=True, padding="replicate"
)


def test_with_class_norm_an_even_drawing_shows_its_class() -> None:
    net = UNet(EVEN).eval()
    drawings = torch.eye(12)[:, :, None, None].expand(12, 12, 64, 64)
    with torch.no_grad():
        means = net(drawings, torch.zeros(1, 4).expand(12, 4) + 1).mean((2, 3))
    apart = torch.cdist(means, means) + torch.eye(12)
    assert apart.min() > 1e-3
    washed = UNet(dataclasses.replace(EVEN, class_norm=False)).eval()
    with torch.no_grad():
        means = washed(drawings, torch.zeros(1, 4).expand(12, 4) + 1).mean((2, 3))
    assert torch.cdist(means, means).max() < 0.1 * apart.max()


def test_with_replicate_padding_an_even_drawing_stays_even() -> None:
    net = UNet(EVEN).eval()
    one_hot = torch.zeros(1, 12, 64, 64)
    one_hot[:, 1] = 1
    with torch.no_grad():
        picture = net(one_hot, torch.ones(1, 4))
    assert picture.std((2, 3)).max() < 1e-3


def test_folding_keeps_what_a_replicating_resize_conv_computes() -> None:
    conv = ResizeConv(3, 5, padding="replicate")
    x = torch.randn(2, 3, 7, 9)
    with torch.no_grad():
        enlarged = F.interpolate(x, scale_factor=2)
        expected = F.conv2d(
            F.pad(enlarged, (1, 1, 1, 1), mode="replicate"),
            conv.weight,
            conv.bias,
        )
        assert torch.allclose(conv(x), expected, atol=1e-5)
        assert torch.allclose(conv.folded()(x), expected, atol=1e-5)


@pytest.mark.parametrize("field", [1, 16, 70, 286])
@pytest.mark.parametrize("scales", [1, 2, 3])
def test_the_smallest_side_can_be_judged_and_a_smaller_one_cannot(field: int, scales: int) -> None:
    discriminator = MultiScaleDiscriminator(
        [PatchDiscriminator(4, 4, field, "instance") for _ in range(scales)]
    )
    side = smallest_side(field, scales)
    verdicts = discriminator(torch.randn(1, 4, side, side))
    assert len(verdicts) == scales
    assert all(min(logits.shape[2:]) >= 1 for logits, _ in verdicts)
    with pytest.raises((RuntimeError, ValueError)):
        discriminator(torch.randn(1, 4, side // 2, side // 2))


def test_each_scale_sees_the_image_half_as_large() -> None:
    discriminator = MultiScaleDiscriminator([PatchDiscriminator(6, 8) for _ in range(3)])
    verdicts = discriminator(torch.randn(1, 6, 256, 256))
    assert [logits.shape[2:] for logits, _ in verdicts] == [(30, 30), (14, 14), (6, 6)]
    first, second = (d.eval() for d in discriminator.scales[:2])
    small = torch.full((1, 6, 64, 64), 0.5)
    found = discriminator.eval()(torch.full((1, 6, 128, 128), 0.5))
    assert torch.allclose(found[1][0], second(small)[0])
    assert not torch.allclose(found[1][0], first(small)[0])
