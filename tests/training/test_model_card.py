"""The model card: all of it true of its config, read by the Hub, its commands of use."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.cli import train
from pix2pix.config import CHANNELS, TASKS, CheckpointConfig, GeneratorConfig, LabelColor
from pix2pix.config_fields import from_dict
from pix2pix.labels.label_map import CLASSES, encode_label_image
from pix2pix.training.model_card import write_card
from pix2pix.training.recipe import Recipe, load_recipe
from pix2pix.training.train_step import checkpoint_config

PALETTE = tuple(LabelColor(c.name, c.rgb) for c in CLASSES)


def make_config(task: str, **facts: object) -> CheckpointConfig:
    inputs, outputs = CHANNELS[task]
    others = 3 if task == "image2image" else 12
    shape = GeneratorConfig(inputs or others, outputs or others, ngf=8, depth=4)
    metrics = {"psnr_own_style": 21.5, "examples": 64}
    palette = PALETTE if "labels" in task else ()
    return CheckpointConfig(
        task, 64, generator=shape, palette=palette, training=dict(facts), metrics=metrics
    )


def front_matter(card: str) -> dict:
    """The keys of the block, each a JSON value, which YAML reads as the same."""
    start, block, _ = card.split("---\n", 2)
    assert start == ""
    return {k: json.loads(v) for k, v in (line.split(": ", 1) for line in block.splitlines())}


@pytest.mark.parametrize("task", TASKS)
def test_the_hub_finds_what_it_reads(task: str) -> None:
    keys = front_matter(write_card(make_config(task, recipe="mine"), "cc-by-sa-4.0"))
    assert keys["pipeline_tag"] in ("image-to-image", "image-segmentation")
    assert {task, "pix2pix", "mine"} <= set(keys["tags"])
    assert keys["license"] == "cc-by-sa-4.0"
    assert "license" not in front_matter(write_card(make_config(task)))


def test_a_name_can_neither_end_the_front_matter_nor_add_markup() -> None:
    card = write_card(make_config("colorize", recipe='x"\n---\nlicense: mit\n<script>|'))
    assert front_matter(card).keys() == {"library_name", "pipeline_tag", "tags"}
    body = card.split("\n---\n", 1)[1]
    assert "<script>" not in body
    assert '| recipe | x" --- license: mit &lt;script>\\| |' in body


def test_the_command_repeats_the_run() -> None:
    recipe = load_recipe("facades", {"max_steps": 5000, "spectral_norm": False, "lr": 1e-3})
    options = {k: getattr(recipe, k) for k in Recipe.__dataclass_fields__}
    card = write_card(make_config("labels2photo", recipe="facades", options=options))
    command = next(line for line in card.splitlines() if line.startswith("python train.py"))
    parsed = vars(train.build_parser().parse_args(shlex.split(command)[2:]))
    keys = {k: v for k, v in parsed.items() if k in options}
    assert keys == {"max_steps": 5000, "spectral_norm": False, "lr": 1e-3}
    assert load_recipe(parsed["recipe"], keys) == recipe


def test_the_recipe_in_the_card_is_the_recipe() -> None:
    try:
        import tomllib
    except ModuleNotFoundError:
        import tomli as tomllib
    recipe = load_recipe("trace")
    options = {k: getattr(recipe, k) for k in Recipe.__dataclass_fields__}
    card = write_card(make_config("photo2labels", recipe="trace", options=options))
    text = card.split("```toml\n")[1].split("```")[0]
    assert from_dict(Recipe, tomllib.loads(text), "card") == recipe


def test_figures_facts_and_classes_are_in_words() -> None:
    card = write_card(make_config("labels2photo", train_images=400, hours=1.5))
    assert "| PSNR, dB: own style ↑ | 21.500 |" in card
    assert "| examples | 64 |" in card
    assert "| train images | 400 |" in card
    assert "12 classes: background, facade, window" in card
    assert "None is stated" in card


@pytest.mark.parametrize("task", ["labels2photo", "colorize", "image2image"])
def test_the_python_of_the_card_runs(task: str, tmp_path: Path, monkeypatch) -> None:
    config = make_config(task)
    card = write_card(config)
    save_checkpoint(tmp_path / "FOLDER", config, Model(config), card)
    Image.new("RGB", (70, 50), "grey").save(tmp_path / "scan.jpg")
    Image.new("RGB", (70, 50), "white").save(tmp_path / "input.png")
    encode_label_image(np.ones((50, 70), np.uint8)).save(tmp_path / "drawing.png")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(card.split("```python\n")[1].split("```")[0], names)
    made = names["image" if task == "image2image" else "photo"]
    assert np.asarray(made).shape == (50, 70, 3)


def test_a_card_says_how_a_local_enhancer_is_used_beside_facades() -> None:
    card = write_card(checkpoint_config(load_recipe("facades_hd"), {"recipe": "facades_hd"}))
    assert "--size 1024 --checkpoint-hd FOLDER" in card
    assert "--checkpoint-facades-hd FOLDER" in card and "--checkpoint FOLDER" not in card
    assert "from views as near as in pictures of 1024 on the short side" in card
