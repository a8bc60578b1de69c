"""Fixtures that several folders share: the app being served, a browser, checkpoints and a Hub.

The process that hands out the tests (pytest-xdist) reads this file too and needs no torch, whose
300 MB it would hold to the end: fixtures import what they need.
"""

from __future__ import annotations

import gc
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers.kept_drawings import WINDOW, bare_wall, keep_drawing
from helpers.order import by_duration, group, next_group

if TYPE_CHECKING:
    from helpers.fake_hub import FakeHub
    from helpers.forked import Forker, Programs
    from helpers.running import RunningApp
    from helpers.visits import Pages, SharedChromium

    from pix2pix.hub.client import Hub

ROOT = Path(__file__).resolve().parents[1]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=by_duration)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keeps the tests of a file in one worker, and those of files that share a costly fixture.

    Only one worker has files with a browser.
    """
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class LoadTogetherScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(Path(nodeid.split("::")[0]).stem)

        def _assign_work_unit(self, node: Any) -> None:
            others = (work for worker, work in self.assigned_work.items() if worker is not node)
            elsewhere = (name for work in others for name in work if not all(work[name].values()))
            self.workqueue.move_to_end(next_group(self.workqueue, elsewhere), last=False)
            super()._assign_work_unit(node)

    return LoadTogetherScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Has the workers forked from one process: they share the memory of what it has imported."""
    if sys.platform != "linux":  # elsewhere libraries may not work in a fork
        return
    from helpers.nursery import Nursery, python_command

    config.add_cleanup(Nursery().close)
    for spec in specs:
        spec.python = shlex.join(python_command())


def pytest_collection_finish() -> None:
    """Excludes what was imported from garbage collection: it stays to the end anyway."""
    gc.collect()
    gc.freeze()


# Called when the last test of a group of files is done: what ends processes that no other needs.
_at_end_of_group: list[Callable[[], None]] = []
_browsers: list[SharedChromium] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Returns a file's memory to the system when its last test is done, and that of its processes.

    A worker that has come to its last files would hold a browser's page, an app and what processes
    are forked from, 1.5 GB, while the other one is busy.
    """
    yield
    if nextitem is None or nextitem.path == item.path:  # at the very end fixtures have ended all
        return
    if group(nextitem.path.stem) != group(item.path.stem):
        for end in reversed(_at_end_of_group):
            end()
    for shared in _browsers:
        if shared.has_grown or nextitem.get_closest_marker("browser") is None:
            shared.close()
    free_memory()


# Only then a file's garbage is worth the half second that looking for it takes, in bytes.
WORTH_COLLECTING = 20 << 20
_resident = 0  # bytes, when garbage was last collected


def free_memory() -> None:
    """Collects garbage and returns its memory, where this process has grown."""
    from pix2pix.runtime.malloc import trim_heap

    global _resident
    forget_apps()
    trim_heap()
    if resident_memory() > _resident + WORTH_COLLECTING:
        gc.collect()
        trim_heap()
        _resident = resident_memory()


def forget_apps() -> None:
    """Empties FastAPI's caches: they keep the functions of every app, with it and its models."""
    models = sys.modules.get("fastapi.dependencies.models")
    for function in vars(models).values() if models else ():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def resident_memory() -> int:
    """Of this process, in bytes; growing without end where the system does not say."""
    path = Path("/proc/self/statm")
    if not path.exists():
        return _resident + 2 * WORTH_COLLECTING
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="session", autouse=True)
def lean_heap() -> Iterator[None]:
    """Freed memory returns to the system, also after a training in this process.

    train.py makes its process keep what it frees: here for all tests that follow, up to 600 MB.
    In the processes that tests start it does so still.
    """
    from pix2pix.runtime.malloc import limit_heap_growth

    limit_heap_growth()
    with pytest.MonkeyPatch.context() as patch:
        if "pix2pix.cli.train" in sys.modules:
            patch.setattr("pix2pix.cli.train.keep_freed_memory", lambda: True)
        yield


