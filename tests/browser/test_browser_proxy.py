"""The page behind nginx as docs/hosting.md has it, and within pages of other origins."""

import functools
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hand import SCREENSHOTS, open_file, save, save_grey_photo, wait_for_building
from helpers.proxies import (
    adapted,
    documented_server,
    make_certificate,
    needs_nginx,
    ports,
    running_nginx,
    without_tls,
)
from helpers.running import free_port
from helpers.serving import serve
from helpers.stand_ins import BandTracer, PaletteDrawer, SepiaColorizer
from PIL import Image
from playwright.sync_api import TimeoutError

pytestmark = [pytest.mark.browser, needs_nginx, pytest.mark.own_profile]
Visit = Callable[..., Any]

LARGE = (640, 580)
# Of nginx on this machine; and of pages of other origins, and in a sandbox.
ACCESS: dict[str, Any] = {"proxies": ["127.0.0.1"], "origins": ["*"]}


@pytest.fixture(scope="module")
def app_port(upload_folder: Path) -> Iterator[int]:
    """Of the app with stand-in models, told that it is served under /studio."""
    models = (PaletteDrawer(), SepiaColorizer(), BandTracer())
    for url in serve(*models, root_path="/studio", **ACCESS):
        yield int(url.rstrip("/").split(":")[-1])


@pytest.fixture(scope="module")
def proxy(app_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """nginx in its kinds: by name, the address of the studio's path without the last slash."""
    folder, documented = tmp_path_factory.mktemp("nginx"), documented_server()
    passed_on = (f"127.0.0.1:{app_port}/;", f"127.0.0.1:{app_port};")
    any_slash = ("location /studio/", "location /studio")
    kinds = {
        "as documented": make_certificate(folder),
        "Gradio's guide": (("$http_host", "$host"),),  # which leaves out the port
        "prefix left on": (passed_on, any_slash),
        "stripped of too little": (any_slash,),  # /studio/config becomes //config
        "a named site": (("header Host $http_host", "header Host studio.example"),),
    }
    taken = dict(zip(kinds, ports(len(kinds))))
    servers = [adapted(documented, taken[kind], app_port, *kinds[kind]) for kind in kinds]
    servers[1:] = [without_tls(server) for server in servers[1:]]
    with running_nginx(folder, servers, list(taken.values())):
        yield {
            kind: f"{'https' if kind == 'as documented' else 'http'}://127.0.0.1:{port}/studio"
            for kind, port in taken.items()
        }


def stroke(page: Any, frame: Any, y: float = 0.4) -> None:
    """Draws a line across the sheet, wherever on the page the frame lies."""
    box = frame.locator(".st-canvas").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + y * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + y * box["height"], steps=5)
    page.mouse.up()


def draw_and_see(page: Any, frame: Any) -> None:
    """A stroke has its picture."""
    building = frame.locator(".st-preview")
    building.scroll_into_view_if_needed()
    shown = frame.locator(".st-preview[data-picture]").get_attribute("data-picture")
    frame.get_by_role("button", name="Brush", exact=True).click()
    frame.get_by_role("button", name="shop:").click()
    frame.locator(".st-canvas").scroll_into_view_if_needed()
    stroke(page, frame)
    frame.wait_for_function(
        "(shown) => { const { asked, picture } = document.querySelector('.st-preview').dataset;"
        " return asked && asked === picture && picture !== shown; }",
        arg=shown,
    )


def save_large_photo(path: Path) -> Path:
    """Noise: over a MiB, which is nginx's limit, in few pixels."""
    width, height = LARGE
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def colorize_and_save(page: Any, frame: Any, folder: Path) -> None:
    """A photo larger than nginx allows by itself goes in, and comes out in colour."""
    photo = save_large_photo(folder / "aunt.png")
    assert photo.stat().st_size > 1 << 20
    frame.get_by_role("tab", name="Colourise").click()
    frame.locator(".st-photo[data-shown]").wait_for()
    with page.expect_file_chooser() as chooser:
        frame.get_by_role("button", name="Open photos", exact=True).click()
    chooser.value.set_files(photo)
    frame.locator(".st-photo[data-shown='aunt.png']").wait_for()
    with page.expect_download() as saved:
        save(frame, "Save as PNG")
    with Image.open(saved.value.path()) as image:
        assert image.size == LARGE
        assert np.ptp(np.asarray(image.convert("RGB"), int), -1).mean() > 10


