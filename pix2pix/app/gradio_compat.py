"""Every use of Gradio beyond its documented interface, each with its reason.

Tried with Gradio 6.31.0, which requirements bound to 6.x (`gradio~=6.31`). A test for each
(tests/app/test_gradio_compat.py) fails by name when an upgrade breaks it.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from starlette.requests import Request

from pix2pix.app.server.client_address import client_key

# How often the queue looks for new calls and for progress, in seconds: Gradio's values on Windows.
QUEUE_POLL_S = 0.05
PROGRESS_POLL_S = 0.1
# Sessions of programs, 170 kB each, whose answers nobody has fetched yet. Gradio keeps 2000.
MAX_SESSIONS = 200

# For the head of the page. The timer of Gradio's loading screen asks for the next frame for ever,
# also when the screen has gone: 7% of a core for an idle page in Chromium. Gradio keeps the
# function requestAnimationFrame that it finds when its scripts are loaded; this one ends what began
# before the page was built (assets/js/core/header.js sends the event).
LOADING_TIMER = """<script>
(() => {
  const request = window.requestAnimationFrame;
  let isLoading = true;
  let running = null; // the series of frames that the callback at work belongs to
  window.requestAnimationFrame = (callback) => {
    const series = running ?? { isLoading };
    if (series.isLoading && !isLoading) return 0;
    return request((time) => {
      const outer = running;
      running = series;
      try { callback(time); } finally { running = outer; }
    });
  };
  document.addEventListener("studio:built", () => {
    isLoading = false;
    window.requestAnimationFrame = request;
  }, { once: true });
})();
</script>"""


def set_gradio_request(request: Request) -> None:
    """Makes a request of our own routes known as Gradio's current one.

    ZeroGPU (`spaces.GPU`) reads the visitor's token from there to charge their quota. Without it
    every call counts as an anonymous visitor's.
    """
    LocalContext.request.set(gr.Request(request=request))


def calling_client() -> str:
    """The address of the program whose event runs: Gradio runs it outside of its request.

    Without it all programs would share one client's places in the queue.
    """
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    return client_key(client.host) if client else ""


def install_guards(
    demo: gr.Blocks, guard: Callable[[Any], Any], protocol: Callable[[type], type]
) -> None:
    """Puts `guard` around the whole app that runs, and `protocol` around its connections.

    `launch` makes uvicorn's Config by itself. uvicorn reads both attributes for each connection.
    Without it 1,100 idle sockets stop the app, and Gradio lets foreign pages read its answers.
    """
    config = demo.server.config
    config.loaded_app = guard(config.loaded_app)
    config.http_protocol_class = protocol(config.http_protocol_class)


def limit_sessions(demo: gr.Blocks) -> None:
    """Bounds the answers that wait for programs: 34 MB instead of 340 at most.

    `launch(state_session_capacity=...)`, which is documented, bounds other state of sessions.
    """
    demo._queue.pending_messages_per_session.max_size = MAX_SESSIONS


def poll_less_often(demo: gr.Blocks) -> None:
    """Makes the queue of programs' calls sleep 50 ms instead of 1 ms while it has nothing to start.

    An idle app takes 0.7% of a core instead of 8 to 10%. The page does not use this queue.
    """
    demo._queue.sleep_when_free = QUEUE_POLL_S
    demo._queue.progress_update_sleep_when_free = PROGRESS_POLL_S


def has_undelivered_answers(demo: gr.Blocks) -> bool:
    """Whether programs have yet to fetch the answers of finished or running events.

    Gradio's `close` cuts their streams at once; waiting a second delivers what is done.
    """
    return any(list(demo._queue.pending_event_ids_session.values()))


def mcp_problem(demo: gr.Blocks) -> str | None:
    """Why the MCP server that `launch(mcp_server=True)` was asked for does not run, if so.

    Gradio prints it unless `quiet`, and goes on without one.
    """
    return demo.mcp_error.strip() if demo.mcp_error else None


def event_names(demo: gr.Blocks) -> dict[int, str]:
    """The endpoints' names by the index under which programs ask for them (`fn_index`).

    Gradio takes an index on trust: one that does not exist ends in a server error and a traceback.
    """
    return {index: str(fn.api_name) for index, fn in demo.fns.items() if fn.fn is not None}
