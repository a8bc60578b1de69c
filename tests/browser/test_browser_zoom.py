"""The sheet zoomed and moved: by wheel, keys, fingers and pen, and every tool on it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.hand import Fingers, pen, press, read_sheet

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
WALL, WINDOW, DOOR, SHOP = 1, 2, 3, 11
SIDE = 256


def layer(page: Any, part: str = ".st-canvas") -> dict[str, float]:
    return page.locator(part).bounding_box()


def pixel(page: Any, point: tuple[float, float]) -> tuple[int, int]:
    """The (x, y) of the sheet's pixel under a point of the window."""
    box = layer(page)
    return (
        int((point[0] - box["x"]) / box["width"] * SIDE),
        int((point[1] - box["y"]) / box["height"] * SIDE),
    )


def place(frame: dict[str, float], x: float, y: float) -> tuple[int, int]:
    """A point of the window, in parts of a frame: whole pixels, as wheels and clicks have."""
    return round(frame["x"] + x * frame["width"]), round(frame["y"] + y * frame["height"])


def zoom_text(page: Any) -> str:
    return page.locator(".st-zoom").text_content()


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=3)
    page.mouse.up()


def test_every_tool_is_exact_at_eight_hundred_percent(bare: Any) -> None:
    page = bare
    frame = layer(page, ".st-drawing .st-frame")
    at = place(frame, 0.25, 0.28)  # in the window
    page.mouse.move(*at)
    before = pixel(page, at)
    for _ in range(12):
        page.mouse.wheel(0, -100)
    page.wait_for_function("() => document.querySelector('.st-zoom').textContent === '800%'")
    assert pixel(page, at) == before, "the wheel zooms at the pointer"
    picture, sheet = layer(page, ".st-preview .st-view"), layer(page)
    assert picture["width"] == pytest.approx(sheet["width"], abs=1), "the picture zooms along"
    assert picture["y"] == pytest.approx(sheet["y"], abs=1)

    start, end = place(frame, 0.3, 0.6), place(frame, 0.7, 0.8)
    (x0, y0), (x1, y1) = pixel(page, start), pixel(page, end)
    expected = read_sheet(page)
    page.get_by_label("Brush size in pixels").fill("1")
    for key, wanted in (("b", DOOR), ("e", WALL)):
        press(page, "4", key)
        drag(page, start, start)
        expected[y0, x0] = wanted
        np.testing.assert_array_equal(read_sheet(page), expected, key)
    press(page, "l")
    drag(page, start, (end[0], start[1]))
    expected[y0, x0 : x1 + 1] = DOOR
    np.testing.assert_array_equal(read_sheet(page), expected)
    press(page, "r", "=")
    drag(page, start, end)
    expected[y0 : y1 + 1, x0 : x1 + 1] = SHOP
    np.testing.assert_array_equal(read_sheet(page), expected)
    press(page, "f", "3")
    drag(page, end, end)
    expected[y0 : y1 + 1, x0 : x1 + 1] = WINDOW
    np.testing.assert_array_equal(read_sheet(page), expected)
    press(page, "i")
    drag(page, at, at)
    chosen = page.locator(".st-chip").nth(expected[before[1], before[0]])
    assert chosen.get_attribute("aria-pressed") == "true"

    # A click selects the rectangle, a drag moves it by as many pixels as the pointer
    press(page, "s")
    drag(page, end, end)
    drag(page, end, start)
    expected[y0 : y1 + 1, x0 : x1 + 1] = WALL
    expected[2 * y0 - y1 : y0 + 1, 2 * x0 - x1 : x0 + 1] = WINDOW
    np.testing.assert_array_equal(read_sheet(page), expected)
    press(page, "t")
    page.get_by_label("Distance in pixels").fill("1")
    drag(page, start, (start[0], end[1] + 0.1 * frame["height"]))
    x, y = pixel(page, (start[0], end[1]))
    assert read_sheet(page)[y, x] == WINDOW

    press(page, "Shift+Digit0")
    assert page.locator(".st-zoom").is_hidden()
    assert layer(page) == pytest.approx(frame, abs=0.5)


