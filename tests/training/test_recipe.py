"""Recipes: what they hold is what their comments say."""

import dataclasses
import logging
import re

import pytest
import torch

from pix2pix.cli import train
from pix2pix.config_fields import from_dict
from pix2pix.data.loader import Batch
from pix2pix.models import count_parameters
from pix2pix.training.recipe import (
    FROM_DATA,
    RECIPES_DIR,
    Recipe,
    load_recipe,
    recipe_names,
    tomllib,
)
from pix2pix.training.recipe_cli import recipe_keys
from pix2pix.training.run_setup import trainer_class
from pix2pix.training.train_step import Trainer


def test_the_paper_recipe_has_the_papers_networks_but_for_one_hot_labels() -> None:
    trainer = Trainer(load_recipe("paper"), torch.device("cpu"), total_steps=10)
    more = 9 * 64 * 16  # weights for 12 classes rather than 3 colours, in each first layer
    assert count_parameters(trainer.model) == 54_413_955 + more
    assert count_parameters(trainer.discriminator) == 2_768_705 + more
    dropping = [getattr(up, "dropout", 0) for up in trainer.model.generator.up]
    assert dropping == [0, 0.5, 0.5, 0.5, 0, 0, 0, 0]


def test_every_key_has_its_line_of_help_under_a_heading() -> None:
    keys = recipe_keys()
    assert [key.name for key in keys] == [field.name for field in dataclasses.fields(Recipe)]
    assert all(key.help for key in keys)
    groups = {key.name: key.group for key in keys}
    assert groups["ngf"] == "Generator"
    assert groups["d_scales"] == "Discriminator"
    assert groups["lambda_l1"] == "Losses"
    assert groups["lr"] == groups["seed"] == "Optimization"
    assert groups["progressive_size"] == "Progressive resolution"


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"d_augment": "colour"}, "d_augment must be any of color,translation,cutout"),
        ({"d_augment": "color", "task": "colorize", "depth": 6}, "any of translation,cutout"),
        ({"label_smoothing": 0.1, "gan_mode": "hinge"}, "label_smoothing must be 0 with hinge"),
        (
            {"gradient_accumulation_steps": 3, "batch_size": 4},
            "gradient_accumulation_steps must be a divisor of batch_size = 4",
        ),
        ({"lr_scheduler": "plateau"}, "best_metric must be a metric"),
        ({"lr_scheduler": "exponential"}, "lr_scheduler must be one of constant, linear, cosine"),
        ({"d_scales": 4}, "d_scales must be one of 1, 2, 3, got 4"),
        ({"rec_loss": "l3"}, "rec_loss must be one of l1, l2, smooth_l1, got 'l3'"),
        ({"size": 64, "depth": 4, "receptive_field": 286}, "size must be at least 96"),
        ({"size": 128, "depth": 4, "d_scales": 3, "receptive_field": 286}, "at least 384"),
        ({"max_grad_norm": -1.0}, "max_grad_norm must be 0 or more"),
        ({"lr_gamma": 0.0}, "lr_gamma must be above 0"),
        ({"lr_warmup_steps": -1}, "lr_warmup_steps must be 0 or more"),
    ],
    ids=str,
)
def test_choices_that_cannot_be_are_refused_with_the_reason(keys: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        Recipe(**{"task": "labels2photo", **keys})


def test_a_shift_alone_asks_for_translation() -> None:
    assert Recipe(task="labels2photo", d_shift=0.2).policies == ("translation",)
    assert Recipe(task="labels2photo", d_augment="cutout, translation").shift == 1 / 8
    assert Recipe(task="labels2photo").policies == ()


WITHOUT_FEATURES = {"lambda_oasis": 0.0, "lambda_perceptual": 0.0, "projected_d": False}
OF_FEATURES = {"element_dropout", "user_drawings", "lambda_diversity"}
OF_STYLES = {"lambda_diversity", "lambda_class_color"}


@pytest.mark.parametrize(
    ("named", "ended"),
    [
        ({"lambda_oasis": 0.0}, {"element_dropout", "user_drawings"}),
        (WITHOUT_FEATURES, OF_FEATURES),
        ({"prior_fraction": 0.0}, OF_STYLES),
        ({"style_dim": 0, "class_norm": False}, OF_STYLES | {"style_whitening"}),
        ({"ngf": 8}, set()),
    ],
    ids=str,
)
def test_what_needs_a_loss_that_is_turned_off_ends_with_it(
    named: dict, ended: set, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    whole, found = (dataclasses.asdict(load_recipe("facades", keys)) for keys in ({}, named))
    changed = {key for key in whole if whole[key] != found[key]} - named.keys()
    assert changed == ended and not any(found[key] for key in ended)
    assert all(key in caplog.text for key in ended)


def test_what_is_named_is_not_turned_off_in_silence() -> None:
    with pytest.raises(ValueError, match="user_drawings must be 0 without lambda_oasis"):
        load_recipe("facades", {"lambda_oasis": 0.0, "user_drawings": 0.5})


def test_what_show_prints_is_a_recipe_with_the_options_in_it(capsys) -> None:
    assert train.main(["facades", "--ngf", "8", "--random-flip", "false", "--show"]) == 0
    values = tomllib.loads(capsys.readouterr().out)
    shown = from_dict(Recipe, values, "shown")
    assert shown == load_recipe("facades", {"ngf": 8, "random_flip": False})


def test_help_names_every_key_with_its_line(capsys) -> None:
    with pytest.raises(SystemExit):
        train.main(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    for key in recipe_keys():
        if key.name not in ("task", *FROM_DATA):
            assert f"--{key.name.replace('_', '-')} " in words
            assert " ".join(key.help.split()) in words


def test_the_issues_recipes_are_there_and_each_says_what_data_it_wants() -> None:
    assert recipe_names() == [
        "aerial2map",
        "cats",
        "colorize",
        "cut",
        "cyclegan",
        "day2night",
        "edges2photo",
        "facades",
        "facades_hd",
        "fastcut",
        "inpainting",
        "map2aerial",
        "paper",
        "restore",
        "sketch2photo",
        "trace",
    ]
    for name in recipe_names():
        head = (RECIPES_DIR / f"{name}.toml").read_text().split("task =")[0]
        assert "Data: " in head, name


def test_a_recipe_can_extend_another_one() -> None:
    base, cats = load_recipe("sketch2photo"), load_recipe("cats")
    assert cats.layout == base.layout == "photos"
    own = tomllib.loads((RECIPES_DIR / "cats.toml").read_text())
    changed = {key: value for key, value in own.items() if key != "extends"}
    assert cats == dataclasses.replace(base, **changed)


@pytest.mark.parametrize("name", recipe_names())
def test_a_step_of_each_recipe_learns_from_its_kind_of_batch(name: str) -> None:
    size = 128 if load_recipe(name).d_scales > 1 else 64
    small = {"size": size, "progressive_size": 0, "ngf": 4, "ndf": 4, "max_channels": 8, "depth": 4}
    if load_recipe(name).encoder != "unet":
        small["depth"] = 5
    if load_recipe(name).architecture != "unet":
        small["depth"] = 2
    others = {"batch_size": 2, "ema": 0.0, "gan_start": 0.0, "freeze_global": 0.0}
    recipe = load_recipe(name, {**small, **others})
    trainer = trainer_class(recipe)(recipe, torch.device("cpu"), total_steps=10)
    trainer.bf16 = False
    config, side = recipe.generator(), size // 2 if recipe.half_output else size
    images = torch.rand(2, config.in_channels, size, size) * 2 - 1
    side = size if recipe.task == "photo2labels" else side
    target = torch.rand(2, config.out_channels, side, side) * 2 - 1
    condition = torch.rand(2, recipe.condition_channels(), side, side)
    generator = next(iter(trainer.trained.values())).generator
    before = [p.clone() for p in generator.parameters()]
    batch = Batch(images, target, torch.ones(2, 1, side, side), condition)
    for _ in range(2 if recipe.enhancer else 1):  # in the first, only its last layer learns
        losses = trainer.step(batch)
    assert all(loss.isfinite() for loss in losses.values())
    assert (recipe.lambda_gan == 0) == (not {"d", "d_A"} & set(losses))
    after = list(generator.parameters())
    assert sum(not torch.equal(a, b) for a, b in zip(before, after)) == len(before)


def test_a_recipe_fits_another_architecture_and_says_so(caplog) -> None:
    with caplog.at_level("INFO"):
        recipe = load_recipe("edges2photo", {"architecture": "resnet_9blocks", "size": 100})
    assert (recipe.depth, recipe.padding) == (2, "reflect")
    assert "depth 2 (the recipe has 8)" in caplog.text
    given = {"architecture": "resnet_9blocks", "padding": "zeros", "depth": 3}
    recipe = load_recipe("edges2photo", given)
    assert (recipe.depth, recipe.padding) == (3, "zeros")


@pytest.mark.parametrize(
    ("option", "near"), [("--d-agument", "--d-augment"), ("--lambda-L1=3", "--lambda-l1")]
)
def test_an_option_that_is_none_is_refused_with_the_nearest(option, near, capsys) -> None:
    with pytest.raises(SystemExit):
        train.main(["facades", "--data", "x", "--out", "y", option, "color"])
    assert f"did you mean {near}?" in capsys.readouterr().err
