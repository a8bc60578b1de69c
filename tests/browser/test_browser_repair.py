"""The repair brush in a real browser: places painted by mouse, finger and keys."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import Visit, click_photo, is_dropped, open_colors, places
from helpers.hand import open_file, press
from helpers.repair import (
    BESIDE,
    ON_IT,
    SKY,
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

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(repair_tab: Any) -> Any:
    return repair_tab


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
    request = sent.last()
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
    repairing: str, visit: Visit, repair_photo: Path
) -> None:
    page = open_colors(visit, repairing, phone=True)
    open_file(page, "Open photos", repair_photo)
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
    assert sent.last()["strokes"][0]["points"][0] == pytest.approx([0.2, 0.8], abs=0.01)


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
    radius = sent.last()["strokes"][0]["radius"]
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

    def is_without(answer: Any) -> bool:
        asked = answer.request.post_data_json if answer.url.endswith("/colorize") else {}
        return asked.get("kind") in ("quick", "preview") and not asked["scratches"]

    with tab.expect_response(is_without) as answer:
        tab.get_by_role("switch", name="Remove scratches").click()
    assert shown_repairs(tab, ON_IT) == [False]
    assert answer.value.request.post_data_json["strokes"] == []


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
