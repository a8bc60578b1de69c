"""The Colourise tab by hand: photos in, hints on them, photos in colour out."""

import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colorize_tab import (
    BLUE,
    SpotColorizer,
    Visit,
    click_photo,
    is_dropped,
    to_colors,
    wait_for_color,
)
from helpers.hand import SCREENSHOTS, decode_uri, open_file, press, save, save_grey_photo
from helpers.running import ROOT
from PIL import Image

from pix2pix.app.server.photo_store import PHOTOS

pytestmark = pytest.mark.browser


# ---- one photo ---------------------------------------------------------------------------


def test_a_grey_photo_comes_back_coloured_at_its_own_size(
    studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = to_colors(visit(studio, moving=True))
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


# ---- working sizes -----------------------------------------------------------------------


def test_of_the_working_sizes_side_by_side_the_one_picked_is_used(
    studio: str, visit: Visit
) -> None:
    page = to_colors(visit(studio))
    before = page.locator("img.st-after").get_attribute("src")
    page.get_by_role("button", name="Working size").click()
    sheet = page.get_by_role("dialog")
    sheet.locator(".st-result img[src]").nth(3).wait_for()
    pictures = sheet.locator(".st-result img").evaluate_all("all => all.map(i => i.src)")
    assert len(set(pictures)) == 4
    sheet.get_by_role("button", name="Working size 384").click()
    page.locator(".st-photo[data-size='384']").wait_for()
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
    page.locator(".st-photo[data-shown='aunt.png']").wait_for()
    page.locator(".st-shot[data-name='b.png'][data-state=done]").wait_for()


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
    assert "4 of 5 photos are saved" in words and "letter.jpg: is not an image" in words
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
    is_cancelled = threading.Event()
    monkeypatch.setattr(SpotColorizer, "waits_for", is_cancelled)
    downloads: list[Any] = []
    tab.on("download", lambda download: downloads.append(download))
    tab.get_by_role("button", name="Save all").click()
    tab.get_by_role("menuitem", name="All as JPEG").click()
    tab.get_by_role("button", name="Cancel").click()
    is_cancelled.set()
    tab.locator(".st-about", has_text="Cancelled").wait_for()
    tab.get_by_role("button", name="Save all").wait_for()
    assert downloads == []


def test_a_photo_is_closed_and_forgotten(tab: Any, tmp_path: Path) -> None:
    open_many(tab, tmp_path)
    kept = len(PHOTOS)
    tab.locator(".st-shot[data-name='aunt.png']").hover()
    with tab.expect_response(lambda answer: answer.request.method == "DELETE") as forgotten:
        tab.get_by_role("button", name="Close aunt.png").click()
    assert forgotten.value.ok
    tab.locator(".st-photo[data-shown='aunt (2).png']").wait_for()
    assert tab.locator(".st-shot").count() == 4
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


@pytest.mark.parametrize(("device", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_screenshots_of_the_colorize_tab(
    studio: str, visit: Visit, scheme: str, device: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    phone = device == "phone"
    page = to_colors(visit(studio, phone=phone, scheme=scheme))
    examples = sorted((ROOT / "assets" / "examples").glob("*.jpg"))
    page.locator("input[type=file][multiple]").set_input_files([*examples, ROOT / "LICENSE"])
    page.locator(".st-shot[data-state=failed]").wait_for()
    page.locator(f".st-photo[data-shown='{examples[0].name}']").wait_for()
    click_photo(page, 0.7, 0.25, touch=phone)
    page.get_by_role("button", name="Sky").click()
    page.locator(".st-photo[data-hints='1']").wait_for()
    page.wait_for_function(
        "() => !document.querySelector('.st-shot:not([data-state=done], [data-state=failed])')"
    )
    page.screenshot(path=SCREENSHOTS / f"colorize-{device}-{scheme}.png", full_page=phone)
    beyond = page.evaluate(
        "() => [...document.querySelectorAll('.studio-colorize *')].filter((n) =>"
        " !n.closest('.st-filmstrip, .st-thumbs, .st-items, dialog') && n.offsetParent"
        " && n.getBoundingClientRect().right > innerWidth + 1).map((n) => n.className)"
    )
    assert beyond == [], "nothing to scroll sideways"
    page.get_by_role("button", name="Working size").click()
    page.locator(".st-result img[src]").nth(3).wait_for()
    page.screenshot(path=SCREENSHOTS / f"contact-{device}-{scheme}.png")


def test_a_photo_that_has_colours_says_that_they_were_replaced(
    studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = to_colors(visit(studio))
    colors = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(colors).resize((160, 120)).save(tmp_path / "holiday.png")
    open_file(page, "Open photos", tmp_path / "holiday.png")
    page.locator(".st-about", has_text="its own colours were replaced").wait_for()
