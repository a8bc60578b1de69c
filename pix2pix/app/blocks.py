"""Builds the app: `create_demo`, and `launch_options` for serving it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from pix2pix.app import components, gradio_compat, programs
from pix2pix.app.assets import ASSETS, assets_routes
from pix2pix.app.root_path import read_root_path
from pix2pix.app.server.browser_engine import BrowserEngine
from pix2pix.app.server.connections import Connections, guarded
from pix2pix.app.server.guard import ServerGuard
from pix2pix.app.server.limits import DEFAULT_LIMITS, Limits
from pix2pix.app.server.origin_check import Access, read_access
from pix2pix.app.server.request_filter import AllowlistMiddleware
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.app.server.upload_cache import KEEP_S, SWEEP_EVERY_S, keep_tidy
from pix2pix.app.tabs.colorize_tab import build_colorize_tab
from pix2pix.app.tabs.draw_tab import DrawTab
from pix2pix.app.tabs.model_tab import Served, build_model_tab
from pix2pix.app.theme import studio_theme
from pix2pix.app.uploads import upload_routes
from pix2pix.inference import Colorizer, Drawer, Restorer, Tracer
from pix2pix.labels.canvas_spec import canvas_of
from pix2pix.web.tab_props import MAX_UPLOAD_MB, tab_name

if TYPE_CHECKING:  # its package is imported only where metrics are asked for
    from pix2pix.app.server.metrics import Metrics

MAX_CALLS = 64  # of programs that run or wait in Gradio; the ModelQueue takes fewer


def create_demo(
    drawer: Drawer | str | None,
    colorizer: Colorizer | str | None,
    tracer: Tracer | None = None,
    others: Sequence[Served] = (),
    revisions: Mapping[str, str] = MappingProxyType({}),
    limits: Limits = DEFAULT_LIMITS,
    browser_engine: BrowserEngine | None = None,
    drawer_folder: Path | None = None,
    restorer: Restorer | None = None,
) -> gr.Blocks:
    """The app around its models.

    A str in a model's place is the sentence saying why it is off; None leaves its tab out.
    With a tracer, whose classes must be those of the facades, a photo can become a drawing.
    Each of the others has a tab of its own. `revisions` of "facades" and "colorize" are shown.
    With a `browser_engine`, browsers draw with the checkpoints of the tabs that draw, in the first
    tab with the one in `drawer_folder`. The `restorer` removes scratches where photos are
    colourised.
    """
    studio = StudioApi(limits, browser_engine, restorer)
    with gr.Blocks(
        title="pix2pix studio",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(SWEEP_EVERY_S, KEEP_S),
    ) as demo:
        names = tab_names([served.title for served in others])
        own = [(name, served.title) for name, served in zip(names, others)]
        fixed = [("draw", "Draw", drawer), ("colorize", "Colourise", colorizer)]
        components.header(
            [(name, label) for name, label, model in fixed if model is not None] + own
        )
        with gr.Tabs(elem_classes="studio-tabs"):
            if drawer is not None:
                with gr.Tab("Draw", id="draw"):
                    if isinstance(drawer, str):
                        _say_why_off(drawer)
                    else:
                        _build_first_tab(drawer, tracer, studio, drawer_folder)
                        _show_revision(revisions.get("facades", ""))
            if colorizer is not None:
                with gr.Tab("Colourise", id="colorize"):
                    if isinstance(colorizer, str):
                        _say_why_off(colorizer)
                    else:
                        build_colorize_tab("colorize", colorizer, studio)
                        studio.endpoints["colorize"] = programs.add_colorize_endpoint(
                            "colorize", colorizer, studio.queue
                        )
                        _show_revision(revisions.get("colorize", ""))
            for served, name in zip(others, names):
                with gr.Tab(served.title, id=name):
                    if isinstance(served.model, str):
                        _say_why_off(served.model)
                    else:
                        studio.endpoints[name] = build_model_tab(name, served, studio)
                        _show_revision(served.revision)
    demo.queue(max_size=MAX_CALLS)
    gradio_compat.limit_sessions(demo)
    gradio_compat.poll_less_often(demo)
    demo.studio_api = studio  # type: ignore[attr-defined]
    return demo


def studio_api_of(demo: gr.Blocks) -> StudioApi:
    """The API of an app that `create_demo` built."""
    api = demo.studio_api  # type: ignore[attr-defined]
    assert isinstance(api, StudioApi)
    return api


def _build_first_tab(
    drawer: Drawer, tracer: Tracer | None, studio: StudioApi, folder: Path | None
) -> None:
    canvas = canvas_of(drawer.config.palette, drawer.config.shape, "drawing", Path())
    own_tracer = tracer if canvas.name == "facades" else None
    DrawTab("draw", drawer, canvas, own_tracer, folder).build(studio)
    studio.endpoints["draw"] = programs.add_draw_endpoint("draw", drawer, studio.queue)


def tab_names(titles: Sequence[str]) -> list[str]:
    """A name for each tab that serves in paths and for an endpoint: "edges", "edges_2"."""
    names: list[str] = []
    for title in titles:
        names.append(tab_name(title, ["draw", "colorize", "v2", *names]))
    return names


def _show_revision(revision: str) -> None:
    """The model's name and commit, where it came from the Hub."""
    if revision:
        text = html.escape(revision)
        gr.HTML(f'<p class="st-served">{text}</p>', apply_default_css=False)


def _say_why_off(reason: str) -> None:
    gr.HTML(f'<p class="st-off">{html.escape(reason)}</p>', apply_default_css=False)


def launch_options(demo: gr.Blocks, root_path: str = "", mcp: bool = False) -> dict[str, Any]:
    """What `demo.launch` needs besides the address to listen on.

    `root_path` is where a proxy serves the app: "/studio" or "https://example.org/studio". With
    `mcp` the endpoints for programs are tools of an MCP server, too.
    """
    studio = studio_api_of(demo)
    request_filter = Middleware(
        AllowlistMiddleware,
        blocks=demo,
        studio=studio,
        has_mcp=mcp,
    )
    return {
        "root_path": read_root_path(root_path),
        "theme": studio_theme(),
        "css_paths": [ASSETS / "css" / f"{name}.css" for name in ("studio", "colorize", "screens")],
        "app_kwargs": {
            "routes": [*assets_routes(), *studio.routes(), *upload_routes()],
            "middleware": [request_filter],
            "lifespan": keep_tidy,
        },
        "favicon_path": str(ASSETS / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
        "state_session_capacity": gradio_compat.MAX_SESSIONS,
        "max_file_size": f"{MAX_UPLOAD_MB}mb",
        "mcp_server": mcp,
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        "enable_monitoring": False,
    }


def launch_demo(
    demo: gr.Blocks,
    host: str,
    port: int,
    root_path: str = "",
    mcp: bool = False,
    access: Access | None = None,
    metrics: Metrics | None = None,
) -> None:
    """Serves the app without blocking. Raises OSError if it cannot listen there.

    `access` says who may use it; by default only its own pages on this machine, and programs.
    `metrics` get its requests and connections.
    """
    given = read_access(host, root_path=root_path) if access is None else access
    demo.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        **launch_options(demo, root_path, mcp),
    )
    limits = studio_api_of(demo).limits
    connections = Connections(limits, given.proxies)
    if metrics is not None:
        metrics.connections = connections

    def guard(app: ASGIApp) -> ASGIApp:
        inner = ServerGuard(app, given, limits)
        return inner if metrics is None else metrics.around(inner)

    gradio_compat.install_guards(demo, guard, lambda protocol: guarded(protocol, connections))
    studio_api_of(demo).state.set_ready()
