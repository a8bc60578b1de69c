"""The app with `--draw-in`: the visitor's browser draws, and the server where it cannot."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.hand import (
    decode_uri,
    drag,
    press,
    read_building,
    read_sheet,
    start_anew,
    wait_for_building,
)
from helpers.models import CPU, TINY_RECIPE, save_models
from helpers.routes import draw
from helpers.serving import ROOMY, launch
from helpers.stand_ins import SepiaColorizer
from helpers.static_site import cache_with_runtime
from PIL import Image

from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo
from pix2pix.app.server.browser_engine import BrowserEngine
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import load_drawer
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.training.train_step import checkpoint_config

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
PAINT = """async ([api, drawing]) => {
  const address = performance.getEntriesByType("resource")
    .map(({ name }) => name).find((name) => name.endsWith("/core/engines.js"));
  const { engineOf } = await import(address);
  const { blob } = await engineOf(api).local.draw(drawing);
  const reader = new FileReader();
  return new Promise((resolve) => {
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
}"""
# Each picture of the worker takes a minute, by the clock of the page.
SLOW_BROWSER = """
const now = performance.now.bind(performance);
const { postMessage } = Worker.prototype;
let more = 0;
performance.now = () => now() + more;
Worker.prototype.postMessage = function post(message, ...rest) {
  if (message.method === "draw") more += 60_000;
  return postMessage.call(this, message, ...rest);
};
"""
# The worker fails from the moment when `window.isBroken` is set.
BREAKABLE = """
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function post(message, ...rest) {
  const isBroken = window.isBroken && message.method === "draw";
  if (!isBroken) return postMessage.call(this, message, ...rest);
  const error = "There is too little memory for the model";
  const data = { id: message.id, error, facts: { needsRestart: true } };
  setTimeout(() => this.onmessage({ data }));
};
"""


def serve_with(mode: str, folder: Path, build: bool = True, others: Any = ()) -> Iterator[str]:
    engine = BrowserEngine(mode, cache_with_runtime())
    drawer = load_drawer(folder, "cpu")
    demo = create_demo(drawer, SepiaColorizer(), None, others, {}, ROOMY, engine, folder)
    if build:
        engine.build()
    yield launch(demo)
    demo.close(verbose=False)


@pytest.fixture(scope="module")
def in_browser(upload_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with `--draw-in browser`: a tab for facades and one for lines."""
    folder = tmp_path_factory.mktemp("models")
    models = save_models(folder)
    config = replace(checkpoint_config(TINY_RECIPE), max_size=64)
    torch.manual_seed(0)
    save_checkpoint(folder / "facades", config, Model(config), "# A card\n")
    edges = app.load_served(str(models["edges"]), CPU)
    yield from serve_with("browser", folder / "facades", others=[edges])


@pytest.fixture(scope="module")
def in_auto(tiny_checkpoint: Path, upload_folder: Path) -> Iterator[str]:
    yield from serve_with("auto", tiny_checkpoint)


def wait_for_engine(page: Any, engine: str, panel: str = "") -> None:
    page.locator(f"{panel} .st-preview[data-engine={engine}]").wait_for()


def drawn_on_server(page: Any) -> list[str]:
    """A list that grows by each request for a picture."""
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/draw") else None)
    return asked


def test_strokes_looks_and_the_large_picture_ask_nothing_of_the_server(
    in_browser: str, visit: Visit
) -> None:
    page = visit(in_browser)
    wait_for_engine(page, "browser")
    asked = drawn_on_server(page)
    start_anew(page)
    press(page, "3", "r")
    wait_for_building(page, lambda: drag(page, (0.1, 0.2), (0.2, 0.4)))
    wait_for_building(page, lambda: drag(page, (0.4, 0.2), (0.5, 0.4)))
    page.locator(".st-styles[data-complete=true]").wait_for()
    read_building(page)
    assert read_sheet(page)[8, 4] == 2, "a window"
    assert asked == []


def test_a_pen_draws_in_the_browser_too(in_browser: str, visit: Visit) -> None:
    page = visit(in_browser)
    page.get_by_role("tab", name="edges").click()
    wait_for_engine(page, "browser", ".studio-draw:visible")
    asked = drawn_on_server(page)
    preview = page.locator(".st-preview:visible")
    box = page.locator(".st-canvas:visible").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 70, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "(node) => node.dataset.asked && node.dataset.asked === node.dataset.picture",
        arg=preview.element_handle(),
    )
    assert asked == []


def test_the_same_drawing_gives_the_same_picture_from_both(in_browser: str, visit: Visit) -> None:
    """With the bundled model, tests/web/test_site_pictures.py compares them."""
    page = visit(in_browser)
    wait_for_engine(page, "browser")
    sheet = read_sheet(page)
    sheet[12:22, 8:15] = 5
    for large in (False, True):
        drawing = {"ids": pack_ids(sheet), "seed": 1203, "format": "png", "large": large}
        here = decode_uri(page.evaluate(PAINT, ["studio-api/draw", drawing])).astype(int)
        there = draw(in_browser, sheet, 1203, large=large)
        assert len(there) == (64 if large else 32) and there.std() > 10
        error = np.abs(here - there)
        # What is left is the rounding of the weights to 8 bits.
        assert error.mean() < 0.5 and np.quantile(error, 0.999) <= 5 and error.max() <= 16


def test_what_is_saved_comes_from_the_server_and_without_it_from_the_browser(
    in_browser: str, visit: Visit
) -> None:
    page = visit(in_browser, may_fail=True)
    wait_for_engine(page, "browser")
    asked = drawn_on_server(page)
    assert save_picture(page).shape == (64, 64, 3) and len(asked) == 1
    page.route(re.compile(r"/studio-api/draw/draw$"), lambda route: route.abort())
    assert save_picture(page).shape == (64, 64, 3) and len(asked) == 2


def save_picture(page: Any) -> np.ndarray:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("Save the building")).click()
    with Image.open(download.value.path()) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture
