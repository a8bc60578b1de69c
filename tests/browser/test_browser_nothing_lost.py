"""Nothing is lost: over a reload, a step back, in two windows at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import (
    BLUE,
    click_photo,
    is_dropped,
    open_colors,
    places,
    to_colors,
    wait_for_color,
)
from helpers.hand import (
    drag,
    open_file,
    press,
    read_sheet,
    save,
    save_grey_photo,
    start_anew,
    wait_for_building,
)
from helpers.leaving import Questions, wait_for_kept_files, wait_until_kept

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]


def reload_colors(page: Any) -> None:
    page.reload()
    page.locator(".st-photo[data-shown]").wait_for()


def shots(page: Any) -> list[str]:
    return page.locator(".st-shot").evaluate_all("all => all.map((n) => n.dataset.name)")


# ---- photos and hints --------------------------------------------------------------------


def test_photos_hints_and_settings_come_back_after_a_reload_that_was_asked_about(
    spots: str, visit: Visit, tmp_path: Path
) -> None:
    page = open_colors(visit, spots)
    questions = Questions(page)
    photos = [save_grey_photo(tmp_path / name, (200, 150)) for name in ("one.png", "two.png")]
    page.locator("input[type=file][multiple]").set_input_files(photos)
    page.locator(".st-shot[data-name='two.png'][data-state=done]").wait_for()
    page.locator(".st-shot[data-name='two.png'] .st-thumb").click()
    page.locator(".st-photo[data-shown='two.png']").wait_for()
    click_photo(page, 0.7, 0.3)
    page.get_by_role("button", name="Blue cloth").click()
    page.get_by_role("switch", name="Repair faded tones").click()
    wait_for_color(page, 0.7, 0.3, BLUE)
    before = places(page)
    wait_for_kept_files(page, 2)
    reload_colors(page)
    assert questions.asked == ["beforeunload"]
    page.locator(".st-photo[data-shown='two.png']").wait_for()
    assert shots(page) == ["one.png", "two.png"]
    assert places(page) == before
    wait_for_color(page, 0.7, 0.3, BLUE)
    switch = page.get_by_role("switch", name="Repair faded tones")
    assert switch.get_attribute("aria-checked") == "true"
    page.locator(".st-shot[data-name='one.png'][data-state=done]").wait_for()
    page.locator(".st-shot[data-name='one.png'] .st-thumb").click()
    page.locator(".st-photo[data-shown='one.png']").wait_for()
    assert is_dropped(page)
    with page.expect_download() as saved:
        save(page, "Save as PNG")
    assert saved.value.suggested_filename == "one.png"


def test_a_photo_that_was_closed_does_not_come_back(
    spots: str, visit: Visit, tmp_path: Path
) -> None:
    page = open_colors(visit, spots)
    open_file(page, "Open photos", save_grey_photo(tmp_path / "one.png", (90, 60)))
    page.locator(".st-shot[data-state=done]").wait_for()
    wait_for_kept_files(page, 1)
    page.locator(".st-shot").hover()
    page.get_by_role("button", name="Close one.png").click()
    page.locator(".st-photo[data-shown]:not([data-shown='one.png'])").wait_for()  # an example
    wait_for_kept_files(page, 0)
    questions = Questions(page)
    reload_colors(page)
    assert shots(page) == [] and questions.asked == []


def test_staying_keeps_all_and_what_was_saved_is_not_asked_about(
    spots: str, visit: Visit, tmp_path: Path
) -> None:
    page = open_colors(visit, spots)
    questions = Questions(page)
    open_file(page, "Open photos", save_grey_photo(tmp_path / "one.png", (90, 60)))
    page.locator(".st-shot[data-state=done]").wait_for()
    questions.stay = True
    with page.expect_event("dialog"):
        page.evaluate("() => { location.href = 'about:blank'; }")
    assert questions.asked == ["beforeunload"]
    assert shots(page) == ["one.png"] and page.url.startswith(spots)
    with page.expect_download():
        save(page, "Save as PNG")
    page.locator(".st-about", has_text="one.png is saved").wait_for()
    wait_for_kept_files(page, 1)
    reload_colors(page)
    assert len(questions.asked) == 1, "it is saved as it is"
    assert shots(page) == ["one.png"]


def test_hints_on_an_example_are_asked_about_and_come_back(spots: str, visit: Visit) -> None:
    page = open_colors(visit, spots)
    questions = Questions(page)
    click_photo(page, 0.7, 0.3)
    page.get_by_role("button", name="Blue cloth").click()
    wait_for_color(page, 0.7, 0.3, BLUE)
    page.go_back()
    assert questions.asked == ["beforeunload"]
    page.go_forward()
    page.locator(".st-photo[data-hints='1']").wait_for()
    wait_for_color(page, 0.7, 0.3, BLUE)


@pytest.mark.own_profile
def test_where_the_browser_keeps_nothing_it_is_asked_and_said_all_the_same(
    spots: str, visit: Visit, tmp_path: Path
) -> None:
    page = open_colors(visit, spots)
    page.add_init_script(
        "Object.defineProperty(window, 'indexedDB', { get() { throw new Error('private'); } });"
    )
    reload_colors(page)
    questions = Questions(page)
    open_file(page, "Open photos", save_grey_photo(tmp_path / "one.png", (90, 60)))
    page.locator(".st-shot[data-state=done]").wait_for()
    page.reload()
    assert questions.asked == ["beforeunload"]
    page.locator(".st-about", has_text="A photo could not be kept").wait_for()


# ---- the drawing -------------------------------------------------------------------------


def test_two_windows_do_not_overwrite_each_others_drawing(bare: Any) -> None:
    press(bare, "4")
    wait_for_building(bare, lambda: drag(bare, (0.5, 0.5), (0.7, 0.7)))
    first = read_sheet(bare)
    wait_until_kept(bare, first)
    other = bare.context.new_page()
    other.goto(bare.url)
    other.wait_for_selector("[data-ready]")
    np.testing.assert_array_equal(read_sheet(other), first, "a new window begins with the last")
    start_anew(other)
    press(other, "r", "9")
    drag(other, (0.1, 0.1), (0.9, 0.9))
    second = read_sheet(other)
    wait_until_kept(other, second)
    for page, drawing in ((bare, first), (other, second), (bare, first)):
        page.bring_to_front()  # another is not painted
        page.reload()
        page.wait_for_selector("[data-ready]")
        np.testing.assert_array_equal(read_sheet(page), drawing)
    third = bare.context.new_page()
    third.goto(bare.url)
    third.wait_for_selector("[data-ready]")
    np.testing.assert_array_equal(read_sheet(third), second, "the one that was drawn in last")


def test_a_duplicated_window_has_a_copy_of_its_own(bare: Any) -> None:
    press(bare, "4")
    drag(bare, (0.5, 0.5), (0.7, 0.7))
    first = read_sheet(bare)
    wait_until_kept(bare, first)
    with bare.context.expect_page() as opened:
        bare.evaluate("() => { window.open(location.href); }")  # copies sessionStorage too
    copy = opened.value
    copy.wait_for_selector("[data-ready]")
    np.testing.assert_array_equal(read_sheet(copy), first)
    copy.locator(".st-canvas").hover()
    start_anew(copy)
    wait_until_kept(copy, read_sheet(copy))
    bare.bring_to_front()
    bare.reload()
    bare.wait_for_selector("[data-ready]")
    np.testing.assert_array_equal(read_sheet(bare), first)


def test_drawings_of_many_windows_make_room(bare: Any) -> None:
    bare.evaluate(
        """() => {
            for (let i = 0; i < 30; i += 1) {
                const at = Date.now() - (i < 3 ? 40 * 864e5 : 1000 * (30 - i));
                localStorage.setItem(`pix2pix-drawing:old${i}`, JSON.stringify({ ids: '', at }));
            }
        }"""
    )
    press(bare, "4")
    drag(bare, (0.5, 0.5), (0.7, 0.7))
    wait_until_kept(bare, read_sheet(bare))
    kept = bare.evaluate(
        "() => Object.keys(localStorage).filter((k) => k.startsWith('pix2pix-drawing:'))"
    )
    assert len(kept) == 8
    assert {f"pix2pix-drawing:old{i}" for i in range(23, 30)} < set(kept)


@pytest.mark.own_profile
def test_a_drawing_that_cannot_be_kept_is_asked_about(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    page.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); };")
    page.reload()
    page.wait_for_selector("[data-ready]")
    questions = Questions(page)
    page.reload()
    page.wait_for_selector("[data-ready]")
    assert questions.asked == [], "nothing was drawn"
    press(page, "r", "4")
    drag(page, (0.5, 0.5), (0.7, 0.7))
    page.reload()
    assert questions.asked == ["beforeunload"]


# ---- the address -------------------------------------------------------------------------


def selected(page: Any) -> str:
    return page.locator("[role=tab][aria-selected=true]").first.inner_text()


def test_the_tab_is_in_the_address(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    assert "#" not in page.url
    to_colors(page)
    page.wait_for_url(f"{fake_studio}#colorize", wait_until="commit")
    page.reload()
    page.locator(".st-photo[data-shown]").wait_for()
    assert selected(page) == "Colourise"
    page.evaluate("() => { location.hash = 'draw'; }")
    page.locator(".st-canvas").wait_for()
    assert selected(page) == "Draw"
    page.evaluate("() => { location.hash = '%E0%A4%A'; }")  # no text at all
    assert selected(page) == "Draw"
    page.get_by_role("tab", name="Colourise").focus()
    press(page, "Enter")
    page.wait_for_function("() => location.hash === '#colorize'")
