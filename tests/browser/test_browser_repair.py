"""The repair brush in a real browser: places painted by mouse, finger and keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import SpotColorizer, Visit, click_photo, is_dropped, places, to_colors
from helpers.hand import SCREENSHOTS, open_file, press, save, save_grey_photo
from helpers.leaving import Questions
from helpers.repair import (
    REPAIRED,
    Sent,
    choose,
    is_repaired,
    paint,
    paint_by_finger,
    remove_scratches,
    shown_repairs,
    strokes_on_canvas,
    wait_for_strokes,
)
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, StrokeRestorer
from PIL import Image

pytestmark = pytest.mark.browser
SKY = [(0.2, 0.2), (0.6, 0.2)]  # a stroke through the bright part of the photo
ON_IT, BESIDE = (0.4, 0.2), (0.4, 0.35)


@pytest.fixture(scope="module")
def repairing(upload_folder: Path) -> Iterator[str]:
    """The app's address; what is marked becomes grey."""
    yield from serve(PaletteDrawer(), SpotColorizer(), restorer=StrokeRestorer())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return save_grey_photo(tmp_path / "one.png", (300, 200))


@pytest.fixture
def tab(repairing: str, visit: Visit, photo: Path) -> Any:
    """A page with a photo open whose scratches are removed."""
    page = to_colors(visit(repairing))
    open_file(page, "Open photos", photo)
    page.locator(".st-photo[data-shown='one.png']").wait_for()
    remove_scratches(page)
    return page


# ---- the switch --------------------------------------------------------------------------


def test_without_a_model_that_removes_scratches_there_is_no_switch(
    spots: str, visit: Visit
) -> None:
    page = to_colors(visit(spots))
    assert page.get_by_role("switch", name="Repair faded tones").is_visible()
    assert page.get_by_role("switch", name="Remove scratches").count() == 0
    press(page, "b")
    assert page.locator(".st-stroke-canvas").is_hidden()


def test_the_switch_is_off_until_it_is_turned_and_has_its_tools_below_it(
    repairing: str, visit: Visit
) -> None:
    page = to_colors(visit(repairing))
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


# ---- painting ----------------------------------------------------------------------------


def test_a_place_painted_with_the_mouse_is_repaired_and_nothing_else(tab: Any) -> None:
    assert not is_repaired(tab, ON_IT)
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    assert is_repaired(tab, ON_IT)
    assert not is_repaired(tab, BESIDE)


def test_requests_carry_each_stroke_as_it_was_painted(tab: Any) -> None:
    sent = Sent(tab)
    choose(tab, "Keep")
    paint(tab, (0.25, 0.5), (0.75, 0.5), (0.75, 1.3))
    wait_for_strokes(tab, 1)
    request = sent.last("quick")
    assert request["scratches"] is True
    (stroke,) = request["strokes"]
    assert set(stroke) == {"points", "radius", "keep"} and stroke["keep"] is True
    points = np.array(stroke["points"])
    for corner in ((0.25, 0.5), (0.75, 0.5), (0.75, 1.0)):
        assert np.abs(points - corner).max(1).min() < 0.01
    assert points.min() >= 0 and points.max() <= 1
    steps = np.hypot(*(np.diff(points, axis=0) * (300, 200)).T)
    assert steps.min() >= 0.99 and len(points) >= 10
    assert 0 < stroke["radius"] <= 0.25


def test_a_stroke_is_seen_while_it_is_drawn_and_gone_when_the_picture_has_it(tab: Any) -> None:
    choose(tab, "Repair")
    assert strokes_on_canvas(tab) == 0
    paint(tab, *SKY, release=False)
    assert strokes_on_canvas(tab) > 500
    tab.mouse.up()
    wait_for_strokes(tab, 1)
    tab.wait_for_function(
        "() => { const c = document.querySelector('.st-strokes');"
        " return !c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean); }"
    )


