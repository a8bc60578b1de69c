"""docs/hosting/nginx-processes.conf: who is sent to which process, also when one leaves or dies.

The processes are stand-ins that say who they are, and at the end two real ones.
"""

import http.server
import re
import secrets
import shlex
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.forked import Forker, wait_until
from helpers.hand import save_grey_photo
from helpers.proxies import documented_processes, needs_nginx, running_nginx
from helpers.running import ROOT, RunningApp, free_port, running_app, save_app_models

from pix2pix.app.arguments import parse_args
from pix2pix.app.server.answers import LEAVING_HEADER
from pix2pix.labels.packed_ids import pack_ids

PAGE, DRAW, PHOTOS = "", "studio-api/draw/draw", "studio-api/colorize/photos"
COLORIZE, CALL = "studio-api/colorize/colorize", "gradio_api/call/draw"
COOKIE = "studio_process"


class StandIn:
    """A process that answers its name; or refuses (503), leaves (503), or hangs up on a request."""

    def __init__(self, name: str) -> None:
        self.name, self.mode = name, "serves"
        self.seen: list[tuple[str, bytes]] = []  # path and body of each request
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        process = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                process.seen.append((self.path, body))
                if process.mode == "hangs up":
                    self.close_connection = True
                    return
                self.send_response(200 if process.mode == "serves" else 503)
                if process.mode == "leaves":
                    self.send_header(LEAVING_HEADER, "1")
                self.send_header("content-length", "1")
                self.end_headers()
                self.wfile.write(process.name.encode())

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def die(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Site:
    def __init__(self, url: str, a: StandIn, b: StandIn) -> None:
        self.url, self.a, self.b = url, a, b
        self.client = httpx.Client(trust_env=False, timeout=120)  # making one takes a while

    def ask(self, path: str, process: str = "", method: str = "", **headers: str) -> httpx.Response:
        """GET of the page, else POST, with the cookie of a process."""
        given = {"cookie": f"{COOKIE}={process}"} if process else {}
        kind = method or ("GET" if path == PAGE else "POST")
        body = b"drawing" if kind == "POST" else b""
        self.client.cookies.clear()
        return self.client.request(kind, self.url + path, content=body, headers=headers | given)

    def seen(self, path: str) -> list[str]:
        """The processes that got a request for the path."""
        return [p.name for p in (self.a, self.b) for seen, _ in p.seen if seen == f"/studio/{path}"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    a, b, port = StandIn("a"), StandIn("b"), free_port()
    with running_nginx(tmp_path, [documented_processes(port, (a.port, b.port))], [port]):
        yield Site(f"http://127.0.0.1:{port}/studio/", a, b)
    for process in (a, b):
        process.die()


@needs_nginx
def test_a_visitor_stays_with_the_process_that_began_the_page(site: Site) -> None:
    first = {site.ask(PAGE).text for _ in range(4)}
    assert first == {"a", "b"}, "new visitors are spread"
    page = site.ask(PAGE)
    assert page.cookies[COOKIE] == page.text
    assert "HttpOnly; SameSite=Lax" in page.headers["set-cookie"]
    for path in (PAGE, DRAW, PHOTOS, COLORIZE, CALL, "studio-assets/x.js"):
        for name in ("a", "b"):
            assert site.ask(path, name).text == name


@needs_nginx
@pytest.mark.parametrize("forged", ["z", "studio_b", "127.0.0.1:22", "a b", "x" * 3000, '"'])
def test_a_forged_cookie_is_as_good_as_none(site: Site, forged: str) -> None:
    answers = [site.ask(path, forged) for path in (PAGE, DRAW, PHOTOS)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} <= {"a", "b"}
    assert answers[0].cookies[COOKIE] in ("a", "b")


@needs_nginx
def test_without_cookies_a_key_stays_with_one_process_and_keys_are_spread(site: Site) -> None:
    keys = [secrets.token_hex(16) for _ in range(16)]
    homes = [site.ask(PHOTOS, **{"x-studio-key": key}).text for key in keys]
    assert set(homes) == {"a", "b"}
    again = [site.ask(COLORIZE, **{"x-studio-key": key}).text for key in keys]
    assert again == homes
    assert len({site.ask(CALL).text for _ in range(4)}) == 1, "a program's calls, by its address"


@needs_nginx
def test_a_process_that_leaves_gets_no_new_visitors_and_loses_nobody(site: Site) -> None:
    site.a.mode = "leaves"
    for _ in range(4):
        assert site.ask(PAGE).text == "b"
    moved = site.ask(PAGE, "a")
    assert (moved.text, moved.cookies[COOKIE]) == ("b", "b")
    drawn = site.ask(DRAW, "a")
    assert drawn.text == "b" and "set-cookie" not in drawn.headers, "photos may be with a still"
    assert site.ask(COLORIZE, "a").cookies[COOKIE] == "b"
    sent = site.ask(PHOTOS, "a")
    assert sent.status_code == 503, "which the page sends again: it cannot be passed on"
    assert sent.cookies[COOKIE] == "b", "and then to b"
    site.a.mode, site.b.mode = "serves", "leaves"
    assert site.ask(PHOTOS, "b").cookies[COOKIE] == "a"


@needs_nginx
def test_a_busy_process_is_helped_out_by_the_other_and_keeps_its_visitors(site: Site) -> None:
    site.a.mode = "busy"
    assert site.ask(DRAW, "a").text == "b"
    sent = site.ask(PHOTOS, "a")
    assert sent.status_code == 503 and sent.cookies[COOKIE] == "a"
    site.a.mode = "serves"
    assert site.ask(DRAW, "a").text == "a", "nobody takes it for dead"


@needs_nginx
def test_where_all_are_busy_their_own_answer_comes(site: Site) -> None:
    site.a.mode = site.b.mode = "busy"
    assert [site.ask(path, "a").status_code for path in (PAGE, DRAW, PHOTOS)] == [503] * 3
    site.a.mode = "serves"
    assert site.ask(PAGE).text == "a"


@needs_nginx
def test_what_a_process_may_have_begun_is_not_sent_again_unless_that_is_harmless(
    site: Site,
) -> None:
    site.a.mode = "hangs up"
    for path in (PHOTOS, CALL, "gradio_api/upload", "gradio_api/queue/join"):
        assert site.ask(path, "a").status_code == 502
        assert site.seen(path) == ["a"], "not posted twice"
    assert site.ask(DRAW, "a").text == "b"
    assert (f"/studio/{DRAW}", b"drawing") in site.b.seen, "whole"


@needs_nginx
def test_a_dead_process_is_passed_over(site: Site) -> None:
    site.a.die()
    for path in (PAGE, DRAW, PHOTOS, COLORIZE, CALL):
        assert site.ask(path, "a").text == "b"
    assert site.ask(PHOTOS, "a").cookies[COOKIE] == "b"


@needs_nginx
def test_the_routes_of_the_processes_are_none_of_the_site(site: Site) -> None:
    for path in ("healthz", "readyz"):
        assert site.ask(path, method="GET").status_code == 404
    redirect = httpx.get(site.url.rstrip("/"), trust_env=False, timeout=120)
    assert (redirect.status_code, redirect.headers["location"]) == (308, "/studio/")


# ---- the unit of systemd -----------------------------------------------------------------


def unit() -> str:
    return (ROOT / "docs/hosting/pix2pix-studio@.service").read_text().replace("\\\n", " ")


def test_the_unit_starts_the_app_as_nginx_expects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"^ExecStart=\S+/python app\.py (.*)$", unit().replace("%i", "7861"), re.M)
    assert found
    args = parse_args(shlex.split(found[1]))
    config = (ROOT / "docs/hosting/nginx-processes.conf").read_text()
    assert f"127.0.0.1:{args.port}" in config and f"location {args.root_path}/ " in config
    assert args.metrics == ("127.0.0.1", 17861) and args.trusted_proxies == ["127.0.0.1"]
    stop = re.search(r"^TimeoutStopSec=(\d+)$", unit(), re.M)
    assert stop and int(stop[1]) > args.drain_seconds + 10


# ---- two real processes ------------------------------------------------------------------

WALL = {"ids": pack_ids(np.ones((64, 64), np.uint8)), "seed": 1}
# All visitors have one address here.
ROOMY = ("client-uploads=8", "client-queue=33")


def app_arguments(models: dict[str, Path]) -> list[str]:
    arguments = [f"--checkpoint-{n}={models[n]}" for n in ("facades", "colorize", "trace")]
    arguments += ["--checkpoint-cats=", "--checkpoint-restore=", "--root-path=/studio"]
    arguments += ["--trusted-proxies=127.0.0.1", "--drain-seconds=300", "--engine=torch"]
    return arguments + [f"--limit={limit}" for limit in ROOMY]


class Drawing(threading.Thread):
    """A visitor who draws without a pause until `enough`; the statuses of the answers."""

    def __init__(self, url: str, process: str) -> None:
        super().__init__()
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=120)
        self.client.cookies.set(COOKIE, process)
        self.statuses: list[int] = []
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            self.statuses.append(self.client.post(DRAW, json=WALL).status_code)


