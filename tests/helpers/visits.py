"""Pages of the studio in Chromium: one that tests share, or one with a profile of its own.

A page that is loaded again in the same renderer takes half the CPU time of the first load in a new
profile: its scripts come from the HTTP cache and are compiled. So most tests get the same page,
with nothing of the test before: no storage, no cookie, no listener, no route.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

from helpers.chromium import CHROMIUM_FLAGS, find_chromium
from playwright.sync_api import Error, sync_playwright

# Everything that a site keeps in the browser but for the HTTP cache.
STORED = "cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage"
# Where a page is loaded without any of its scripts, to delete what it has kept.
PLAIN = "/robots.txt"
# Then a page is closed: Chromium and Playwright keep something of every visit.
MOST_LOANS = 15
DRAWING = ".st-drawing[data-ready]"  # a drawing tab that can be drawn on
MOST_VISITS = 60  # then, at the end of a file, Chromium and Playwright are started again


def new_context(chromium: Any, size: dict[str, int], touch: bool) -> Any:
    context = chromium.new_context(
        viewport=size,
        has_touch=touch,
        reduced_motion="reduce",  # see the fixture `visit`
        accept_downloads=True,
        ignore_https_errors=True,  # a proxy of the tests has signed its certificate itself
    )
    context.set_default_timeout(120_000)  # against a hang: no test decides by time
    return context


class SharedPage:
    """A page that is lent to one test after another."""

    def __init__(self, chromium: Any, size: dict[str, int], touch: bool) -> None:
        self.page = new_context(chromium, size, touch).new_page()
        self.lent = False
        self.loans = 0
        self._session = self.page.context.new_cdp_session(self.page)
        self._listeners: list[tuple[str, Callable[..., Any]]] = []
        self._listen = self.page.on
        self.page.on = self._on
        self.page.add_init_script = self.page.context.add_init_script = refuse_init_script

    def lend(self) -> Any:
        self.lent = True
        self.loans += 1
        return self.page

    def _on(self, event: str, listener: Callable[..., Any]) -> None:
        self._listen(event, listener)
        self._listeners.append((event, listener))

    def take_back(self) -> bool:
        """Removes every trace of a test; whether that was possible."""
        self.lent = False
        for event, listener in self._listeners:
            self.page.remove_listener(event, listener)
        self._listeners.clear()
        with suppress(Error):
            for other in self.page.context.pages:
                if other is not self.page:
                    other.close()
            self.page.unroute_all(behavior="ignoreErrors")
            self.page.context.set_offline(False)
            self.page.mouse.move(0, 0)
            plain = urljoin(self.page.url, PLAIN)
            answer = self.page.goto(plain)
            self.page.evaluate("() => sessionStorage.clear()")
            origin = self.page.evaluate("() => location.origin")
            stored = {"origin": origin, "storageTypes": STORED}
            self._session.send("Storage.clearDataForOrigin", stored)
            self.page.context.clear_cookies()
            return answer is not None and answer.ok
        return False

    def close(self) -> None:
        self.page.context.close()


# Each part of a drawing tab is mounted by a script of its own, in any order.
MOUNTED = """() => {
  const parts = [...document.querySelectorAll(".st-preview, .st-styles, .st-start-panel")];
  return parts.filter((part) => part.offsetParent).every((part) => part.childElementCount)
    && !document.querySelector(".st-preview:not([data-picture])")?.offsetParent;
}"""


def wait_until_mounted(page: Any) -> None:
    """Until the drawing tab on screen has all its parts, and the picture that it opens with."""
    page.wait_for_selector(DRAWING)
    page.wait_for_function(MOUNTED)


def reload(page: Any) -> None:
    """Loads a page that shows a drawing tab again."""
    page.reload()
    wait_until_mounted(page)


def keep_before(page: Any, url: str, kept: dict[str, str]) -> None:
    """Fills localStorage as a visit of the page at `url` before this one would have left it."""
    plain = urljoin(url, PLAIN)
    if page.url != plain:
        page.goto(plain)
    page.evaluate("(kept) => Object.assign(localStorage, kept)", kept)


def refuse_init_script(*_: object, **__: object) -> None:
    raise AssertionError(
        "an init script cannot be removed from a page that tests share: "
        "mark the test with pytest.mark.own_profile"
    )


class Pages:
    """Opens pages for a worker's tests: the shared ones of a mouse and of a finger, and others."""

    def __init__(self, chromium: Any) -> None:
        self.visits = 0
        self._chromium = chromium
        self._shared: dict[bool, SharedPage] = {}

    def open(self, size: dict[str, int], touch: bool, own_profile: bool) -> tuple[Any, Any]:
        """A page without anything in it, and what to call when its test is done."""
        self.visits += 1
        shared = self._shared.get(touch)
        if own_profile or (shared and shared.lent):
            context = new_context(self._chromium, size, touch)
            return context.new_page(), context.close
        if shared is None:
            shared = self._shared[touch] = SharedPage(self._chromium, size, touch)
        page = shared.lend()
        page.set_viewport_size(size)
        return page, lambda: self._take_back(touch)

    def close(self) -> None:
        """Closes the shared pages; the next test opens new ones."""
        while self._shared:
            self._shared.popitem()[1].close()

    def _take_back(self, touch: bool) -> None:
        shared = self._shared[touch]
        if not shared.take_back() or shared.loans == MOST_LOANS:
            shared.close()
            del self._shared[touch]


class SharedChromium:
    """A worker's Chromium and `Pages`: started when a test needs it, and again after `close`."""

    def __init__(self) -> None:
        self._playwright: Any = None
        self._browser: Any = None
        self._pages: Pages | None = None

    @property
    def browser(self) -> Any:
        if self._browser is None:
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(
                executable_path=find_chromium(), args=CHROMIUM_FLAGS
            )
        return self._browser

    @property
    def has_grown(self) -> bool:
        """Playwright's process grows with each visit, from 120 to 310 MB: time for new ones."""
        return self._pages is not None and self._pages.visits > MOST_VISITS

    @property
    def pages(self) -> Pages:
        if self._pages is None:
            self._pages = Pages(self.browser)
        return self._pages

    def close(self) -> None:
        """Ends Chromium, and Playwright's process, which takes 150 MB."""
        if self._browser is None:
            return
        if self._pages:
            self._pages.close()
        self._browser.close()
        self._playwright.stop()
        self._playwright = self._browser = self._pages = None
