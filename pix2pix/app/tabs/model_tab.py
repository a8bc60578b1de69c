"""The tab of any checkpoint, chosen by its config: what goes in and what comes out."""

from pathlib import Path
from typing import NamedTuple

from pix2pix.app import programs
from pix2pix.app.server.event_validation import Endpoint
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.app.tabs.colorize_tab import EXAMPLES, build_colorize_tab, own_examples
from pix2pix.app.tabs.draw_tab import DrawTab
from pix2pix.app.tabs.image_tab import build_image_tab
from pix2pix.checkpoint import EXAMPLES_DIR
from pix2pix.config import INPUT_TYPES
from pix2pix.inference import Colorizer, Drawer, Restorer, Tracer, Translator
from pix2pix.inference.image_to_image import LineDrawer, LineTracer
from pix2pix.labels.canvas_spec import CanvasSpec, canvas_of, example_files, with_examples
from pix2pix.web.image_props import can_open


class Served(NamedTuple):
    """A checkpoint that gets a tab."""

    title: str
    model: Drawer | Colorizer | Tracer | Translator | Restorer | str  # a str says why there is none
    folder: Path = Path()
    revision: str = ""  # OWNER/NAME@SHA where it came from the Hub


def build_model_tab(name: str, served: Served, studio: StudioApi) -> Endpoint:
    """Adds the tab's content to the Blocks under construction, and its routes to the API.

    Returns the endpoint for programs, which has the tab's name.
    """
    model, examples = served.model, served.folder / EXAMPLES_DIR
    pictures = [path for path in example_files(examples) if can_open(path, model)]
    queue = studio.queue
    if isinstance(model, Drawer):
        canvas = canvas_of(model.config.palette, model.config.shape, served.title, examples)
        DrawTab(name, model, canvas, None, served.folder).build(studio)
        return programs.add_draw_endpoint(name, model, queue)
    if isinstance(model, Colorizer):
        build_colorize_tab(name, model, studio, own_examples(pictures) or EXAMPLES)
        return programs.add_colorize_endpoint(name, model, queue)
    if isinstance(model, Translator) and model.config.input_type != INPUT_TYPES[0]:
        drawer = LineDrawer(model)
        canvas = CanvasSpec("lines", model.config.shape, drawer.palette, served.title)
        canvas = with_examples(canvas, examples)
        DrawTab(name, drawer, canvas, LineTracer(canvas.shape), served.folder).build(studio)
        return programs.add_lines_endpoint(name, drawer, canvas, queue)
    assert isinstance(model, (Tracer, Translator, Restorer))
    build_image_tab(name, model, pictures, studio)
    return programs.add_image_endpoint(name, model, queue)
