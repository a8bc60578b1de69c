"""`import`: generators of the reference implementation give their own pictures here."""

import collections
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.reference_generators import (
    ReferenceResNet,
    ReferenceUNet,
    instance_norm,
    make_reference,
)
from PIL import Image
from torch import Tensor, nn

from pix2pix.__main__ import main
from pix2pix.checkpoint import load_checkpoint
from pix2pix.inference import load_any
from pix2pix.labels.classes import PIX2PIX_PALETTE
from pix2pix.models.tensors import encode_labels

TOLERANCE = 1e-4
UNETS: dict[str, dict[str, Any]] = {
    "unet_256 batch": {},
    "unet_128 batch": {"depth": 7, "ngf": 3},
    "unet_128 instance": {"depth": 7, "norm": instance_norm},
    "unet_128 none": {"depth": 7, "norm": lambda _: nn.Identity()},
    "grey": {"depth": 7, "channels": (1, 1)},
}
RESNETS: dict[str, dict[str, Any]] = {
    "resnet_9blocks instance": {},
    "resnet_6blocks batch": {"blocks": 6, "norm": nn.BatchNorm2d, "dropout": True},
    "grey": {"blocks": 6, "channels": (1, 1)},
}
CASES = [
    *(pytest.param(lambda v=v: ReferenceUNet(**v), id=k) for k, v in UNETS.items()),
    *(pytest.param(lambda v=v: ReferenceResNet(**v), id=f"resnet {k}") for k, v in RESNETS.items()),
]


def save(network: nn.Module, path: Path, **options: Any) -> Path:
    torch.save(network.state_dict(), path, **options)
    return path


def imported(path: Path, *options: str) -> nn.Module:
    """The generator of the checkpoint that the command makes of a file."""
    out = path.with_name("imported")
    assert main(["import", str(path), "-o", str(out), *options]) == 0
    return load_checkpoint(out)[1].generator


def random_rgb(side: int = 256) -> Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


def assert_same_picture(picture: Tensor, expected: Tensor) -> None:
    assert expected.std() > 0.05, "an even picture would prove nothing"
    assert (picture - expected).abs().max() < TOLERANCE


@pytest.mark.parametrize("make", CASES)
def test_a_generator_gives_the_pictures_of_the_reference(make: Any, tmp_path: Path) -> None:
    network, x = make_reference(make()), random_rgb()
    grey = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    is_grey = next(network.parameters()).shape[1] == 1
    expected = network((x * grey).sum(1, keepdim=True) if is_grey else x)
    generator = imported(save(network, tmp_path / "latest_net_G.pth"))
    assert_same_picture(generator(x), expected.expand(1, 3, 256, 256))


def test_with_the_images_statistics_batch_norm_is_as_without_eval(tmp_path: Path) -> None:
    for name, network in (("u", ReferenceUNet()), ("r", ReferenceResNet(6, norm=nn.BatchNorm2d))):
        make_reference(network)
        path = save(network, tmp_path / f"{name}.pth")
        for module in network.modules():
            module.train(isinstance(module, nn.BatchNorm2d))  # the dropout stays off
        generator = imported(path, "--norm-statistics", "image", "--force")
        assert_same_picture(generator(random_rgb()), network(random_rgb()))


def test_a_file_of_2018_is_read(tmp_path: Path) -> None:
    """Saved with several GPUs by torch 0.3: no zip, `module.`, statistics in instance norm."""
    network = make_reference(ReferenceResNet(6))
    old = collections.OrderedDict()
    for name, tensor in network.state_dict().items():
        old[f"module.{name}"] = tensor
    for name, module in network.named_modules():
        if isinstance(module, nn.InstanceNorm2d):
            for statistic in ("running_mean", "running_var"):
                old[f"module.{name}.{statistic}"] = torch.ones(module.num_features)
    path = tmp_path / "latest_net_G_A.pth"
    torch.save(old, path, _use_new_zipfile_serialization=False)
    assert_same_picture(imported(path)(random_rgb()), network(random_rgb()))


def test_batch_norm_without_a_count_of_batches_is_read(tmp_path: Path) -> None:
    network = make_reference(ReferenceUNet(7))
    state = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    torch.save(state, tmp_path / "a.pth")
    assert_same_picture(imported(tmp_path / "a.pth")(random_rgb()), network(random_rgb()))


def test_a_model_of_label_images_draws_from_classes(tmp_path: Path) -> None:
    for name, network in (("u", ReferenceUNet()), ("r", ReferenceResNet(6))):
        path = save(make_reference(network), tmp_path / f"{name}.pth")
        generator = imported(path, "--palette", "facades", "--force")
        drawing = np.random.default_rng(0).integers(0, 12, (1, 16, 16), np.uint8)
        drawing = drawing.repeat(16, 1).repeat(16, 2)
        colors = torch.from_numpy(PIX2PIX_PALETTE[drawing]).permute(0, 3, 1, 2) / 127.5 - 1
        assert_same_picture(generator(encode_labels(drawing, 12)), network(colors))
    drawer = load_any(tmp_path / "imported", "cpu")
    assert drawer.draw(drawing[0]).shape == (256, 256, 3)  # type: ignore[union-attr]


