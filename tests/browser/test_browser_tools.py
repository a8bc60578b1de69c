"""The tools of the studio by hand: pointer, keys and finger."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.hand import (
    drag,
    finger,
    press,
    read_sheet,
    start_anew,
    tool,
)

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
WINDOW, DOOR, BALCONY, SHOP = 2, 3, 6, 11


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
    assert (
        bare.locator(".st-toolbar [aria-pressed=true]").get_attribute("aria-label") == "Rectangle"
    )
    assert bare.locator(".st-toolbar").get_attribute("data-tool") == "rectangle"


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
    box = bare.locator(".st-canvas").bounding_box()
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


def strike_often(page: Any, key: str, count: int) -> None:
    """The key with Ctrl held, so many times, in a moment."""
    page.evaluate(
        """([key, count]) => {
            for (let i = 0; i < count; i += 1) {
                document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
                    { key, code: `Key${key.toUpperCase()}`, ctrlKey: true, bubbles: true }));
            }
        }""",
        [key, count],
    )


def stroke_often(page: Any, count: int) -> None:
    """So many strokes with four tools in two classes, in a moment: without frames between them."""
    page.evaluate(
        """(count) => {
            const { left, top } = document.querySelector(".st-canvas").getBoundingClientRect();
            const strike = (key, code) => document.activeElement.dispatchEvent(
                new KeyboardEvent("keydown", { key, code, bubbles: true }));
            for (let i = 0; i < count; i += 1) {
                strike("brle"[i % 4], `Key${"BRLE"[i % 4]}`);
                strike("45"[(i >> 2) % 2], `Digit${"45"[(i >> 2) % 2]}`);
                const [x, y] = [left + 60 + 4 * i, top + 300 + 2 * (i % 9)];
                const sheet = document.elementFromPoint(x, y);
                const point = (type, x, y, buttons) => sheet.dispatchEvent(new PointerEvent(type, {
                    clientX: x, clientY: y, buttons, button: type === "pointermove" ? -1 : 0,
                    pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true,
                }));
                point("pointerdown", x, y, 1);
                point("pointermove", x + 30, y + 25, 1);
                point("pointerup", x + 30, y + 25, 0);
            }
        }""",
        count,
    )


def test_a_hundred_strokes_are_undone_across_tools(bare: Any) -> None:
    bare.get_by_role("switch", name="Live").click()  # no picture for each step of 300
    before = read_sheet(bare)
    stroke_often(bare, 100)
    after = read_sheet(bare)
    assert (after != before).any()
    strike_often(bare, "z", 100)
    np.testing.assert_array_equal(read_sheet(bare), before)
    strike_often(bare, "y", 100)
    np.testing.assert_array_equal(read_sheet(bare), after)


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


def test_a_house_of_four_storeys_with_shops_and_balconies_takes_a_dozen_gestures(
    bare: Any,
) -> None:
    press(bare, "6")
    drag(bare, (0.19, 0.31), (0.31, 0.325))  # a sill
    press(bare, "t")
    drag(bare, (0.25, 0.25), (0.75, 0.65))  # windows with their sills
    press(bare, "r", "7")
    drag(bare, (0.18, 0.27), (0.32, 0.3))  # a balcony
    press(bare, "s")
    drag(bare, (0.175, 0.265), (0.325, 0.303))
    press(bare, "t")
    drag(bare, (0.25, 0.285), (0.75, 0.285))
    press(bare, "r", "4")
    drag(bare, (0.45, 0.82), (0.55, 0.965))
    press(bare, "m", "=")
    drag(bare, (0.12, 0.82), (0.4, 0.965))
    sheet = read_sheet(bare)
    assert boxes(sheet, WINDOW)[1] >= 3
    assert boxes(sheet, SHOP) == (2, 1)
    assert boxes(sheet, DOOR) == (1, 1)
    assert boxes(sheet, BALCONY)[0] >= 3
