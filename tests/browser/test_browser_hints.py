"""Colour hints in a real browser: set, moved, coloured and taken off, by mouse, finger and keys."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.colorize_tab import (
    BLUE,
    RED,
    Visit,
    click_photo,
    drag_dot,
    is_dropped,
    open_colors,
    places,
    wait_for_color,
)
from helpers.hand import open_file, press, save, save_grey_photo

from pix2pix.app.server.photo_store import PHOTOS

pytestmark = pytest.mark.browser


def test_a_click_and_a_colour_make_a_hint_and_the_colour_is_there(tab: Any) -> None:
    click_photo(tab, 0.7, 0.3)
    label = tab.locator(".st-hint-marker").get_attribute("aria-label")
    assert "no colour yet" in label
    tab.get_by_role("button", name="Blue cloth").click()
    wait_for_color(tab, 0.7, 0.3, BLUE)
    label = tab.locator(".st-hint-marker").get_attribute("aria-label")
    assert label.startswith("Hint 1 of 1: blue cloth, 70% across, 30% down")
    click_photo(tab, 0.2, 0.8)  # the next one has the colour at once
    wait_for_color(tab, 0.2, 0.8, BLUE)
    tab.get_by_label("Any other colour").fill("#10c020")
    wait_for_color(tab, 0.2, 0.8, "#10c020")
    wait_for_color(tab, 0.7, 0.3, BLUE)


def test_likely_colors_of_a_place_are_offered_and_picked(tab: Any) -> None:
    assert tab.locator(".st-suggestions").is_hidden()
    click_photo(tab, 0.7, 0.3)
    offered = tab.locator(".st-suggestions button:enabled")
    offered.nth(4).wait_for()
    first, second = (offered.nth(i).get_attribute("data-color") for i in (0, 1))
    offered.first.click()
    wait_for_color(tab, 0.7, 0.3, first)
    assert offered.first.get_attribute("aria-pressed") == "true"
    press(tab, "2")
    wait_for_color(tab, 0.7, 0.3, second)
    click_photo(tab, 0.2, 0.3)  # another place has colours of its own
    tab.locator(
        f'.st-suggestions button:first-of-type:not([data-color="{first}"]):enabled'
    ).wait_for()
    for _ in range(2):
        tab.get_by_role("button", name="Remove the hint").click()
    assert tab.locator(".st-suggestions").is_hidden()


def test_a_hint_is_moved_taken_off_and_all_is_undone(tab: Any) -> None:
    click_photo(tab, 0.3, 0.3)
    tab.get_by_role("button", name="Red cloth").click()
    wait_for_color(tab, 0.3, 0.3, RED)
    drag_dot(tab, 0, 0.7, 0.6)
    wait_for_color(tab, 0.7, 0.6, RED)
    wait_for_color(tab, 0.3, 0.3, None)
    drag_dot(tab, 0, 0.7, -0.15)
    assert is_dropped(tab)
    wait_for_color(tab, 0.7, 0.6, None)
    press(tab, "Control+z")
    assert places(tab)[0][0] == pytest.approx(0.7, abs=0.01)
    tab.get_by_role("button", name="Undo the hint").click()
    if places(tab)[0][0] > 0.5:  # the way off the photo was a step of its own
        tab.get_by_role("button", name="Undo the hint").click()
    assert places(tab)[0] == pytest.approx((0.3, 0.3), abs=0.01)
    wait_for_color(tab, 0.3, 0.3, RED)
    press(tab, "Control+z")
    assert is_dropped(tab)
    assert tab.get_by_role("button", name="Undo the hint").is_disabled()
    press(tab, "Control+y")
    wait_for_color(tab, 0.3, 0.3, RED)


def test_hints_are_made_moved_coloured_and_removed_by_keys_alone(tab: Any) -> None:
    tab.get_by_role("button", name="Add a hint").focus()
    press(tab, "Enter")
    assert "Hint 1 of 1" in tab.evaluate("() => document.activeElement.ariaLabel")
    press(tab, *["ArrowRight"] * 3, "ArrowUp", "Shift+ArrowDown")
    assert places(tab)[0] == pytest.approx((0.53, 0.54), abs=0.001)
    press(tab, "Enter")
    assert tab.evaluate("() => document.activeElement.ariaLabel") == "Light skin"
    tab.get_by_role("button", name="Blue cloth").focus()
    press(tab, "Space")
    wait_for_color(tab, 0.53, 0.54, BLUE)
    tab.locator(".st-hint-marker").focus()
    press(tab, "Delete")
    assert is_dropped(tab)
    wait_for_color(tab, 0.53, 0.54, None)


def test_every_control_of_the_tab_has_a_name(tab: Any) -> None:
    click_photo(tab, 0.7, 0.3)
    nameless = tab.evaluate(
        "() => [...document.querySelectorAll("
        "'.studio-colorize :is(button, input:not([type=file]))')]"
        ".filter((n) => !n.ariaLabel && !n.textContent.trim() && !n.labels?.[0]?.textContent)"
        ".map((n) => n.outerHTML)"
    )
    assert nameless == []


def test_hints_are_placed_and_moved_by_a_finger(spots: str, visit: Visit) -> None:
    page = open_colors(visit, spots, phone=True)
    click_photo(page, 0.7, 0.3, touch=True)
    page.get_by_role("button", name="Red cloth").tap()
    wait_for_color(page, 0.7, 0.3, RED)
    page.locator(".st-compare").scroll_into_view_if_needed()
    box, dot = (page.locator(css).bounding_box() for css in (".st-compare", ".st-hint-marker"))
    start = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    end = box["x"] + 0.3 * box["width"], box["y"] + 0.7 * box["height"]
    session = page.context.new_cdp_session(page)
    for step in range(11):
        x, y = (a + (b - a) * step / 10 for a, b in zip(start, end))
        kind = "touchMove" if step else "touchStart"
        points = [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait_for_color(page, 0.3, 0.7, RED)
    assert len(places(page)) == 1


def test_hints_belong_to_their_photo_and_come_back_from_their_file(
    tab: Any, tmp_path: Path
) -> None:
    photos = [save_grey_photo(tmp_path / name, (200, 150)) for name in ("one.png", "two.png")]
    tab.locator("input[type=file][multiple]").set_input_files(photos)
    tab.locator(".st-photo[data-shown='one.png']").wait_for()
    click_photo(tab, 0.7, 0.3)
    tab.get_by_role("button", name="Blue cloth").click()
    wait_for_color(tab, 0.7, 0.3, BLUE)
    with tab.expect_download() as saved:
        save(tab, "Save the hints")
    assert saved.value.suggested_filename == "one-hints.json"
    saved.value.save_as(tmp_path / "hints.json")
    (hint,) = json.loads((tmp_path / "hints.json").read_text())["one.png"]
    assert hint["color"] == BLUE and hint["x"] == pytest.approx(0.7, abs=0.01)
    tab.locator(".st-shot[data-name='two.png'] .st-thumb").click()
    tab.locator(".st-photo[data-shown='two.png']").wait_for()
    assert is_dropped(tab)
    tab.locator(".st-shot[data-name='one.png'] .st-thumb").click()
    tab.locator(".st-photo[data-shown='one.png']").wait_for()
    wait_for_color(tab, 0.7, 0.3, BLUE)
    tab.locator(".st-hint-marker").focus()
    press(tab, "Delete")
    wait_for_color(tab, 0.7, 0.3, None)
    open_file(tab, "Open photos", tmp_path / "hints.json")
    wait_for_color(tab, 0.7, 0.3, BLUE)
    (tmp_path / "bad.json").write_text('[{"x": 7}]')
    open_file(tab, "Open photos", tmp_path / "bad.json")
    tab.locator(".st-about", has_text="bad.json: has a hint that is not").wait_for()


def test_a_photo_that_the_server_dropped_is_sent_again(tab: Any, tmp_path: Path) -> None:
    open_file(tab, "Open photos", save_grey_photo(tmp_path / "one.png", (200, 150)))
    tab.locator(".st-shot[data-state=done]").wait_for()
    for key in {key for key, _ in PHOTOS._photos}:
        PHOTOS.end(key)
    click_photo(tab, 0.7, 0.3)
    tab.get_by_role("button", name="Blue cloth").click()
    wait_for_color(tab, 0.7, 0.3, BLUE)


def test_what_is_done_to_a_photo_beside_colouring_is_said(spots: str, visit: Visit) -> None:
    page = open_colors(visit, spots)
    switch = page.get_by_role("switch", name="Repair faded tones")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    page.locator(".st-about", has_text="· repair").wait_for()
    page.get_by_role("switch", name="Smooth the grain").click()
    page.locator(".st-about", has_text="· repair · denoise").wait_for()
    switch.click()
    page.locator(".st-about", has_text="403 · denoise").wait_for()