def test_space_the_middle_button_and_the_hand_move_the_sheet_and_draw_nothing(bare: Any) -> None:
    page = bare
    before = read_sheet(page)
    frame = layer(page, ".st-drawing .st-frame")
    middle = place(frame, 0.5, 0.5)
    aside = middle[0] + 40, middle[1] + 25
    page.get_by_role("button", name="Brush", exact=True).click()  # Space must not press it again
    page.mouse.move(*middle)
    press(page, "Shift+Equal", "Shift+Equal", "NumpadAdd", "Shift+Equal")
    assert zoom_text(page) == "400%"

    def moved(act: Callable[[], None]) -> tuple[float, float]:
        was = layer(page)
        act()
        now = layer(page)
        return now["x"] - was["x"], now["y"] - was["y"]

    page.keyboard.down(" ")
    assert moved(lambda: drag(page, middle, aside)) == pytest.approx((40, 25), abs=0.5)
    page.keyboard.up(" ")
    page.mouse.down(button="middle")
    assert moved(lambda: page.mouse.move(*middle)) == pytest.approx((-40, -25), abs=0.5)
    page.mouse.up(button="middle")
    press(page, "h")
    assert moved(lambda: drag(page, middle, aside)) == pytest.approx((40, 25), abs=0.5)
    page.mouse.click(*middle)
    assert zoom_text(page) == "800%"
    page.mouse.click(*middle)
    assert page.locator(".st-zoom").is_hidden(), "after the largest comes the whole sheet"
    np.testing.assert_array_equal(read_sheet(page), before)
    assert not page.evaluate("() => String(getSelection())")

    # The keyboard's cross stays in sight
    page.mouse.move(2, 2)
    press(page, "b")
    page.locator(".st-canvas").focus()
    press(page, "Tab", "Shift+Tab", "Shift+Equal", "Shift+Equal", *["Shift+ArrowRight"] * 16)
    cross = layer(page, ".st-cursor")
    assert cross["x"] + cross["width"] <= frame["x"] + frame["width"]
    assert pixel(page, (cross["x"] + 12.5, cross["y"] + 12.5))[0] == SIDE - 1


def test_two_fingers_zoom_and_draw_nothing_and_after_a_pen_one_finger_pans(
    fake_studio: str, visit: Visit
) -> None:
    page = visit(fake_studio, phone=True)
    page.get_by_role("button", name="door:").tap()
    page.evaluate("() => window.scrollTo(0, 0)")
    fingers = Fingers(page)
    before = read_sheet(page)
    frame = layer(page, ".st-drawing .st-frame")
    x, y = place(frame, 0.4, 0.6)
    spot = pixel(page, (x, y))
    fingers.move(((x - 20, y), (x - 80, y + 10)), ((x + 20, y), (x + 80, y + 10)))
    assert zoom_text(page) == "400%"
    assert pixel(page, (x, y + 10)) == spot, "what was under the fingers still is"
    fingers.move(((x - 30, y + 10), (x - 60, y)), ((x + 30, y + 10), (x, y)))
    assert zoom_text(page) == "400%"
    assert pixel(page, (x - 30, y)) == spot, "two fingers move the sheet"
    np.testing.assert_array_equal(read_sheet(page), before)
    assert page.get_by_role("button", name="Undo").is_disabled()
    assert page.evaluate("() => [scrollY, visualViewport.scale]") == [0, 1]

    # One finger draws
    expected = before.copy()
    (x0, y0), (x1, y1) = pixel(page, (x - 50, y - 40)), pixel(page, (x + 30, y + 20))
    fingers.move(((x - 50, y - 40), (x + 30, y + 20)))
    expected[y0 : y1 + 1, x0 : x1 + 1] = DOOR
    np.testing.assert_array_equal(read_sheet(page), expected)

    # A pen draws, as wide as it presses where that is wanted; and fingers do not any more
    assert page.get_by_role("button", name="Pressure").is_hidden()
    press(page, "=", "b")
    page.get_by_label("Brush size in pixels").fill("20")
    pen(page, (x, y))
    wide = (read_sheet(page) != expected).sum()
    press(page, "Control+z")
    page.get_by_role("button", name="Pressure").click()
    pen(page, (x, y), force=0.25)
    narrow = (read_sheet(page) != expected).sum()
    assert 0.2 * wide < narrow < 0.3 * wide
    drawn = read_sheet(page)
    was = layer(page)
    fingers.move(((x, y), (x + 50, y + 30)))
    now = layer(page)
    assert (now["x"] - was["x"], now["y"] - was["y"]) == pytest.approx((50, 30), abs=0.5)
    np.testing.assert_array_equal(read_sheet(page), drawn)
    page.get_by_role("button", name="Draw with fingers").click()
    fingers.move(((x, y), (x + 50, y + 30)))
    assert (read_sheet(page) != drawn).any()
