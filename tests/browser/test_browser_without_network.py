"""Without a network, or with a slow one: nothing is lost, and what lasts is shown."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import BLUE, click_photo, to_colors, wait_for_color
from helpers.hand import drag, open_file, press, read_building, read_sheet, save_grey_photo
from helpers.leaving import Questions
from helpers.stand_ins import PaletteDrawer
from helpers.visits import wait_until_mounted
from playwright.sync_api import Error

pytestmark = [pytest.mark.browser, pytest.mark.own_profile]
Visit = Callable[..., Any]
WAIT_MS = 120_000  # against a hang: no test decides by time


def wait_until_painted(page: Any, sheet: np.ndarray) -> None:
    """Until the building is the one of this drawing, also where Gradio loads the page anew."""
    drawn = PaletteDrawer().draw(sheet, 7).astype(int)
    end = time.monotonic() + WAIT_MS / 1000
    while time.monotonic() < end:
        try:
            if abs(read_building(page) - drawn).mean() < 6:  # JPEG loses a little
                return
        except Error:
            pass  # the page was just being left
        page.wait_for_timeout(250)
    raise AssertionError("the last stroke is not painted")


def open_page(chromium: Any, url: str) -> Any:
    """A page whose console may complain."""
    page = chromium.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(url)
    return page


def test_the_last_stroke_is_painted_when_there_is_a_network_again(
    fake_studio: str, chromium: Any
) -> None:
    page = open_page(chromium, fake_studio)
    wait_until_mounted(page)
    before = read_sheet(page)
    wait_until_painted(page, before)
    asked: list[str] = []
    draw = "/studio-api/draw/draw"
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith(draw) else None)
    page.context.set_offline(True)
    page.locator(".st-canvas").hover()
    press(page, "r", "4")
    drag(page, (0.2, 0.2), (0.9, 0.8))
    sheet = read_sheet(page)
    assert (sheet != before).mean() > 0.2
    page.get_by_text("The server is out of reach.").wait_for()
    page.wait_for_timeout(3000)  # what must not come cannot be awaited
    assert len(asked) < 12, "no tight loop"
    page.context.set_offline(False)
    wait_until_painted(page, sheet)
    np.testing.assert_array_equal(read_sheet(page), sheet)
    page.close()


def test_a_hint_set_without_a_network_is_seen_when_there_is_one_again(
    spots: str, chromium: Any
) -> None:
    page = open_page(chromium, spots)
    to_colors(page)
    questions = Questions(page)
    click_photo(page, 0.7, 0.3)
    # A request on its way may be the one that fails; where its answer still comes, the server has
    # forgotten the photo with the broken connection, and sending it again fails.
    with page.expect_event("requestfailed", lambda r: r.method == "POST"):
        page.context.set_offline(True)
        page.get_by_role("button", name="Blue cloth").click()  # Gradio may reload the page, too
    page.context.set_offline(False)
    page.locator(".st-photo[data-hints='1']").wait_for()
    wait_for_color(page, 0.7, 0.3, BLUE)
    assert questions.asked == [], "nobody has left the page, and nothing is lost"
    page.close()


def test_a_photo_opened_without_a_network_is_sent_when_there_is_one_again(
    spots: str, chromium: Any, tmp_path: Path
) -> None:
    page = open_page(chromium, spots)
    to_colors(page)
    page.context.set_offline(True)
    open_file(page, "Open photos", save_grey_photo(tmp_path / "one.png", (90, 60)))
    page.locator(".st-about", has_text="one.png: could not be sent").wait_for()
    page.context.set_offline(False)
    page.locator(".st-photo[data-shown='one.png']").wait_for()
    page.locator(".st-shot[data-state=done]").wait_for()
    page.close()


def follow_progress(page: Any, place: str) -> None:
    """Notes in `window.parts` what the bar of an upload in this element says.

    And in `window.sending` whether a photo was marked as being sent. Both may be gone before anyone
    looks for them.
    """
    page.evaluate(
        """(place) => {
            window.parts = [];
            window.sending = false;
            new MutationObserver(() => {
                const bar = document.querySelector(`${place} [role=progressbar]`);
                if (bar) parts.push([Number(bar.ariaValueNow), bar.ariaLabel]);
                window.sending ||= Boolean(document.querySelector('.st-shot.st-sending'));
            }).observe(document.body, { subtree: true, childList: true, attributes: true });
        }""",
        place,
    )


def test_an_upload_that_lasts_shows_how_far_it_is(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": 100_000})
    photo = save_grey_photo(tmp_path / "large.png", (500, 400))
    assert 100_000 < photo.stat().st_size < 400_000
    for tab, button, place in (
        ("Draw", "Style from a photo", ".st-drawing .st-frame"),
        ("Draw", "Trace a photo", ".st-drawing .st-frame"),
        ("Draw", "Open a drawing", ".st-drawing .st-frame"),
        ("Colourise", "Open photos", ".st-stage"),
    ):
        if tab == "Colourise":
            page.get_by_role("alertdialog").wait_for()  # offers to trace what is no drawing
            press(page, "Escape")
            to_colors(page)
        follow_progress(page, place)
        open_file(page, button, photo)
        page.wait_for_function(
            "() => parts.length && !document.querySelector('[role=progressbar], .st-sending')"
        )
        parts = page.evaluate("() => parts")
        assert page.evaluate("() => sending") == (tab == "Colourise"), button
        assert {label for _, label in parts} == {"Sending large.png"}, button
        shares = [share for share, _ in parts]
        assert shares == sorted(shares) and len(set(shares)) >= 3, button
        assert 0 < shares[-1] <= 100, button
