"""A drawing tab: the canvas, its picture, the gallery of styles and what to start from."""

from pathlib import Path

import gradio as gr

from pix2pix.app.components import scripted_html
from pix2pix.app.server.draw_routes import DrawApi
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.inference import Drawer, Tracer
from pix2pix.inference.image_to_image import LineDrawer, LineTracer
from pix2pix.labels.canvas_spec import CanvasSpec
from pix2pix.web.tab_props import (
    DRAWING_SCRIPT,
    GALLERY_SCRIPT,
    PREVIEW_SCRIPT,
    START_PANEL_SCRIPT,
    drawing_props,
    first_picture,
    gallery_props,
    preview_props,
    start_panel_props,
)


class DrawTab:
    """A tab that draws with one model. The tracer, if any, traces facades.

    `folder`: the model's checkpoint; without it browsers cannot draw.
    """

    def __init__(
        self,
        name: str,
        drawer: Drawer | LineDrawer,
        canvas: CanvasSpec,
        tracer: Tracer | LineTracer | None,
        folder: Path | None = None,
    ) -> None:
        self.name, self.drawer, self.canvas, self.tracer = name, drawer, canvas, tracer
        self.folder = folder

    def build(self, studio: StudioApi) -> None:
        """Adds the tab's content to the Blocks under construction, and its routes to the API."""
        name, drawer, canvas = self.name, self.drawer, self.canvas
        routes = DrawApi(drawer, canvas, self.tracer, studio.queue, studio.bodies).routes()
        draw_in = "server"
        if studio.browser_engine and self.folder:
            draw_in = studio.browser_engine.mode
            routes.append(studio.browser_engine.add(name, self.folder))
        api = studio.add(name, routes)
        with gr.Column(elem_classes="studio-draw"):
            props = drawing_props(name, api, canvas, drawer)
            scripted_html("drawing", *DRAWING_SCRIPT, **props, draw_in=draw_in)
            with gr.Column(elem_classes="studio-side"):
                first = first_picture(drawer, canvas)
                props = preview_props(name, canvas, first, drawer, self.folder)
                scripted_html("preview", *PREVIEW_SCRIPT, **props)
                if drawer.style_dim:
                    props = gallery_props(name, api, drawer.styles)
                    scripted_html("styles", *GALLERY_SCRIPT, **props)
            props = start_panel_props(name, api, canvas, traces=self.tracer is not None)
            scripted_html("start-panel", *START_PANEL_SCRIPT, **props)
