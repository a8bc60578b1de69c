"""The browser engine makes the style codes of seeds and styles that Python makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.engine import EngineError, NodeJob
from helpers.running import ROOT

from pix2pix.checkpoint import load_checkpoint
from pix2pix.inference.styles import Styles
from pix2pix.models.tensors import style_noise

SEEDS = (0, 1, 7, 1234, 9999, 2**31 - 1, 2**32 - 1, 2**40 + 3)
LENGTHS = (1, 2, 7, 8, 15, 16, 17, 31, 32, 40)


def test_the_noise_of_a_seed_is_that_of_torch(tmp_path: Path) -> None:
    cases = [(length, seed) for length in LENGTHS for seed in SEEDS]
    found = NodeJob(tmp_path).call("labels/style_noise", "styleNoise", [list(c) for c in cases])
    for case, noise in zip(cases, found):
        expected = style_noise(*case)[0].numpy()
        np.testing.assert_allclose(noise, expected, atol=1e-6, rtol=1e-6, err_msg=str(case))


@pytest.fixture(scope="module", params=["facades", "cats"])
def styles(request: pytest.FixtureRequest) -> tuple[Styles, dict[str, Any]]:
    config, model = load_checkpoint(ROOT / "checkpoints" / request.param)
    encoder = model.style_encoder
    assert encoder is not None
    values = {
        "mean": encoder.style_mean.numpy(),
        "covariance": encoder.sampled_covariance().numpy(),
        "styleDim": config.generator.style_dim,
    }
    return Styles(config, encoder), values


def test_the_style_of_a_seed_is_that_of_the_checkpoint(
    tmp_path: Path, styles: tuple[Styles, dict[str, Any]]
) -> None:
    python, values = styles
    seeds = [*SEEDS, *range(0, 10_000, 41)]
    calls = [[seed, None, values] for seed in seeds]
    found = NodeJob(tmp_path).call("labels/style_noise", "styleCode", calls)
    expected = np.concatenate([np.asarray(python.code(seed, None)) for seed in seeds])
    step = float(np.spacing(np.abs(expected).max()))  # of float32, in which torch adds up
    np.testing.assert_allclose(np.stack(found), expected, rtol=0, atol=2 * step)


def test_a_given_style_replaces_the_seed_and_is_checked(
    tmp_path: Path, styles: tuple[Styles, dict[str, Any]]
) -> None:
    python, values = styles
    given: list[list[Any]] = [
        [0.5, -64, 64, 0, 1, 2, 3, -1],
        [],
        [1, 2],
        [65.0] * 8,
        ["a"] * 8,
        [None] * 8,
    ]
    none = {"mean": None, "covariance": None, "styleDim": 0}
    calls = [[0, style, values] for style in given] + [[3, None, none], [3, [1.0], none]]
    good, *bad, unstyled, unwanted = NodeJob(tmp_path).call(
        "labels/style_noise", "styleCode", calls
    )
    np.testing.assert_array_equal(good, np.array(given[0], np.float32))
    for style, error in zip(given[1:], bad):
        with pytest.raises(ValueError) as expected:
            python.code(0, style)
        assert isinstance(error, EngineError)
        assert str(error).split(", got")[0] == str(expected.value).split(", got")[0]
    assert unstyled is None
    assert "style must be left out, this checkpoint has no styles, got [1]" in str(unwanted)
