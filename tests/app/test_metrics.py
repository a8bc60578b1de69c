"""Prometheus metrics: what they count, and that nothing of a visitor is among them."""

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from helpers.forked import wait_until
from helpers.hand import save_grey_photo
from helpers.own_loop import run_apart
from helpers.routes import HTTP, post, send_file
from helpers.running import free_port
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pix2pix.app.arguments import parse_args
from pix2pix.app.blocks import create_demo, launch_demo, studio_api_of
from pix2pix.app.main import serve_metrics
from pix2pix.app.server.metrics import Metrics
from pix2pix.app.server.model_queue import Lane
from pix2pix.app.server.photo_store import PHOTOS
from pix2pix.app.server.server_state import Phase
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.inference import load_drawer
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.runtime.model_time import collect_model_runs, note_model_run

WALL = {"ids": pack_ids(np.ones((256, 256), np.uint8))}


class App(NamedTuple):
    url: str
    studio: StudioApi
    metrics: Metrics
    release: threading.Event


@pytest.fixture(scope="module")
def app(upload_folder: Path) -> Iterator[App]:
    """Drawings of seed 9 take until `release`."""
    release = threading.Event()

    class Slow(PaletteDrawer):
        def draw(self, label_map: np.ndarray, seed: int = 0, *more: Any) -> np.ndarray:
            assert seed != 9 or release.wait(60)
            return super().draw(label_map, seed, *more)

    demo, port = create_demo(Slow(), SepiaColorizer()), free_port()
    metrics = Metrics(studio_api_of(demo), "/studio")
    launch_demo(demo, "127.0.0.1", port, "/studio", metrics=metrics)
    yield App(f"http://127.0.0.1:{port}/", studio_api_of(demo), metrics, release)
    release.set()
    demo.close(verbose=False)


