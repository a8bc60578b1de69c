"""Training without pairs: CycleGAN and CUT."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.unpaired import TINY, cold, warm, write_sets
from helpers.whole_runs import assert_same_weights, run
from PIL import Image

from pix2pix.checkpoint import load_checkpoint
from pix2pix.cli import publish, train
from pix2pix.data.datasets.unpaired_dataset import UnpairedImages
from pix2pix.data.loader import Batch
from pix2pix.evaluation.frechet_metrics import load_frechet_metrics
from pix2pix.evaluation.unpaired import evaluate_unpaired
from pix2pix.inference import load_translator
from pix2pix.models import count_parameters
from pix2pix.models.tensors import encode_photo
from pix2pix.training.gan import make_discriminator
from pix2pix.training.image_pool import ImagePool
from pix2pix.training.losses import patch_nce_loss
from pix2pix.training.recipe import Recipe, load_recipe
from pix2pix.training.unpaired_step import UnpairedTrainer

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
KEYS: dict[str, Any] = {
    "size": 32,
    "ngf": 4,
    "ndf": 8,
    "receptive_field": 16,
    "architecture": "resnet_6blocks",
    "batch_size": 4,
    "mixed_precision": "fp32",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("unpaired") / "data")


@pytest.fixture(scope="module")
def cycle_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of cyclegan of six steps, for reading only."""
    out = tmp_path_factory.mktemp("cycle") / "run"
    keys = [*TINY, "--max-steps", 6, "--sample-every", 3, "--pool-size", 3]
    keys += ["--best-metric", "cycle_error_AtoB"]
    assert run("cyclegan", "--data", data, "--out", out, *keys) == 0
    return out


def make_batch(count: int = 4) -> Batch:
    a, b = (
        encode_photo(np.stack([make(np.random.default_rng(i))[:32, :32] for i in range(count)]))
        for make in (warm, cold)
    )
    return Batch(a, b, torch.ones_like(a[:, :1]), a)


def test_the_recipe_cyclegan_has_the_published_networks() -> None:
    recipe = load_recipe("cyclegan")
    with torch.device("meta"):
        assert count_parameters(make_discriminator(recipe)) == 2_764_737
    assert (recipe.gan_mode, recipe.pool_size, recipe.lambda_cycle) == ("lsgan", 50, 10)
    config = recipe.generator()
    assert (config.architecture, config.ngf, config.norm_affine) == ("resnet_9blocks", 64, False)


def test_keys_of_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="lambda_l1 must be 0 for cut, got 100"):
        load_recipe("cut", {"lambda_l1": 100.0})
    with pytest.raises(ValueError, match="objective must be paired for colorize"):
        Recipe("colorize", objective="cut", lambda_l1=0.0, architecture="unet")


@pytest.mark.parametrize(("name", "steps"), [("cyclegan", 20), ("cut", 40)])
def test_the_outputs_come_to_look_like_the_other_set(name: str, steps: int) -> None:
    keys = {**KEYS, "lr": 2e-3, "d_lr": 2e-3, "lambda_cycle": 2.0, "lambda_identity": 0.0}
    keys |= {"lambda_nce": 0.5, "nce_patches": 32}
    recipe = load_recipe(name, keys)
    trainer, batch = UnpairedTrainer(recipe, CPU, total_steps=1000), make_batch(2)
    for _ in range(steps):
        trainer.step(batch)
    model = next(iter(trainer.served.values()))
    with torch.no_grad():
        output = model.generator(batch.input)
    before, after = (
        float((x.mean((0, 2, 3)) - batch.target.mean((0, 2, 3))).abs().mean())
        for x in (batch.input, output)
    )
    assert after < 0.4 * before


def test_an_overfitted_cycle_leads_back_to_the_image() -> None:
    recipe = load_recipe("cyclegan", {**KEYS, "lr": 3e-3, "pool_size": 0})
    trainer, batch = UnpairedTrainer(recipe, CPU, total_steps=1000), make_batch(1)
    errors = [float(trainer.step(batch)["cycle_A"]) for _ in range(40)]
    assert np.mean(errors[-5:]) < 0.4 * np.mean(errors[:5])


@pytest.mark.parametrize(
    ("name", "projected"), [("cyclegan", False), ("cyclegan", True), ("cut", False), ("cut", True)]
)
def test_parts_of_a_batch_give_the_step_of_the_whole(name: str, projected: bool) -> None:
    found = []
    for parts in (1, 2):
        keys = {**KEYS, "gradient_accumulation_steps": parts, "projected_d": projected}
        recipe = load_recipe(name, keys)
        trainer = UnpairedTrainer(recipe, CPU, total_steps=10)
        losses = trainer.step(make_batch())
        gradients = {
            f"{part}.{key}": parameter.grad
            for part, network in (("g", trainer.model), ("d", trainer.discriminator))
            for key, parameter in network.named_parameters()
            if parameter.grad is not None
        }
        found.append(({k: float(v) for k, v in losses.items()}, gradients))
    (one, whole), (two, parted) = found
    assert one == pytest.approx(two, rel=1e-4)
    assert any(".knowing.heads.3." in key for key in whole) == projected
    for key, gradient in whole.items():
        scale = float(gradient.abs().max())
        torch.testing.assert_close(
            parted[key], gradient, rtol=1e-3, atol=1e-3 * scale + 1e-5, msg=key
        )


