"""Tabs of the page without a server that take photos: the pictures of the Python pipelines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hand import open_file
from helpers.models import colors, save_models
from helpers.running import ROOT
from helpers.static_site import cache_with_runtime, serve_files
from PIL import Image

from pix2pix.inference import load_tracer, load_translator
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.label_map import decode_label_image, encode_label_image
from pix2pix.web.site import build_site
from pix2pix.web.tabs import SiteModel

pytestmark = [pytest.mark.browser, pytest.mark.own_profile]
TRACE = ROOT / "checkpoints" / "trace"
PHOTO = ".tabitem:not([hidden]) .st-photo"


@pytest.fixture(scope="module")
def aerial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny image2image checkpoint. All browsers decode one of its examples, few the other."""
    folder = save_models(tmp_path_factory.mktemp("models"))["aerial"]
    colors(64, 70).save(folder / "examples" / "field #1.tif")
    return folder


@pytest.fixture(scope="module")
def site(aerial: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("photos")
    models = [SiteModel("Aerial", aerial), SiteModel("Trace", TRACE)]
    build_site(folder, models, cache=cache_with_runtime(), weights="32")
    with serve_files(folder) as url:
        yield url


@pytest.fixture
def page(site: str, chromium: Any) -> Iterator[Any]:
    """The page in a new profile; what it asks for is in its own folder."""
    asked: list[str] = []
    profile = chromium.new_context(accept_downloads=True, reduced_motion="reduce")
    profile.set_default_timeout(120_000)
    page = profile.new_page()
    profile.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(site)
    page.locator(f"{PHOTO}[data-ready]").wait_for()
    yield page
    assert asked and all(url.startswith((site, "blob:", "data:")) for url in asked)
    profile.close()


def show(page: Any, path: Path) -> None:
    open_file(page, "Open a photo", path)
    page.locator(f'{PHOTO}[data-shown="{path.name}"]').wait_for()


def saved(page: Any) -> Image.Image:
    with page.expect_download() as download:
        page.locator(PHOTO).get_by_role("button", name="Save the result").click()
    with Image.open(download.value.path()) as picture:
        picture.load()
    assert download.value.suggested_filename.endswith(".png")
    return picture


def turned(photo: Image.Image, orientation: int, path: Path) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo.save(path, exif=exif, quality=95, subsampling=0)
    return path


def test_a_photo_is_translated_at_its_own_size_as_python_does(
    page: Any, aerial: Path, tmp_path: Path
) -> None:
    translator = load_translator(aerial, "cpu")
    for suffix in ("png", "jpg", "webp"):
        path = turned(colors(150, 93), 6, tmp_path / f"shore.{suffix}")
        show(page, path)
        caption = page.locator(".st-about").inner_text()
        assert re.fullmatch(rf"shore\.{suffix}, 93 . 150", caption)
        picture = saved(page)
        with Image.open(path) as photo:
            upright = photo.convert("RGB").rotate(-90, expand=True)
        expected = translator.translate(upright)
        assert picture.size == expected.size == (93, 150)
        error = np.abs(np.asarray(picture.convert("RGB"), int) - np.asarray(expected, int))
        assert np.asarray(expected).std() > 3, "a picture with something in it"
        assert error.max() <= 3, suffix


def test_a_photo_becomes_the_label_image_that_python_makes(
    page: Any, tmp_path: Path, in_float32: None
) -> None:
    page.get_by_role("tab", name="Trace").click()
    page.locator(f"{PHOTO}[data-ready]").wait_for()
    tracer = load_tracer(TRACE, "cpu")
    palette = tracer.config.palette
    entries = page.locator(f"{PHOTO} .st-legend [role=listitem]").all_inner_texts()
    assert entries == [color.name for color in palette]
    drawing = encode_label_image(build_facade(PRESETS[3], 300, 420)).convert("RGB")
    photo = Image.blend(drawing, colors(420, 300), 0.4)
    photo.save(tmp_path / "house.png")
    show(page, tmp_path / "house.png")
    picture = saved(page)
    assert picture.mode == "P" and picture.size == photo.size
    found = decode_label_image(picture)
    expected = tracer.trace(photo)
    assert len(np.unique(expected)) > 3
    assert (found == expected).mean() > 0.999, "all but ties"


def test_examples_open_and_what_is_no_picture_leaves_the_last_one(
    page: Any, tmp_path: Path
) -> None:
    assert page.locator(PHOTO).get_attribute("data-shown") == "coast.jpg"
    page.get_by_role("button", name="Example field #1.tif").click()
    page.locator(f'{PHOTO}[data-shown="field #1.tif"]').wait_for()
    (tmp_path / "letter.png").write_text("Dear all")
    open_file(page, "Open a photo", tmp_path / "letter.png")
    page.get_by_text("letter.png: is not an image").first.wait_for()
    assert saved(page).size == (64, 70)


def test_the_photo_is_kept_while_the_model_does_not_come(
    site: str, chromium: Any, tmp_path: Path
) -> None:
    profile = chromium.new_context(service_workers="block", reduced_motion="reduce")
    profile.set_default_timeout(120_000)
    broken = [True]
    profile.route(
        "**/models/aerial-*", lambda route: route.abort() if broken else route.continue_()
    )
    page = profile.new_page()
    page.goto(site)
    page.locator(f"{PHOTO}[data-ready]").wait_for()
    colors(80, 60).save(tmp_path / "late.png")
    open_file(page, "Open a photo", tmp_path / "late.png")
    page.locator(".st-about", has_text="The model Aerial could not be loaded").wait_for()
    broken.clear()
    page.locator(f'{PHOTO}[data-shown="late.png"]').wait_for()  # by itself
    profile.unroute_all(behavior="ignoreErrors")
    profile.close()
