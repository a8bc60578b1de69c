"""Keyboards of other languages, browsers without compression, and folders that are dropped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import to_colors
from helpers.hand import (
    drag,
    press,
    read_sheet,
    save,
    save_grey_photo,
    start_anew,
    wait_for_building,
)
from PIL import Image

from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import encode_label_image

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]


def strike(page: Any, key: str, code: str, **held: bool) -> None:
    """A key as a keyboard of another layout sends it."""
    page.evaluate(
        "(init) => (document.activeElement ?? document.body).dispatchEvent("
        " new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }))",
        {"key": key, "code": code, **held},
    )


def chosen(page: Any) -> tuple[str, str]:
    """The tool in the hand and the class that it draws."""
    label = page.locator(".st-chip[aria-pressed=true]").get_attribute("aria-label")
    return page.locator(".st-toolbar").get_attribute("data-tool"), label.split(":")[0]


# ---- keyboards ---------------------------------------------------------------------------

# layout: brush, eraser, Ctrl+Z, the second and the sixth class, each with the key that it sends
KEYBOARDS = {
    "Russian": (("и", "KeyB"), ("\u0443", "KeyE"), ("я", "KeyZ"), ("2", "Digit2"), ("6", "Digit6")),
    "Greek": (("β", "KeyB"), ("ε", "KeyE"), ("ζ", "KeyZ"), ("2", "Digit2"), ("6", "Digit6")),
    "Arabic": (("لا", "KeyB"), ("ث", "KeyE"), ("ئ", "KeyZ"), ("٢", "Digit2"), ("٦", "Digit6")),
    "AZERTY": (("b", "KeyB"), ("e", "KeyE"), ("z", "KeyW"), ("é", "Digit2"), ("-", "Digit6")),
    "QWERTZ": (("b", "KeyB"), ("e", "KeyE"), ("z", "KeyY"), ("2", "Digit2"), ("6", "Digit6")),
}


def test_tools_classes_and_undo_have_their_keys_on_every_keyboard(bare: Any) -> None:
    names = bare.locator(".st-chip").evaluate_all(
        "all => all.map((n) => n.ariaLabel.split(':')[0])"
    )
    bare.locator(".st-canvas").hover()
    before = read_sheet(bare)
    for layout, (brush, eraser, undo, second, sixth) in KEYBOARDS.items():
        strike(bare, *brush)
        strike(bare, *sixth)
        assert chosen(bare) == ("brush", names[5]), layout
        strike(bare, *eraser)
        strike(bare, *second)
        assert chosen(bare) == ("eraser", names[1]), layout
        press(bare, "r", "4")
        drag(bare, (0.5, 0.5), (0.7, 0.7))
        assert (read_sheet(bare) != before).any()
        strike(bare, *undo, ctrlKey=True)
        np.testing.assert_array_equal(read_sheet(bare), before, err_msg=layout)


def test_a_latin_letter_at_the_place_of_another_does_what_it_prints(bare: Any) -> None:
    bare.locator(".st-canvas").hover()
    press(bare, "b")
    before = read_sheet(bare)
    drag(bare, (0.5, 0.5), (0.7, 0.7))
    drawn = read_sheet(bare)
    strike(bare, "w", "KeyZ", ctrlKey=True)  # AZERTY's Ctrl+W closes a window and undoes nothing
    strike(bare, "x", "KeyB")  # Dvorak
    np.testing.assert_array_equal(read_sheet(bare), drawn)
    assert chosen(bare)[0] == "brush"
    strike(bare, "?", "KeyM", shiftKey=True)
    assert "with other scripts, by place" in bare.get_by_role("dialog").inner_text()
    press(bare, "Escape")
    strike(bare, "z", "KeyW", ctrlKey=True)
    np.testing.assert_array_equal(read_sheet(bare), before)


def test_hints_are_undone_by_a_russian_key(fake_studio: str, visit: Visit) -> None:
    page = to_colors(visit(fake_studio))
    page.get_by_role("button", name="Add a hint").click()
    assert page.locator(".st-hint-marker").count() == 1
    strike(page, "я", "KeyZ", ctrlKey=True)
    assert page.locator(".st-hint-marker").count() == 0
    strike(page, "Я", "KeyZ", ctrlKey=True, shiftKey=True)
    assert page.locator(".st-hint-marker").count() == 1


# ---- a browser without CompressionStream -------------------------------------------------


@pytest.mark.own_profile
def test_without_compression_streams_all_is_drawn_opened_and_saved(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    page.add_init_script("delete window.CompressionStream; delete window.DecompressionStream;")
    page.reload()
    page.wait_for_selector(".st-drawing[data-ready]")
    assert page.evaluate("() => typeof CompressionStream") == "undefined"
    start_anew(page)
    press(page, "r", "4")
    wait_for_building(page, lambda: drag(page, (0.2, 0.2), (0.6, 0.6)))
    drawing = read_sheet(page)
    with page.expect_download() as saved:
        save(page, "Save the drawing")
    saved.value.save_as(tmp_path / "mine.png")
    wait_for_building(page, page.get_by_role("button", name="Start from:").first.click)
    assert (read_sheet(page) != drawing).any()
    picker = page.locator(".st-start-panel input[type=file]").first
    wait_for_building(page, lambda: picker.set_input_files(tmp_path / "mine.png"))
    np.testing.assert_array_equal(read_sheet(page), drawing)
    with page.expect_download() as saved:
        save(page, "Save the building")
    saved.value.save_as(tmp_path / "building.png")
    with Image.open(tmp_path / "building.png") as image:
        assert image.size == (256, 256)
    to_colors(page)
    photos = [save_grey_photo(tmp_path / name, (90, 60)) for name in ("a.png", "b.png")]
    page.locator("input[type=file][multiple]").set_input_files(photos)
    page.locator(".st-shot[data-name='b.png'][data-state=done]").wait_for()
    page.get_by_role("button", name="Save all").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="All as PNG").click()
    assert saved.value.suggested_filename == "in-colour.zip"


# ---- folders -----------------------------------------------------------------------------


def drop(page: Any, target: str, *paths: Path) -> None:
    """Lets go of files and folders of the disk over an element, as a file manager does."""
    box = page.locator(target).first.bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Photos of an old disk: one without a suffix, one deeper down; and what is no photo."""
    folder = tmp_path / "album"
    (folder / "1941").mkdir(parents=True)
    for name in ("photo10.png", "photo2.png", "1941/aunt.png"):
        save_grey_photo(folder / name, (90, 60))
    save_grey_photo(folder / "scan.png", (70, 60)).rename(folder / "scan0001")
    (folder / "letter.txt").write_text("Dear all")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