@pytest.fixture
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test loads computes in float32, as the page does, on processors with bf16 too."""
    from pix2pix.inference.backends import selection

    monkeypatch.setattr(selection, "has_fast_bf16", lambda device: False)


@pytest.fixture(scope="session")
def upload_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the app keeps uploads during the tests."""
    folder = tmp_path_factory.mktemp("uploads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def fake_studio(upload_folder: Path) -> Iterator[str]:
    """The app with stand-in models."""
    from helpers.serving import serve
    from helpers.stand_ins import BandTracer, PaletteDrawer, SepiaColorizer

    yield from serve(PaletteDrawer(), SepiaColorizer(), BandTracer())


@pytest.fixture(scope="session")
def studio(upload_folder: Path) -> Iterator[str]:
    """The app with the checkpoints of the repo, until the last test of a group of files.

    Files that use it are in one group (helpers/order.py).
    """
    from helpers.serving import serve
    from helpers.stand_ins import BandTracer, PaletteDrawer, SepiaColorizer, remember_pictures

    from pix2pix.inference import load_colorizer, load_drawer, load_tracer

    facades, colorize, trace = (
        ROOT / "checkpoints" / name for name in ("facades", "colorize", "trace")
    )
    served = serve(
        remember_pictures(load_drawer(facades, "cpu"), {}) if facades.is_dir() else PaletteDrawer(),
        load_colorizer(colorize, "cpu") if colorize.is_dir() else SepiaColorizer(),
        load_tracer(trace, "cpu") if trace.is_dir() else BandTracer(),
    )

    def end() -> None:
        next(served, None)

    _at_end_of_group.append(end)
    yield next(served)
    end()


@pytest.fixture(scope="session")
def shared_chromium() -> Iterator[SharedChromium]:
    from helpers.visits import SharedChromium

    shared = SharedChromium()
    _browsers.append(shared)
    yield shared
    shared.close()


@pytest.fixture(scope="module")
def chromium(shared_chromium: SharedChromium) -> Any:
    return shared_chromium.browser


@pytest.fixture(scope="module")
def pages(shared_chromium: SharedChromium) -> Pages:
    return shared_chromium.pages


@pytest.fixture
def visit(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Opens the studio as a visitor whose browser keeps nothing of a visit before.

    The page is one that tests share; a test marked `own_profile` gets one that nobody used. Nothing
    in it is animated unless it is `moving`: a frame that Chromium paints without a GPU takes more
    CPU time than most of what a test does. `kept` is in localStorage before the page is loaded.
    At the end, a visit must have asked nothing of any other host and logged no error. Of requests
    that are answered with an error a browser logs one by itself, where a visit `may_fail`.
    """
    from helpers.visits import DRAWING, keep_before, wait_until_mounted

    own_profile = request.node.get_closest_marker("own_profile") is not None
    complaints: list[str] = []
    done: list[Callable[[], None]] = []

    def open_page(
        url: str,
        *,
        phone: bool = False,
        touch: bool = False,
        scheme: str = "light",
        moving: bool = False,
        size: dict[str, int] = DESKTOP,
        may_fail: bool = False,
        wait_for: str = DRAWING,
        kept: dict[str, str] | None = None,
    ) -> Any:
        page, leave = pages.open(PHONE if phone else size, phone or touch, own_profile)
        done.append(leave)
        motion = "no-preference" if moving else "reduce"
        page.emulate_media(color_scheme=scheme, reduced_motion=motion, forced_colors="none")
        page.on("console", lambda m: _note_error(m, complaints, may_fail))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # Not each of the page's hundred requests, which takes 0.15 CPU s: CHROMIUM_FLAGS let one
        # to another host fail.
        page.on("requestfailed", lambda r: _note_foreign(r.url, url, complaints))
        if kept:
            keep_before(page, url, kept)
        page.goto(url)
        page.wait_for_selector(wait_for)
        if wait_for == DRAWING:
            wait_until_mounted(page)
        return page

    yield open_page
    for leave in done:
        leave()
    assert complaints == []


@pytest.fixture
def bare(fake_studio: str, visit: Callable[..., Any]) -> Any:
    """A page with a bare wall, and a window of 26 x 26 pixels at (0.2, 0.2).

    The drawing is one that the browser kept: drawing it by hand takes as long as loading the page.
    The tool is the rectangle, the class is the window, and the pointer is on the sheet.
    """
    drawing = bare_wall()
    drawing[51:77, 51:77] = WINDOW
    kept = keep_drawing(drawing, tool="rectangle", classId=WINDOW)
    page = visit(fake_studio, kept=kept)
    box = page.locator(".st-canvas").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    return page


def _note_error(message: Any, complaints: list[str], may_fail: bool = False) -> None:
    if may_fail and message.text.startswith("Failed to load resource"):
        return
    # A reload cuts what Gradio sends, and the stream on which it listens; and Gradio says so.
    cut = message.text.startswith(
        ("AbortError: signal is aborted", "Unexpected error Connection errored out")
    )
    if message.type == "error" and not cut:
        complaints.append(message.text)


def _note_foreign(url: str, own: str, complaints: list[str]) -> None:
    if not url.startswith((own, "data:", "blob:")):
        complaints.append(f"asked for {url}")


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """Starts processes in milliseconds, once it has started itself."""
    from helpers.forked import Forker

    forker = Forker()
    _at_end_of_group.append(forker.close)
    yield forker
    forker.close()


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    """Runs command lines of Python in milliseconds, once it has started itself."""
    from helpers.forked import Programs

    programs = Programs()
    _at_end_of_group.append(programs.close)
    yield programs
    programs.close()


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights, for reading only."""
    import torch
    from helpers.models import TINY_RECIPE

    from pix2pix.checkpoint import Model, save_checkpoint
    from pix2pix.training.train_step import checkpoint_config

    folder = tmp_path_factory.mktemp("houses")
    config = checkpoint_config(TINY_RECIPE)
    torch.manual_seed(0)
    save_checkpoint(folder, config, Model(config), "# A card\n")
    return folder


@pytest.fixture
def files(tiny_checkpoint: Path) -> dict[str, bytes]:
    """What lies in it, by name."""
    return {path.name: path.read_bytes() for path in tiny_checkpoint.iterdir()}


@pytest.fixture
def hub_server() -> Iterator[FakeHub]:
    """A Hub on this machine, empty."""
    from helpers.fake_hub import serve_hub

    with serve_hub() as server:
        yield server


@pytest.fixture
def hub(hub_server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """That Hub to one who is logged in; also where nobody says which Hub, and there without login.

    The client has read its environment on import, so it is its constants that are changed.
    """
    from helpers.fake_hub import TOKEN
    from huggingface_hub import constants

    from pix2pix.hub.client import Hub

    monkeypatch.setattr(constants, "ENDPOINT", hub_server.url)
    template = hub_server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Hub(hub_server.url, TOKEN, tmp_path / "cache")


@pytest.fixture(scope="session")
def attacked(forker: Forker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app as a process of its own, for those who mean it harm."""
    from helpers.running import app_arguments, running_app, save_app_models

    models = save_app_models(tmp_path_factory.mktemp("models"))
    folder = tmp_path_factory.mktemp("attacked")
    arguments = app_arguments(models)
    with running_app(folder, arguments, forker, HF_TOKEN="hf_secret_of_the_host") as app:
        _at_end_of_group.append(app.stop)
        yield app
