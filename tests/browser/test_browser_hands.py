"""Other hands than a mouse's: keys alone, a finger on a phone, a pen; and whole houses by each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.hand import SCREENSHOTS, drag, finger, press, read_sheet, start_anew, tool

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
WALL, WINDOW, DOOR, BALCONY, SHOP = 1, 2, 3, 6, 11


def runs(line: np.ndarray) -> int:
    return int((np.diff(line.astype(int), prepend=0) == 1).sum())


def boxes(sheet: np.ndarray, class_index: int) -> tuple[int, int]:
    """How many columns and rows of a class stand apart."""
    found = sheet == class_index
    return runs(found.any(0)), runs(found.any(1))


# ---- keys alone --------------------------------------------------------------------------


@pytest.fixture
def keyed(bare: Any) -> Any:
    """A page whose sheet has the focus, with no pointer over it."""
    bare.mouse.move(2, 2)
    press(bare, "Tab")
    bare.locator(".st-canvas").focus()
    return bare


def said(page: Any) -> str:
    return page.locator(".st-frame [role=status]").inner_text()


def test_a_rectangle_is_drawn_by_keys_alone(keyed: Any) -> None:
    before = read_sheet(keyed)
    press(keyed, "4", "r", "ArrowRight", "ArrowDown")
    assert keyed.locator(".st-cursor").is_visible()
    assert said(keyed) == "129, 129, facade"
    press(keyed, "Space")
    assert said(keyed) == "rectangle from 129, 129"
    press(keyed, *["Shift+ArrowRight"] * 2, *["ArrowDown"] * 5)
    press(keyed, "Enter")
    assert said(keyed) == "rectangle done at 145, 134, 17 by 6"
    expected = before.copy()
    expected[129:135, 129:146] = DOOR
    np.testing.assert_array_equal(read_sheet(keyed), expected)
    press(keyed, "Control+z")
    np.testing.assert_array_equal(read_sheet(keyed), before)


def test_each_tool_works_by_keys(keyed: Any) -> None:
    press(keyed, "4", "l", "Space", *["Shift+ArrowRight"] * 4, "Space")
    assert boxes(read_sheet(keyed), DOOR) == (1, 1)
    press(keyed, "3", "f", "Space")
    sheet = read_sheet(keyed)
    assert not (sheet == DOOR).any(), "filled"
    press(keyed, "=", "i", "Enter")
    chosen = keyed.locator(".st-chip[aria-pressed=true]").get_attribute("aria-label")
    assert chosen.startswith("window:")
    press(keyed, "e", "Space", *["Shift+ArrowLeft"] * 4, "Space")
    assert (read_sheet(keyed)[128, 130:158] == WALL).all()
    press(keyed, "5", "b", "Space", "ArrowDown", "Space")
    assert (read_sheet(keyed) == 4).sum() > 100


def test_a_selection_is_taken_moved_and_repeated_by_keys(keyed: Any) -> None:
    before = read_sheet(keyed)
    press(keyed, "s", *["Shift+ArrowLeft"] * 8, *["Shift+ArrowUp"] * 8)  # onto the window
    press(keyed, "Space", "Space")
    assert keyed.locator(".st-marquee").is_visible()
    press(keyed, *["ArrowRight"] * 3)
    moved = np.roll(before == WINDOW, 3, axis=1)
    np.testing.assert_array_equal(read_sheet(keyed) == WINDOW, moved)
    press(keyed, "t", "Space", *["Shift+ArrowRight"] * 10, "Space")
    assert boxes(read_sheet(keyed), WINDOW) == (3, 1)
    press(keyed, "Escape", "ArrowRight")
    assert keyed.locator(".st-marquee").is_hidden()


def test_a_stroke_by_keys_is_dropped_by_escape_and_by_leaving_the_sheet(keyed: Any) -> None:
    before = read_sheet(keyed)
    for leave in ("Escape", "Tab"):
        press(keyed, "r", "4", "Space", *["Shift+ArrowDown"] * 3)
        assert (read_sheet(keyed) != before).any()
        press(keyed, leave)
        np.testing.assert_array_equal(read_sheet(keyed), before)
    assert keyed.locator(".st-cursor").is_hidden()


def test_arrows_off_the_sheet_are_not_the_crosses(keyed: Any) -> None:
    keyed.get_by_role("button", name="Rectangle").focus()
    press(keyed, "ArrowDown")
    assert keyed.locator(".st-cursor").is_hidden()


# ---- whole houses ------------------------------------------------------------------------


def draw_house(page: Any, stroke: Callable[..., None]) -> int:
    """Four storeys with balconies, shops and a door; gives the number of gestures it took."""
    count = 0

    def choose(*names: str) -> None:
        nonlocal count
        for name in names:
            button = page.locator(f".studio-draw button[aria-label^='{name}']").first
            if button.get_attribute("aria-pressed") != "true":
                button.click()
                count += 1

    def make(*points: tuple[float, float]) -> None:
        nonlocal count
        stroke(page, *points)
        count += 1

    choose("Rectangle", "window:")
    make((0.16, 0.16), (0.26, 0.25))
    choose("balcony:")
    make((0.15, 0.23), (0.27, 0.26))
    choose("Repeat")
    make((0.21, 0.2), (0.79, 0.65))
    choose("Rectangle", "shop:")
    make((0.1, 0.78), (0.42, 0.96))
    make((0.58, 0.78), (0.9, 0.96))
    choose("door:")
    make((0.46, 0.8), (0.54, 0.96))
    return count


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_a_house_of_four_storeys_takes_less_than_twenty_gestures(
    fake_studio: str, visit: Visit, device: str
) -> None:
    page = visit(fake_studio, phone=device == "phone")
    start_anew(page)
    page.evaluate("() => window.scrollTo(0, 0)")
    gestures = 2 + draw_house(page, finger if device == "phone" else drag)
    sheet = read_sheet(page)
    for class_index, expected in ((WINDOW, (4, 4)), (BALCONY, (4, 4)), (SHOP, (2, 1))):
        assert boxes(sheet, class_index) == expected
    assert boxes(sheet, DOOR) == (1, 1)
    assert runs((sheet == WINDOW)[48]) == 4, "a row of windows"
    print(f"\n{device}: a house in {gestures} gestures")
    assert gestures < 20
    assert page.evaluate("() => window.scrollY") == 0
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"house-{device}-light.png")


# ---- the phone ---------------------------------------------------------------------------


def test_on_a_phone_the_tools_are_one_row_that_scrolls(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio, phone=True)
    tops = page.evaluate(
        "() => [...document.querySelectorAll('.st-toolbar button:not([hidden])')]"
        ".map((node) => node.offsetTop)"
    )
    assert len(set(tops)) == 1 and len(tops) == 17
    scrolls = page.evaluate(
        "() => { const n = document.querySelector('.st-tools');"
        " return n.scrollWidth > n.clientWidth; }"
    )
    assert scrolls
    rail = page.locator(".st-toolbar").bounding_box()
    for name in ("Undo", "Redo"):  # at hand however far the row is scrolled
        box = page.get_by_role("button", name=name).bounding_box()
        assert rail["x"] < box["x"] and box["x"] + box["width"] <= rail["x"] + rail["width"] + 1
    tool(page, "Help")
    press(page, "Escape")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_eraser_eyedropper_and_size_work_by_finger(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio, phone=True)
    start_anew(page)
    page.evaluate("() => window.scrollTo(0, 0)")
    page.get_by_role("button", name="door:").tap()
    finger(page, (0.3, 0.3), (0.6, 0.6))
    page.get_by_role("button", name="shop:").tap()
    tool(page, "Eyedropper")
    finger(page, (0.5, 0.5), (0.5, 0.5))
    chosen = page.locator(".st-chip[aria-pressed=true]").get_attribute("aria-label")
    assert chosen.startswith("door:")
    tool(page, "Eraser")
    size = page.get_by_label("Brush size in pixels")
    size.fill("30")
    finger(page, (0.3, 0.45), (0.6, 0.45))
    erased = read_sheet(page)[:, 120] == WALL
    assert erased[101:129].all()
    assert (read_sheet(page)[[90, 140], 120] == DOOR).all(), "as wide as the slider says"


def test_a_pen_draws_and_its_outline_follows(bare: Any) -> None:
    press(bare, "b", "4")
    box = bare.locator(".st-canvas").bounding_box()
    session = bare.context.new_cdp_session(bare)

    def pen(kind: str, x: float, buttons: int) -> None:
        session.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": box["x"] + x * box["width"],
                "y": box["y"] + 0.6 * box["height"],
                "button": "left" if buttons or kind == "mouseReleased" else "none",
                "buttons": buttons,
                "clickCount": 1,
                "pointerType": "pen",
                "force": 0.5,
            },
        )

    bare.evaluate(
        "() => document.querySelector('.st-canvas').addEventListener('pointerdown',"
        " (e) => { window.pointer = e.pointerType; })"
    )
    pen("mouseMoved", 0.3, 0)
    pen("mousePressed", 0.3, 1)
    for x in np.linspace(0.3, 0.7, 9):
        pen("mouseMoved", float(x), 1)
    pen("mouseReleased", 0.7, 0)
    assert bare.evaluate("() => window.pointer") == "pen"
    assert (read_sheet(bare)[153, 80:176] == DOOR).all()
    assert bare.locator(".st-outline").is_visible()


def test_nothing_moves_where_motion_is_not_wanted(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    moving = page.evaluate(
        "() => { document.querySelector('.st-add').classList.add('st-working');"
        " document.querySelector('.st-preview').classList.add('st-busy');"
        " document.querySelector('.st-drawing').classList.add('st-opening');"
        " const found = [];"
        " for (const node of document.querySelectorAll('.studio-draw *'))"
        "  for (const part of [null, '::before', '::after']) {"
        "   const style = getComputedStyle(node, part);"
        "   if (style.animationName !== 'none' || !/^0s(, 0s)*$/.test(style.transitionDuration))"
        "    found.push(node.className);"
        "  } return found; }"
    )
    assert moving == []


def test_mirrored_copies_across_the_middle_are_symmetric(bare: Any) -> None:
    start_anew(bare)
    press(bare, "r", "3")
    drag(bare, (0.2, 0.3), (0.29, 0.4))
    press(bare, "8")
    drag(bare, (0.2, 0.3), (0.22, 0.4))  # a shutter on its left: no window is its own image
    press(bare, "m", "t")
    drag(bare, (0.26, 0.35), (0.66, 0.6))
    sheet = read_sheet(bare)
    wall = sheet[:, 16:240]
    assert boxes(sheet, WINDOW)[1] >= 2 and (sheet == 7).any()
    np.testing.assert_array_equal(wall, wall[:, ::-1])