def test_a_palette_of_ones_own_is_read(tmp_path: Path) -> None:
    palette = '[{"name": "road", "rgb": [128, 64, 128]}, {"name": "sky", "rgb": [70, 130, 180]}]'
    (tmp_path / "palette.json").write_text(palette)
    path = save(make_reference(ReferenceUNet(7)), tmp_path / "a.pth")
    imported(path, "--palette", str(tmp_path / "palette.json"))
    config, _ = load_checkpoint(tmp_path / "imported")
    assert [c.name for c in config.palette] == ["road", "sky"]


def test_the_checkpoint_translates_and_says_where_it_is_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(make_reference(ReferenceUNet(7, ngf=4)), tmp_path / "latest_net_G.pth")
    out = tmp_path / "shoes"
    assert main(["import", str(path), "-o", str(out), "--input-type", "lines", "--fp16"]) == 0
    assert "unet_128, ngf 4, batch norm, image2image" in capsys.readouterr().out
    card = (out / "README.md").read_text()
    assert "latest_net_G.pth" in card and "samples.jpg" not in card
    config, _ = load_checkpoint(out)
    assert (config.shape, config.input_type) == ((128, 128), "lines")
    Image.new("RGB", (50, 40), "white").save(tmp_path / "in.png")
    arguments = ["-o", str(tmp_path / "out.png"), "--checkpoint", str(out), "--device", "cpu"]
    assert main(["translate", str(tmp_path / "in.png"), *arguments]) == 0
    assert Image.open(tmp_path / "out.png").size == (50, 40)


# What is refused


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Conv2d(6, 4, 4), nn.LeakyReLU(), nn.Conv2d(4, 1, 4))


def refusal(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    out = path.with_name("out")
    assert main(["import", str(path), "-o", str(out), *options]) == 2
    assert not out.exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"pix2pix: {path}: ") or options
    return line


def test_what_is_no_generator_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, network = tmp_path / "file.pth", make_reference(ReferenceUNet(7))
    linear = nn.Linear(2, 2)
    objects: list[tuple[object, str]] = [
        (
            network,
            "holds pickled objects (helpers.reference_generators.ReferenceUNet), which could",
        ),
        (
            Discriminator().state_dict(),
            "is a discriminator, as in latest_net_D.pth; expected a gen",
        ),
        ({"state": {}, "param_groups": [{"lr": 0.1}]}, "is the state of an optimizer; expec"),
        (linear.state_dict(), "is an unknown network with the tensors weight, bias, ...; expected"),
        ({"netG": network.state_dict(), "epoch": 3}, "torch.save(torch.load(FILE)['netG'], 'lat"),
        (torch.zeros(3), "holds a Tensor; expected a generator's state_dict"),
    ]
    for thing, words in objects:
        for is_zip in (True, False):
            torch.save(thing, path, _use_new_zipfile_serialization=is_zip)
            assert words in refusal(path, capsys)
    path.write_text("no torch file")
    assert "is damaged or no file of torch.save; expected latest_net_G.pth" in refusal(path, capsys)
    whole = save(network, path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "is damaged or no file of torch.save" in refusal(path, capsys)
    assert "No such file" in refusal(tmp_path / "none.pth", capsys)


def test_an_unknown_architecture_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(state: dict[str, Tensor]) -> str:
        torch.save(state, tmp_path / "a.pth")
        return refusal(tmp_path / "a.pth", capsys)

    five = ReferenceResNet(5).state_dict()
    assert "has 5 residual blocks; expected a generator of" in refused(five)
    state = ReferenceUNet(7, channels=(4, 3)).state_dict()
    assert "in_channels must be 1 (grey) or 3 (RGB), got 4" in refused(state)
    state = ReferenceUNet(7).state_dict()
    assert "its layers are nested as in no U-Net" in refused(state | {"extra": torch.zeros(1)})
    name = "model.model.1.model.1.weight"
    assert "down.1.conv.weight must be (4, 2, 4, 4), got (4, 2, 3, 3)" in refused(
        state | {name: state[name][..., :3, :3]}
    )
    assert "has values that are not finite" in refused(state | {name: state[name] * np.nan})
    state = ReferenceResNet(6).state_dict()
    padded = {k.replace("conv_block.1.", "conv_block.0."): v for k, v in state.items()}
    assert "pad with zeros" in refused(padded)
    assert "is not a part of that network" in refused(
        state | {"model.10.conv_block.1.x": torch.zeros(1)}
    )


def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(make_reference(ReferenceUNet(7)), tmp_path / "a.pth")
    line = refusal(path, capsys, "--size", "200")
    assert "size must be a multiple of 128, got 200" in line
    assert "expected one of them" in refusal(
        path, capsys, "--input-type", "lines", "--palette", "facades"
    )
    assert "--palette must be facades or a file palette.json" in refusal(
        path, capsys, "--palette", "houses"
    )
    out = ["-o", str(tmp_path / "twice")]
    assert main(["import", str(path), *out]) == 0
    assert main(["import", str(path), *out]) == 2
    assert "is a checkpoint already; --force overwrites it" in capsys.readouterr().err
