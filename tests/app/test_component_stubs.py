"""Gradio is imported without the stubs that it writes: half of the time that it takes."""

import subprocess
import sys

from helpers.running import ROOT

CODE = """
import ast, inspect
parsed, parse = [], ast.parse
ast.parse = lambda *args, **named: parsed.append(args) or parse(*args, **named)
import pix2pix.app.component_stubs
import gradio
print(len(parsed))  # over 160 otherwise
from pix2pix.app.component_base import ScriptedHTML
assert inspect.getfile(ScriptedHTML).endswith("component_base.py")
assert callable(gradio.Button.click) and callable(gradio.Textbox.change)
"""


def test_no_source_is_parsed_while_gradio_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20
