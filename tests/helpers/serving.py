"""Serves the app within the process of the tests."""

from collections.abc import Iterator
from typing import Any

from helpers.running import free_port

from pix2pix.inference import Colorizer, Drawer, Tracer


def serve(
    drawer: Drawer | str,
    colorizer: Colorizer | str,
    tracer: Tracer | None = None,
    root_path: str = "",
) -> Iterator[str]:
    """Builds and serves the app; gives its address."""
    from pix2pix.app.blocks import create_demo

    demo = create_demo(drawer, colorizer, tracer)
    yield launch(demo, root_path)
    demo.close(verbose=False)


def launch(demo: Any, root_path: str = "") -> str:
    """Serves the app on a free port; its address."""
    from pix2pix.app.blocks import launch_options

    port = free_port()
    demo.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        **launch_options(demo, root_path),
    )
    return f"http://127.0.0.1:{port}/"
