"""Health and readiness, and how a server leaves: it drains, answers what runs, and stops."""

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest
from helpers.forked import wait_until
from helpers.hand import save_grey_photo
from helpers.routes import HTTP, post, send_file
from helpers.serving import launch
from helpers.stand_ins import PaletteDrawer, SepiaColorizer

from pix2pix.app.arguments import parse_args
from pix2pix.app.blocks import create_demo, studio_api_of
from pix2pix.app.server.limits import parse_limits
from pix2pix.app.server.server_state import Phase, ServerState
from pix2pix.app.server.shutdown import StopSignals, Work, stop_server
from pix2pix.labels.packed_ids import pack_ids

WALL = {"ids": pack_ids(np.ones((256, 256), np.uint8))}
LEAVING = "x-studio-leaving"


class App(NamedTuple):
    url: str
    state: ServerState
    release: threading.Event  # lets a drawing be finished that `began`
    began: threading.Event


@pytest.fixture(scope="module")
def served(upload_folder: Path) -> Iterator[App]:
    """Served under /studio, with the prefix left on or stripped. Drawings of seed 9 take long."""
    release, began = threading.Event(), threading.Event()

    class Slow(PaletteDrawer):
        def draw(self, label_map: np.ndarray, seed: int = 0, *more: Any) -> np.ndarray:
            if seed == 9:
                began.set()
                assert release.wait(60)
            return super().draw(label_map, seed, *more)

    demo = create_demo(Slow(), SepiaColorizer())
    url = launch(demo, "/studio")
    yield App(url, studio_api_of(demo).state, release, began)
    release.set()
    demo.close(verbose=False)


@pytest.fixture
def app(served: App) -> App:
    """That app, as if it had just begun."""
    # The answers of the last test are counted to their end.
    wait_until(lambda: not served.state.requests)
    served.state.phase = Phase.READY
    served.release.clear()
    served.began.clear()
    return served


def ready(url: str) -> httpx.Response:
    return HTTP.get(f"{url}readyz")


def photo(folder: Path) -> bytes:
    return save_grey_photo(folder / "aunt.png", (64, 48)).read_bytes()


# ---- health and readiness ----------------------------------------------------------------


def test_it_is_ready_until_it_drains_and_alive_to_the_end(app: App) -> None:
    for url in (app.url, f"{app.url}studio/"):
        assert ready(url).json() == {"status": "ready"}
        assert HTTP.head(f"{url}readyz").status_code == 200
    for leave in (app.state.drain, app.state.stop):
        leave()
        for url in (app.url, f"{app.url}studio/"):
            answer = ready(url)
            assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
            assert HTTP.get(f"{url}healthz").json() == {"status": "ok"}
    assert HTTP.post(f"{app.url}readyz").status_code == 405


def test_it_is_not_ready_before_its_models_are_loaded(app: App) -> None:
    app.state.phase = Phase.STARTING
    answer = ready(app.url)
    assert (answer.status_code, answer.json()) == (503, {"status": "starting"})


def test_a_client_at_its_limit_does_not_make_the_server_look_dead(upload_folder: Path) -> None:
    demo = create_demo("off", SepiaColorizer(), limits=parse_limits(["client-requests=1"]))
    url = launch(demo)
    headers = {"x-studio-key": secrets.token_hex(16)}
    with HTTP.stream("GET", f"{url}studio-api/colorize/photos", headers=headers) as stream:
        chunks = stream.iter_raw()  # kept: its end closes the stream
        assert next(chunks) == b"\n"
        assert HTTP.get(f"{url}config").status_code == 429
        assert ready(url).status_code == 200
    demo.close(verbose=False)


# ---- draining ----------------------------------------------------------------------------


def test_while_it_drains_new_visitors_are_sent_away(app: App) -> None:
    key = secrets.token_hex(16)  # photos of a process are shared: other tests hold some under KEY
    app.state.drain()
    answers = [HTTP.get(app.url), HTTP.get(f"{app.url}config")]
    answers.append(post(app.url, "draw", "draw", WALL, key))
    answers.append(send_file(app.url, "colorize", "photos", b"x", **{"x-studio-key": key}))
    answers.append(HTTP.post(f"{app.url}gradio_api/call/draw", json={"data": [None]}))
    for answer in answers:
        assert answer.status_code == 503 and "being stopped" in answer.text
        assert answer.headers[LEAVING] == "1" and answer.headers["retry-after"]
    assert HTTP.get(f"{app.url}robots.txt").status_code == 200, "an open page loads its files"


def test_while_it_drains_those_with_photos_go_on_and_when_it_stops_no_more(
    app: App, tmp_path: Path
) -> None:
    mine, theirs = secrets.token_hex(16), secrets.token_hex(16)
    sent = send_file(app.url, "colorize", "photos", photo(tmp_path), **{"x-studio-key": mine})
    wanted = {"kind": "thumb", "photo": sent.json()["photo"]}
    app.state.drain()
    assert "thumb" in post(app.url, "colorize", "colorize", wanted, mine).json()
    assert post(app.url, "colorize", "colorize", wanted, theirs).status_code == 503
    app.state.stop()
    assert post(app.url, "colorize", "colorize", wanted, mine).headers[LEAVING] == "1"
    forgotten = HTTP.delete(f"{app.url}studio-api/colorize/photos", headers={"x-studio-key": mine})
    assert forgotten.status_code == 204


