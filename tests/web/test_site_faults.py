"""The page without a server where something fails: it says what, and keeps the drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from helpers.hand import drag
from helpers.static_site import cache_with_runtime, serve_files
from playwright.sync_api import TimeoutError

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.site import build_site
from pix2pix.web.tabs import SiteModel

pytestmark = [pytest.mark.browser, pytest.mark.own_profile]
WAIT_MS = 120_000  # against a hang: no test decides by time
PICTURE = "() => +document.querySelector('#panel-pen .st-preview').dataset.picture > 0"
NEWEST = """() => {
  const { asked, picture } = document.querySelector('#panel-pen .st-preview').dataset;
  return +asked > 1 && asked === picture;
}"""
INK = """() => {
  const { width, height } = document.querySelector('#panel-pen .st-canvas');
  const context = document.querySelector('#panel-pen .st-canvas').getContext('2d');
  const { data } = context.getImageData(0, 0, width, height);
  return data.filter((value, i) => i % 4 === 0 && value < 128).length;
}"""
NO_STORAGE = """
Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
const refused = { get() { throw new DOMException('refused', 'SecurityError'); } };
Object.defineProperty(Navigator.prototype, 'serviceWorker', refused);
Object.defineProperty(window, 'caches', refused);
Object.defineProperty(window, 'indexedDB', refused);
"""
OUT_OF_MEMORY = """
WebAssembly.Memory = class {
  constructor() { throw new RangeError('WebAssembly.Memory(): could not allocate memory'); }
};
"""
# As iOS: the maximum of a memory is reserved at once.
HALF_A_GIGABYTE = """
WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor) {
    if (descriptor.maximum > 8192) throw new RangeError('Out of memory');
    super(descriptor);
  }
};
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two tabs of a tiny model that draws from lines."""
    folder = tmp_path_factory.mktemp("faults")
    recipe = Recipe("image2image", size=64, depth=4, ngf=8, max_channels=32, input_type="lines")
    config = checkpoint_config(recipe)
    torch.manual_seed(0)
    save_checkpoint(folder / "pen", config, Model(config), "# Pen\n")
    models = [SiteModel(title, folder / "pen") for title in ("Pen", "Ink")]
    build_site(folder / "site", models, cache=cache_with_runtime(), weights="32")
    with serve_files(folder / "site") as url:
        yield url


@pytest.fixture
def profile(chromium: Any) -> Iterator[Any]:
    """A new profile, in which routes see all requests."""
    context = chromium.new_context(service_workers="block", reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    yield context
    context.unroute_all(behavior="ignoreErrors")
    context.close()


def open_page(profile: Any, url: str) -> Any:
    page = profile.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(url)
    page.wait_for_selector(".st-drawing[data-ready]")
    return page


def break_route(profile: Any, pattern: str, fail: Callable[[Any], None]) -> Callable[[], None]:
    """Requests get another answer until the result is called."""
    broken = [True]
    profile.route(pattern, lambda route: fail(route) if broken else route.continue_())
    return broken.clear


def draw(page: Any, y: float = 0.5) -> int:
    """Draws a line; the pixels with ink."""
    drag(page, (0.2, y), (0.8, y))
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    count = int(page.evaluate(INK))
    assert count > 20
    return count


def wait_for_problem(page: Any, words: str) -> None:
    page.locator(".st-problem", has_text=words).wait_for()


ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "missing": ("the server has it no longer", {"status": 404}),
    "a login page": (
        "the file that came is damaged",
        {"status": 200, "content_type": "text/html", "body": "<h1>Welcome to our Wi-Fi</h1>"},
    ),
    "cut": ("the file that came is damaged or not whole", {}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_model_that_does_not_come_is_said_and_loaded_later(
    site: str, profile: Any, name: str
) -> None:
    words, answer = ANSWERS[name]
    asked: list[str] = []

    def fail(route: Any) -> None:
        asked.append(route.request.url)
        whole = {} if answer else {"body": route.fetch().body()[:1000]}
        route.fulfill(**answer, **whole)

    mend = break_route(profile, "**/models/pen-*", fail)
    page = open_page(profile, site)
    wait_for_problem(page, f"The model Pen could not be loaded: {words}")  # before a stroke
    ink = draw(page)
    while len(asked) < 3:  # that of the stroke has failed, and another one has begun
        page.wait_for_timeout(50)
    assert page.get_by_text(words).count() == 1, "no second message for the stroke"
    mend()
    page.evaluate("dispatchEvent(new Event('online'))")  # else the next try is 2 seconds later
    page.wait_for_function(PICTURE)
    page.locator(".st-problem").wait_for(state="detached")
    assert page.evaluate(INK) == ink


@pytest.mark.parametrize("file", ["ort*.mjs", "*.wasm.gz"])
def test_a_runtime_that_does_not_come_is_said_and_loaded_later(
    site: str, profile: Any, file: str
) -> None:
    mend = break_route(profile, f"**/runtime/{file}", lambda route: route.abort())
    page = open_page(profile, site)
    draw(page)
    wait_for_problem(page, "The engine that makes pictures could not be loaded")
    mend()
    page.wait_for_function(PICTURE)  # by itself
    page.locator(".st-problem").wait_for(state="detached")


def before_worker(profile: Any, script: str) -> Callable[[], None]:
    """Runs a script at the start of workers until the result is called."""

    def change(route: Any) -> None:
        route.fulfill(response=(response := route.fetch()), body=script + response.text())

    return break_route(profile, "**/engine/worker.js", change)


def test_a_worker_that_dies_is_replaced(site: str, profile: Any) -> None:
    mend = before_worker(profile, "throw new Error('a fault');")
    page = open_page(profile, site)
    ink = draw(page)
    page.locator("#panel-pen .st-notice", has_text="a fault").wait_for()
    mend()
    page.wait_for_function(PICTURE)
    assert page.evaluate(INK) == ink


def test_without_memory_the_remedy_is_said_and_the_next_stroke_asks_for_less(
    site: str, profile: Any
) -> None:
    mend = before_worker(profile, OUT_OF_MEMORY)
    page = open_page(profile, site)
    draw(page)
    wait_for_problem(page, "There is too little memory for the model: please close other tabs")
    mend()
    before_worker(profile, HALF_A_GIGABYTE)
    draw(page, 0.7)
    page.wait_for_function(PICTURE)
    page.locator(".st-problem").wait_for(state="detached")
    [worker] = page.workers
    assert worker.evaluate("self.name") == "careful", "it computes on one thread"


@pytest.mark.parametrize(
    ("script", "lacks"),
    [
        ("delete globalThis.WebAssembly;", "WebAssembly"),
        ("WebAssembly.validate = () => false;", "WebAssembly SIMD"),
        ("delete globalThis.OffscreenCanvas;", "OffscreenCanvas"),
    ],
)
def test_an_old_browser_is_told_which_one_it_needs(
    site: str, profile: Any, script: str, lacks: str
) -> None:
    profile.add_init_script(script)
    before_worker(profile, script)
    page = open_page(profile, site)
    wait_for_problem(page, f"it has no {lacks}, or a setting turns it off")
    draw(page)  # which still works
    page.locator(".st-notice", has_text="Safari 16.4").wait_for()
    assert page.get_by_text("Safari 16.4").count() == 1


def test_without_storage_the_page_draws_and_says_that_nothing_is_kept(
    site: str, profile: Any
) -> None:
    profile.add_init_script(NO_STORAGE)
    page = open_page(profile, site)
    draw(page)
    page.locator(".st-notice", has_text="please save it before you leave").wait_for()
    page.wait_for_function(PICTURE)
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate("document.body.classList.contains('dark')")


def test_a_drawing_goes_on_without_a_network_and_its_picture_comes_with_it(
    site: str, profile: Any
) -> None:
    mend = break_route(profile, "**/models/pen-*", lambda route: route.abort())
    page = open_page(profile, site)
    wait_for_problem(page, "The model Pen could not be loaded: there is no connection")
    profile.set_offline(True)
    mend()
    draw(page)
    ink = draw(page, 0.7)
    profile.set_offline(False)
    page.wait_for_function(NEWEST)
    assert page.evaluate(INK) == ink
    profile.set_offline(True)  # now with the model
    before = page.locator("#panel-pen .st-preview").get_attribute("data-picture")
    draw(page, 0.3)
    page.wait_for_function(
        "(id) => +document.querySelector('#panel-pen .st-preview').dataset.picture > id",
        arg=int(before),
    )


def test_of_quick_strokes_the_last_is_shown_and_a_second_window_draws_too(
    site: str, profile: Any
) -> None:
    pages = [open_page(profile, site) for _ in range(2)]
    for page, count in zip(pages, (1, 5), strict=True):
        page.bring_to_front()
        for i in range(count):
            drag(page, (0.1, 0.1 + 0.12 * i), (0.9, 0.15 + 0.12 * i))
        page.wait_for_function(NEWEST)
    page.get_by_role("switch", name="Live").click()
    shown = page.locator("#panel-pen .st-preview").get_attribute("data-picture")
    drag(page, (0.5, 0.1), (0.5, 0.9))
    assert page.locator("#panel-pen .st-preview").get_attribute("data-asked") == shown
    page.get_by_role("button", name="Draw", exact=True).click()
    page.wait_for_function(
        "(id) => +document.querySelector('#panel-pen .st-preview').dataset.picture > id",
        arg=int(shown),
    )
    inks = [page.evaluate(INK) for page in pages]
    for page, ink in zip(pages, inks, strict=True):
        page.bring_to_front()  # another is not painted
        page.reload()
        page.wait_for_selector(".st-drawing[data-ready]")
        page.wait_for_function(f"(ink) => ({INK})() === ink", arg=ink)  # each window keeps its own


def test_addresses_and_keys_open_tabs(site: str, profile: Any) -> None:
    page = open_page(profile, f"{site}?from=a%20friend#%E0%A4%A")
    selected = page.locator("[role=tab][aria-selected=true]")
    assert selected.inner_text() == "Pen"
    selected.focus()
    page.keyboard.press("ArrowRight")
    assert selected.inner_text() == "Ink" and page.url.endswith("?from=a%20friend#ink")
    assert page.evaluate("document.activeElement.dataset.tabId") == "ink"
    page.keyboard.press("Home")
    assert selected.inner_text() == "Pen"
    page.goto(f"{site}#ink")
    page.reload()
    page.wait_for_selector("#panel-ink .st-drawing[data-ready]")
    assert selected.inner_text() == "Ink"
    page.goto(f"{site}#no-such-tab")
    page.reload()
    page.wait_for_selector("#panel-pen .st-drawing[data-ready]")


def test_a_tab_opened_without_a_network_comes_with_it(site: str, profile: Any) -> None:
    page = open_page(profile, site)
    mend = break_route(profile, "**/draw/preview.js", lambda route: route.abort())
    page.reload(wait_until="commit")
    wait_for_problem(page, "The tab Pen could not be loaded: please reload the page")
    mend()
    page.evaluate("dispatchEvent(new Event('online'))")
    try:
        page.wait_for_selector(".st-drawing[data-ready]", timeout=30_000)
    except TimeoutError:  # seen on busy cores: then the message's own remedy has to help
        page.reload()
        page.wait_for_selector(".st-drawing[data-ready]")
    page.locator(".st-problem").wait_for(state="detached")
    draw(page)
    page.wait_for_function(PICTURE)


def test_a_page_without_its_scripts_is_said(site: str, profile: Any) -> None:
    profile.route("**/static_page.js", lambda route: route.fulfill(status=404))
    page = profile.new_page()
    page.goto(site)
    page.locator("[role=alert]:visible", has_text="please reload").wait_for()
