"""Journeys through the app in a real Chromium, by hand-like pointer, keys and touch.

Every visit also checks that the page asked nothing of another host and logged no error.
Screenshots go to `screenshots/`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hand import (
    SCREENSHOTS,
    drag,
    open_file,
    read_building,
    read_sheet,
    save,
    settle,
    start_anew,
    tool,
    wait_for_building,
)
from helpers.kept_drawings import bare_wall
from PIL import Image

from pix2pix.labels.canvas_spec import KEYS
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import decode_label_image, encode_label_image

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
SIZE = 256


# ---- draw --------------------------------------------------------------------------------


def test_drawing_a_rectangle_changes_the_building_in_that_place(studio: str, visit: Visit) -> None:
    page = visit(studio, moving=True)
    before, drawn_before = read_building(page), read_sheet(page)
    tool(page, "Rectangle")
    page.get_by_role("button", name="shop:").click()
    wait_for_building(page, lambda: drag(page, (0.3, 0.2), (0.7, 0.5)))
    changed = read_sheet(page) != drawn_before
    rows, columns = np.nonzero(changed)
    assert 70 <= columns.min() <= 90 and 170 <= columns.max() <= 185
    assert 45 <= rows.min() <= 60 and 120 <= rows.max() <= 132
    difference = abs(read_building(page) - before).mean(-1)
    inside = difference[110:250, 160:352].mean()
    outside = np.concatenate([difference[300:].ravel(), difference[:, 420:].ravel()]).mean()
    assert inside > 10
    assert inside > 3 * outside


def test_the_page_opens_with_a_drawing_and_its_building(studio: str, visit: Visit) -> None:
    page = visit(studio)
    np.testing.assert_array_equal(read_sheet(page), build_facade(PRESETS[0], SIZE))
    assert read_building(page).std() > 10
    assert not page.locator("text=Click to Upload >> visible=true").count(), "a program's, hidden"


def test_the_building_follows_while_the_hand_still_moves(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio, moving=True)
    page.evaluate(
        "() => { window.shown = 0; new MutationObserver(() => { window.shown += 1; }).observe("
        "document.querySelector('.st-preview'), {attributeFilter: ['data-picture']}); }"
    )
    tool(page, "Brush")
    box = page.locator(".st-canvas").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    for step in (10, 20, 30, 40):
        shown = page.evaluate("() => window.shown")
        page.mouse.move(box["x"] + 20 + 8 * step, box["y"] + 20 + 6 * step, steps=10)
        page.wait_for_function("(shown) => window.shown > shown", arg=shown)
    page.mouse.up()


def test_every_tool_does_what_it_is_called(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    start_anew(page)
    np.testing.assert_array_equal(read_sheet(page), bare_wall())
    page.keyboard.press("4")
    page.keyboard.press("b")
    drag(page, (0.3, 0.3), (0.6, 0.3))
    stroke = read_sheet(page) == 3
    assert stroke[76, 80:150].all() and 10 <= stroke[:, 110].sum() <= 13
    page.keyboard.press("3")
    page.keyboard.press("f")
    drag(page, (0.4, 0.3), (0.4, 0.3))
    assert ((read_sheet(page) == 2) == stroke).all()
    page.keyboard.press("e")
    drag(page, (0.3, 0.3), (0.6, 0.3))
    assert (read_sheet(page)[76, 85:150] == 1).all(), "the wall is back"
    drag(page, (0.2, 0.7), (0.4, 0.7))
    assert (read_sheet(page)[179, 60:100] == 0).all(), (
        "the eraser cuts the wall where it began on it"
    )


def test_undo_and_redo_cross_tools_by_keys(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    states = [read_sheet(page)]
    for key, class_key in (("b", "8"), ("r", "0"), ("f", "="), ("e", "2")):
        page.locator(".st-canvas").hover()
        page.keyboard.press(key)
        page.keyboard.press(class_key)
        drag(page, (0.2, 0.2), (0.5, 0.6))
        states.append(read_sheet(page))
        assert (states[-1] != states[-2]).any()
    for state in reversed(states[:-1]):
        page.keyboard.press("Control+z")
        np.testing.assert_array_equal(read_sheet(page), state)
    for i, state in enumerate(states[1:]):
        page.keyboard.press("Control+Shift+z" if i % 2 else "Control+y")
        np.testing.assert_array_equal(read_sheet(page), state)


def test_every_class_has_its_key(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    page.locator(".st-canvas").hover()
    for index, key in enumerate(KEYS):
        page.keyboard.press(key)
        pressed = page.locator(".st-chip").nth(index).get_attribute("aria-pressed")
        assert pressed == "true", key


def test_keys_leave_text_fields_alone(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    before = read_sheet(page)
    seed = page.get_by_label("Seed", exact=True)
    seed.fill("")
    seed.press_sequentially("42")
    assert page.locator(".st-chip[aria-pressed=true]").inner_text().endswith("window")
    wait_for_building(page, lambda: seed.press("Enter"))
    assert seed.input_value() == "42"
    np.testing.assert_array_equal(read_sheet(page), before)


def test_a_seed_gives_its_building_again_and_surprise_another(
    fake_studio: str, visit: Visit
) -> None:
    page = visit(fake_studio)
    seed = page.get_by_label("Seed", exact=True)
    first_seed, first = seed.input_value(), read_building(page)
    wait_for_building(page, page.get_by_role("button", name="Surprise me").click)
    assert seed.input_value() != first_seed
    assert abs(read_building(page) - first).mean() > 1
    seed.fill(first_seed)
    wait_for_building(page, lambda: seed.press("Enter"))
    np.testing.assert_array_equal(read_building(page), first)


def test_the_building_and_the_drawing_can_be_saved(
    studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(studio)
    with page.expect_download() as saved:
        save(page, "Save it small")
    assert saved.value.suggested_filename.endswith("-small.png")
    saved.value.save_as(tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as image:
        assert image.format == "PNG" and image.size == (SIZE, SIZE)
    with page.expect_download() as saved:
        save(page, "Save the building")
    saved.value.save_as(tmp_path / "building.png")
    with Image.open(tmp_path / "building.png") as image:
        assert image.format == "PNG" and image.size == (2 * SIZE, 2 * SIZE)
        small = image.resize((SIZE, SIZE), Image.Resampling.BOX)
        enlarged = small.resize(image.size, Image.Resampling.BICUBIC)
        detail = np.asarray(image, np.float32) - np.asarray(enlarged, np.float32)
    assert np.abs(detail).mean() > 1, "painted at that size, not enlarged"
    with page.expect_download() as saved:
        save(page, "Save the drawing")
    saved.value.save_as(tmp_path / "labels.png")
    with Image.open(tmp_path / "labels.png") as image:
        np.testing.assert_array_equal(decode_label_image(image), read_sheet(page))


def test_while_the_hand_rests_the_building_is_painted_larger_and_stays_the_same_one(
    studio: str, visit: Visit
) -> None:
    page = visit(studio, moving=True)
    assert read_building(page).shape == (2 * SIZE, 2 * SIZE, 3), "also the one that comes first"
    sizes = page.evaluate_handle(
        """() => {
            const sizes = [];
            const note = (list) => list.forEach((change) => change.addedNodes.forEach(
                (node) => node.naturalWidth && sizes.push(node.naturalWidth)));
            new MutationObserver(note).observe(
                document.querySelector('.st-preview .st-view'), { childList: true });
            return sizes;
        }"""
    )
    page.keyboard.press("3")
    wait_for_building(page, lambda: drag(page, (0.3, 0.5), (0.5, 0.7)))
    sharp = read_building(page)
    assert sharp.shape == (2 * SIZE, 2 * SIZE, 3)
    assert sizes.json_value()[0] == SIZE and sizes.json_value()[-1] == 2 * SIZE
    assert page.locator(".st-preview img").count() == 1
    page.keyboard.press("Control+z")
    wait_for_building(page, lambda: page.keyboard.press("Control+Shift+z"))
    close = np.abs(read_building(page) - sharp)
    assert close.mean() < 1, "the same drawing, the same building"


def test_what_is_to_be_saved_comes_even_where_the_server_gave_it_up_for_a_newer_drawing(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    formats: list[str] = []

    def give_up_once(route: Any) -> None:
        formats.append(route.request.post_data_json.get("format"))  # thumbnails name none
        if formats.count("png") == 1:
            route.fulfill(status=204)
        else:
            route.continue_()

    page.route("**/studio-api/*/draw", give_up_once)
    with page.expect_download() as saved:
        save(page, "Save both side by side")
    assert formats.count("png") == 2  # the live pictures that still come are JPEG
    saved.value.save_as(tmp_path / "both.png")
    with Image.open(tmp_path / "both.png") as image:
        drawing, building = (
            np.asarray(image.convert("RGB")).reshape(SIZE, 2, SIZE, 3).swapaxes(0, 1)
        )
    np.testing.assert_array_equal(decode_label_image(Image.fromarray(drawing)), read_sheet(page))
    assert building.std() > 10


def test_a_saved_drawing_opens_again_and_a_photo_is_refused(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    drawing = build_facade(PRESETS[3], SIZE)
    encode_label_image(drawing).save(tmp_path / "mine.png")
    open_file(page, "Open a drawing", tmp_path / "mine.png")
    page.wait_for_function("() => !document.querySelector('[aria-label=Undo]').disabled")
    np.testing.assert_array_equal(read_sheet(page), drawing)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "holiday.png")
    open_file(page, "Open a drawing", tmp_path / "holiday.png")
    page.get_by_text("holiday.png: is not a label map").wait_for()
    np.testing.assert_array_equal(read_sheet(page), drawing)


def test_a_finger_draws_and_the_page_stays_where_it_is(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio, phone=True)
    tool(page, "Brush")
    page.get_by_role("button", name="door:").tap()
    page.evaluate("() => window.scrollTo(0, 0)")
    before = read_sheet(page)
    box = page.locator(".st-canvas").bounding_box()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, part: float) -> None:
        x, y = box["x"] + 0.5 * box["width"], box["y"] + part * box["height"]
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.9)
    for step in range(12):
        touch("touchMove", 0.9 - step * 0.06)
    touch("touchEnd", 0)
    after = read_sheet(page)
    assert (after[70:220, 128] == 3).all()
    assert (after != before).sum() > 500
    assert page.evaluate("() => window.scrollY") == 0
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390


# ---- how it looks ------------------------------------------------------------------------


@pytest.mark.parametrize(("device", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_screenshots_of_both_tabs(studio: str, visit: Visit, scheme: str, device: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page = visit(studio, phone=device == "phone", scheme=scheme)
    for tab in ("draw", "colourise"):
        page.get_by_role("tab", name=tab.title()).click()
        ready = ".st-styles[data-complete=true]" if tab == "draw" else ".st-photo[data-shown]"
        page.locator(ready).wait_for()
        settle(page)
        page.screenshot(
            path=SCREENSHOTS / f"{tab}-{device}-{scheme}.png", full_page=device == "phone"
        )
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), (
            "nothing to scroll sideways"
        )