# ---- behind nginx ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "slash"), [("as documented", "/"), ("prefix left on", ""), ("Gradio's guide", "/")]
)
def test_the_page_works_under_a_path(
    proxy: dict[str, str], visit: Visit, tmp_path: Path, kind: str, slash: str
) -> None:
    page = visit(proxy[kind] + slash)
    draw_and_see(page, page.main_frame)
    page.screenshot(path=SCREENSHOTS / f"proxy-{kind.replace(' ', '-')}.png")
    colorize_and_save(page, page.main_frame, tmp_path)
    page.goto(proxy[kind] + ("" if slash else "/"))  # the last slash does not matter
    page.wait_for_selector(".st-drawing[data-ready]")
    draw_and_see(page, page.main_frame)


def test_a_path_may_lose_too_little_of_its_prefix(proxy: dict[str, str], visit: Visit) -> None:
    page = visit(proxy["stripped of too little"])
    draw_and_see(page, page.main_frame)


def test_a_drawing_is_opened_through_the_proxy(
    proxy: dict[str, str], visit: Visit, tmp_path: Path
) -> None:
    page = visit(proxy["as documented"] + "/")
    with page.expect_download() as saved:
        save(page, "Save the drawing")
    saved.value.save_as(tmp_path / "mine.png")
    wait_for_building(page, lambda: stroke(page, page.main_frame))
    wait_for_building(page, lambda: open_file(page, "Open a drawing", tmp_path / "mine.png"))
    with page.expect_download() as again:
        save(page, "Save the drawing")
    assert Path(again.value.path()).read_bytes() == (tmp_path / "mine.png").read_bytes()


# ---- in pages of others ------------------------------------------------------------------


class Host:
    """A site on another origin, with one page."""

    def __init__(self, folder: Path, html: str) -> None:
        (folder / "index.html").write_text(f"<!doctype html><title>Host</title>{html}")
        handler = functools.partial(_QuietHandler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://localhost:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Serves a page of this HTML; its address."""
    hosts: list[Host] = []

    def open_host(html: str) -> str:
        hosts.append(Host(tmp_path_factory.mktemp("host"), html))
        return hosts[-1].url

    yield open_host
    for each in hosts:
        each.close()


@pytest.fixture
def guest(chromium: Any) -> Iterator[Callable[[str], Any]]:
    """Opens a page that has the studio in it; at the end no script may have failed."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 1000}, reduced_motion="reduce"
    )
    context.set_default_timeout(120_000)  # against a hang: no test decides by time
    faults: list[str] = []

    def open_page(url: str) -> Any:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    context.close()
    assert faults == []


def test_a_web_component_works_on_another_origin(
    proxy: dict[str, str], host: Any, guest: Any, tmp_path: Path
) -> None:
    src = proxy["a named site"]
    for slash in ("", "/"):
        page = guest(
            host(
                f'<script type="module" src="{src}/gradio.js"></script>'
                f'<gradio-app src="{src}{slash}"></gradio-app>'
            )
        )
        page.wait_for_selector(".st-drawing[data-ready]")
        draw_and_see(page, page.main_frame)
        page.screenshot(path=SCREENSHOTS / "proxy-component.png")
        colorize_and_save(page, page.main_frame, tmp_path)
        page.close()


@pytest.mark.parametrize("sandbox", ["allow-scripts allow-downloads allow-forms allow-modals"])
def test_an_iframe_without_storage_works(
    proxy: dict[str, str], host: Any, guest: Any, tmp_path: Path, sandbox: str
) -> None:
    src = proxy["a named site"]
    page = guest(
        host(f'<iframe sandbox="{sandbox}" src="{src}/" width="1400" height="950"></iframe>')
    )
    page.frame_locator("iframe").locator(".st-drawing[data-ready]").wait_for()
    frame = page.frames[1]
    kept = "() => { try { return Boolean(localStorage); } catch (error) { return error.name; } }"
    assert frame.evaluate(kept) == "SecurityError"
    draw_and_see(page, frame)
    frame.get_by_role("button", name="Light or dark").click()
    page.screenshot(path=SCREENSHOTS / "proxy-iframe.png")
    colorize_and_save(page, frame, tmp_path)


# ---- what the proxy answers itself -------------------------------------------------------


@pytest.fixture(scope="module")
def silent_port() -> Iterator[int]:
    """One that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def failing(
    app_port: int, silent_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int | str, str]]:
    """nginx that lets the page through and answers with a status where work is asked for; as
    "colours" with 502 where colours are asked for."""
    plain = without_tls(documented_server())
    place = "location /studio/ {"
    colours = "location ~ ^/studio/studio-api/[a-z]+/colorize"
    work = "location ~ ^/studio/studio-api/"
    statuses: tuple[int | str, ...] = (413, 502, 504, "colours")
    taken = dict(zip(statuses, ports(4)))
    servers = [adapted(plain, taken[413], app_port, ("max_body_size 65m", "max_body_size 300"))]
    for status, upstream in ((502, free_port()), (504, silent_port)):
        own = f"{work} {{ proxy_pass http://127.0.0.1:{upstream}; proxy_read_timeout 1s; }}\n"
        servers.append(adapted(plain, taken[status], app_port, (place, f"{own}    {place}")))
    own = f"{colours} {{ proxy_pass http://127.0.0.1:{free_port()}; }}\n"
    servers.append(adapted(plain, taken["colours"], app_port, (place, f"{own}    {place}")))
    folder = tmp_path_factory.mktemp("failing")
    with running_nginx(folder, servers, list(taken.values())):
        yield {status: f"http://127.0.0.1:{port}/studio/" for status, port in taken.items()}


