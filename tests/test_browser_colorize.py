"""The Colourise tab by hand: photos in, hints on them, photos in colour out."""

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, SCREENSHOTS, PaletteDrawer, SepiaColorizer, serve
from hand import decode_uri, open_file, press, save, save_grey_photo
from PIL import Image

from pix2pix.ui.demo import PHOTOS

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
BLUE, RED = "#44609a", "#ab3036"  # of the swatches "Blue cloth" and "Red cloth"


class SpotColorizer(SepiaColorizer):
    """Stands in for a model: grey, with a square of each hint's very colour around it."""

    delay_s = 0.0

    def colorize(self, photo: Image.Image, strength: float = 1.0, hints: Any = (), **_: Any) -> Any:
        time.sleep(self.delay_s)
        result = np.stack([np.asarray(photo.convert("L"))] * 3, -1)
        height, width = result.shape[:2]
        for hint in hints:
            x, y, reach = hint.x * width, hint.y * height, 0.08 * min(width, height)
            spot = np.s_[
                int(max(y - reach, 0)) : int(y + reach), int(max(x - reach, 0)) : int(x + reach)
            ]
            result[spot] = hint.rgb
        return Image.fromarray(result)


@pytest.fixture(scope="module")
def spots(upload_folder: Path) -> Iterator[str]:
    yield from serve(PaletteDrawer(), SpotColorizer())


@pytest.fixture
def tab(spots: str, visit: Visit) -> Any:
    return to_colors(visit(spots))


def to_colors(page: Any) -> Any:
    page.get_by_role("tab", name="Colourise").click()
    page.locator(".st-photo[data-shown]").wait_for()
    return page


def click_photo(page: Any, x: float, y: float, touch: bool = False) -> None:
    box = page.locator(".st-compare").bounding_box()
    at = box["x"] + x * box["width"], box["y"] + y * box["height"]
    (page.touchscreen.tap if touch else page.mouse.click)(*at)


def drag_dot(page: Any, index: int, x: float, y: float) -> None:
    box = page.locator(".st-compare").bounding_box()
    dot = page.locator(".st-dot").nth(index).bounding_box()
    page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
    page.mouse.up()


def color_at(page: Any, x: float, y: float) -> tuple[int, ...]:
    """Of the picture in colour."""
    picture = decode_uri(page.locator("img.st-after").get_attribute("src"))
    height, width = picture.shape[:2]
    return tuple(int(v) for v in picture[int(y * (height - 1)), int(x * (width - 1))])


def wait_for_color(page: Any, x: float, y: float, color: str | None) -> None:
    """Until the picture has the colour there, or none."""
    for _ in range(100):
        found = np.array(color_at(page, x, y))
        wanted = (
            found.mean().repeat(3) if color is None else np.array(list(bytes.fromhex(color[1:])))
        )
        if abs(found - wanted).max() < 12:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{found} instead of {color}")


def places(page: Any) -> list[tuple[float, float]]:
    """Of the dots, in 0..1 of the photo."""
    return [
        (float(x.rstrip("%")) / 100, float(y.rstrip("%")) / 100)
        for x, y in page.evaluate(
            "() => [...document.querySelectorAll('.st-dot')].map(d => [d.style.left, d.style.top])"
        )
    ]


def is_dropped(page: Any) -> bool:
    return page.locator(".st-dot").count() == 0


# ---- one photo ---------------------------------------------------------------------------


