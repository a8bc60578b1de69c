"""Serves the app within the process of the tests."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from helpers.running import free_port

from pix2pix.app.server.limits import DEFAULT_LIMITS, Limits
from pix2pix.app.server.origin_check import read_access
from pix2pix.inference import Colorizer, Drawer, Restorer, Tracer

# All visitors of the tests have one address.
ROOMY = replace(
    DEFAULT_LIMITS,
    client_uploads=DEFAULT_LIMITS.uploads,
    client_queue=DEFAULT_LIMITS.queue + 1,
    client_body_mb=DEFAULT_LIMITS.body_mb,
    client_sessions_per_minute=100_000,
)


def serve(
    drawer: Drawer | str | None,
    colorizer: Colorizer | str,
    tracer: Tracer | None = None,
    root_path: str = "",
    limits: Limits = ROOMY,
    restorer: Restorer | None = None,
    **access: Any,
) -> Iterator[str]:
    """Builds and serves the app; gives its address."""
    from pix2pix.app.blocks import create_demo

    demo = create_demo(drawer, colorizer, tracer, limits=limits, restorer=restorer)
    yield launch(demo, root_path, **access)
    demo.close(verbose=False)


def launch(demo: Any, root_path: str = "", mcp: bool = False, **access: Any) -> str:
    """Serves the app on a free port; its address. `access` as `read_access` takes it."""
    from pix2pix.app.blocks import launch_demo

    port = free_port()
    given = read_access("127.0.0.1", root_path=root_path, **access)
    launch_demo(demo, "127.0.0.1", port, root_path, mcp, given)
    return f"http://127.0.0.1:{port}/"