def test_a_folder_dropped_on_the_colourise_tab_is_opened(
    fake_studio: str, visit: Visit, album: Path
) -> None:
    page = to_colors(visit(fake_studio))
    drop(page, ".st-stage", album)
    page.locator(".st-shot[data-name='scan0001'][data-state=done]").wait_for()
    names = page.locator(".st-shot").evaluate_all("all => all.map((n) => n.dataset.name)")
    assert names == ["aunt.png", "photo2.png", "photo10.png", "scan0001"]
    page.locator(".st-about", has_text="· 4 files of 2 folders, 1 left out").wait_for()
    assert page.locator(".st-about").inner_text().startswith("aunt.png, ")
    page.locator(".st-shot[data-name='photo2.png'] .st-thumb").click()
    page.locator(".st-about", has_text="photo2.png").wait_for()
    assert "left" not in page.locator(".st-about").inner_text()


def test_a_folder_without_pictures_is_said_in_both_tabs(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "letter.txt").write_text("Dear all")
    page = visit(fake_studio)
    drop(page, ".st-canvas", tmp_path / "texts")
    words = "There is no picture in the folder: 1 other file"
    page.locator(".st-notice", has_text=words).wait_for()
    to_colors(page)
    drop(page, ".st-stage", tmp_path / "texts")
    page.locator(".st-about", has_text=words).wait_for()


def test_of_a_folder_dropped_on_the_sheet_the_first_drawing_is_opened_and_that_is_said(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    folder = tmp_path / "drawings"
    folder.mkdir()
    for i in (4, 2):
        encode_label_image(build_facade(PRESETS[i], 256)).save(folder / f"house{i}.png")
    (folder / "about.txt").write_text("houses")

    def drop_and_read() -> None:
        drop(page, ".st-canvas", folder)  # what is said at once goes after some seconds
        words = "house2.png is opened, the first of 2 files"
        page.locator(".st-notice", has_text=words).wait_for()

    wait_for_building(page, drop_and_read)
    np.testing.assert_array_equal(read_sheet(page), build_facade(PRESETS[2], 256))
