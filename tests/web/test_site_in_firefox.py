"""The page without a server in the Firefox that is installed, where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from helpers.firefox import Firefox, find_firefox, start_firefox
from helpers.static_site import cache_with_runtime, serve_files

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.site import build_site
from pix2pix.web.tabs import SiteModel

FIREFOX = find_firefox()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not FIREFOX, reason="needs Firefox")]
READY = "document.querySelector('.st-drawing[data-ready]')"
INK = """
const sheet = document.querySelector('.st-canvas');
const { data } = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height);
return data.filter((value, i) => i % 4 === 0 && value < 128).length;
"""
BOX = """
const { x, y, width, height } = document.querySelector('.st-canvas').getBoundingClientRect();
return [x, y, width, height];
"""


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    profile = tmp_path / "profile"
    profile.mkdir()
    with start_firefox(str(FIREFOX), profile) as browser:
        yield browser


def test_in_firefox_a_stroke_becomes_a_picture_and_both_are_kept(
    tmp_path: Path, firefox: Firefox
) -> None:
    recipe = Recipe("image2image", size=64, depth=4, ngf=8, max_channels=32, input_type="lines")
    config = checkpoint_config(recipe)
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "pen", config, Model(config), "# Pen\n")
    model = SiteModel("Pen", tmp_path / "pen")
    build_site(tmp_path / "site", [model], cache=cache_with_runtime(), weights="32")
    with serve_files(tmp_path / "site") as url:
        firefox.goto(url)
        firefox.wait_for(READY)
        x, y, width, height = firefox.run(BOX)
        places = ((0.2, 0.3), (0.5, 0.6), (0.8, 0.4))
        firefox.drag([(x + width * across, y + height * down) for across, down in places])
        firefox.wait_for("+document.querySelector('.st-preview').dataset.picture > 0")
        ink = firefox.run(INK)
        assert ink > 20
        firefox.run("await navigator.serviceWorker.ready;")
        firefox.goto(url)  # now through the service worker, which WebDriver's own reload leaves out
        firefox.wait_for(READY)
        firefox.wait_for("+document.querySelector('.st-preview').dataset.picture > 0")
        assert firefox.run(INK) == ink
        assert firefox.run("return self.crossOriginIsolated;"), "it may use threads"