def test_painting_moves_no_divider_and_sets_no_hint(tab: Any) -> None:
    divider = tab.locator(".st-compare").evaluate("(n) => n.style.getPropertyValue('--cut')")
    choose(tab, "Repair")
    paint(tab, (0.2, 0.5), (0.8, 0.5))
    click_photo(tab, 0.3, 0.3)
    wait_for_strokes(tab, 2)
    assert is_dropped(tab)
    after = tab.locator(".st-compare").evaluate("(n) => n.style.getPropertyValue('--cut')")
    assert after == divider


def test_a_finger_paints_without_scrolling_the_page(
    repairing: str, visit: Visit, photo: Path
) -> None:
    page = to_colors(visit(repairing, phone=True))
    open_file(page, "Open photos", photo)
    page.locator(".st-photo[data-shown='one.png']").wait_for()
    remove_scratches(page)
    page.get_by_role("button", name="Repair brush").tap()
    scrolled = page.evaluate("() => scrollY")
    paint_by_finger(page, (0.4, 0.1), (0.4, 0.9))
    wait_for_strokes(page, 1)
    assert is_repaired(page, (0.4, 0.5))
    assert page.evaluate("() => scrollY") == scrolled
    assert is_dropped(page)


def test_a_stroke_that_escape_breaks_off_is_not_made(tab: Any) -> None:
    sent = Sent(tab)
    choose(tab, "Repair")
    paint(tab, *SKY, release=False)
    press(tab, "Escape")
    tab.mouse.up()
    assert strokes_on_canvas(tab) == 0
    paint(tab, (0.2, 0.8), (0.6, 0.8))  # the brush is still chosen
    wait_for_strokes(tab, 1)
    assert sent.last("quick")["strokes"][0]["points"][0] == pytest.approx([0.2, 0.8], abs=0.01)


@pytest.mark.parametrize("leave", ["Escape", "the brush"])
def test_hints_are_set_as_before_once_the_brush_is_left(tab: Any, leave: str) -> None:
    choose(tab, "Repair")
    choose(tab, "Repair") if leave == "the brush" else press(tab, leave)
    assert tab.locator(".st-stroke-canvas").is_hidden()
    click_photo(tab, 0.7, 0.3)
    assert places(tab)[0] == pytest.approx((0.7, 0.3), abs=0.01)


def test_the_size_of_the_brush_is_the_width_of_its_strokes(tab: Any) -> None:
    sent = Sent(tab)
    choose(tab, "Repair")
    tab.get_by_label("Brush size", exact=True).fill("20")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    radius = sent.last("quick")["strokes"][0]["radius"]
    reach = radius * 300 / 200  # of the height
    assert is_repaired(tab, (0.4, 0.2 + 0.9 * reach))
    assert not is_repaired(tab, (0.4, 0.2 + 1.1 * reach))
    outline = tab.locator(".st-stroke-canvas .st-outline").bounding_box()
    assert outline["width"] == pytest.approx(
        2 * radius * tab.locator(".st-compare").bounding_box()["width"], abs=3
    )


# ---- keeping and seeing ------------------------------------------------------------------


def test_a_place_to_keep_stays_as_it_was(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, (0.2, 0.2), (0.8, 0.2))
    wait_for_strokes(tab, 1)
    choose(tab, "Keep")
    paint(tab, (0.5, 0.2), (0.8, 0.2))
    wait_for_strokes(tab, 2)
    assert is_repaired(tab, (0.3, 0.2))
    assert not is_repaired(tab, (0.65, 0.2))