def test_what_runs_and_what_waits_is_answered(app: App) -> None:
    answers: list[httpx.Response] = []
    ask = [
        threading.Thread(
            target=lambda s=seed: answers.append(post(app.url, "draw", "draw", {**WALL, "seed": s}))
        )
        for seed in (9, 9)
    ]
    for thread in ask:
        thread.start()
    assert app.began.wait(60)
    wait_until(lambda: app.state.requests == 2)
    app.state.drain()
    app.release.set()
    for thread in ask:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_photo_that_is_being_sent_is_received_and_then_waited_for(
    app: App, tmp_path: Path
) -> None:
    content, halfway = photo(tmp_path), threading.Event()

    def body() -> Iterator[bytes]:
        yield content[:100]
        wait_until(lambda: app.state.requests)
        app.state.drain()
        halfway.set()
        yield content[100:]

    key = secrets.token_hex(16)
    headers = {"x-studio-key": key, "x-photo-name": "aunt.png"}
    photos = f"{app.url}studio-api/colorize/photos"
    sent = HTTP.post(photos, content=body(), headers=headers)
    assert halfway.is_set() and sent.status_code == 200
    wanted = {"kind": "thumb", "photo": sent.json()["photo"]}
    assert "thumb" in post(app.url, "colorize", "colorize", wanted, key).json()


def test_the_stream_of_a_page_with_photos_ends_when_the_server_stops(app: App) -> None:
    headers = {"x-studio-key": secrets.token_hex(16)}
    with HTTP.stream("GET", f"{app.url}studio-api/colorize/photos", headers=headers) as stream:
        chunks = stream.iter_raw()
        assert next(chunks) == b"\n"
        assert app.state.requests == 0, "an open page is no work to wait for"
        app.state.drain()
        app.state.stop()
        assert list(chunks) == []


# ---- the order of the end ----------------------------------------------------------------


def leave(work: dict[str, Any], grace_s: float) -> list[str]:
    """What a server did that was told to leave while there was this work."""
    state, done = ServerState(), []
    known = Work(*(lambda f=f: f(state) for f in work.values()))
    stop_server(
        state, known, lambda: done.append(state.phase.value), grace_s, lambda _: done.append("cut")
    )
    return done


def test_without_work_it_leaves_at_once_whatever_the_grace() -> None:
    idle = {"idle": lambda _: True, "delivered": lambda _: True, "photos": lambda _: False}
    assert leave(idle, 3600) == ["stopping"]


def test_photos_are_waited_for_within_the_grace_alone() -> None:
    seen: list[Phase] = []

    def hold(state: ServerState) -> bool:
        seen.append(state.phase)
        return len(seen) < 3

    busy = {"idle": lambda _: True, "delivered": lambda _: True, "photos": hold}
    assert leave(busy, 3600) == ["stopping"]
    assert seen == [Phase.DRAINING] * 3
    forever = {**busy, "photos": lambda _: True}
    assert leave(forever, 0) == ["stopping"]


def test_jobs_are_waited_for_while_it_still_drains() -> None:
    seen: list[Phase] = []

    def idle(state: ServerState) -> bool:
        seen.append(state.phase)
        return len(seen) > 2

    leave({"idle": idle, "delivered": lambda _: True, "photos": lambda _: False}, 3600)
    assert seen[:3] == [Phase.DRAINING] * 3


def test_a_call_in_the_queue_of_gradio_starts_before_the_server_takes_no_more_jobs() -> None:
    seen: list[Phase] = []

    def delivered(state: ServerState) -> bool:
        seen.append(state.phase)
        return len(seen) > 2

    leave({"idle": lambda _: True, "delivered": delivered, "photos": lambda _: False}, 0)
    assert seen[:3] == [Phase.DRAINING] * 3


def test_answers_that_nobody_fetches_do_not_use_up_the_grace() -> None:
    kept = {"idle": lambda _: True, "delivered": lambda _: False, "photos": lambda _: False}
    assert leave(kept, 3600) == ["stopping"]


def test_a_second_signal_ends_at_once() -> None:
    ended: list[int] = []
    old = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        signals = StopSignals(ended.append)
        os.kill(os.getpid(), signal.SIGTERM)
        signals.wait()
        assert ended == []
        os.kill(os.getpid(), signal.SIGINT)
        assert ended == [130]
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("given", ["-1", "1.5", "soon", ""])
def test_a_grace_that_is_no_number_of_seconds_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIX2PIX_DRAIN_SECONDS", given)
    with pytest.raises(SystemExit):
        parse_args([])
    assert "whole number of seconds" in capsys.readouterr().err
    assert parse_args(["--drain-seconds=30"]).drain_seconds == 30


def test_a_server_that_leaves_before_it_has_started_does_not_become_ready() -> None:
    state = ServerState()
    state.drain()
    state.set_ready()
    assert state.is_leaving and not state.is_ready
