"""The app: `create_demo` builds it, `launch_options` says how it is served."""

import html
from typing import Any

import gradio as gr

from pix2pix.inference import Colorizer, Drawer, Tracer
from pix2pix.ui.assets import ASSETS, assets_route
from pix2pix.ui.colorize_tab import build_colorize_tab
from pix2pix.ui.component import ScriptedHTML
from pix2pix.ui.draw_tab import build_draw_tab
from pix2pix.ui.photo_routes import photo_routes
from pix2pix.ui.photo_store import PhotoStore
from pix2pix.ui.theme import studio_theme
from pix2pix.ui.wire import MAX_UPLOAD_MB

MAX_QUEUE = 32
DELETE_EVERY_S, DELETE_OLDER_THAN_S = 120, 1800  # uploads and results

# One model runs at a time: both tabs share this slot.
MODEL_SLOT = "model"

# What visitors have open in the Colourise tab of any app that this process serves.
PHOTOS = PhotoStore()


def create_demo(
    drawer: Drawer | str | None,
    colorizer: Colorizer | str | None,
    tracer: Tracer | None = None,
) -> gr.Blocks:
    """The app around its models.

    A str in a model's place is the sentence saying why it is off; None leaves its tab out.
    With a tracer, whose classes must be those of the facades, a photo can become a drawing.
    """
    with gr.Blocks(
        title="pix2pix studio",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(DELETE_EVERY_S, DELETE_OLDER_THAN_S),
    ) as demo:
        ScriptedHTML("shell", "shell.js", "mountShell")
        with gr.Tabs(elem_classes="studio-tabs"):
            if drawer is not None:
                with gr.Tab("Draw", id="draw"):
                    if isinstance(drawer, str):
                        _say_why_off(drawer)
                    else:
                        build_draw_tab(drawer, tracer, MODEL_SLOT)
            if colorizer is not None:
                with gr.Tab("Colourise", id="colorize"):
                    if isinstance(colorizer, str):
                        _say_why_off(colorizer)
                    else:
                        build_colorize_tab(colorizer, PHOTOS, MODEL_SLOT, demo)
    demo.queue(max_size=MAX_QUEUE, default_concurrency_limit=2)
    return demo


def _say_why_off(reason: str) -> None:
    gr.HTML(f'<p class="st-off">{html.escape(reason)}</p>', apply_default_css=False)


def launch_options() -> dict[str, Any]:
    """What `demo.launch` needs besides the address."""
    return {
        "theme": studio_theme(),
        "css_paths": [ASSETS / "studio.css", ASSETS / "colorize.css"],
        "app_kwargs": {"routes": [assets_route(), *photo_routes(PHOTOS)]},
        "favicon_path": str(ASSETS / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
        "max_file_size": f"{MAX_UPLOAD_MB}mb",
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        "enable_monitoring": False,
    }
