"""Checkpoints, runs, recipes and commands made before keys got their present names still work.

`old_run` was written by the last version with the old names: facades on `write_facades(..., 3, 2,
40, 40)`, four steps, and in `continued` what that version made of it by `--resume DIR --max-steps 6
--accumulate 1`.
"""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic import write_facades
from helpers.whole_runs import run, weights

from pix2pix.checkpoint import read_config
from pix2pix.cli import train
from pix2pix.config import CheckpointConfig
from pix2pix.config_fields import KEY_ALIASES, from_dict
from pix2pix.training import recipe as recipes
from pix2pix.training import trainer_base
from pix2pix.training.recipe import Recipe, load_recipe
from pix2pix.training.run_dir import read_run

OLD_RUN = Path(__file__).parent / "old_run"
OLD_COLORIZE = Path(__file__).parent / "old_colorize"  # the config of an earlier bundled checkpoint
CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
RECIPE_KEYS = {field.name for field in dataclasses.fields(Recipe)}
FLAGS = {
    "--accumulate": "1",
    "--canvas": "lines",
    "--clip-grad": "2",
    "--d-known": "true",
    "--drop": "0.5",
    "--drop-after": "3",
    "--drop-every": "0.2",
    "--fit": "pad",
    "--flip": "false",
    "--gan-loss": "lsgan",
    "--hint-dim": "0",
    "--jitter": "1.5",
    "--lambda-even": "2",
    "--lambda-known": "3",
    "--lambda-seg": "0",
    "--precision": "fp32",
    "--prior-part": "0.3",
    "--schedule": "cosine",
    "--skip-bad": "true",
    "--small-size": "256",
    "--small-until": "0.2",
    "--spectral": "true",
    "--take-out": "0",
    "--warmup": "7",
    "--workers": "3",
}

# The instance norm after it subtracts this bias again, so that its gradient is rounding alone
ONLY_ROUNDING = "generator.up.0.conv.bias"


def metrics(folder: Path) -> list[dict]:
    rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_a_run_with_old_names_goes_on_as_the_version_that_began_it_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its mixed_precision is auto, and it began in float32
    monkeypatch.setattr(trainer_base, "has_fast_bf16", lambda device: False)
    out, data = tmp_path / "run", write_facades(tmp_path / "data", 3, 2, 40, 40)
    shutil.copytree(OLD_RUN, out, ignore=shutil.ignore_patterns("continued"))
    assert run("--resume", out, "--data", data, "--max-steps", 6, "--accumulate", 1) == 0
    expected, got = weights(OLD_RUN / "continued"), weights(out)
    assert expected.keys() == got.keys()
    for name in expected:
        # Adam turns rounding of the smallest gradients, which the processor and threads
        # decide, into steps of the learning rate: single weights differ, tensors do not.
        off = np.abs(got[name].astype(float) - expected[name].astype(float))
        assert off.max() < 2e-2, name
        assert off.mean() < 2e-3 or name == ONLY_ROUNDING, name
    rows = metrics(out)
    assert rows[:8] == metrics(OLD_RUN)
    for row, old in zip(rows[8:], metrics(OLD_RUN / "continued"), strict=True):
        values, old_values = (x.pop("val", {}) for x in (row, old))
        assert row == pytest.approx(old, abs=2e-3)  # step, losses, and rates after a plateau's drop
        assert values == pytest.approx(old_values, abs=0.5)  # of 255

    saved = read_run(out)
    assert saved["recipe"].keys() == RECIPE_KEYS
    assert saved["changes"][0]["keys"]["gradient_accumulation_steps"] == [2, 1]
    config = json.loads((out / "config.json").read_text())
    assert not KEY_ALIASES.keys() & {*config, *config["generator"], *config["training"]["options"]}
    card = (out / "README.md").read_text()
    assert "lr_warmup_steps = 2" in card and "--max-grad-norm 5.0" in card
    assert "\nwarmup" not in card and "--clip-grad" not in card


