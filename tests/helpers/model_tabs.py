"""The tab of a model in the browser: opened, drawn on, and its pictures saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from helpers.hand import read_canvas, read_picture


def show_tab(page: Any, name: str) -> Any:
    """Opens a tab, from the menu where the row has no room for it; its panel."""
    tabs = page.get_by_role("tab", name=name, exact=True)
    if tabs.count() and tabs.first.is_visible():
        tabs.first.click()
    else:
        page.locator(".overflow-menu > button").click()
        page.locator(".overflow-dropdown button", has_text=name).click()
    return page.locator("[role=tabpanel]:visible")


def read_sheet(panel: Any, colors: np.ndarray) -> np.ndarray:
    """The drawing on screen as indices of `colors` (H, W); fails on any other colour."""
    rgb = read_canvas(panel.locator(".st-canvas"))
    exact = (rgb.astype(int)[:, :, None] == colors).all(-1)
    assert exact.any(-1).all()
    return exact.argmax(-1).astype(np.uint8)


def stroke(panel: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page = panel.page
    box = panel.locator(".st-canvas").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=8)
    page.mouse.up()


def wait_for_picture(panel: Any, act: Callable[[], Any]) -> np.ndarray:
    """Does something; the picture that comes of the newest drawing."""
    node = panel.locator(".st-preview[data-picture]").element_handle()
    shown = node.get_attribute("data-picture")
    act()
    panel.page.wait_for_function(
        "([{ dataset: { asked, picture } }, shown]) =>"
        " asked && asked === picture && picture !== shown",
        arg=[node, shown],
    )
    return read_picture(panel.locator(".st-preview img").last)


def save_item(panel: Any, item: str) -> Path:
    with panel.page.expect_download() as download:
        panel.get_by_role("button", name="Save", exact=True).click()
        panel.get_by_role("menuitem", name=item, exact=True).click()
    return Path(download.value.path())


def open_in(panel: Any, button: str, path: Path) -> None:
    with panel.page.expect_file_chooser() as chooser:
        panel.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(path)