def test_a_grey_photo_comes_back_coloured_at_its_own_size(
    studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = to_colors(visit(studio))
    photo = save_grey_photo(tmp_path / "old picture.png", (613, 407))
    open_file(page, "Open photos", photo)
    page.locator(".st-photo[data-shown='old picture.png']").wait_for()
    assert "613 \u00d7 407" in page.locator(".st-about").inner_text()
    for item, name in (("Save as PNG", "old picture.png"), ("Save as JPEG", "old picture.jpg")):
        with page.expect_download() as saved:
            save(page, item)
        assert saved.value.suggested_filename == name
        saved.value.save_as(tmp_path / "result")
        with Image.open(tmp_path / "result") as image:
            assert image.size == (613, 407)
            result = np.asarray(image.convert("RGB"), int)
        assert np.ptp(result, -1).mean() > 4
        assert abs(result.mean(-1) - np.asarray(Image.open(photo), int)).mean() < 20


def test_a_refused_photo_leaves_the_last_one_in_place(tab: Any, tmp_path: Path) -> None:
    first = tab.locator(".st-photo").get_attribute("data-shown")
    (tmp_path / "letter.jpg").write_bytes(b"Dear all")
    open_file(tab, "Open photos", tmp_path / "letter.jpg")
    tab.locator(".st-about", has_text="letter.jpg: is ").wait_for()
    tab.locator(".st-shot[data-state=failed]").wait_for()
    assert tab.locator(".st-photo").get_attribute("data-shown") == first
    with tab.expect_download() as saved:
        save(tab, "Save as PNG")
    assert saved.value.suggested_filename == str(Path(first).with_suffix(".png"))


def test_strength_and_divider_move_by_keys(fake_studio: str, visit: Visit) -> None:
    page = to_colors(visit(fake_studio))
    page.get_by_label("Strength").focus()
    press(page, "Home")
    page.locator(".st-photo[data-strength='0']").wait_for()
    after = decode_uri(page.locator("img.st-after").get_attribute("src")).astype(int)
    assert np.ptp(after, -1).mean() < 3
    page.get_by_label("Divider").focus()
    press(page, "End")
    assert cut(page) == "100%"


def cut(page: Any) -> str:
    return page.evaluate(
        "() => document.querySelector('.st-compare').style.getPropertyValue('--cut')"
    )


def test_a_drag_on_the_photo_moves_the_divider_and_leaves_no_hint(tab: Any) -> None:
    box = tab.locator(".st-compare").bounding_box()
    tab.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.4 * box["height"], steps=5)
    tab.mouse.up()
    assert float(cut(tab).rstrip("%")) == pytest.approx(80, abs=1)
    assert is_dropped(tab)


# ---- hints -------------------------------------------------------------------------------


def test_a_click_and_a_colour_make_a_hint_and_the_colour_is_there(tab: Any) -> None:
    click_photo(tab, 0.7, 0.3)
    label = tab.locator(".st-dot").get_attribute("aria-label")
    assert "no colour yet" in label
    tab.get_by_role("button", name="Blue cloth").click()
    wait_for_color(tab, 0.7, 0.3, BLUE)
    label = tab.locator(".st-dot").get_attribute("aria-label")
    assert label.startswith("Hint 1 of 1: blue cloth, 70% across, 30% down")
    click_photo(tab, 0.2, 0.8)  # the next one has the colour at once
    wait_for_color(tab, 0.2, 0.8, BLUE)
    tab.get_by_label("Any other colour").fill("#10c020")
    wait_for_color(tab, 0.2, 0.8, "#10c020")
    wait_for_color(tab, 0.7, 0.3, BLUE)


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
    tab.locator(".st-dot").focus()
    press(tab, "Delete")
    assert is_dropped(tab)
    wait_for_color(tab, 0.53, 0.54, None)


def test_every_control_of_the_tab_has_a_name(tab: Any) -> None:
    click_photo(tab, 0.7, 0.3)
    nameless = tab.evaluate(
        "() => [...document.querySelectorAll("
        "'.studio-darkroom :is(button, input:not([type=file]))')]"
        ".filter((n) => !n.ariaLabel && !n.textContent.trim() && !n.labels?.[0]?.textContent)"
        ".map((n) => n.outerHTML)"
    )
    assert nameless == []


