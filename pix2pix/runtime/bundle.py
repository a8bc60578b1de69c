"""Paths of the bundled files: checkpoints, assets and the app's scripts.

They are in the root of a clone, or in a folder of the installed package (pyproject.toml).
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = PACKAGE / "_bundle"
BUNDLE = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent
CHECKPOINTS = BUNDLE / "checkpoints"
ASSETS = BUNDLE / "assets"
