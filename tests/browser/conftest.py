"""The Colourise tab with a model that shows its hints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.colorize_tab import SpotColorizer, Visit, to_colors
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer


@pytest.fixture(scope="module")
def spots(upload_folder: Path) -> Iterator[str]:
    """The app's address; each hint is a square of its colour."""
    yield from serve(PaletteDrawer(), SpotColorizer())


@pytest.fixture
def tab(spots: str, visit: Visit) -> Any:
    """A page with the Colourise tab open."""
    return to_colors(visit(spots))