def test_patch_nce_of_orthogonal_patches_has_its_known_value() -> None:
    patches = torch.eye(8)[None]
    value = float(patch_nce_loss(patches, patches, 0.5))
    assert value == pytest.approx(math.log(math.exp(2) + 7) - 2, rel=1e-6)
    turned = patches.roll(1, 1)  # each key is that of another patch
    assert float(patch_nce_loss(patches, turned, 0.5)) == pytest.approx(
        math.log(math.exp(2) + 7), rel=1e-6
    )


def test_a_pool_fills_up_and_then_returns_earlier_images_half_of_the_time() -> None:
    pool, generator = ImagePool(50), torch.Generator().manual_seed(0)
    images = torch.arange(450.0)[:, None, None, None].expand(450, 3, 2, 2)
    first = pool.query(images[:50], generator)
    torch.testing.assert_close(first, images[:50])
    later = torch.cat([pool.query(image[None], generator) for image in images[50:]])[:, 0, 0, 0]
    earlier = later != images[50:, 0, 0, 0]
    assert 0.4 < earlier.float().mean() < 0.6
    assert later.unique().numel() == 400  # nothing comes twice
    assert len(pool.images) == 50
    assert torch.equal(ImagePool(0).query(images, generator), images)


def test_a_pool_goes_on_as_it_was_saved() -> None:
    pool, other = ImagePool(4), ImagePool(4)
    pool.query(torch.randn(4, 3, 8, 8), torch.Generator())
    other.load_state_dict(pool.state_dict())
    new = torch.randn(6, 3, 8, 8)
    one, two = (p.query(new, torch.Generator().manual_seed(1)) for p in (pool, other))
    assert torch.equal(one, two)


