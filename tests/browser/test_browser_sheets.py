"""Sheets of other shapes than the model's, in the browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hand import (
    drag,
    open_file,
    press,
    read_picture,
    read_sheet,
    save,
    tool,
    wait_for_building,
)
from helpers.visits import reload
from PIL import Image

from pix2pix.labels.label_map import encode_label_image

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
DOOR, SHOP = 3, 11


def new_sheet(page: Any, shape: str) -> None:
    tool(page, "New drawing")
    page.get_by_role("radio", name=shape).check(force=True)
    page.get_by_role("alertdialog").get_by_role("button", name="New drawing").click()


def test_a_tall_sheet_is_drawn_on_saved_and_there_again(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    square = read_sheet(page)
    wait_for_building(page, lambda: new_sheet(page, "Tall, 1 to 2"))
    box = page.locator(".st-canvas").bounding_box()
    assert box["height"] == pytest.approx(2 * box["width"], abs=2)
    press(page, "4", "r")
    wait_for_building(page, lambda: drag(page, (0.305, 0.7505), (0.505, 0.9505)))
    drawn = read_sheet(page)
    assert drawn.shape == (512, 256)
    rows, columns = np.nonzero(drawn == DOOR)
    assert [rows.min(), rows.max(), columns.min(), columns.max()] == [384, 486, 78, 129]
    assert read_picture(page.locator(".st-preview img").last).shape == (512, 256, 3)

    # A facade of the shape; and what is saved opens as it was
    wait_for_building(page, lambda: tool(page, "New facade"))
    assert read_sheet(page).shape == (512, 256)
    press(page, "Control+z")
    with page.expect_download() as download:
        save(page, "Save the drawing")
    saved = Image.open(download.value.path())
    np.testing.assert_array_equal(np.asarray(saved), drawn + 1)

    # Undone to the square, opened again, and there after a reload
    wait_for_building(page, lambda: press(page, *["Control+z"] * 2))
    np.testing.assert_array_equal(read_sheet(page), square)
    saved.save(tmp_path / "tall.png")
    wait_for_building(page, lambda: open_file(page, "Open a drawing", tmp_path / "tall.png"))
    np.testing.assert_array_equal(read_sheet(page), drawn)
    page.reload()
    page.wait_for_selector(".st-drawing[data-ready]")
    np.testing.assert_array_equal(read_sheet(page), drawn)


def test_a_picture_opens_as_a_sheet_of_its_shape(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio, phone=True)
    for (height, width), expected in (((90, 160), (256, 455)), ((60, 240), (256, 512))):
        labels = np.full((height, width), SHOP, np.uint8)
        encode_label_image(labels).save(tmp_path / "wide.png")
        wait_for_building(page, lambda: open_file(page, "Open a drawing", tmp_path / "wide.png"))
        assert read_sheet(page).shape == expected
        over = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, "wider than the screen"


def test_nothing_behind_a_question_is_drawn_on(bare: Any) -> None:
    before = read_sheet(bare)
    press(bare, "4", "b", "n")
    drag(bare, (0.1, 0.6), (0.9, 0.6))
    drag(bare, (0.02, 0.02), (0.1, 0.02))
    press(bare, "e", "2")
    np.testing.assert_array_equal(read_sheet(bare), before)
    press(bare, "Escape")
    chosen = bare.locator(".st-toolbar").get_attribute("data-tool")
    assert chosen == "brush", "keys do not reach the tools behind it"


def test_earlier_pictures_come_back_with_drawing_look_and_seed(
    fake_studio: str, visit: Visit
) -> None:
    page = visit(fake_studio)
    opener = page.get_by_role("button", name="Earlier pictures", exact=True)

    def noted(count: int) -> tuple[np.ndarray, str, np.ndarray]:
        page.wait_for_function(
            "(n) => document.querySelector('.st-history button').dataset.count === n",
            arg=str(count),
        )
        picture = read_picture(page.locator(".st-preview .st-frame img").last)
        seed = page.get_by_label("Seed", exact=True).input_value()
        return read_sheet(page), seed, picture

    first = noted(1)
    wait_for_building(page, page.get_by_role("button", name="Look 1203").click)
    second = noted(2)
    wait_for_building(page, lambda: new_sheet(page, "Tall, 1 to 2"))
    noted(3)
    wait_for_building(page, lambda: reload(page))
    noted(3)
    for name, expected in (("Picture 2, seed 1203", second), ("Picture 1, seed 7", first)):
        if opener.get_attribute("aria-expanded") == "false":
            opener.click()
        wait_for_building(page, page.get_by_role("button", name=name).click)
        page.get_by_role("button", name=name, pressed=True).wait_for()  # it is noted, too
        for found, wanted in zip(noted(3), expected):
            np.testing.assert_array_equal(found, wanted)
    press(page, "Escape")
    press(page, "Control+z")
    assert read_sheet(page).shape == (512, 256), "going back is a step that can be undone"