@pytest.mark.slow
@needs_nginx
def test_no_drawing_and_no_photo_is_lost_when_a_process_is_drained(
    tmp_path: Path, forker: Forker
) -> None:
    arguments = app_arguments(save_app_models(tmp_path / "models"))
    folders, port = [tmp_path / name for name in ("a", "b", "nginx")], free_port()
    for folder in folders:
        folder.mkdir()
    with (
        running_app(folders[0], arguments, forker) as a,
        running_app(folders[1], arguments, forker) as b,
    ):
        ports = (port_of(a), port_of(b))
        with running_nginx(folders[2], [documented_processes(port, ports)], [port]):
            check_drain(f"http://127.0.0.1:{port}/studio/", a, tmp_path)
        assert "Traceback" not in a.said() + b.said()


def port_of(app: RunningApp) -> int:
    return int(app.url.rstrip("/").rpartition(":")[2])


def check_drain(url: str, a: RunningApp, folder: Path) -> None:
    """Drains `a` while visitors draw with both, and one has a photo open in `a`."""
    headers = {"x-studio-key": secrets.token_hex(16), "x-photo-name": "aunt.png"}
    holder = httpx.Client(base_url=url, trust_env=False, timeout=120, headers=headers)
    holder.cookies.set(COOKIE, "a")
    content = save_grey_photo(folder / "aunt.png", (64, 48)).read_bytes()
    wanted = {"kind": "thumb", "photo": holder.post(PHOTOS, content=content).json()["photo"]}
    visitors = [Drawing(url, process) for process in "abab"]
    for visitor in visitors:
        visitor.start()
    wait_for(visitors, 3)
    with holder.stream("GET", PHOTOS) as presence:  # the page is open
        chunks = presence.iter_raw()  # kept: its end closes the stream
        assert next(chunks) == b"\n"
        a.process.send_signal(signal.SIGTERM)
        ready = f"{a.url}readyz"
        wait_until(lambda: httpx.get(ready, trust_env=False, timeout=120).status_code != 200)
        wait_for(visitors, 3)
        assert "thumb" in holder.post(COLORIZE, json=wanted).json(), "still with the photo"
        assert httpx.get(url, trust_env=False, timeout=120).cookies[COOKIE] == "b"
        assert a.process.poll() is None, "it waits for those who have photos open"
    # The page is closed, which forgets its photo.
    assert a.process.wait(120) == 0
    wait_for(visitors, 3)
    for visitor in visitors:
        visitor.enough.set()
        visitor.join()
    assert {status for visitor in visitors for status in visitor.statuses} == {200}
    assert holder.post(COLORIZE, json=wanted).json()["gone"], "the other process asks for it again"
    sent = holder.post(PHOTOS, content=content)
    assert (sent.json()["name"], sent.cookies[COOKIE]) == ("aunt.png", "b")


def wait_for(visitors: list[Drawing], answers: int) -> None:
    """Until each visitor has got so many answers more."""
    goals = [len(visitor.statuses) + answers for visitor in visitors]
    while any(len(visitor.statuses) < goal for visitor, goal in zip(visitors, goals)):
        assert all(visitor.is_alive() for visitor in visitors)
        threading.Event().wait(0.02)
