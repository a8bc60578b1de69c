"""Fixtures of the tests of training: the run of two workers that nothing broke.

They import what needs torch themselves, as those of tests/conftest.py do.
"""

from pathlib import Path

import pytest
from helpers.forked import Forker


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pairs to train with, two to evaluate with."""
    from helpers.synthetic import write_facades

    return write_facades(tmp_path_factory.mktemp("pairs") / "data", 5, 2, 40, 40)


@pytest.fixture(scope="session")
def whole_run(forker: Forker, pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two workers that nothing broke, for reading only."""
    from helpers.two_workers import run_whole

    return run_whole(forker, tmp_path_factory.mktemp("whole"), pairs)