def test_hints_are_placed_and_moved_by_a_finger(spots: str, visit: Visit) -> None:
    page = to_colors(visit(spots, phone=True))
    click_photo(page, 0.7, 0.3, touch=True)
    page.get_by_role("button", name="Red cloth").tap()
    wait_for_color(page, 0.7, 0.3, RED)
    page.locator(".st-compare").scroll_into_view_if_needed()
    box, dot = (page.locator(css).bounding_box() for css in (".st-compare", ".st-dot"))
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
    tab.locator(".st-dot").focus()
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
    page = to_colors(visit(spots))
    switch = page.get_by_role("switch", name="Repair faded tones")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    page.locator(".st-about", has_text="· repair").wait_for()
    page.get_by_role("switch", name="Smooth the grain").click()
    page.locator(".st-about", has_text="· repair · denoise").wait_for()
    switch.click()
    page.locator(".st-about", has_text="403 · denoise").wait_for()


def test_a_photo_that_has_colours_says_that_they_were_replaced(
    studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = to_colors(visit(studio))
    colors = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(colors).resize((160, 120)).save(tmp_path / "holiday.png")
    open_file(page, "Open photos", tmp_path / "holiday.png")
    page.locator(".st-about", has_text="its own colours were replaced").wait_for()


# ---- working sizes -----------------------------------------------------------------------


def test_of_the_working_sizes_side_by_side_the_one_picked_is_used(
    studio: str, visit: Visit
) -> None:
    page = to_colors(visit(studio))
    before = page.locator("img.st-after").get_attribute("src")
    page.get_by_role("button", name="Working size").click()
    sheet = page.get_by_role("dialog")
    sheet.locator(".st-print img[src]").nth(3).wait_for(timeout=20_000)
    pictures = sheet.locator(".st-print img").evaluate_all("all => all.map(i => i.src)")
    assert len(set(pictures)) == 4
    sheet.get_by_role("button", name="Working size 384").click()
    page.locator(".st-photo[data-size='384']").wait_for(timeout=20_000)
    assert page.locator("img.st-after").get_attribute("src") != before
    assert page.get_by_role("dialog").count() == 0


# ---- many photos -------------------------------------------------------------------------


def open_many(page: Any, folder: Path) -> None:
    """Four photos, two of one name, and a letter among them."""
    (folder / "other").mkdir()
    paths = [
        save_grey_photo(folder / name, (160 + 10 * i, 120))
        for i, name in enumerate(("aunt.png", "other/aunt.png", "größe 1941.png", "b.png"))
    ]
    (folder / "letter.jpg").write_bytes(b"Dear all")
    page.locator("input[type=file][multiple]").set_input_files(
        [*paths[:2], folder / "letter.jpg", *paths[2:]]
    )
    page.locator(".st-shot[data-name='b.png'][data-state=done]").wait_for(timeout=20_000)


def test_many_photos_come_back_in_one_zip_and_a_bad_one_stops_nothing(
    tab: Any, tmp_path: Path
) -> None:
    open_many(tab, tmp_path)
    states = tab.locator(".st-shot").evaluate_all("all => all.map(s => s.dataset.state)")
    assert states == ["done", "done", "failed", "done", "done"]
    click_photo(tab, 0.7, 0.3)
    tab.get_by_role("button", name="Blue cloth").click()
    wait_for_color(tab, 0.7, 0.3, BLUE)
    tab.get_by_role("button", name="Save all").click()
    with tab.expect_download() as saved:
        tab.get_by_role("menuitem", name="All as PNG").click()
    saved.value.save_as(tmp_path / "all.zip")
    words = tab.locator(".st-about").inner_text()
    assert "4 of 5 photos are saved" in words and "letter.jpg: is no image" in words
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "aunt.png",
            "aunt (2).png",
            "größe 1941.png",
            "b.png",
            "hints.json",
        ]
        sizes = [Image.open(archive.open(name)).size for name in archive.namelist()[:4]]
        assert sizes == [(160, 120), (170, 120), (180, 120), (190, 120)]
        assert list(json.loads(archive.read("hints.json"))) == ["aunt.png"]
        first = np.asarray(Image.open(archive.open("aunt.png")).convert("RGB"))
    assert tuple(first[36, 112]) == tuple(bytes.fromhex(BLUE[1:])), "with its hint"


