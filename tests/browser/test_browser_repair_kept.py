"""Removing scratches in a real browser: the switch, what is kept and saved, and how it looks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import Visit, open_colors
from helpers.hand import SCREENSHOTS, open_file, press, save, save_grey_photo
from helpers.leaving import Questions, wait_for_kept_files
from helpers.repair import (
    ON_IT,
    REPAIRED,
    SKY,
    Sent,
    choose,
    is_repaired,
    paint,
    paint_by_finger,
    remove_scratches,
    wait_for_strokes,
)
from PIL import Image

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(repair_tab: Any) -> Any:
    return repair_tab


# ---- the switch --------------------------------------------------------------------------


def test_without_a_model_that_removes_scratches_there_is_no_switch(
    spots: str, visit: Visit
) -> None:
    page = open_colors(visit, spots)
    assert page.get_by_role("switch", name="Repair faded tones").is_visible()
    assert page.get_by_role("switch", name="Remove scratches").count() == 0
    press(page, "b")
    assert page.locator(".st-stroke-canvas").is_hidden()


def test_the_switch_is_off_until_it_is_turned_and_has_its_tools_below_it(
    repairing: str, visit: Visit
) -> None:
    page = open_colors(visit, repairing)
    switch = page.get_by_role("switch", name="Remove scratches")
    assert switch.get_attribute("aria-checked") == "false"
    assert page.locator(".st-repair-tools").is_hidden()
    remove_scratches(page)
    assert switch.get_attribute("aria-checked") == "true"
    assert page.get_by_role("button", name="Repair brush").is_visible()
    choose(page, "Repair")
    switch.click()
    page.locator(".st-repair-tools").wait_for(state="hidden")
    assert page.locator(".st-stroke-canvas").is_hidden()


def test_all_photos_get_the_switch_but_not_the_strokes(tab: Any, tmp_path: Path) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    second = save_grey_photo(tmp_path / "two.png", (200, 150))
    tab.get_by_role("switch", name="Remove scratches").click()
    open_file(tab, "Open photos", second)
    tab.locator(".st-photo[data-shown='two.png']").wait_for()
    tab.locator(".st-shot[data-name='one.png'] .st-thumb").click()
    tab.locator(".st-photo[data-shown='one.png']").wait_for()
    tab.get_by_role("switch", name="Remove scratches").click()
    wait_for_strokes(tab, 1)
    tab.get_by_role("button", name="Apply to all photos").click()
    tab.locator(".st-shot[data-name='two.png'] .st-thumb").click()
    tab.locator(".st-photo[data-shown='two.png']").wait_for()
    wait_for_strokes(tab, 0)


# ---- kept and saved ----------------------------------------------------------------------


def reload(page: Any) -> None:
    wait_for_kept_files(page, 1)
    page.reload()
    page.locator(".st-photo[data-shown='one.png']").wait_for()


def test_strokes_come_back_after_a_reload(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    sent = Sent(tab)
    reload(tab)
    wait_for_strokes(tab, 1)
    assert is_repaired(tab, ON_IT)
    assert len(sent.last()["strokes"]) == 1


def change_stored(page: Any, change: str) -> None:
    """Reloads the page; `change` is a JavaScript function of the stored list of strokes."""
    page.wait_for_function("() => Object.values(sessionStorage).join().includes('radius')")
    page.evaluate(
        f"""() => addEventListener('pagehide', () => {{
            const [[key, text]] = Object.entries(sessionStorage)
                .filter(([, text]) => text.includes('radius'));
            const stored = JSON.parse(text);
            stored.photos[0].strokes = ({change})(stored.photos[0].strokes);
            sessionStorage.setItem(key, JSON.stringify(stored));
        }})"""
    )
    reload(page)


def test_strokes_that_storage_spoiled_are_left_out(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    change_stored(tab, "([stroke]) => [{ ...stroke, radius: 7 }]")
    wait_for_strokes(tab, 0)


def test_a_photo_has_room_for_no_more_strokes_than_the_server_takes(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    change_stored(tab, "([stroke]) => Array(256).fill(stroke)")
    wait_for_strokes(tab, 256)
    choose(tab, "Repair")
    paint(tab, *SKY)
    tab.locator(".st-about", has_text="room for 256 strokes").wait_for()


def test_strokes_on_an_example_are_asked_about(repairing: str, visit: Visit) -> None:
    page = open_colors(visit, repairing)
    questions = Questions(page)
    remove_scratches(page)
    page.reload()
    page.locator(".st-photo[data-shown]").wait_for()
    assert questions.asked == []
    remove_scratches(page)
    choose(page, "Repair")
    paint(page, *SKY)
    wait_for_strokes(page, 1)
    page.reload()
    assert questions.asked == ["beforeunload"]
    wait_for_strokes(page, 1)


def test_the_saved_photo_is_repaired_too(tab: Any, tmp_path: Path) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    with tab.expect_download() as saved:
        save(tab, "Save as PNG")
    saved.value.save_as(tmp_path / "saved.png")
    picture = np.asarray(Image.open(tmp_path / "saved.png").convert("L"), int)
    assert abs(picture[40, 120] - REPAIRED) < 3
    assert abs(picture[70, 120] - REPAIRED) > 20


# ---- looks -------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_tools_are_below_the_photo_and_large_enough_for_a_finger(
    repairing: str, visit: Visit, repair_photo: Path, scheme: str
) -> None:
    page = open_colors(visit, repairing, phone=True, scheme=scheme)
    open_file(page, "Open photos", repair_photo)
    page.locator(".st-photo[data-shown='one.png']").wait_for()
    remove_scratches(page)
    page.get_by_role("button", name="Repair brush").tap()
    page.get_by_role("button", name="Show repairs").tap()
    paint_by_finger(page, *SKY)
    wait_for_strokes(page, 1)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"repair-phone-{scheme}.png")
    compare = page.locator(".st-compare").bounding_box()
    tools = page.locator(".st-repair-tools").bounding_box()
    assert compare["y"] >= 0 and tools["y"] >= compare["y"] + compare["height"]
    assert tools["y"] + tools["height"] <= 844
    for control in page.locator(".st-repair-tools :is(button, input)").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 36, control.get_attribute("aria-label")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_beside_a_long_panel_the_photo_stays_in_view(tab: Any, scheme: str) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": 1280, "height": 720})
    choose(tab, "Repair")
    tab.get_by_role("button", name="Show repairs").click()
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    tab.locator(".st-panel").evaluate("(panel) => panel.scrollIntoView({ block: 'end' })")
    SCREENSHOTS.mkdir(exist_ok=True)
    tab.screenshot(path=SCREENSHOTS / f"repair-{scheme}.png")
    assert tab.evaluate("() => scrollY") > 100
    box = tab.locator(".st-stage").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= 720


def test_with_forced_colours_repairs_are_in_the_colour_of_what_is_chosen(tab: Any) -> None:
    tab.emulate_media(forced_colors="active")
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    tab.get_by_role("button", name="Show repairs").click()
    layer, photo = tab.evaluate(
        """() => {
            const highlight = document.body.appendChild(document.createElement('i'));
            highlight.style.backgroundColor = 'Highlight';
            return [
                getComputedStyle(document.querySelector('.st-changed'), '::before').backgroundColor,
                getComputedStyle(highlight).backgroundColor,
            ];
        }"""
    )
    assert layer == photo
