"""The Colourise tab with models that show their hints and strokes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.colorize_tab import SpotColorizer, Visit, open_colors
from helpers.hand import open_file, save_grey_photo
from helpers.repair import remove_scratches
from helpers.serving import serve
from helpers.stand_ins import StrokeRestorer


@pytest.fixture(scope="session")
def spots(upload_folder: Path) -> Iterator[str]:
    """The address of an app that only colours; each hint is a square of its colour."""
    yield from serve(None, SpotColorizer())


@pytest.fixture
def tab(spots: str, visit: Visit) -> Any:
    """A page with the Colourise tab open."""
    return open_colors(visit, spots)


@pytest.fixture(scope="session")
def repairing(upload_folder: Path) -> Iterator[str]:
    """The address of an app that only colours; what is marked becomes grey."""
    yield from serve(None, SpotColorizer(), restorer=StrokeRestorer())


@pytest.fixture
def repair_photo(tmp_path: Path) -> Path:
    return save_grey_photo(tmp_path / "one.png", (300, 200))


@pytest.fixture
def repair_tab(repairing: str, visit: Visit, repair_photo: Path) -> Any:
    """A page with a photo open whose scratches are removed."""
    page = open_colors(visit, repairing)
    open_file(page, "Open photos", repair_photo)
    page.locator(".st-photo[data-shown='one.png']").wait_for()
    remove_scratches(page)
    return page
