"""The page's pure functions, under the Node that Playwright brings along."""

import subprocess
from pathlib import Path

import playwright
import pytest

NODE = Path(playwright.__file__).parent / "driver" / "node"
TESTS = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(TESTS.glob("*.test.mjs")), ids=lambda path: path.stem)
def test_the_pure_functions_of_the_page_hold_under_node(path: Path) -> None:
    result = subprocess.run(
        [str(NODE), "--test", "--test-reporter=tap", str(path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    cases = path.read_text(encoding="utf-8").count('\ntest("')
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"# pass {cases}\n" in result.stdout, result.stdout
