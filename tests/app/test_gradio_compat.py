"""What an upgrade of Gradio may break: each use of its insides, by name.

Where one of these fails, see pix2pix/app/gradio_compat.py for what it buys and change it there.
"""

import ast
import asyncio
import re
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import uvicorn
from gradio.context import LocalContext
from helpers.own_loop import run_apart
from helpers.running import ROOT
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from starlette.requests import Request
from uvicorn.server import ServerState

from pix2pix.app import gradio_compat
from pix2pix.app.blocks import create_demo

PRIVATE = ("gradio.context", "gradio.utils", "gradio.routes", "gradio.blocks", "gradio.queueing")


@pytest.fixture(scope="module")
def demo() -> gr.Blocks:
    return create_demo(PaletteDrawer(), SepiaColorizer())


def test_zerogpu_finds_the_visitors_request_where_gradio_has_its_own() -> None:
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"x-ip-token", b"ada")]}
    gradio_compat.set_gradio_request(Request(scope))
    found = LocalContext.request.get(None)
    assert found is not None, "gradio.context.LocalContext.request is not what it was"
    assert found.headers["x-ip-token"] == "ada", "gr.Request no longer passes headers on"


def test_sessions_of_programs_are_bounded(demo: gr.Blocks) -> None:
    pending = demo._queue.pending_messages_per_session
    assert pending.max_size == gradio_compat.MAX_SESSIONS
    for number in range(3 * gradio_compat.MAX_SESSIONS):
        pending[f"session {number}"] = asyncio.Queue()
    assert len(pending) == gradio_compat.MAX_SESSIONS, "max_size no longer bounds it"
    pending.clear()


def test_an_idle_queue_polls_twenty_times_a_second(
    demo: gr.Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    queue, sleep = demo._queue, asyncio.sleep
    own: list[asyncio.Task[None] | None] = []

    async def nap(seconds: float) -> None:
        if asyncio.current_task() not in own:  # apps that other tests serve sleep, too
            return await sleep(seconds)
        naps.append(seconds)
        queue.stopped = len(naps) >= 3

    async def note(work: Coroutine[Any, Any, None]) -> None:
        own.append(asyncio.current_task())
        await work

    monkeypatch.setattr("gradio.queueing.asyncio.sleep", nap)
    for loop in (queue.start_processing, queue.start_progress_updates):
        queue.stopped = False
        naps.clear()
        run_apart(note(loop()))
        assert len(naps) == 3 and min(naps) >= 0.05, "Gradio polls at another interval"
    queue.stopped = False


def test_answers_that_wait_for_a_program_are_seen(demo: gr.Blocks) -> None:
    assert not gradio_compat.has_undelivered_answers(demo)
    demo._queue.pending_event_ids_session["session"] = {"event"}
    assert gradio_compat.has_undelivered_answers(demo)
    del demo._queue.pending_event_ids_session["session"]


def test_the_problem_of_the_mcp_server_is_known(demo: gr.Blocks) -> None:
    assert demo.mcp_error is None and gradio_compat.mcp_problem(demo) is None
    demo.mcp_error = " no mcp \n"
    assert gradio_compat.mcp_problem(demo) == "no mcp"
    demo.mcp_error = None


def test_the_indices_of_endpoints_are_those_of_the_page(demo: gr.Blocks) -> None:
    dependencies = demo.get_config_file()["dependencies"]
    expected = {d["id"]: d["api_name"] for d in dependencies if d["backend_fn"]}
    assert gradio_compat.event_names(demo) == expected
    assert set(expected.values()) == {"draw", "colorize"}


def test_no_other_module_touches_the_insides_of_gradio() -> None:
    for path in (ROOT / "pix2pix").rglob("*.py"):
        if path.name == "gradio_compat.py":
            continue
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            assert not [n for n in names if n.startswith(PRIVATE)], f"{path} imports {names}"
        assert not re.search(r"(demo|blocks)\._|mcp_error|mcp_server_obj|\.fns\b", text), path


def test_the_bounds_of_gradio_agree_with_the_module() -> None:
    for name in ("requirements.txt", "requirements-test.txt", "pyproject.toml"):
        text = (ROOT / name).read_text()
        assert re.search(r'"?gradio(\[mcp\])?~=6\.31', text), name
    assert gr.__version__.startswith("6."), "tried with 6.x only"


def test_the_app_writes_no_stub_into_its_own_source() -> None:
    """Gradio writes one beside each subclass of a component when that is imported: there is none.

    This file has imported the whole app.
    """
    assert not list(Path(ROOT / "pix2pix").rglob("*.pyi"))


def test_the_guards_are_put_where_uvicorn_reads_them(demo: gr.Blocks) -> None:
    async def app(*_: Any) -> None:
        pass

    config = uvicorn.Config(app, log_level="warning", proxy_headers=False)
    config.load()
    demo.server = SimpleNamespace(config=config)  # type: ignore[assignment]

    class Protocol(config.http_protocol_class):  # type: ignore[misc, name-defined]
        pass

    gradio_compat.install_guards(demo, lambda inner: ("guard", inner), lambda _: Protocol)
    connection: Any = config.http_protocol_class(  # type: ignore[call-arg, operator]
        config=config, server_state=ServerState(), app_state={}, _loop=asyncio.new_event_loop()
    )
    assert isinstance(connection, Protocol)
    assert connection.app[0] == "guard", "uvicorn no longer reads `loaded_app` for each connection"


def test_the_client_of_a_running_event_is_known() -> None:
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    gradio_compat.set_gradio_request(Request({**scope, "client": ("10.0.0.7", 1)}))
    assert gradio_compat.calling_client() == "10.0.0.7"
