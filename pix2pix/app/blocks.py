"""The app: `create_demo` builds it, `launch_options` says how it is served."""

import html
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from pix2pix.app.api import add_colorize_endpoint, add_draw_endpoint
from pix2pix.app.assets import ASSETS, assets_routes
from pix2pix.app.canvas_spec import sheet_of
from pix2pix.app.component_base import ScriptedHTML
from pix2pix.app.root_path import read_root_path
from pix2pix.app.server.draw_routes import LiveDesks, give_desks, live_routes
from pix2pix.app.server.photo_routes import photo_routes
from pix2pix.app.server.photo_store import PHOTOS
from pix2pix.app.server.request_filter import AllowlistMiddleware
from pix2pix.app.server.schemas import MAX_UPLOAD_MB
from pix2pix.app.server.upload_cache import KEEP_S, SWEEP_EVERY_S, keep_tidy
from pix2pix.app.tabs.colorize_tab import build_colorize_tab
from pix2pix.app.tabs.draw_tab import build_draw_tab
from pix2pix.app.tabs.model_tab import Served, build_model_tab
from pix2pix.app.theme import studio_theme
from pix2pix.app.uploads import upload_routes
from pix2pix.inference import Colorizer, Drawer, Tracer

MAX_QUEUE = 32
# Of Gradio's sessions, 170 kB each, and of answers that nobody has fetched yet. A session that made
# room is made anew when it comes back: nothing is kept in it.
MAX_SESSIONS = 200

# One model runs at a time: all tabs share this slot.
MODEL_SLOT = "model"


def create_demo(
    drawer: Drawer | str | None,
    colorizer: Colorizer | str | None,
    tracer: Tracer | None = None,
    others: Sequence[Served] = (),
    revisions: Mapping[str, str] = MappingProxyType({}),
) -> gr.Blocks:
    """The app around its models.

    A str in a model's place is the sentence saying why it is off; None leaves its tab out.
    With a tracer, whose classes must be those of the facades, a photo can become a drawing.
    Each of the others has a tab of its own. `revisions` of "facades" and "colorize" are shown.
    """
    with gr.Blocks(
        title="pix2pix studio",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(SWEEP_EVERY_S, KEEP_S),
    ) as demo:
        desks = give_desks(demo)
        names = desk_names([served.title for served in others])
        own = [(name, served.title) for name, served in zip(names, others)]
        fixed = [("draw", "Draw", drawer), ("colorize", "Colourise", colorizer)]
        tabs = [(name, label) for name, label, model in fixed if model is not None] + own
        ScriptedHTML("shell", "core/header.js", "mountHeader", tabs=tabs)
        with gr.Tabs(elem_classes="studio-tabs"):
            if drawer is not None:
                with gr.Tab("Draw", id="draw"):
                    if isinstance(drawer, str):
                        _say_why_off(drawer)
                    else:
                        _build_first_tab(drawer, tracer, desks)
                        _say_which(revisions.get("facades", ""))
            if colorizer is not None:
                with gr.Tab("Colourise", id="colorize"):
                    if isinstance(colorizer, str):
                        _say_why_off(colorizer)
                    else:
                        build_colorize_tab(colorizer, PHOTOS, MODEL_SLOT, demo)
                        add_colorize_endpoint(colorizer, MODEL_SLOT)
                        _say_which(revisions.get("colorize", ""))
            for served, desk in zip(others, names):
                with gr.Tab(served.title, id=desk):
                    if isinstance(served.model, str):
                        _say_why_off(served.model)
                    else:
                        build_model_tab(served, MODEL_SLOT, demo, desks)
                        _say_which(served.revision)
    demo.queue(max_size=MAX_QUEUE, default_concurrency_limit=2)
    demo._queue.pending_messages_per_session.max_size = MAX_SESSIONS
    return demo


def _build_first_tab(drawer: Drawer, tracer: Tracer | None, desks: LiveDesks) -> None:
    sheet = sheet_of(drawer.config.palette, drawer.config.shape, "drawing", Path())
    traces = tracer if sheet.name == "facades" else None
    build_draw_tab(drawer, sheet, traces, MODEL_SLOT, desks)
    add_draw_endpoint(drawer, MODEL_SLOT)


def desk_names(titles: Sequence[str]) -> list[str]:
    """For each tab a name that is a part of paths and of endpoints: "edges", "edges_2"."""
    names: list[str] = []
    for title in titles:
        plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "model"
        taken = {"page", "draw", "colorize", *names}
        numbered = (f"{plain}_{i}" for i in itertools.count(2))
        names.append(plain if plain not in taken else next(n for n in numbered if n not in taken))
    return names


def _say_which(revision: str) -> None:
    """The model's name and commit, where it came from the Hub."""
    if revision:
        text = html.escape(revision)
        gr.HTML(f'<p class="st-served">{text}</p>', apply_default_css=False)


def _say_why_off(reason: str) -> None:
    gr.HTML(f'<p class="st-off">{html.escape(reason)}</p>', apply_default_css=False)


def launch_options(root_path: str = "") -> dict[str, Any]:
    """What `demo.launch` needs besides the address to listen on.

    `root_path` is where a proxy serves the app: "/studio" or "https://example.org/studio".
    """
    return {
        "root_path": read_root_path(root_path),
        "theme": studio_theme(),
        "css_paths": [ASSETS / "css" / f"{name}.css" for name in ("studio", "colorize", "screens")],
        "app_kwargs": {
            "routes": [
                *assets_routes(),
                *photo_routes(PHOTOS),
                *live_routes(),
                *upload_routes(),
            ],
            "middleware": [Middleware(AllowlistMiddleware)],
            "lifespan": keep_tidy,
        },
        "favicon_path": str(ASSETS / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
        "state_session_capacity": MAX_SESSIONS,
        "max_file_size": f"{MAX_UPLOAD_MB}mb",
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        "enable_monitoring": False,
    }
