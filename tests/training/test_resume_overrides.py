"""A run goes on with other keys, those that its weights do not depend on."""

import json
from pathlib import Path

import pytest
from helpers.synthetic import write_facades
from helpers.whole_runs import LEAN, content, run, saved_step

from pix2pix.training.run_dir import read_run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_facades(tmp_path / "data", 3, 2, 40, 40)


def test_a_run_goes_on_with_other_keys_and_its_card_says_so(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "run"
    assert run("facades", "--data", data, "--out", out, *LEAN, "--max-steps", 2) == 0
    assert run("--resume", out, "--max-steps", 4, "--lambda-l1", 7, "--lr", 2e-4) == 0
    assert saved_step(out) == 4
    facts = json.loads((out / "config.json").read_text())["training"]
    assert facts["options"]["max_steps"] == 4
    words = "from step 2 max_steps 4 (was 2), from step 2 lambda_l1 7.0 (was 10.0)"
    assert facts["changed_keys"] == words
    assert words in (out / "README.md").read_text().replace("\\", "")


def test_what_the_weights_depend_on_cannot_change_while_a_run_lasts(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("facades", "--data", data, "--out", out, *LEAN, "--max-steps", 1) == 0
    before = content(out)
    for key, value in (("--ngf", 8), ("--batch-size", 4), ("--seed", 1)):
        assert run("--resume", out, key, value) == 2
        said = capsys.readouterr().err
        assert f"{key} cannot change" in said
        assert "max_steps" in said
    assert run("--resume", out, "--ema", 0) == 2
    assert "--ema cannot change to or from 0" in capsys.readouterr().err
    assert run("--resume", out, "--crop-scale", 9) == 2
    assert "crop_scale must be" in capsys.readouterr().err
    assert content(out) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "is not valid JSON"),
        ("[]", "expected the keys name, data and recipe"),
        ('{"name": 1, "data": 1, "recipe": "facades"}', "must be objects"),
        ('{"name": "a", "data": "b", "recipe": {}, "changes": {"step": 1}}', "must be a list"),
        ('{"name": "a", "data": "b", "recipe": {}, "changes": [{"step": 1}]}', "must be objects"),
    ],
)
def test_the_run_of_a_stranger_is_refused_in_words(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ValueError, match=rf"run\.json: .*{reason}"):
        read_run(tmp_path)
