"""The page without a server in a browser: the app's own pictures, and nothing leaves the device."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.hand import (
    SCREENSHOTS,
    drag,
    open_file,
    press,
    read_canvas,
    read_sheet,
    save,
    wait_for_building,
)
from helpers.models import save_models
from helpers.running import ROOT
from helpers.static_site import cache_with_runtime, serve_files
from PIL import Image

from pix2pix.__main__ import main
from pix2pix.checkpoint import Model, load_checkpoint, save_checkpoint
from pix2pix.inference import load_drawer, load_tracer, load_translator
from pix2pix.inference.image_to_image import LineDrawer, LineTracer
from pix2pix.labels.canvas_spec import facades_canvas, fit_label_map
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import decode_label_image, encode_label_image
from pix2pix.labels.line_art import INK, decode_lines
from pix2pix.models.tensors import decode_photo
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.site import build_site
from pix2pix.web.tabs import SiteModel

pytestmark = [pytest.mark.browser, pytest.mark.own_profile]
CHECKPOINTS = ROOT / "checkpoints"
# The bundled model takes a second for each small picture of a drawing in another look, which the
# page asks for where they are in sight.
WITHOUT_GALLERY = """addEventListener("DOMContentLoaded", () => {
  document.querySelector("[data-part=styles]").style.display = "none";
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """All bundled models, as `pix2pix site` builds them, under a sub-path."""
    folder = tmp_path_factory.mktemp("pages")
    names = {"facades": "Draw", "colorize": "Colourise", "trace": "Trace"}
    models = [SiteModel(title, CHECKPOINTS / name) for name, title in names.items()]
    build_site(folder / "studio", models, cache=cache_with_runtime())
    with serve_files(folder) as url:
        yield f"{url}studio/"


@pytest.fixture(scope="module")
def light_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tiny model of facades of the bundled one's sizes, and the bundled one that traces.

    For what holds with any model: the bundled one takes a second for each of eight pictures of a
    drawing.
    """
    folder = tmp_path_factory.mktemp("light")
    recipe = Recipe("labels2photo", size=256, depth=4, ngf=4, max_channels=8, style_dim=8)
    config = checkpoint_config(recipe)
    torch.manual_seed(0)
    save_checkpoint(folder / "facades", config, Model(config), "# A card\n")
    models = [SiteModel("Draw", folder / "facades"), SiteModel("Trace", CHECKPOINTS / "trace")]
    build_site(folder / "pages" / "studio", models, cache=cache_with_runtime())
    with serve_files(folder / "pages") as url:
        yield f"{url}studio/"


@pytest.fixture(scope="module")
def cats_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bundled model of lines alone."""
    folder = tmp_path_factory.mktemp("cats")
    build_site(folder, [SiteModel("Cats", CHECKPOINTS / "cats")], cache=cache_with_runtime())
    with serve_files(folder) as url:
        yield url


def open_page(chromium: Any, url: str, script: str = "", **context: Any) -> tuple[Any, list[str]]:
    """The page in a new profile, and the addresses it asks for; `script` runs before its own."""
    asked: list[str] = []
    profile = chromium.new_context(accept_downloads=True, reduced_motion="reduce", **context)
    profile.set_default_timeout(120_000)
    profile.add_init_script(script)
    page = profile.new_page()
    profile.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(url)
    page.wait_for_selector(".st-drawing[data-ready]")
    return page, asked


def test_someone_draws_saves_and_colours_a_photo_and_nothing_leaves_the_device(
    site: str, chromium: Any
) -> None:
    page, asked = open_page(chromium, site, WITHOUT_GALLERY)
    page.locator(".st-canvas").hover()
    press(page, "r", "3")
    drag(page, (0.2, 0.2), (0.4, 0.4))
    page.wait_for_function("() => +document.querySelector('.st-preview').dataset.picture > 0")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
        page.get_by_role("menuitem", name="Save it small").click()
    with Image.open(download.value.path()) as picture:
        assert picture.size == (256, 256) and np.asarray(picture).std() > 10
    page.get_by_role("tab", name="Colourise").click()
    page.locator(".st-photo[data-shown]").wait_for()
    with page.expect_download() as download:
        page.locator(".studio-colorize").get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("menuitem", name="Save as PNG").click()
    with Image.open(download.value.path()) as picture:
        red, _, blue = np.moveaxis(np.asarray(picture.convert("RGB"), int), -1, 0)
        assert np.abs(red - blue).mean() > 3, "it is in colour"
    assert asked and all(url.startswith((site, "blob:", "data:")) for url in asked)
    page.context.close()


def test_files_become_drawings_as_in_the_app(
    light_site: str, chromium: Any, tmp_path: Path, in_float32: None
) -> None:
    page, asked = open_page(chromium, light_site)
    drawing = build_facade(PRESETS[3], 256, 256)
    encode_label_image(drawing).save(tmp_path / "house.png")
    open_file(page, "Open a drawing", tmp_path / "house.png")
    wait_for_sheet(page, lambda sheet: (sheet == drawing).all())
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
        page.get_by_role("menuitem", name="Save the drawing").click()
    with Image.open(download.value.path()) as saved:
        np.testing.assert_array_equal(decode_label_image(saved), drawing)
    page.get_by_role("button", name="New facade").click()
    wait_for_sheet(page, lambda sheet: (sheet != drawing).any())
    photo = Image.fromarray(load_drawer(CHECKPOINTS / "facades", "cpu").draw(drawing, 7))
    photo.save(tmp_path / "photo.png")
    open_file(page, "Trace a photo", tmp_path / "photo.png")
    traced = load_tracer(CHECKPOINTS / "trace", "cpu").trace(photo)
    expected = fit_label_map(traced, facades_canvas((256, 256)).shape_for(traced.shape))
    # 8-bit weights move a border by a pixel here and there
    wait_for_sheet(page, lambda sheet: (sheet == expected).mean() > 0.98)
    open_file(page, "Style from a photo", tmp_path / "photo.png")
    page.get_by_role("button", name="Look of the photo photo.png").wait_for()
    (tmp_path / "letter.png").write_text("Dear all")
    open_file(page, "Open a drawing", tmp_path / "letter.png")
    page.get_by_text("letter.png: is not an image").first.wait_for()
    assert all(url.startswith((light_site, "blob:", "data:")) for url in asked)
    page.context.close()


def wait_for_sheet(page: Any, holds: Callable[[np.ndarray], Any]) -> None:
    end = time.monotonic() + 300  # against a hang: no test decides by time
    while time.monotonic() < end:
        if holds(read_sheet(page)):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the drawing has not come")


def generate(checkpoint: Path, lines: np.ndarray, style: tuple[float, ...]) -> np.ndarray:
    """What the network itself makes of lines in float32, (H, W, 3)."""
    _, model = load_checkpoint(checkpoint)
    x = torch.where(torch.from_numpy(lines == INK), -1.0, 1.0).expand(1, 3, -1, -1)
    with torch.inference_mode():
        return decode_photo(model.generator.eval()(x, torch.tensor([style])))[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_from_a_photo_become_a_cat_as_in_the_app(
    cats_site: str, chromium: Any, tmp_path: Path, scheme: str
) -> None:
    drawer = LineDrawer(load_translator(CHECKPOINTS / "cats", "cpu"))
    example = sorted((CHECKPOINTS / "cats" / "examples").glob("*.png"))[1]
    look = next(iter(drawer.styles.values()))
    sheet = decode_lines(Image.open(example), drawer.config.shape)
    photo = Image.fromarray(drawer.draw(sheet, style=look)).resize((400, 300))
    photo.save(tmp_path / "tom.png")
    lines = LineTracer(drawer.config.shape).trace(photo)
    is_phone = scheme == "dark"
    size = {"width": 390, "height": 844} if is_phone else {"width": 1280, "height": 900}
    page, asked = open_page(
        chromium, cats_site, color_scheme=scheme, viewport=size, has_touch=is_phone
    )
    button = page.get_by_role("button", name="Lines from a photo", exact=True)
    with page.expect_file_chooser() as chooser:
        button.tap() if is_phone else button.press("Enter")
    wait_for_building(page, lambda: chooser.value.set_files(tmp_path / "tom.png"))
    drawn = (read_canvas(page.locator(".st-canvas")).max(-1) < 128).astype(np.uint8)
    np.testing.assert_array_equal(drawn, lines)
    expected = generate(CHECKPOINTS / "cats", lines, look)
    with page.expect_download() as download:
        save(page, "Save the picture")
    with Image.open(download.value.path()) as picture:
        painted = np.asarray(picture.convert("RGB"), int)
    assert np.abs(painted - expected).mean() < 0.5, "weights in 16 bits"
    assert expected.std() > 30, "a picture with something in it"
    page.screenshot(path=SCREENSHOTS / f"site-lines-{size['width']}-{scheme}.png", full_page=True)
    (tmp_path / "letter.png").write_text("Dear all")
    open_file(page, "Lines from a photo", tmp_path / "letter.png")
    page.get_by_text("letter.png: is not an image").first.wait_for()
    assert (read_canvas(page.locator(".st-canvas")).max(-1) < 128).sum() == lines.sum(), "kept"
    assert all(url.startswith((cats_site, "blob:", "data:")) for url in asked)
    page.context.close()


def test_after_the_first_visit_the_page_works_without_a_network(
    light_site: str, chromium: Any
) -> None:
    page, asked = open_page(chromium, light_site)
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()  # now through the service worker, which keeps what it passes
    page.wait_for_selector(".st-drawing[data-ready]")
    page.locator(".st-canvas").hover()
    press(page, "b")
    drag(page, (0.1, 0.5), (0.9, 0.5))
    page.wait_for_function("() => +document.querySelector('.st-preview').dataset.picture > 0")
    page.wait_for_function(
        "async (all) => (await Promise.all(all.map((url) => caches.match(url)))).every(Boolean)",
        arg=[url for url in asked if "/models/" in url or "/runtime/" in url],
    )
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector(".st-drawing[data-ready]")
    page.locator(".st-canvas").hover()
    drag(page, (0.5, 0.1), (0.5, 0.9))
    page.wait_for_function("() => +document.querySelector('.st-preview').dataset.picture > 0")
    assert page.evaluate("self.crossOriginIsolated"), "the service worker lets it use threads"
    page.context.close()


def test_in_a_frame_of_600_pixels_the_sheet_and_the_picture_stand_side_by_side(
    light_site: str, chromium: Any
) -> None:
    page, _ = open_page(chromium, f"{light_site}?embed", viewport={"width": 600, "height": 420})
    page.wait_for_selector(".st-preview[data-picture]")
    sheet, picture = (
        page.locator(css).last.bounding_box() for css in (".st-canvas", ".st-preview img")
    )
    assert sheet["width"] > 260 and abs(sheet["width"] - picture["width"]) < 2
    assert abs(sheet["y"] - picture["y"]) < 2 and sheet["x"] + sheet["width"] <= picture["x"]
    assert picture["x"] + picture["width"] <= 600
    assert page.evaluate("document.documentElement.scrollWidth") <= 600
    for css in (".st-toolbar", ".st-header", ".studio-start-panel"):
        assert not page.locator(css).first.is_visible()
    link = page.get_by_role("link", name="Open the studio")
    assert link.get_attribute("href") == light_site.rstrip("/") + "/"
    page.context.close()


def test_a_static_space_of_ones_own_edges_draws_with_them(
    chromium: Any, tmp_path: Path, hub: Any
) -> None:
    cache_with_runtime()
    model, out = save_models(tmp_path / "models")["edges"], tmp_path / "space"
    command = ["space", "ada/edges", "--checkpoint", str(model), "--static", "--folder", str(out)]
    assert main(command) == 0
    with serve_files(out) as url:
        page, asked = open_page(chromium, url)
        page.locator(".st-canvas").hover()
        drag(page, (0.2, 0.2), (0.8, 0.7))
        page.wait_for_function("() => +document.querySelector('.st-preview').dataset.picture > 0")
        sheet = (read_canvas(page.locator(".st-canvas")).max(-1) < 128).astype(np.uint8)
        assert (sheet == 1).sum() > 20, "the pen draws ink"
        expected = LineDrawer(load_translator(model, "cpu")).draw(sheet, 7)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save").click()
            page.get_by_role("menuitem", name="Save the picture").click()
        with Image.open(download.value.path()) as picture:
            painted = np.asarray(picture.convert("RGB"), int)
        assert np.abs(painted - expected).mean() < 0.5, "8-bit weights"
        assert all(address.startswith((url, "blob:", "data:")) for address in asked)
        page.context.close()
