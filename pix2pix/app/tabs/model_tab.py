"""The tab of any checkpoint, made from its config: it says what goes in and what comes out."""

from pathlib import Path
from typing import NamedTuple

import gradio as gr

from pix2pix.app.canvas_spec import SheetKind, example_files, sheet_of, with_examples
from pix2pix.app.server.draw_routes import LiveDesks
from pix2pix.app.server.photo_store import PHOTOS
from pix2pix.app.tabs.colorize_tab import EXAMPLES, build_colorize_tab, own_examples
from pix2pix.app.tabs.draw_tab import build_draw_tab
from pix2pix.app.tabs.image_tab import build_photo_tab
from pix2pix.checkpoint import EXAMPLES_DIR
from pix2pix.config import INPUT_TYPES
from pix2pix.images.reader import read_size
from pix2pix.inference import Colorizer, Drawer, Tracer, Translator
from pix2pix.inference.image_to_image import LineDrawer


class Served(NamedTuple):
    """A checkpoint that gets a tab."""

    title: str
    model: Drawer | Colorizer | Tracer | Translator | str  # a str says why there is none
    folder: Path = Path()
    revision: str = ""  # OWNER/NAME@SHA where it came from the Hub


def build_model_tab(served: Served, concurrency_id: str, demo: gr.Blocks, desks: LiveDesks) -> None:
    """Adds the tab's content to the Blocks under construction, with its events."""
    model, examples = served.model, served.folder / EXAMPLES_DIR
    if isinstance(model, Drawer):
        sheet = sheet_of(model.config.palette, model.config.shape, served.title, examples)
        build_draw_tab(model, sheet, None, concurrency_id, desks)
    elif isinstance(model, Colorizer):
        own = own_examples([p for p in example_files(examples) if can_open(p)])
        build_colorize_tab(model, PHOTOS, concurrency_id, demo, own or EXAMPLES)
    elif isinstance(model, Translator) and model.config.input_type != INPUT_TYPES[0]:
        drawer = LineDrawer(model)
        sheet = SheetKind("lines", model.config.shape, drawer.palette, served.title)
        build_draw_tab(drawer, with_examples(sheet, examples), None, concurrency_id, desks)
    elif isinstance(model, (Tracer, Translator)):
        build_photo_tab(model, [p for p in example_files(examples) if can_open(p)], concurrency_id)


def can_open(path: Path) -> bool:
    try:
        read_size(path)
    except ValueError:
        return False
    return True