def open_until_said(page: Any, button: str, path: Path, said: Any) -> None:
    """Opens a file, again if the answer to an earlier request took the place of what is said."""
    for _ in range(4):
        open_file(page, button, path)
        try:
            said.wait_for(timeout=20_000)
            return
        except TimeoutError:
            continue
    raise AssertionError(f"{path.name}: nothing was said of it")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (413, "larger than the web server in front of the studio lets through"),
        (502, "the studio behind the web server does not run at the moment"),
        (504, "the studio did not answer the web server in time"),
    ],
)
def test_what_the_proxy_refuses_is_said_in_words(
    failing: dict[int | str, str], visit: Visit, tmp_path: Path, status: int, words: str
) -> None:
    page = visit(failing[status], may_fail=True)
    stroke(page, page.main_frame)
    page.locator(".st-notice", has_text=words).wait_for()
    page.screenshot(path=SCREENSHOTS / f"proxy-{status}.png")
    Image.new("RGB", (90, 60), "red").save(tmp_path / "house.bmp")
    said = page.locator(".st-notice", has_text=words).filter(has_text="house.bmp: ")
    open_until_said(page, "Open a drawing", tmp_path / "house.bmp", said)
    page.get_by_role("tab", name="Colourise").click()
    photo = save_grey_photo(tmp_path / "uncle.png", (300, 200))
    about = page.locator(".st-about", has_text=words).filter(has_text="uncle.png: ")
    open_until_said(page, "Open photos", photo, about)
    assert "<" not in page.locator(".st-about").inner_text(), "no page of HTML"


def test_when_the_app_has_gone_the_photo_on_show_says_so(
    failing: dict[int | str, str], visit: Visit
) -> None:
    page = visit(failing["colours"], may_fail=True)
    page.get_by_role("tab", name="Colourise").click()
    page.locator(".st-photo[data-shown]").wait_for()
    page.get_by_label("Strength").focus()
    page.keyboard.press("Home")
    page.locator(".st-about", has_text="the studio behind the web server does not run").wait_for()
    page.screenshot(path=SCREENSHOTS / "proxy-events.png")