def test_saving_all_can_be_cancelled(
    tab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_many(tab, tmp_path)
    monkeypatch.setattr(SpotColorizer, "delay_s", 0.5)
    downloads: list[Any] = []
    tab.on("download", lambda download: downloads.append(download))
    tab.get_by_role("button", name="Save all").click()
    tab.get_by_role("menuitem", name="All as JPEG").click()
    tab.get_by_role("button", name="Cancel").click()
    tab.locator(".st-about", has_text="Cancelled").wait_for()
    tab.get_by_role("button", name="Save all").wait_for()
    assert downloads == []


def test_a_photo_is_closed_and_forgotten(tab: Any, tmp_path: Path) -> None:
    open_many(tab, tmp_path)
    kept = len(PHOTOS)
    tab.locator(".st-shot[data-name='aunt.png']").hover()
    tab.get_by_role("button", name="Close aunt.png").click()
    tab.locator(".st-photo[data-shown='aunt (2).png']").wait_for()
    assert tab.locator(".st-shot").count() == 4
    tab.wait_for_timeout(200)
    assert len(PHOTOS) <= kept


def test_photos_are_dropped_anywhere_on_the_page(tab: Any) -> None:
    tab.evaluate(
        """async () => {
            const canvas = Object.assign(document.createElement('canvas'), {width: 90, height: 60});
            canvas.getContext('2d').fillRect(0, 0, 40, 60);
            const blob = await new Promise((resolve) => canvas.toBlob(resolve));
            const data = new DataTransfer();
            for (const name of ['a.png', 'b.png']) data.items.add(new File([blob], name));
            const node = document.querySelector('.st-photo');
            for (const type of ['dragover', 'drop']) {
                node.dispatchEvent(new DragEvent(type, {
                    dataTransfer: data, bubbles: true, cancelable: true,
                }));
            }
        }"""
    )
    tab.locator(".st-photo[data-shown='a.png']").wait_for()
    tab.locator(".st-shot[data-name='b.png'][data-state=done]").wait_for()


# ---- how it looks ------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_screenshots_of_the_darkroom(studio: str, visit: Visit, scheme: str, device: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    phone = device == "phone"
    page = to_colors(visit(studio, phone=phone, scheme=scheme))
    examples = sorted((ROOT / "assets" / "examples").glob("*.jpg"))
    page.locator("input[type=file][multiple]").set_input_files([*examples, ROOT / "LICENSE"])
    page.locator(".st-shot[data-state=failed]").wait_for(timeout=30_000)
    page.locator(f".st-photo[data-shown='{examples[0].name}']").wait_for()
    click_photo(page, 0.7, 0.25, touch=phone)
    page.get_by_role("button", name="Sky").click()
    page.locator(".st-photo[data-hints='1']").wait_for(timeout=20_000)
    page.wait_for_timeout(1200)
    page.screenshot(path=SCREENSHOTS / f"darkroom-{device}-{scheme}.png", full_page=phone)
    beyond = page.evaluate(
        "() => [...document.querySelectorAll('.studio-darkroom *')].filter((n) =>"
        " !n.closest('.st-strip, .st-thumbs, .st-items, dialog') && n.offsetParent"
        " && n.getBoundingClientRect().right > innerWidth + 1).map((n) => n.className)"
    )
    assert beyond == [], "nothing to scroll sideways"
    page.get_by_role("button", name="Working size").click()
    page.locator(".st-print img[src]").nth(3).wait_for(timeout=20_000)
    page.screenshot(path=SCREENSHOTS / f"contact-{device}-{scheme}.png")
