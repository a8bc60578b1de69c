"""A config is checked key by key, and every refusal names the key and the value."""

import dataclasses
import json
from typing import Any

import pytest

from pix2pix.config import CheckpointConfig, GeneratorConfig, LabelColor
from pix2pix.config_fields import from_dict, require


def facades(**changes: Any) -> dict[str, Any]:
    """config.json of a small facade checkpoint; `generator__KEY` changes a key of its generator."""
    values: dict[str, Any] = {
        "task": "labels2photo",
        "size": 64,
        "generator": {"in_channels": 2, "out_channels": 3, "depth": 4},
        "palette": [{"name": "wall", "rgb": [0, 0, 255]}, {"name": "door", "rgb": [0, 170, 255]}],
    }
    for key, value in changes.items():
        part, _, inner = key.partition("__")
        if inner:
            values[part][inner] = value
        else:
            values[part] = value
    return values


def read(**changes: Any) -> CheckpointConfig:
    return from_dict(CheckpointConfig, facades(**changes), "config")


def test_json_becomes_nested_dataclasses() -> None:
    config = read()
    assert config.generator == GeneratorConfig(in_channels=2, out_channels=3, depth=4)
    assert config.palette[1] == LabelColor("door", (0, 170, 255))


def test_a_config_is_the_same_after_json() -> None:
    config = read(training={"steps": 10}, metrics={"l1": 0.5})
    again = from_dict(CheckpointConfig, json.loads(json.dumps(config.to_dict())), "config")
    assert again == config


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().size = 128  # type: ignore[misc]


def test_a_whole_number_serves_as_a_float() -> None:
    dropout = read(generator__dropout=0).generator.dropout
    assert (dropout, type(dropout)) == (0.0, float)


def test_training_facts_are_kept_as_they_are() -> None:
    facts = {"data": ["a", 1, None], "recipe": {"lr": 2e-4}}
    assert read(training=facts).training == facts


@pytest.mark.parametrize("missing", ["task", "size", "generator"])
def test_a_missing_key_is_named(missing: str) -> None:
    values = facades()
    del values[missing]
    with pytest.raises(ValueError, match=f"config lacks the key '{missing}'"):
        from_dict(CheckpointConfig, values, "config")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"colour": 1}, "config has no key 'colour'"),
        ({"tasks": 1}, "config has no key 'tasks'; did you mean 'task'"),
        ({"generator__nfg": 1}, "config.generator has no key 'nfg'; did you mean 'ngf'"),
        ({"task": "paint"}, "task must be one of labels2photo, .*, got 'paint'"),
        ({"task": None}, "config.task must be of type str, got None"),
        ({"size": 64.0}, "config.size must be of type int, got 64.0"),
        ({"size": True}, "config.size must be of type int, got True"),
        ({"size": 8}, "size must be from 16 to 4096, got 8"),
        ({"size": 10**30}, "size must be from 16 to 4096"),
        ({"size": 72}, "size must be a multiple of 16, got 72"),
        ({"format_version": 2}, "format_version must be 1, .*, got 2"),
        ({"generator": [1]}, "config.generator must be a table of keys and values, got list"),
        ({"generator__half_output": 1}, "half_output must be of type bool, got 1"),
        ({"generator__half_output": True}, "half_output must be false for labels2photo"),
        ({"generator__dropout": float("nan")}, r"dropout must be in \[0, 1\), got nan"),
        ({"generator__dropout": 10**400}, "dropout must be of type float, got 1000"),
        ({"generator__norm": []}, r"norm must be of type str, got \[\]"),
        ({"generator__upsample": "deconv"}, "upsample must be one of resize, transpose"),
        ({"generator__in_channels": 256}, "in_channels must be from 1 to 255, got 256"),
        ({"generator__out_channels": 1}, "out_channels must be 3 for labels2photo, got 1"),
        ({"generator__in_channels": 5}, "palette must be one entry for each of the 5 .*, got 2"),
        ({"palette": {}}, "config.palette must be a list, got {}"),
        ({"palette": [None] * 2}, "config.palette must be a table of keys"),
        ({"palette": [{"name": "a", "rgb": [0, 0]}] * 2}, "palette rgb must be three values"),
        ({"palette": [{"name": "a", "rgb": [0, 0, 256]}] * 2}, "palette rgb must be three values"),
        ({"palette": [{"name": "a", "rgb": [0.5, 0, 0]}] * 2}, "palette.rgb must be of type int"),
        ({"palette": [{"name": "", "rgb": [0, 0, 0]}] * 2}, "palette name must be 1 to 64"),
        ({"metrics": []}, r"config.metrics must be a table, got \[\]"),
        ({"task": "image2image"}, "in_channels must be 3 without input_dtype, got 2"),
        ({"task": "photo2labels"}, "in_channels must be 3 for photo2labels, got 2"),
        ({"task": "colorize"}, "in_channels must be 7 for colorize, got 2"),
        (
            {"task": "colorize", "generator__in_channels": 7},
            "out_channels must be 2 for colorize, got 3",
        ),
        ({"generator__ab_classes": 88}, r"out_channels must be 2 \(a and b\) with ab_classes"),
        ({"generator__hint_embed_dim": 65}, "hint_embed_dim must be from 0 to 64, got 65"),
        (
            {"generator__hint_embed_dim": 8},
            "hint_embed_dim must be 0 without ab_classes or with a depth of",
        ),
    ],
)
def test_an_unsound_value_is_refused_with_its_key(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(**changes)


def test_a_config_that_is_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="config must be a table of keys and values, got list"):
        from_dict(CheckpointConfig, [], "config")


