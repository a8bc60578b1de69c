"""A page whose parts come late: what is pressed before they are there is not lost."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hand import open_file, read_sheet, save, wait_for_building
from PIL import Image

from pix2pix.labels.label_map import encode_label_image

pytestmark = pytest.mark.browser


def hold(page: Any, script: str) -> list[Any]:
    """The requests for a script, which get no answer until they are continued."""
    held: list[Any] = []
    page.route(f"**/{script}*", lambda route: held.append(route))
    return held


def test_what_acts_on_the_drawing_waits_for_it(fake_studio: str, chromium: Any) -> None:
    page = chromium.new_page()
    held = hold(page, "draw/draw.js")
    page.goto(fake_studio)
    bar = page.locator(".st-preview .st-bar")
    bar.wait_for()
    assert bar.evaluate("(bar) => bar.inert")
    assert page.locator(".st-start-panel button, .st-styles button").count() == 0
    for request in held:
        request.continue_()
    page.locator(".st-drawing[data-ready]").wait_for()
    with page.expect_download() as download:  # the click waits until the bar takes it
        save(page, "Save the building")
    assert Image.open(download.value.path()).size == (256, 256)
    wait_for_building(page, page.get_by_role("button", name="New facade", exact=True).click)
    page.locator(".st-styles button").first.wait_for()
    page.close()


def test_a_drawing_can_be_saved_and_opened_though_its_panel_comes_last(
    fake_studio: str, chromium: Any, tmp_path: Path
) -> None:
    page = chromium.new_page()
    held = hold(page, "draw/start_panel.js")
    page.goto(fake_studio)
    page.locator(".st-drawing[data-ready]").wait_for()
    save(page, "Save the drawing")
    with page.expect_download() as download:
        for request in held:
            request.continue_()
    saved = np.asarray(Image.open(download.value.path()))
    np.testing.assert_array_equal(saved, read_sheet(page) + 1)
    path = tmp_path / "all_wall.png"
    wall = np.ones((256, 256), np.uint8)
    encode_label_image(wall).save(path)
    open_file(page, "Open a drawing", path)
    page.wait_for_function(
        "() => document.querySelector('[aria-label=\"Undo\"]').disabled === false"
    )
    np.testing.assert_array_equal(read_sheet(page), wall)
    page.close()