@pytest.mark.parametrize("name", ["cyclegan", "cut"])
def test_a_resumed_run_is_the_run_without_a_break(name: str, data: Path, tmp_path: Path) -> None:
    keys = [*TINY, "--max-steps", 6, "--sample-every", 100, "--ema", 0.9, "--d-augment", "color"]
    keys += ["--pool-size", 3] if name == "cyclegan" else ["--projected-d"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(name, "--data", data, "--out", whole, *keys) == 0
    plain_step = UnpairedTrainer.step

    def step_then_die(self, batch):
        if self.steps_done == 5:
            raise ValueError("power cut")
        return plain_step(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UnpairedTrainer, "step", step_then_die)
        assert run(name, "--data", data, "--out", broken, *keys, "--save-every", 4) == 2
    assert run("--resume", broken) == 0
    for folder in ("AtoB", "BtoA") if name == "cyclegan" else ("",):
        assert_same_weights(whole / folder, broken / folder)


def test_both_directions_are_checkpoints_of_their_own(cycle_run: Path, tmp_path: Path) -> None:
    photo = Image.fromarray(warm(np.random.default_rng(0)))
    pictures = []
    for name in ("AtoB", "BtoA"):
        for folder in (cycle_run / name, cycle_run / "best" / name):
            config, _ = load_checkpoint(folder)
            assert config.training["direction"] == name
            for file in ("README.md", "samples.jpg", "examples/example-1.jpg"):
                assert (folder / file).is_file()
            if (other := {"AtoB": "BtoA", "BtoA": "AtoB"}[name]) and config.metrics:
                assert not any(other in key for key in config.metrics)
        pictures.append(np.asarray(load_translator(cycle_run / name).translate(photo)))
    assert (pictures[0] != pictures[1]).any()
    first, second = (
        np.asarray(Image.open(cycle_run / n / "examples" / "example-1.jpg")).mean((0, 1))
        for n in ("AtoB", "BtoA")
    )
    assert first[0] > first[2]  # warm
    assert second[2] > second[0]


def test_each_direction_is_pushed_to_a_repository_of_its_own(
    cycle_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed: dict[str, Path] = {}
    monkeypatch.setattr(
        publish, "push_checkpoint", lambda folder, repo, *_, **__: pushed.update({repo: folder})
    )
    train.push_run(cycle_run, "ada/monet", private=False, examples=True)
    assert pushed == {f"ada/monet-{name}": cycle_run / name for name in ("AtoB", "BtoA")}
    publish.stage_checkpoint(cycle_run / "BtoA", tmp_path, "ada/monet-BtoA", None)
    assert load_checkpoint(tmp_path)[0].training["direction"] == "BtoA"
    with pytest.raises(ValueError, match=r"config.json is missing; its checkpoints are"):
        publish.stage_checkpoint(cycle_run, tmp_path, "ada/monet", None)


def test_the_folder_around_them_names_them(cycle_run: Path) -> None:
    with pytest.raises(ValueError, match=r"its checkpoints are .*AtoB and .*BtoA"):
        load_translator(cycle_run)


def test_a_save_that_was_cut_off_is_completed(cycle_run: Path, tmp_path: Path) -> None:
    import shutil

    copied = tmp_path / "run"
    shutil.copytree(cycle_run, copied)
    (copied / "BtoA" / "config.json").unlink()
    assert run("--resume", copied) == 0
    assert_same_weights(cycle_run / "BtoA", copied / "BtoA")


def test_the_report_and_the_metrics_are_of_both_directions(cycle_run: Path) -> None:
    rows = [json.loads(x) for x in (cycle_run / "metrics.jsonl").read_text().splitlines()]
    values = rows[-1]["val"]
    assert {"cycle_error_AtoB", "cycle_error_BtoA", "frechet_lite0_AtoB"} <= values.keys()
    assert {"d_A", "d_B", "cycle_A", "identity_B", "gan_BtoA"} <= rows[0].keys()
    page = (cycle_run / "report.html").read_text()
    assert "Fréchet distance in EfficientNet-Lite0" in page


def test_a_run_or_one_direction_is_evaluated_without_what_it_trained_on(
    cycle_run: Path, data: Path, tmp_path: Path
) -> None:
    last = json.loads((cycle_run / "metrics.jsonl").read_text().splitlines()[-1])["val"]
    for folder, expected in ((cycle_run, last), (cycle_run / "BtoA", None)):
        out = tmp_path / "measured.json"
        assert run("--evaluate", folder, "--data", data, "--json", out) == 0
        metrics = json.loads(out.read_text())["metrics"]
        assert metrics["examples"] == 2
        if expected is None:
            assert "frechet_lite0_BtoA" in metrics
            assert not any("AtoB" in key for key in metrics)
            expected = {k: last[k] for k in metrics if "cycle" not in k}
        assert metrics == pytest.approx(expected, rel=0.05, abs=0.05)  # weights in fp16


def test_a_model_that_changes_nothing_has_no_cycle_error(data: Path) -> None:
    from pix2pix.data.factory import open_datasets
    from pix2pix.data.options import DataOptions

    class Same(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.generator = torch.nn.Identity()

    options = DataOptions("image2image", 32, objective="cyclegan", resize_mode="crop")
    (dataset,) = open_datasets(options, data, ["train"])
    models: dict[str, Any] = {"AtoB": Same(), "BtoA": Same()}
    assert isinstance(dataset, UnpairedImages)
    metrics = evaluate_unpaired(models, dataset, CPU, distances=load_frechet_metrics(CPU)[0])
    assert metrics["cycle_error_AtoB"] == metrics["cycle_error_BtoA"] == 0
    assert metrics["frechet_lite0_AtoB"] == metrics["frechet_lite0_AtoB_before"] > 0
    assert metrics["frechet_lite0_AtoB"] == pytest.approx(metrics["frechet_lite0_BtoA"], rel=1e-3)
    assert metrics["examples"] == 4 + 6


def test_two_folders_and_fast(data: Path, tmp_path: Path, capsys: Any) -> None:
    sides = ["--data-a", data / "trainB", "--data-b", data / "trainA"]
    out = tmp_path / "run"
    assert run("cut", "--fast", *sides, "--out", out, *TINY, "--max-steps", 1) == 0
    info = json.loads((out / "run.json").read_text())
    assert info["name"] == "fastcut"
    assert info["recipe"]["lambda_nce"] == 10
    assert run("--resume", out, "--max-steps", 2) == 0
    assert run("cut", *sides[:2], "--out", tmp_path / "other") == 2
    assert "both --data-a DIR and --data-b DIR" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("cyclegan", "--fast", "--data", data, "--out", tmp_path / "other")


def test_both_directions_start_from_those_of_another_run(
    cycle_run: Path, data: Path, tmp_path: Path
) -> None:
    out, keys = tmp_path / "run", [*TINY, "--max-steps", 1, "--lr", 1e-9]
    assert run("cyclegan", "--data", data, "--out", out, *keys, "--init-from", cycle_run) == 0
    for name in ("AtoB", "BtoA"):
        assert_near(cycle_run / name, out / name)


def assert_near(one: Path, other: Path) -> None:
    (_, first), (_, second) = load_checkpoint(one), load_checkpoint(other)
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(tensor, second.state_dict()[name], rtol=0, atol=1e-3)


def test_a_unet_can_be_the_generator() -> None:
    recipe = load_recipe("cut", {**KEYS, "architecture": "unet"})
    assert (recipe.depth, recipe.padding) == (5, "zeros")
    trainer = UnpairedTrainer(replace(recipe, nce_patches=9), CPU, total_steps=10)
    losses = trainer.step(make_batch(2))
    assert all(loss.isfinite() for loss in losses.values())
