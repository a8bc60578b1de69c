"""Training with a local enhancer: alone at first, then together with the network below it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.synthetic import make_facade, write_facades
from helpers.whole_runs import PLAIN, assert_same_weights, run, weights
from PIL import Image

from pix2pix.checkpoint import read_config
from pix2pix.inference import load_drawer
from pix2pix.training.recipe import Recipe, load_recipe
from pix2pix.training.train_step import Trainer

pytestmark = pytest.mark.slow

TINY = ["--size", 64, "--depth", 3, "--ngf", 8, "--max-channels", 16, "--stem", 4, "--ndf", 4]
TINY += ["--receptive-field", 16, "--enhancer", 4, "--enhancer-blocks", 2, "--num-workers", 0]
FEW = ["--batch-size", 2, "--log-every", 1]


def is_of_enhancer(name: str) -> bool:
    return name.startswith("generator.enhancer.")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_facades(tmp_path_factory.mktemp("hd") / "data", 4, 2, 96, 96)


@pytest.fixture(scope="module")
def small(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of `facades` at half the size, whose weights others begin with."""
    out = tmp_path_factory.mktemp("small") / "run"
    keys = [*TINY[: TINY.index("--enhancer")], "--size", 32, "--num-workers", 0, "--max-steps", 3]
    assert run("facades", "--data", data, "--out", out, *keys, *FEW, *PLAIN) == 0
    return out


@pytest.fixture(scope="module")
def frozen(data: Path, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which only the enhancer learned."""
    out = tmp_path_factory.mktemp("frozen") / "run"
    keys = [*TINY, *FEW, *PLAIN, "--max-steps", 4, "--init-from", small]
    assert run("facades_hd", "--data", data, "--out", out, *keys) == 0
    return out


def test_only_the_enhancer_learns_while_the_global_network_is_frozen(
    small: Path, frozen: Path
) -> None:
    before, after = weights(small), weights(frozen)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)
    new = {name for name in after if name not in before}
    assert new and all(map(is_of_enhancer, new))
    assert np.abs(after["generator.enhancer.head.weight"]).max() > 0


def test_the_checkpoint_describes_itself_and_draws_up_to_twice_its_size(frozen: Path) -> None:
    config = read_config(frozen)
    assert (config.size, config.max_size, config.generator.enhancer) == (64, 128, 4)
    assert config.generator.enhancer_blocks == 2 and config.generator.multiple == 16
    _, labels = make_facade(64, 96, 0)
    drawer = load_drawer(frozen, "cpu")
    assert drawer.largest == 128
    assert drawer.draw(labels, size=128).shape == (128, 192, 3)
    assert drawer.draw(labels, size=100).shape == (100, 150, 3)


def test_the_styles_of_seeds_stay_those_of_the_global_network(small: Path, frozen: Path) -> None:
    codes = [load_drawer(folder, "cpu")._styles.code(5, None) for folder in (small, frozen)]
    assert codes[0] is not None and codes[1] is not None and codes[0].equal(codes[1])


@pytest.mark.parametrize("dies_at", [2, 4])
def test_resume_is_exact_before_and_after_the_global_network_is_freed(
    tmp_path: Path, data: Path, small: Path, dies_at: int
) -> None:
    keys = [*TINY, *FEW, *PLAIN, "--max-steps", 6, "--freeze-global", 0.5, "--init-from", small]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run("facades_hd", "--data", data, "--out", whole, *keys, "--save-every", 100) == 0
    plain_step = Trainer.step

    def step_then_die(self: Trainer, batch: Any) -> Any:
        if self.steps_done == dies_at:
            raise ValueError("power cut")
        return plain_step(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", step_then_die)
        arguments = ["--data", data, "--out", broken, *keys, "--save-every", 2]
        assert run("facades_hd", *arguments) == 2
    assert run("--resume", broken) == 0
    assert_same_weights(whole, broken)
    before, after = weights(small), weights(whole)
    changed = [name for name, array in before.items() if not np.array_equal(after[name], array)]
    assert "generator.down.1.conv.weight" in changed
    assert "style_encoder.head.weight" in changed


def test_a_tiny_run_overfits_one_pair(tmp_path: Path) -> None:
    data = write_facades(tmp_path / "data", 1, 1, 64, 64)
    keys = [*TINY, *PLAIN, "--max-steps", 140, "--log-every", 140, "--sample-every", 140]
    keys += ["--lr", 6e-3, "--lambda-l1", 30, "--batch-size", 1, "--ema", 0, "--lambda-gan", 0.1]
    keys += ["--prior-fraction", 0, "--norm", "instance", "--freeze-global", 0, "--d-scales", 1]
    assert run("facades_hd", "--data", data, "--out", tmp_path / "run", *keys) == 0
    photo, labels = make_facade(64, 64, seed=0)
    drawer = load_drawer(tmp_path / "run", "cpu")
    drawn = drawer.draw(labels, style=drawer.style_from(Image.fromarray(photo)))
    error = np.abs(drawn.astype(int) - photo).mean()
    flat = np.abs(photo.mean((0, 1)) - photo).mean()
    assert error < flat / 4, f"mean error {error:.1f}; a flat colour has {flat:.1f}"


def test_the_evaluation_reads_the_checkpoint(frozen: Path, data: Path, capsys: Any) -> None:
    assert run("--evaluate", frozen, "--data", data) == 0
    assert "PSNR" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"enhancer": 0}, "freeze_global must be 0 without enhancer, got 1.0"),
        ({"freeze_global": 1.5}, "freeze_global must be from 0 to 1, got 1.5"),
        ({"resize_mode": "stretch"}, "enlarge must be true unless resize_mode is crop or squeeze"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(keys: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load_recipe("facades_hd", keys)


def test_only_networks_that_make_photos_have_an_enhancer() -> None:
    with pytest.raises(ValueError, match="enhancer must be 0 for photo2labels"):
        Recipe("photo2labels", size=64, depth=3, stem=4, enhancer=4)


def test_the_depth_fits_half_of_a_smaller_size() -> None:
    for size, depth in ((256, 7), (128, 6), (64, 5)):
        recipe = load_recipe("facades_hd", {"size": size})
        assert (recipe.depth, recipe.d_scales) == (depth, 2 if size > 64 else recipe.d_scales)
        assert size % recipe.generator().multiple == 0
