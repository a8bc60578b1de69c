"""The canvas's pure functions, under the Node that Playwright brings along."""

import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"
CASES = Path(__file__).parent / "labelmap.test.mjs"


def test_the_pure_functions_of_the_canvas_hold_under_node() -> None:
    result = subprocess.run(
        [str(NODE), "--test", "--test-reporter=tap", str(CASES)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    cases = CASES.read_text(encoding="utf-8").count('\ntest("')
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"# pass {cases}\n" in result.stdout, result.stdout