def test_what_was_repaired_is_shown_when_asked_for(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    assert shown_repairs(tab, ON_IT) == [False]
    eye = tab.get_by_role("button", name="Show repairs")
    eye.click()
    assert shown_repairs(tab, ON_IT, BESIDE) == [True, False]
    assert eye.get_attribute("aria-pressed") == "true"
    eye.click()
    assert shown_repairs(tab, ON_IT) == [False]


def test_nothing_is_shown_as_repaired_once_the_switch_is_off(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    tab.get_by_role("button", name="Show repairs").click()
    sent = Sent(tab)
    with tab.expect_response("**/colorize"):
        tab.get_by_role("switch", name="Remove scratches").click()
    assert shown_repairs(tab, ON_IT) == [False]
    request = sent.last("quick")
    assert (request["scratches"], request["strokes"]) == (False, [])


# ---- undo --------------------------------------------------------------------------------


def test_strokes_are_undone_and_done_again(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    paint(tab, (0.2, 0.8), (0.6, 0.8))
    wait_for_strokes(tab, 2)
    press(tab, "Control+z")
    wait_for_strokes(tab, 1)
    tab.get_by_role("button", name="Undo the stroke").click()
    wait_for_strokes(tab, 0)
    assert not is_repaired(tab, ON_IT)
    tab.get_by_role("button", name="Redo the stroke").click()
    wait_for_strokes(tab, 1)
    assert is_repaired(tab, ON_IT)


def test_cleared_strokes_come_back_by_undo(tab: Any) -> None:
    choose(tab, "Repair")
    for y in (0.2, 0.5, 0.8):
        paint(tab, (0.2, y), (0.4, y))
    wait_for_strokes(tab, 3)
    tab.get_by_role("button", name="Clear the strokes").click()
    wait_for_strokes(tab, 0)
    press(tab, "Control+z")
    wait_for_strokes(tab, 3)


def test_undo_acts_on_strokes_with_a_brush_and_on_hints_without(tab: Any) -> None:
    click_photo(tab, 0.7, 0.7)
    tab.get_by_role("button", name="Red cloth").click()
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    press(tab, "Control+z", "Control+z")
    wait_for_strokes(tab, 0)
    press(tab, "Control+y", "Escape")
    wait_for_strokes(tab, 1)
    assert len(places(tab)) == 1
    press(tab, "Control+z")
    assert is_dropped(tab)
    wait_for_strokes(tab, 1)


# ---- keys --------------------------------------------------------------------------------


def test_a_place_is_repaired_by_keys_alone(tab: Any) -> None:
    press(tab, "b")
    label = tab.evaluate("() => document.activeElement.ariaLabel")
    assert "Repair brush" in label and "Space" in label
    press(tab, "Shift+ArrowUp", "Shift+ArrowUp", "Shift+ArrowUp", "Space")
    press(tab, *["Shift+ArrowRight"] * 5, "Enter")
    wait_for_strokes(tab, 1)
    assert is_repaired(tab, (0.6, 0.35))
    assert "75% across, 35% down" in tab.locator(".st-stroke-canvas [role=status]").inner_text()
    press(tab, "k", "Space", "Space")
    wait_for_strokes(tab, 2)
    assert not is_repaired(tab, (0.75, 0.35))
    press(tab, "Escape")
    assert tab.evaluate("() => document.activeElement.ariaLabel") == "Keep brush"


def test_keys_change_the_size_of_the_brush(tab: Any) -> None:
    size = tab.get_by_label("Brush size", exact=True)
    before = int(size.input_value())
    press(tab, "b", "]", "]", "]", "[")
    assert int(size.input_value()) == before + 2


def test_tooltips_name_the_keys(tab: Any) -> None:
    for name, key in (
        ("Repair brush", "  B"),
        ("Keep brush", "  K"),
        ("Undo the stroke", "Ctrl Z"),
    ):
        tip = tab.get_by_role("button", name=name).get_attribute("data-tip")
        assert tip.endswith(key)
    assert tab.locator(".st-brush-size").get_attribute("data-tip").endswith("[ ]")


# ---- kept and saved ----------------------------------------------------------------------


def reload(page: Any) -> None:
    page.reload()
    page.locator(".st-photo[data-shown='one.png']").wait_for(timeout=20_000)


def test_strokes_come_back_after_a_reload(tab: Any) -> None:
    choose(tab, "Repair")
    paint(tab, *SKY)
    wait_for_strokes(tab, 1)
    sent = Sent(tab)
    reload(tab)
    wait_for_strokes(tab, 1)
    assert is_repaired(tab, ON_IT)
    assert len(sent.last("preview")["strokes"]) == 1


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
    page = to_colors(visit(repairing))
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
    repairing: str, visit: Visit, photo: Path, scheme: str
) -> None:
    page = to_colors(visit(repairing, phone=True, scheme=scheme))
    open_file(page, "Open photos", photo)
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
