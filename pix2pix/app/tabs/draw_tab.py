"""A drawing tab: the canvas, its picture, the gallery of styles and what to start from."""

import gradio as gr

from pix2pix.app import components
from pix2pix.app.canvas_spec import CanvasSpec
from pix2pix.app.server.draw_routes import DrawApi, draw_picture, encode_picture, picture_name
from pix2pix.app.server.encoding import bytes_uri
from pix2pix.app.server.schemas import DrawRequest
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.inference import Drawer, Tracer
from pix2pix.inference.image_to_image import LineDrawer

SEEDS = (7, 1203, 2718, 4242, 6180, 8088)  # of the gallery of styles
MIN_SEEDS, MAX_STYLES = 2, 8  # the gallery has named styles first, and room for 8 pictures
START_SEED = SEEDS[0]


class DrawTab:
    """A tab that draws with one model. The tracer, if any, traces facades."""

    def __init__(
        self, name: str, drawer: Drawer | LineDrawer, canvas: CanvasSpec, tracer: Tracer | None
    ) -> None:
        self.name, self.drawer, self.canvas, self.tracer = name, drawer, canvas, tracer

    def build(self, studio: StudioApi) -> None:
        """Adds the tab's content to the Blocks under construction, and its routes to the API."""
        name, drawer, canvas = self.name, self.drawer, self.canvas
        routes = DrawApi(drawer, canvas, self.tracer, studio.queue, studio.bodies).routes()
        api = studio.add(name, routes)
        with gr.Column(elem_classes="studio-draw"):
            components.drawing(name, api, canvas, START_SEED, drawer.style_dim)
            with gr.Column(elem_classes="studio-side"):
                large = drawer.largest / min(canvas.shape) if isinstance(drawer, Drawer) else 1.0
                first = self._first_picture()
                components.picture(name, canvas, first, drawer.style_dim > 0, large)
                if drawer.style_dim:
                    seeds = SEEDS[: max(MIN_SEEDS, MAX_STYLES - len(drawer.styles))]
                    components.style_gallery(name, api, drawer.styles, seeds)
            components.start_panel(name, api, canvas, traces=self.tracer is not None)

    def _first_picture(self) -> dict[str, str]:
        """The picture that the page opens with, {"image": a data URI, "name"}."""
        request = DrawRequest.model_construct(
            ids=self.canvas.first, seed=START_SEED, format="jpeg", large=True
        )
        content, media_type = encode_picture(draw_picture(self.drawer, request), request)
        return {
            "image": bytes_uri(content, media_type),
            "name": picture_name(self.canvas, request),
        }