def test_a_refusal_stays_short_whatever_the_value() -> None:
    with pytest.raises(ValueError) as refusal:
        read(size="9" * 1_000_000)
    assert len(str(refusal.value)) < 200


def test_require_says_what_it_expected_and_what_came() -> None:
    require(True, "size", "even", 2)
    with pytest.raises(ValueError, match=r"^size must be even, got 3$"):
        require(False, "size", "even", 3)


STYLED = {"generator__style_dim": 3}


def test_named_styles_are_kept() -> None:
    config = read(styles={"brick": [1, -0.5, 2.25], "été": [0, 0, 0]}, **STYLED)
    assert config.styles == {"brick": (1.0, -0.5, 2.25), "été": (0.0, 0.0, 0.0)}
    again = from_dict(CheckpointConfig, json.loads(json.dumps(config.to_dict())), "config")
    assert again == config


@pytest.mark.parametrize(
    ("styles", "reason"),
    [
        ({"brick": [1.0, 2.0]}, "style must be 3 numbers"),
        ({"brick": [1.0, 2.0, float("nan")]}, "style must be numbers from -64 to 64"),
        ({"brick": [1.0, 2.0, float("inf")]}, "style must be numbers from -64 to 64"),
        ({"brick": [1.0, 2.0, 1e9]}, "style must be numbers from -64 to 64"),
        ({"brick": "123"}, "must be a list"),
        ({"brick": [1.0, 2.0, "3"]}, "must be of type float"),
        ({"": [1.0, 2.0, 3.0]}, "1 to 32 printable"),
        ({"x" * 33: [1.0, 2.0, 3.0]}, "1 to 32 printable"),
        ({"a\nb": [1.0, 2.0, 3.0]}, "1 to 32 printable"),
        ({str(i): [1.0, 2.0, 3.0] for i in range(65)}, "styles must be 64 at most"),
        ([[1.0, 2.0, 3.0]], "must be a table"),
    ],
)
def test_unsound_styles_are_refused(styles: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(styles=styles, **STYLED)


def test_a_checkpoint_without_style_codes_has_no_named_styles() -> None:
    with pytest.raises(ValueError, match="this checkpoint has no styles"):
        read(styles={"brick": [1.0, 2.0, 3.0]})


def test_an_older_config_has_its_fit_in_the_options_of_its_training() -> None:
    old = read(training={"options": {"fit": "pad", "jitter": 1.5}})
    assert (old.resize_mode, old.crop_scale) == ("pad", 1.5)
    assert read(training={"options": {"fit": "auto"}}).resize_mode == "squeeze"  # of label maps
    assert read(fit="crop", training={"options": {"fit": "pad"}}).resize_mode == "crop"
    for options in (None, 5, {"fit": ["pad"]}, {"fit": "fill", "jitter": float("nan")}):
        taken = read(training={"options": options})
        assert (taken.resize_mode, taken.crop_scale) == ("squeeze", 0.0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("resize_mode", "fill"),
        ("crop_scale", 9.0),
        ("input_half", "top"),
        ("object_box", [0.1, 0.1, 0.9, 0.9]),  # of a model of label maps
    ],
)
def test_how_pictures_are_shown_is_checked(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{key} must be"):
        read(**{key: value})