def test_the_run_with_old_names_has_them(tmp_path: Path) -> None:
    values = json.loads((OLD_RUN / "run.json").read_text())["recipe"]
    assert KEY_ALIASES.keys() - values.keys() == {"largest"}
    assert from_dict(Recipe, values, "run").gradient_accumulation_steps == 2


def test_the_changes_of_an_old_run_get_the_new_names(tmp_path: Path) -> None:
    values = json.loads((OLD_RUN / "run.json").read_text())
    values["changes"] = [{"step": 2, "keys": {"drop": [0.1, 0.5], "lr": [1, 2]}}]
    (tmp_path / "run.json").write_text(json.dumps(values))
    assert read_run(tmp_path)["changes"] == [
        {"step": 2, "keys": {"lr_gamma": [0.1, 0.5], "lr": [1, 2]}}
    ]


@pytest.mark.parametrize("folder", [CHECKPOINTS / "trace", OLD_COLORIZE], ids=lambda f: f.name)
def test_checkpoints_with_old_names_are_read(folder: Path) -> None:
    raw = json.loads((folder / "config.json").read_text())
    assert KEY_ALIASES.keys() & raw["training"]["options"].keys()
    config = read_config(folder)
    options = raw["training"]["options"]
    assert config.max_size == raw.get("largest", 0)
    assert config.input_type == raw["canvas"]
    assert config.crop_scale == options["jitter"]
    assert config.generator.hint_embed_dim == raw["generator"].get("hint_dim", 0)
    assert config.training["options"].keys() <= RECIPE_KEYS
    assert config.training["options"]["lr_warmup_steps"] == options["warmup"]


def test_a_recipe_file_with_old_names_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "RECIPES_DIR", tmp_path)
    (tmp_path / "mine.toml").write_text('task = "labels2photo"\nwarmup = 3\nsmall_size = 256\n')
    recipe = load_recipe("mine", {"workers": 2})
    assert (recipe.lr_warmup_steps, recipe.progressive_size, recipe.num_workers) == (3, 256, 2)
    (tmp_path / "mine.toml").write_text('task = "labels2photo"\nwarmup = 3\nlr_warmup_steps = 3\n')
    with pytest.raises(ValueError, match="recipe mine has both 'lr_warmup_steps' and its old name"):
        load_recipe("mine")


def test_every_old_flag_means_the_new_one_and_stands_in_no_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert {flag[2:].replace("-", "_") for flag in FLAGS} == KEY_ALIASES.keys() - {"largest"}
    shown = []
    for flags in (FLAGS, {new_flag(old): value for old, value in FLAGS.items()}):
        words = [word for pair in flags.items() for word in pair]
        assert train.main(["edges2photo", *words, "--show"]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    with pytest.raises(SystemExit):
        train.main(["--help"])
    help_words = set(capsys.readouterr().out.split())
    assert {new_flag(old) for old in FLAGS} <= help_words
    assert not FLAGS.keys() & help_words


@pytest.mark.parametrize("old", FLAGS)
def test_a_key_under_both_of_its_names_is_refused(
    old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        train.main(["facades", old, FLAGS[old], new_flag(old), FLAGS[old], "--show"])
    assert end.value.code == 2
    assert f"its old name '{old[2:].replace('-', '_')}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "values",
    [
        {"largest": 512, "max_size": 512},
        {"training": {"options": {"warmup": 1, "lr_warmup_steps": 1}}},
    ],
)
def test_a_config_with_a_key_under_both_of_its_names_is_refused(values: dict) -> None:
    raw = json.loads((CHECKPOINTS / "facades" / "config.json").read_text())
    with pytest.raises(ValueError, match=r"has both '.*' and its old name"):
        from_dict(CheckpointConfig, {**raw, **values}, "config")


def new_flag(old: str) -> str:
    return "--" + KEY_ALIASES[old[2:].replace("-", "_")].replace("_", "-")


def test_the_docs_list_every_old_name() -> None:
    text = (CHECKPOINTS.parent / "docs" / "training.md").read_text()
    for old, new in KEY_ALIASES.items():
        assert f"| `{old}` | `{new}` |" in text
