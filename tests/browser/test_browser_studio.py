"""The studio round its tools: memory, live, looks, saving, help, and that all can reach it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hand import (
    SCREENSHOTS,
    drag,
    finger,
    press,
    read_building,
    read_sheet,
    save,
    tool,
    wait_for_building,
)
from helpers.stand_ins import PaletteDrawer
from helpers.visits import reload
from PIL import Image

from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import PALETTE

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
WINDOW, DOOR, SHOP = 2, 3, 11


def test_a_reload_brings_back_drawing_seed_and_tool(bare: Any) -> None:
    press(bare, "6", "l", "m")
    seed = bare.get_by_label("Seed", exact=True)
    wait_for_building(bare, lambda: (seed.fill("123"), seed.press("Enter")))
    drawing, building = read_sheet(bare), read_building(bare)
    wait_for_building(bare, lambda: reload(bare))
    np.testing.assert_array_equal(read_sheet(bare), drawing)
    np.testing.assert_array_equal(read_building(bare), building)
    assert seed.input_value() == "123"
    assert bare.locator(".st-toolbar").get_attribute("data-tool") == "line"
    assert bare.locator(".st-frame.st-mirrored").count() == 1
    label = bare.locator(".st-chip[aria-pressed=true]").get_attribute("aria-label")
    assert label.startswith("sill:")


def test_what_the_browser_kept_may_be_broken(fake_studio: str, visit: Visit) -> None:
    """In other ways too: autosave.test.mjs."""
    page = visit(fake_studio, kept={"pix2pix-drawing": '{"size": 256, "ids": "eJw="}'})
    np.testing.assert_array_equal(read_sheet(page), build_facade(PRESETS[0], 256))


@pytest.mark.own_profile
def test_a_page_at_rest_requests_no_frames(fake_studio: str, chromium: Any) -> None:
    """Gradio's loading screen would for ever (LOADING_TIMER in pix2pix/app/gradio_compat.py)."""
    page = chromium.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(
        """
        window.frames_requested = 0;
        const request = window.requestAnimationFrame;
        window.requestAnimationFrame = (callback) => {
          window.frames_requested += 1;
          return request(callback);
        };
        """
    )
    page.goto(fake_studio)
    page.wait_for_selector(".st-drawing[data-ready]")
    assert page.evaluate("frames_requested") > 0
    page.wait_for_function(  # some springs of Gradio's go on for two seconds
        """() => new Promise((resolve) => {
            const before = frames_requested;
            setTimeout(() => resolve(frames_requested === before), 400);
        })""",
        polling=400,
    )
    page.close()


def test_with_live_off_the_building_waits_for_the_draw_button(bare: Any) -> None:
    bare.wait_for_function(
        "() => { const { asked, picture } = document.querySelector('.st-preview').dataset;"
        " return asked && asked === picture; }"
    )
    bare.get_by_role("switch", name="Live").click()
    before = read_building(bare)
    press(bare, "4")
    drag(bare, (0.5, 0.5), (0.7, 0.7))
    bare.wait_for_timeout(300)
    np.testing.assert_array_equal(read_building(bare), before)
    wait_for_building(bare, bare.get_by_role("button", name="Draw", exact=True).click)
    assert (read_building(bare) != before).any()


def test_what_keeps_the_picture_from_coming_is_said_and_the_next_stroke_tries_again(
    fake_studio: str, visit: Visit
) -> None:
    page = visit(fake_studio, may_fail=True)
    words = "The server is busy: 32 others are waiting. Please try again."
    answer = {"status": 503, "json": {"error": words}}
    page.route("**/studio-api/*/draw", lambda route: route.fulfill(**answer))
    before = read_building(page)
    drag(page, (0.2, 0.2), (0.6, 0.6))
    page.get_by_text(words).wait_for()
    np.testing.assert_array_equal(read_building(page), before, "the last picture stays")
    page.unroute("**/studio-api/*/draw")
    wait_for_building(page, lambda: drag(page, (0.3, 0.7), (0.7, 0.3)))
    page.route("**/studio-api/*/draw", lambda route: route.abort())
    drag(page, (0.2, 0.4), (0.6, 0.4))
    page.get_by_text("The server is out of reach.").wait_for()


def test_the_strip_of_looks_ends_where_the_building_does(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    for width, height in ((1440, 900), (1280, 720)):
        page.set_viewport_size({"width": width, "height": height})
        add = page.get_by_role("button", name="Style from a photo").bounding_box()
        frame = page.locator(".st-preview .st-frame").bounding_box()
        assert add["x"] + add["width"] <= frame["x"] + frame["width"] + 1, width


def test_the_help_sheet_names_every_tool_and_class_and_takes_the_keys(bare: Any) -> None:
    press(bare, "?")
    sheet = bare.get_by_role("dialog")
    text = sheet.inner_text()
    for word in ("Brush", "Repeat", "Mirror", "window", "molding", "a raised band", "Ctrl Z"):
        assert word in text
    tool_before = bare.locator(".st-toolbar").get_attribute("data-tool")
    press(bare, "f")
    assert bare.locator(".st-toolbar").get_attribute("data-tool") == tool_before
    press(bare, "Escape")
    assert sheet.count() == 0


def test_the_looks_come_when_the_hand_rests_and_a_press_takes_one(
    fake_studio: str, visit: Visit
) -> None:
    page = visit(fake_studio)
    page.wait_for_selector(".st-styles[data-complete=true]")
    pictures = page.evaluate(
        "() => [...document.querySelectorAll('.st-style[data-round] img')].map(i => i.src)"
    )
    assert len(set(pictures)) == len(pictures) >= 6
    wait_for_building(page, page.get_by_role("button", name="Look 1203").click)
    assert page.get_by_label("Seed", exact=True).input_value() == "1203"
    press(page, "r", "=")
    wait_for_building(page, lambda: drag(page, (0.2, 0.2), (0.8, 0.8)))
    page.wait_for_selector(".st-styles[data-complete=true]")
    others = page.evaluate(
        "() => [...document.querySelectorAll('.st-style[data-round] img')].map(i => i.src)"
    )
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
        "() => [...document.querySelectorAll('.studio-draw :is(button, input:not([type=file]))')]"
        ".filter((n) => !n.ariaLabel && !n.textContent.trim() && !n.labels?.[0]?.textContent)"
        ".map((n) => n.outerHTML)"
    )
    assert nameless == []
    page.locator(".st-toolbar button").first.focus()
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
    fake_studio: str, visit: Visit, device: str, scheme: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page = visit(fake_studio, phone=device == "phone", scheme=scheme)

    def shoot(name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}-{device}-{scheme}.png")

    page.wait_for_selector(".st-styles[data-complete=true]")
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
    page.locator(".st-canvas").hover()
    press(page, "Control+z")
    np.testing.assert_array_equal(read_sheet(page), seen[-2])