def read(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """Of the sample, 0 where there is none yet."""
    return metrics.registry.get_sample_value(f"pix2pix_{name}", labels) or 0


def test_requests_are_counted_by_route_and_status(app: App) -> None:
    def count(status: str) -> float:
        labels = {"method": "POST", "route": "draw/draw", "status": status}
        return value(app.metrics, "requests_total", **labels)

    before = count("200"), count("400")
    for url in (app.url, f"{app.url}studio/"):
        assert post(url, "draw", "draw", WALL).status_code == 200
        assert post(url, "draw", "draw", {"ids": "?"}).status_code == 400
    assert (count("200"), count("400")) == (before[0] + 2, before[1] + 2)
    labels = {"method": "POST", "route": "draw/draw"}
    # When all has been sent
    wait_until(lambda: value(app.metrics, "request_seconds_count", **labels) >= 4)
    assert value(app.metrics, "job_seconds_count", lane="drawings") >= 2


def test_the_queue_is_seen_while_it_waits(app: App) -> None:
    def jobs(what: str) -> float:
        return value(app.metrics, f"jobs_{what}", lane="drawings")

    ask = [
        threading.Thread(target=post, args=(app.url, "draw", "draw", {**WALL, "seed": 9}))
        for _ in range(3)
    ]
    for thread in ask:
        thread.start()
    wait_until(lambda: app.studio.queue.jobs(Lane.DRAWINGS) == 3)
    assert (jobs("running"), jobs("waiting")) == (1, 2)
    app.release.set()
    for thread in ask:
        thread.join(60)
    assert (jobs("running"), jobs("waiting")) == (0, 0)


def test_a_model_run_is_measured_in_its_lane(tiny_checkpoint: Path) -> None:
    with collect_model_runs() as runs:
        load_drawer(tiny_checkpoint, "cpu", "torch").draw(np.zeros((32, 32), np.uint8))
    assert len(runs) == 1 and runs[0] > 0
    note_model_run(1)  # outside of a block nobody is told

    studio = StudioApi()
    metrics = Metrics(studio)

    async def run() -> None:
        await studio.queue.run(lambda: note_model_run(0.75), Lane.PREVIEWS)

    run_apart(run())
    assert value(metrics, "model_seconds_sum", lane="previews") == 0.75
    assert value(metrics, "job_wait_seconds_count", lane="previews") == 1


def test_what_was_refused_is_counted_by_reason(app: App) -> None:
    def rejected(reason: str) -> float:
        return value(app.metrics, "rejected_total", reason=reason)

    before = {reason: rejected(reason) for reason in ("leaving", "origin")}
    foreign = {"origin": "https://evil.example"}
    assert HTTP.post(f"{app.url}studio-api/draw/draw", headers=foreign).status_code == 403
    app.studio.state.drain()
    assert value(app.metrics, "ready") == 0 and value(app.metrics, "leaving") == 1
    assert HTTP.get(f"{app.url}readyz").status_code == 503, "which refuses nobody"
    assert HTTP.get(app.url).status_code == 503
    app.studio.state.phase = Phase.READY
    assert {reason: rejected(reason) - n for reason, n in before.items()} == {
        "leaving": 1,
        "origin": 1,
    }


def test_nothing_of_a_visitor_is_in_them_and_photos_are_counted(app: App, tmp_path: Path) -> None:
    key = secrets.token_hex(16)
    content = save_grey_photo(tmp_path / "aunt-mary.png", (64, 48)).read_bytes()
    mine = {"x-studio-key": key}
    sent = send_file(app.url, "colorize", "photos", content, "aunt-mary.png", **mine)
    photo = sent.json()["photo"]
    wanted = {"kind": "thumb", "photo": photo}
    assert "thumb" in post(app.url, "colorize", "colorize", wanted, key).json()
    # Those that other tests have left go when the server notices that their pages have gone.
    assert PHOTOS.find(key, photo) and value(app.metrics, "photos") == len(PHOTOS)
    assert value(app.metrics, "photo_bytes") >= len(content)
    HTTP.delete(f"{app.url}studio-api/colorize/photos/{photo}", headers=mine)
    text = read(app.metrics)
    assert 'route="colorize/photos"' in text
    assert not [secret for secret in (key, photo, "mary", "127.0.0") if secret in text]


def test_a_thousand_made_up_paths_add_no_series(app: App) -> None:
    async def refuse(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def drop(_: Any) -> None:
        pass

    def names() -> set[str]:
        families = text_string_to_metric_families(read(app.metrics))
        return {f"{s.name}{sorted(s.labels.items())}" for f in families for s in f.samples}

    async def ask(number: int) -> None:
        word = chr(97 + number % 26) * (1 + number // 26)
        paths = (f"x{number}", f"studio-api/tab{number}/draw", f"studio-api/draw/{word}")
        for path in (*paths, f"studio/studio-api/draw/{word}", f"gradio_api/call/name{number}"):
            for method in ("POST", f"M{number}"):
                scope = {"type": "http", "method": method, "path": f"/{path}"}
                await app.metrics.around(refuse)(scope, drop, drop)  # type: ignore[arg-type]

    async def ask_all() -> None:
        for number in range(1, 101):  # ten requests each
            await ask(number)

    run_apart(ask(0))
    known = names()
    run_apart(ask_all())
    assert names() == known
    assert not [name for name in known if "x0" in name or "M0" in name or "tab0" in name]


def test_strangers_find_no_metrics_in_the_app(app: App) -> None:
    for path in ("metrics", "studio/metrics", "studio//metrics", "metrics/"):
        assert HTTP.get(f"{app.url}{path}").status_code == 404


def test_they_are_served_at_an_address_of_their_own() -> None:
    port = free_port()
    studio = StudioApi()
    serve_metrics(studio, parse_args([f"--metrics=127.0.0.1:{port}"]))
    answer = HTTP.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"pix2pix_ready", "process_resident_memory_bytes", "pix2pix_jobs_waiting"} <= found
    with pytest.raises(SystemExit, match=f"cannot listen on 127.0.0.1:{port}"):
        serve_metrics(studio, parse_args([f"--metrics=127.0.0.1:{port}"]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], None),
        (["--metrics"], ("127.0.0.1", 9464)),
        (["--metrics=9000"], ("127.0.0.1", 9000)),
        (["--metrics=10.0.0.5:9000"], ("10.0.0.5", 9000)),
        (["--metrics=[::1]:9000"], ("::1", 9000)),
    ],
)
def test_they_are_off_unless_asked_for(given: list[str], expected: Any) -> None:
    assert parse_args(given).metrics == expected


@pytest.mark.parametrize("given", ["host", "::1:9000", "1.2.3.4:0", "1.2.3.4:70000", ":x"])
def test_an_address_that_cannot_be_read_is_refused(
    given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_args([f"--metrics={given}"])
    assert "expected HOST:PORT" in capsys.readouterr().err