def fresh(chromium: Any) -> Iterator[Any]:
    """A page with a profile of its own, for scripts that run before the page's."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()


def test_where_the_browser_fails_the_server_goes_on_and_the_drawing_stays(
    in_browser: str, fresh: Any
) -> None:
    fresh.add_init_script(BREAKABLE)
    fresh.goto(in_browser)
    wait_for_engine(fresh, "browser")
    start_anew(fresh)
    draw_window(fresh)
    before, asked = read_sheet(fresh), drawn_on_server(fresh)
    fresh.evaluate("window.isBroken = true")

    def draw_and_read() -> None:
        drag(fresh, (0.5, 0.5), (0.7, 0.7))
        words = "There is too little memory for the model. The server draws again"
        fresh.get_by_text(words).wait_for()  # it goes after some seconds

    wait_for_building(fresh, draw_and_read)
    wait_for_engine(fresh, "server")
    assert asked
    after = read_sheet(fresh)
    assert (after != before).any() and (after == before)[:16, :16].all()


def test_auto_takes_a_browser_that_is_fast_enough(in_auto: str, fresh: Any) -> None:
    fresh.add_init_script("performance.now = () => 0;")  # its pictures take no time
    fresh.goto(in_auto)
    wait_for_engine(fresh, "browser")
    asked = drawn_on_server(fresh)
    draw_window(fresh)
    assert asked == []


def test_auto_leaves_it_to_the_server_where_the_browser_is_much_slower(
    in_auto: str, fresh: Any
) -> None:
    fresh.add_init_script(SLOW_BROWSER)
    with fresh.expect_console_message(lambda m: "The server draws: a picture takes" in m.text):
        fresh.goto(in_auto)
    assert_server_draws(fresh)


def assert_server_draws(page: Any) -> None:
    asked = drawn_on_server(page)
    draw_window(page)
    assert asked and page.locator(".st-preview[data-engine]").count() == 0


def draw_window(page: Any) -> None:
    page.locator(".st-canvas").hover()
    press(page, "3", "r")
    wait_for_building(page, lambda: drag(page, (0.1, 0.2), (0.3, 0.4)))


def test_while_the_files_are_missing_the_server_draws(
    tiny_checkpoint: Path, upload_folder: Path, visit: Visit
) -> None:
    for url in serve_with("browser", tiny_checkpoint, build=False):
        assert_server_draws(visit(url))


@pytest.mark.parametrize("file", ["ort.wasm.min.mjs", "worker.js", ".onnx.gz"])
def test_where_a_file_does_not_come_the_server_draws(
    in_browser: str, fresh: Any, file: str
) -> None:
    fresh.context.route(lambda url: url.endswith(file), lambda route: route.abort())
    with fresh.expect_console_message(lambda m: "The server draws: " in m.text):
        fresh.goto(in_browser)
    assert_server_draws(fresh)
