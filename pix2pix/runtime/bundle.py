"""Where the files that come along lie: checkpoints, assets and the app's own scripts.

In a clone that is its root; in an installed package a folder of the package (pyproject.toml).
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = PACKAGE / "_bundle"
BUNDLE = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent
CHECKPOINTS = BUNDLE / "checkpoints"
ASSETS = BUNDLE / "assets"
