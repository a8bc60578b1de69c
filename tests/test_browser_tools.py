"""The studio by hand: its tools, its keys, its memory and the help sheet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SCREENSHOTS, PaletteDrawer
from hand import (
    drag,
    finger,
    press,
    read_building,
    read_sheet,
    save,
    start_anew,
    tool,
    wait_for_building,
)
from PIL import Image

from pix2pix.labels import PALETTE

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
WINDOW, DOOR, SHOP = 2, 3, 11


@pytest.fixture
def bare(fake_studio: str, visit: Visit) -> Any:
    """A page with a bare wall, and a window of 26 x 26 pixels at (0.2, 0.2)."""
    page = visit(fake_studio)
    start_anew(page)
    press(page, "3", "r")
    drag(page, (0.2, 0.2), (0.3, 0.3))
    return page


def boxes(sheet: np.ndarray, class_index: int) -> tuple[int, int]:
    """How many columns and rows of a class stand apart."""
    found = sheet == class_index

    def runs(line: np.ndarray) -> int:
        return int((np.diff(line.astype(int), prepend=0) == 1).sum())

    return runs(found.any(0)), runs(found.any(1))


def test_a_line_is_straight_and_as_thick_as_the_brush(bare: Any) -> None:
    press(bare, "4", "l")
    drag(bare, (0.3, 0.5), (0.7, 0.5))
    line = read_sheet(bare) == DOOR
    assert (line[:, 90:170].sum(0) == 12).all()
    assert boxes(read_sheet(bare), DOOR) == (1, 1)


def test_the_eyedropper_takes_the_class_and_gives_the_tool_back(bare: Any) -> None:
    press(bare, "=", "i")
    drag(bare, (0.25, 0.25), (0.25, 0.25))
    chosen = bare.locator(".st-chip[aria-pressed=true]")
    assert chosen.get_attribute("aria-label").startswith("window:")
    assert bare.locator(".st-rail [aria-pressed=true]").get_attribute("aria-label") == "Rectangle"
    assert bare.locator(".st-rail").get_attribute("data-tool") == "rectangle"


def test_a_selection_moves_by_drag_and_by_arrows_and_leaves_the_wall(bare: Any) -> None:
    before = read_sheet(bare)
    press(bare, "s")
    drag(bare, (0.25, 0.25), (0.25, 0.25))  # a click takes the window
    drag(bare, (0.25, 0.25), (0.5, 0.5))
    moved = read_sheet(bare)
    assert (moved == WINDOW).sum() == (before == WINDOW).sum()
    assert (moved[51:77, 51:77] == 1).all(), "the wall is back where it was"
    assert moved[128, 128] == WINDOW
    for _ in range(5):
        press(bare, "ArrowRight")
    nudged = np.roll(moved == WINDOW, 5, axis=1)
    np.testing.assert_array_equal(read_sheet(bare) == WINDOW, nudged)
    press(bare, "Control+z")
    np.testing.assert_array_equal(read_sheet(bare), moved)
    press(bare, "Control+z")
    np.testing.assert_array_equal(read_sheet(bare), before)


def test_copy_paste_duplicate_delete_and_escape_by_keys(bare: Any) -> None:
    before = read_sheet(bare)
    pixels = (before == WINDOW).sum()
    press(bare, "s")
    drag(bare, (0.15, 0.15), (0.35, 0.35))
    press(bare, "Control+c", "Control+v")
    box = bare.locator(".st-sheet").bounding_box()
    bare.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"])
    press(bare, "Control+v")
    assert read_sheet(bare)[179, 179] == WINDOW, "pasted at the pointer"
    press(bare, "Escape")
    assert bare.locator(".st-marquee").is_hidden()
    press(bare, "Control+z", "Control+z")
    np.testing.assert_array_equal(read_sheet(bare), before)
    drag(bare, (0.25, 0.25), (0.25, 0.25))
    press(bare, "Control+d")
    assert (read_sheet(bare) == WINDOW).sum() == 2 * pixels
    assert boxes(read_sheet(bare), WINDOW) == (2, 1)
    press(bare, "Delete")
    np.testing.assert_array_equal(read_sheet(bare), before)


def test_one_drag_of_the_repeat_tool_makes_a_wall_of_windows(bare: Any) -> None:
    before = read_sheet(bare)
    press(bare, "t")
    drag(bare, (0.25, 0.25), (0.75, 0.75))
    sheet = read_sheet(bare)
    assert boxes(sheet, WINDOW) == (4, 4)
    starts = np.flatnonzero(np.diff((sheet == WINDOW).any(0).astype(int)) == 1)
    assert np.ptp(np.diff(starts)) <= 1, "at even distances"
    assert sheet[191, 191] == WINDOW, "the last one is under the pointer"
    press(bare, "Control+z")
    np.testing.assert_array_equal(read_sheet(bare), before)


def test_mirrored_strokes_are_symmetric(bare: Any) -> None:
    start_anew(bare)
    press(bare, "m")
    for key in ("b", "r", "l", "e"):
        press(bare, key, "8" if key != "e" else "2")
        drag(bare, (0.31, 0.2), (0.2, 0.43))
    press(bare, "t")
    drag(bare, (0.3, 0.22), (0.33, 0.7))
    sheet = read_sheet(bare)
    assert len(np.unique(sheet)) > 2
    wrong = sheet[:, 16:240] != sheet[:, 16:240][:, ::-1]
    assert not wrong.any()


def test_the_grid_catches_corners(bare: Any) -> None:
    press(bare, "g", "=")
    drag(bare, (0.41, 0.42), (0.59, 0.61))
    rows, columns = np.nonzero(read_sheet(bare) == SHOP)
    for low, high in ((rows.min(), rows.max()), (columns.min(), columns.max())):
        assert low % 8 == 0 and (high + 1) % 8 == 0


def test_new_keeps_the_drawing_until_it_is_confirmed(bare: Any) -> None:
    before = read_sheet(bare)
    for answer in ("Keep it", "Escape"):
        press(bare, "n")
        np.testing.assert_array_equal(read_sheet(bare), before)
        if answer == "Escape":
            bare.keyboard.press("Escape")
        else:
            bare.get_by_role("button", name=answer).click()
        assert bare.get_by_role("alertdialog").count() == 0
        np.testing.assert_array_equal(read_sheet(bare), before)
    start_anew(bare)
    assert set(np.unique(read_sheet(bare))) == {0, 1}
    press(bare, "Control+z")
    np.testing.assert_array_equal(read_sheet(bare), before)


def test_a_hundred_strokes_are_undone_across_tools(bare: Any) -> None:
    before = read_sheet(bare)
    box = bare.locator(".st-sheet").bounding_box()
    for i in range(100):
        press(bare, "brle"[i % 4], "45"[i // 4 % 2])
        x, y = box["x"] + 60 + 4 * i, box["y"] + 300 + 2 * (i % 9)
        bare.mouse.move(x, y)
        bare.mouse.down()
        bare.mouse.move(x + 30, y + 25)
        bare.mouse.up()
    after = read_sheet(bare)
    assert (after != before).any()
    for _ in range(100):
        press(bare, "Control+z")
    np.testing.assert_array_equal(read_sheet(bare), before)
    for _ in range(100):
        press(bare, "Control+y")
    np.testing.assert_array_equal(read_sheet(bare), after)


def test_a_reload_brings_back_drawing_seed_and_tool(bare: Any) -> None:
    press(bare, "6", "l", "m")
    seed = bare.get_by_label("Seed")
    wait_for_building(bare, lambda: (seed.fill("123"), seed.press("Enter")))
    drawing, building = read_sheet(bare), read_building(bare)
    bare.wait_for_timeout(500)
    wait_for_building(bare, lambda: (bare.reload(), bare.wait_for_selector("[data-ready]")))
    np.testing.assert_array_equal(read_sheet(bare), drawing)
    np.testing.assert_array_equal(read_building(bare), building)
    assert seed.input_value() == "123"
    assert bare.locator(".st-rail").get_attribute("data-tool") == "line"
    assert bare.locator(".st-frame.st-mirrored").count() == 1
    label = bare.locator(".st-chip[aria-pressed=true]").get_attribute("aria-label")
    assert label.startswith("sill:")


@pytest.mark.parametrize("kept", ["{", "null", '{"size": 256, "ids": "eJw="}', '{"size": 64}'])
def test_what_the_browser_kept_may_be_broken(fake_studio: str, visit: Visit, kept: str) -> None:
    page = visit(fake_studio)
    first = read_sheet(page)
    page.add_init_script(f"localStorage.setItem('pix2pix-drawing', {kept!r})")
    page.reload()
    page.wait_for_selector("[data-ready]")
    np.testing.assert_array_equal(read_sheet(page), first)


def test_with_live_off_the_building_waits_for_the_draw_button(bare: Any) -> None:
    bare.wait_for_timeout(400)
    bare.get_by_role("switch", name="Live").click()
    before = read_building(bare)
    press(bare, "4")
    drag(bare, (0.5, 0.5), (0.7, 0.7))
    bare.wait_for_timeout(300)
    np.testing.assert_array_equal(read_building(bare), before)
    wait_for_building(bare, bare.get_by_role("button", name="Draw", exact=True).click)
    assert (read_building(bare) != before).any()


def test_the_help_sheet_names_every_tool_and_class_and_takes_the_keys(bare: Any) -> None:
    press(bare, "?")
    sheet = bare.get_by_role("dialog")
    text = sheet.inner_text()
    for word in ("Brush", "Repeat", "Mirror", "window", "molding", "a raised band", "Ctrl Z"):
        assert word in text
    tool_before = bare.locator(".st-rail").get_attribute("data-tool")
    press(bare, "f")
    assert bare.locator(".st-rail").get_attribute("data-tool") == tool_before
    press(bare, "Escape")
    assert sheet.count() == 0


def test_every_tool_works_by_finger(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio, phone=True)
    page.evaluate("() => window.scrollTo(0, 0)")
    start_anew(page)
    page.get_by_role("button", name="window:").tap()
    tool(page, "Rectangle")
    finger(page, (0.2, 0.2), (0.3, 0.3))
    tool(page, "Repeat")
    finger(page, (0.25, 0.25), (0.75, 0.25))
    assert boxes(read_sheet(page), WINDOW) == (4, 1)
    tool(page, "Select")
    finger(page, (0.25, 0.25), (0.25, 0.25))
    page.get_by_role("button", name="Delete", exact=True).tap()
    assert boxes(read_sheet(page), WINDOW) == (3, 1)
    page.get_by_role("button", name="door:").tap()
    for name, end in (("Line", (0.6, 0.5)), ("Brush", (0.5, 0.6)), ("Fill", (0.9, 0.9))):
        before = read_sheet(page)
        tool(page, name)
        finger(page, (0.4, 0.5), end)
        if name != "Fill":
            assert (read_sheet(page) != before).any(), name
    assert page.evaluate("() => window.scrollY") == 0


def test_the_looks_come_when_the_hand_rests_and_a_press_takes_one(
    studio: str, visit: Visit
) -> None:
    page = visit(studio)
    page.wait_for_selector(".st-looks[data-complete=true]", timeout=30_000)
    pictures = page.evaluate("() => [...document.querySelectorAll('.st-look img')].map(i => i.src)")
    assert len(set(pictures)) == len(pictures) == 6
    wait_for_building(page, page.get_by_role("button", name="Look 2718").click)
    assert page.get_by_label("Seed", exact=True).input_value() == "2718"
    press(page, "r", "=")
    wait_for_building(page, lambda: drag(page, (0.2, 0.2), (0.8, 0.8)))
    page.wait_for_selector(".st-looks[data-complete=true]", timeout=30_000)
    others = page.evaluate("() => [...document.querySelectorAll('.st-look img')].map(i => i.src)")
    assert not set(others) & set(pictures)


def test_the_building_beside_the_drawing_is_saved_as_one_picture(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    with page.expect_download() as saved:
        save(page, "Save both side by side")
    saved.value.save_as(tmp_path / "both.png")
    with Image.open(tmp_path / "both.png") as image:
        both = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(both[:, :256], PALETTE[read_sheet(page)])
    np.testing.assert_array_equal(both[:, 256:], PaletteDrawer().draw(read_sheet(page), 7))


def test_every_control_has_a_name_and_is_reached_by_tab(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    nameless = page.evaluate(
        "() => [...document.querySelectorAll('.studio-desk :is(button, input:not([type=file]))')]"
        ".filter((n) => !n.ariaLabel && !n.textContent.trim() && !n.labels?.[0]?.textContent)"
        ".map((n) => n.outerHTML)"
    )
    assert nameless == []
    page.locator(".st-rail button").first.focus()
    names, unseen = [], []
    for _ in range(60):
        name, outline = page.evaluate(
            "() => { const n = document.activeElement; const of = n.closest('.st-size') ?? n;"
            " return [n.ariaLabel, getComputedStyle(of).outlineStyle]; }"
        )
        names.append(name)
        if name and outline == "none":
            unseen.append(name)
        press(page, "Tab")
    assert unseen == [], "the focus is seen"
    for wanted in ("Brush", "Repeat", "Help", "Save", "Look 7", "New facade", "Surprise me"):
        assert wanted in names, wanted
    assert any(name and name.startswith("The drawing.") for name in names)


def test_the_help_sheet_gives_the_focus_back(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    page.get_by_role("button", name="Help").focus()
    press(page, "Enter")
    assert page.evaluate("() => document.activeElement.ariaLabel") == "Close"
    press(page, "Escape")
    assert page.evaluate("() => document.activeElement.ariaLabel") == "Help"


@pytest.mark.parametrize(("device", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_screenshots_of_the_studio_at_work(
    studio: str, visit: Visit, device: str, scheme: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page = visit(studio, phone=device == "phone", scheme=scheme)

    def shoot(name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}-{device}-{scheme}.png")

    page.wait_for_selector(".st-looks[data-complete=true]", timeout=30_000)
    for name in ("Mirror", "Snap to grid", "Select"):
        tool(page, name)
    (drag if device == "desktop" else finger)(page, (0.5, 0.3), (0.5, 0.3))
    shoot("select")
    tool(page, "New drawing")
    shoot("new")
    page.get_by_role("button", name="Keep it").click()
    tool(page, "Save")
    shoot("save")
    page.keyboard.press("Escape")
    tool(page, "Help")
    shoot("help")
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_each_press_makes_another_facade_and_it_can_be_undone(
    fake_studio: str, visit: Visit
) -> None:
    page = visit(fake_studio)
    seen = [read_sheet(page)]
    for _ in range(3):
        wait_for_building(page, lambda: tool(page, "New facade"))
        seen.append(read_sheet(page))
        assert {WINDOW, DOOR} <= set(np.unique(seen[-1]))
        assert all((seen[-1] != other).any() for other in seen[:-1])
    page.locator(".st-sheet").hover()
    press(page, "Control+z")
    np.testing.assert_array_equal(read_sheet(page), seen[-2])
