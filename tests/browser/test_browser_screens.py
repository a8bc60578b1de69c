"""Screens of other shapes and colours: a phone on its side, 200% zoom, Windows high contrast."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import click_photo, to_colors
from helpers.hand import SCREENSHOTS, drag, finger, press, read_sheet, settle, tool

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
# CSS pixels: a phone on its side, with its bars too; 1440x900 and 1280x720 at 200%
LOW = {"phone": (844, 390), "bars": (740, 320), "zoom": (720, 450), "small-zoom": (640, 360)}
# Those of one machine: the page is opened on the first of them, and turned into the others
MACHINES = {"a phone": ("phone", "bars"), "a desk": ("zoom", "small-zoom")}


def low(visit: Visit, url: str, name: str) -> Any:
    return visit(url, size=size_of(name), touch="zoom" not in name)


def size_of(name: str) -> dict[str, int]:
    width, height = LOW[name]
    return {"width": width, "height": height}


def in_view(page: Any, *places: str) -> dict[str, bool]:
    """Whether the whole of each element is on the screen as it was opened."""
    return page.evaluate(
        """(places) => Object.fromEntries(places.map((place) => {
            const box = document.querySelector(place).getBoundingClientRect();
            return [place, box.width > 0 && box.left >= 0 && box.top >= 0
                && box.right <= innerWidth + 0.5 && box.bottom <= innerHeight + 0.5];
        }))""",
        list(places),
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_on_a_low_screen_sheet_picture_and_tools_are_in_view(
    fake_studio: str, visit: Visit, machine: str
) -> None:
    page = low(visit, fake_studio, MACHINES[machine][0])
    page.wait_for_selector(".st-styles[data-complete=true]")
    SCREENSHOTS.mkdir(exist_ok=True)
    for name in MACHINES[machine]:
        page.set_viewport_size(size_of(name))
        check_low_drawing(page, name)


def check_low_drawing(page: Any, name: str) -> None:
    page.screenshot(path=SCREENSHOTS / f"draw-low-{name}.png")
    seen = in_view(
        page, ".st-canvas", ".st-preview .st-frame", ".st-palette", ".st-preview .st-bar"
    )
    assert all(seen.values()), seen
    for button in page.locator(".st-toolbar button:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24, "large enough for a finger (WCAG 2.5.8)"
        assert box["y"] + box["height"] <= LOW[name][1], button.get_attribute("aria-label")
    sheet, picture = (
        page.locator(css).bounding_box() for css in (".st-canvas", ".st-preview .st-frame")
    )
    assert sheet["height"] == pytest.approx(picture["height"], abs=1)
    assert sheet["height"] >= 0.45 * LOW[name][1]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", ["phone", "zoom"])
def test_on_a_low_screen_a_house_is_drawn_without_scrolling(
    fake_studio: str, visit: Visit, name: str
) -> None:
    page = low(visit, fake_studio, name)
    before = read_sheet(page)
    tool(page, "Rectangle")
    page.locator(".st-chip[aria-label^='shop:']").click()  # scrolls its row, not the page
    (finger if name == "phone" else drag)(page, (0.1, 0.7), (0.5, 0.9))
    assert (read_sheet(page) != before).any()
    tool(page, "Undo")
    np.testing.assert_array_equal(read_sheet(page), before)
    tool(page, "Eraser")
    page.get_by_label("Brush size in pixels").fill("30")
    assert page.evaluate("() => scrollY") == 0


@pytest.mark.parametrize("machine", MACHINES)
def test_on_a_low_screen_the_photo_stays_in_view_beside_its_colours(
    fake_studio: str, visit: Visit, machine: str
) -> None:
    page = to_colors(low(visit, fake_studio, MACHINES[machine][0]))
    SCREENSHOTS.mkdir(exist_ok=True)
    for hints, name in enumerate(MACHINES[machine], 1):
        page.set_viewport_size(size_of(name))
        check_low_photo(page, name, hints)


def check_low_photo(page: Any, name: str, hints: int) -> None:
    """Sets a hint beside those of before: so many there are then."""
    seen = in_view(page, ".st-stage", ".st-compare", ".st-panel", ".st-swatches")
    assert all(seen.values()), seen
    click_photo(page, 0.8 - 0.2 * hints, 0.25)
    page.get_by_role("button", name="Sky", exact=True).click()
    page.locator(f".st-photo[data-hints='{hints}']").wait_for()
    page.screenshot(path=SCREENSHOTS / f"colorize-low-{name}.png")
    tool(page, "Save")
    page.get_by_role("menuitem", name="Save as PNG").scroll_into_view_if_needed()
    assert in_view(page, ".st-compare")[".st-compare"], "the panel scrolls, not the photo"
    press(page, "Escape")
    page.locator(".st-panel").evaluate("(panel) => panel.scrollTo(0, 0)")


# ---- colours of the visitor --------------------------------------------------------------

# The colours that elements have on screen, as their visitor sees them
PAINTED = """(place) => {
  const style = getComputedStyle(document.querySelector(place));
  return { background: style.backgroundColor, outline: style.outlineStyle };
}"""


def painted(page: Any, place: str) -> dict[str, str]:
    return page.evaluate(PAINTED, place)


@pytest.fixture(params=["light", "dark"])
def contrast(fake_studio: str, visit: Visit, request: pytest.FixtureRequest) -> Any:
    page = visit(fake_studio, scheme=request.param)
    page.emulate_media(forced_colors="active", color_scheme=request.param)
    page.scheme = request.param
    return page


def test_with_forced_colours_classes_keep_theirs_and_what_is_chosen_is_marked(
    contrast: Any,
) -> None:
    page = contrast
    assert page.evaluate("() => matchMedia('(forced-colors: active)').matches")
    swatches = page.evaluate(
        "() => [...document.querySelectorAll('.st-chip .st-swatch')].map((n) =>"
        " [getComputedStyle(n).backgroundColor, n.style.getPropertyValue('--color')])"
    )
    for shown, own in swatches:
        numbers = [text.strip("rgb()").replace(",", " ").split() for text in (shown, own)]
        assert numbers[0] == numbers[1]
    page.locator(".st-canvas").hover()
    press(page, "f", "4", "m")
    for chosen, other in (
        (".st-toolbar [aria-label=Fill]", ".st-toolbar [aria-label=Brush]"),
        (".st-toolbar [aria-label=Mirror]", ".st-toolbar [aria-label='Snap to grid']"),
        (".st-chip:nth-child(4)", ".st-chip:nth-child(5)"),
        (".st-style[aria-pressed=true]", ".st-style[aria-pressed=false]"),
    ):
        assert painted(page, chosen)["outline"].startswith("solid"), chosen
        assert painted(page, other)["outline"].startswith("none"), other
    for chosen, other in (
        (".st-toolbar [aria-label=Fill]", ".st-toolbar [aria-label=Brush]"),
        (".st-chip:nth-child(4)", ".st-chip:nth-child(5)"),
    ):
        assert painted(page, chosen)["background"] != painted(page, other)["background"]
    before = page.evaluate(
        "() => getComputedStyle(document.querySelector('.st-switch'), '::before').backgroundImage"
    )
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"draw-forced-{page.scheme}.png")
    page.get_by_role("switch", name="Live").click()
    after = page.evaluate(
        "() => getComputedStyle(document.querySelector('.st-switch'), '::before').backgroundImage"
    )
    assert before != after


def test_with_forced_colours_hints_keep_theirs_and_the_chosen_one_is_marked(contrast: Any) -> None:
    page = to_colors(contrast)
    click_photo(page, 0.7, 0.3)
    page.get_by_role("button", name="Blue cloth").click()
    page.locator(".st-photo[data-hints='1']").wait_for()
    page.get_by_role("switch", name="Smooth the grain").click()
    blue = "rgb(68, 96, 154)"
    assert painted(page, ".st-hint-marker")["background"] == blue
    assert painted(page, ".st-tint[aria-label='Blue cloth']")["background"] == blue
    assert painted(page, ".st-tint[aria-label='Blue cloth']")["outline"].startswith("solid")
    assert painted(page, ".st-tint[aria-label='Red cloth']")["outline"].startswith("none")
    page.mouse.move(2, 300)
    settle(page)
    page.screenshot(path=SCREENSHOTS / f"colorize-forced-{page.scheme}.png")
