"""Files that come to the Draw tab: photos to trace or to take a style from, and worse."""

import base64
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hand import (
    SCREENSHOTS,
    drag,
    open_file,
    press,
    read_building,
    read_sheet,
    wait_for_building,
)
from helpers.serving import serve
from helpers.stand_ins import BandTracer, PaletteDrawer, SepiaColorizer
from helpers.visits import reload
from PIL import Image

from pix2pix.labels.canvas_spec import facades_canvas, fit_label_map
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import encode_label_image
from pix2pix.web.tab_props import MAX_UPLOAD_MB

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
SIZE = 256


def save_house(path: Path, size: tuple[int, int] = (300, 400)) -> Path:
    """A photo of sorts: blue sky, a light wall, dark windows, all of them noisy."""
    width, height = size
    rgb = np.full((height, width, 3), (205, 180, 150), float)
    rgb[: height // 4] = (110, 150, 220)
    for x in (0.2, 0.6):
        rgb[height // 2 : height * 3 // 4, int(x * width) : int((x + 0.2) * width)] = (40, 45, 50)
    noise = np.random.default_rng(0).normal(0, 6, rgb.shape)
    Image.fromarray(np.clip(rgb + noise, 0, 255).astype(np.uint8)).save(path)
    return path


def traced(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        labels = BandTracer().trace(image)
        return fit_label_map(labels, facades_canvas((SIZE, SIZE)).shape_for(labels.shape))


def wait_for_step(page: Any) -> None:
    page.wait_for_function("() => !document.querySelector('[aria-label=Undo]').disabled")


# ---- tracing -----------------------------------------------------------------------------


def test_a_photo_that_is_opened_can_be_traced_in_one_step(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    before = read_sheet(page)
    photo = save_house(tmp_path / "our house.jpg")
    open_file(page, "Open a drawing", photo)
    offer = page.get_by_role("alertdialog")
    offer.wait_for()
    assert "our house.jpg: is not a label map" in offer.inner_text()
    np.testing.assert_array_equal(read_sheet(page), before)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "trace-offer-desktop-light.png")
    wait_for_building(page, offer.get_by_role("button", name="Trace it").click)
    np.testing.assert_array_equal(read_sheet(page), traced(photo))
    height, width = read_sheet(page).shape
    assert height > width, "not stretched"
    press(page, "Control+z")
    np.testing.assert_array_equal(read_sheet(page), before)


def test_a_photo_is_left_alone_where_no_tracing_is_wanted(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    before = read_sheet(page)
    for answer in ("Leave it", "Escape"):
        open_file(page, "Open a drawing", save_house(tmp_path / "house.png"))
        offer = page.get_by_role("alertdialog")
        offer.wait_for()
        if answer == "Escape":
            press(page, "Escape")
        else:
            offer.get_by_role("button", name=answer).click()
        assert offer.count() == 0
        np.testing.assert_array_equal(read_sheet(page), before)
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_trace_a_photo_traces_without_asking(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    photo = save_house(tmp_path / "wide.png", (500, 200))
    wait_for_building(page, lambda: open_file(page, "Trace a photo", photo))
    np.testing.assert_array_equal(read_sheet(page), traced(photo))


@pytest.fixture(scope="module")
def plain_studio(upload_folder: Path) -> Iterator[str]:
    """The app without a tracer, with two named styles."""
    drawer = PaletteDrawer()
    drawer.styles = {"brick": (1.0, 0.4, 0.3), "<b>lime</b>": (0.8, 1.0, 0.4)}
    yield from serve(drawer, SepiaColorizer())


def test_without_a_tracer_a_photo_is_refused_and_nothing_offered(
    plain_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(plain_studio)
    before = read_sheet(page)
    assert page.get_by_role("button", name="Trace a photo").count() == 0
    open_file(page, "Open a drawing", save_house(tmp_path / "holiday.png"))
    page.get_by_text("holiday.png: is not a label map").wait_for()
    assert page.get_by_role("alertdialog").count() == 0
    np.testing.assert_array_equal(read_sheet(page), before)


# ---- dropped and pasted ------------------------------------------------------------------

# Hands a file to the page as a drop on the sheet, or as a paste
GIVE = """([kind, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: 'image/png' }));
  const target = document.querySelector('.st-canvas');
  if (kind === 'paste') {
    target.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true }));
    return;
  }
  for (const type of ['dragover', 'drop']) {
    const event = new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true });
    target.dispatchEvent(event);
    if (!event.defaultPrevented) throw new Error(`${type} would have left the page`);
  }
}"""


def give(page: Any, kind: str, path: Path) -> None:
    page.evaluate(GIVE, [kind, path.name, base64.b64encode(path.read_bytes()).decode()])


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_label_image_that_is_dropped_or_pasted_is_opened_and_a_photo_traced(
    fake_studio: str, visit: Visit, tmp_path: Path, kind: str
) -> None:
    page = visit(fake_studio)
    drawing = build_facade(PRESETS[4], SIZE)
    encode_label_image(drawing).save(tmp_path / "mine.png")
    wait_for_building(page, lambda: give(page, kind, tmp_path / "mine.png"))
    np.testing.assert_array_equal(read_sheet(page), drawing)
    give(page, kind, save_house(tmp_path / "house.png"))
    offer = page.get_by_role("alertdialog")
    wait_for_building(page, offer.get_by_role("button", name="Trace it").click)
    np.testing.assert_array_equal(read_sheet(page), traced(tmp_path / "house.png"))
    assert page.locator(".st-dropping").count() == 0


# ---- the style of a photo ----------------------------------------------------------------


def test_the_building_takes_the_style_of_a_photo_and_keeps_it_over_a_reload(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    before = read_building(page)
    photo = save_house(tmp_path / "our house.jpg")
    wait_for_building(page, lambda: open_file(page, "Style from a photo", photo))
    styled = read_building(page)
    assert abs(styled - before).mean() > 2
    look = page.get_by_role("button", name="Look of the photo our house.jpg")
    assert look.get_attribute("aria-pressed") == "true"
    seed = page.get_by_label("Seed", exact=True)
    assert seed.input_value() == ""
    wait_for_building(page, page.get_by_role("button", name="Look 1203").click)
    assert look.get_attribute("aria-pressed") == "false"
    assert seed.input_value() == "1203"
    wait_for_building(page, look.click)
    np.testing.assert_array_equal(read_building(page), styled)
    wait_for_building(page, lambda: reload(page))
    np.testing.assert_array_equal(read_building(page), styled)
    assert look.get_attribute("aria-pressed") == "true"
    page.wait_for_selector(".st-styles[data-complete=true]")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "style-from-photo-desktop-light.png")


def test_a_photo_that_gives_no_style_leaves_the_look(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    before = read_building(page)
    (tmp_path / "letter.jpg").write_bytes(b"Dear all")
    open_file(page, "Style from a photo", tmp_path / "letter.jpg")
    page.get_by_text("letter.jpg: is not an image").wait_for()
    page.wait_for_selector(".st-add[aria-busy=false]")
    np.testing.assert_array_equal(read_building(page), before)
    assert page.locator(".st-style:visible").count() == 6


def test_named_styles_come_first_under_their_names(plain_studio: str, visit: Visit) -> None:
    page = visit(plain_studio)
    page.wait_for_selector(".st-styles[data-complete=true]")
    names = page.evaluate("() => [...document.querySelectorAll('.st-style')].map(n => n.ariaLabel)")
    assert names[:3] == ["Look: brick", "Look: <b>lime</b>", "Look 7"]
    assert page.locator(".st-style[data-round]").count() == 8
    brick = page.get_by_role("button", name="Look: brick")
    wait_for_building(page, brick.click)
    assert brick.get_attribute("aria-pressed") == "true"
    expected = PaletteDrawer().draw(read_sheet(page), style=(1.0, 0.4, 0.3))
    assert abs(read_building(page) - expected.astype(int)).mean() < 6, "sent with a little loss"
    wait_for_building(page, page.get_by_role("button", name="Surprise me").click)
    assert brick.get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize(("device", "scheme"), [("desktop", "dark"), ("phone", "dark")])
def test_screenshots_of_what_a_photo_becomes(
    fake_studio: str, visit: Visit, tmp_path: Path, device: str, scheme: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page = visit(fake_studio, phone=device == "phone", scheme=scheme)
    photo = save_house(tmp_path / "our house.jpg")
    wait_for_building(page, lambda: open_file(page, "Style from a photo", photo))
    page.wait_for_selector(".st-styles[data-complete=true]")
    page.screenshot(path=SCREENSHOTS / f"style-{device}-{scheme}.png", full_page=True)
    open_file(page, "Open a drawing", photo)
    page.get_by_role("alertdialog").wait_for()
    page.screenshot(path=SCREENSHOTS / f"trace-offer-{device}-{scheme}.png", full_page=True)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


# ---- files that are not what they seem -----------------------------------------------------


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims this size, with a few rows of pixels at most."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(9999))), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def cut_png() -> bytes:
    buffer = io.BytesIO()
    encode_label_image(build_facade(PRESETS[0], SIZE)).save(buffer, "PNG")
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


HOSTILE_FILES = {
    "ten-gigabytes.png": (png_of(58_000, 58_000), "ten-gigabytes.png: has far too many pixels"),
    "billions.png": (png_of(2**31 - 1, 2**31 - 1), "billions.png: "),
    "cut-short.png": (cut_png(), "is damaged or cut short"),
    "nothing.png": (b"", "is empty (0 bytes)"),
    "drawing.svg.png": (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "is not an image in a"),
    "page.png": (b"<!doctype html><script>alert(1)</script>", "is not an image in a supported"),
    "<img src=x onerror=alert(1)>.png": (b"not pixels", "is not an image in a supported"),
}


def test_hostile_files_are_refused_in_words_and_the_drawing_is_not_lost(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    before, building = read_sheet(page), read_building(page)
    for name, (content, _) in HOSTILE_FILES.items():
        (tmp_path / name).write_bytes(content)
    for button in ("Open a drawing", "Trace a photo", "Style from a photo"):
        for i, (name, (_, reason)) in enumerate(HOSTILE_FILES.items()):
            open_file(page, button, tmp_path / name)
            page.get_by_text(reason).nth(0).wait_for()
            if i == len(HOSTILE_FILES) - 1:
                assert page.locator("img[src=x]").count() == 0
            page.evaluate(  # so that the next reason is not found in this toast
                "() => document.querySelectorAll('.toast-close, .st-notice button')"
                ".forEach((n) => n.click())"
            )
            page.wait_for_function("() => !document.querySelector('.toast-body, .st-notice')")
        np.testing.assert_array_equal(read_sheet(page), before, err_msg=button)
        np.testing.assert_array_equal(read_building(page), building, err_msg=button)
    press(page, "r", "=")
    wait_for_building(page, lambda: drag(page, (0.3, 0.3), (0.6, 0.6)))


def test_a_file_over_the_limit_is_not_even_sent(
    fake_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(fake_studio)
    with (tmp_path / "huge.png").open("wb") as file:
        file.write(png_of(100, 100))
        file.truncate((MAX_UPLOAD_MB + 1) * 2**20)
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if "upload" in r.url else None)
    open_file(page, "Open a drawing", tmp_path / "huge.png")
    page.get_by_text(f"huge.png: is larger than {MAX_UPLOAD_MB} MB").wait_for()
    assert sent == []
