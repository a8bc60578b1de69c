"""A drawing tab: a drawing in, its picture out, while the hand still moves."""

from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from pix2pix.app.canvas_spec import SheetKind, fit_label_map
from pix2pix.app.component_base import desk_name
from pix2pix.app.components import Drawing, Looks, NoLabelMap, PhotoStyle, Picture, Shelf
from pix2pix.app.errors import in_words
from pix2pix.app.server.draw_routes import Desk, LiveDesks, paint
from pix2pix.app.server.schemas import DrawRequest, Upload
from pix2pix.images.reader import open_image, open_rgb
from pix2pix.inference import Drawer, Tracer
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import make_random_plan

LOOKS = (7, 1203, 2718, 4242, 6180, 8088)  # seeds
LEAST_SEEDS, MANY_LOOKS = 2, 8  # the named styles come first, and the strip has an end
START_SEED = LOOKS[0]
PHOTO_SIDE = 1024  # a photo is looked at no larger than this
OPEN_SIDE = 2048  # and a JPEG of a label map, where it is over twice as large


def build_draw_tab(
    drawer: Drawer | LineDrawer,
    sheet: SheetKind,
    tracer: Tracer | None,
    concurrency_id: str,
    desks: LiveDesks,
) -> None:
    """Adds the tab's content to the Blocks under construction, with its events, and to the desks.

    The tracer is one of facades, and so is then the sheet.
    """
    desks.add(desk_name(), Desk(drawer, sheet))
    first = DrawRequest(sheet.first, START_SEED, "jpeg", None, large=True)
    draw = in_words(lambda request: (paint(drawer, request), request), DrawRequest)

    with gr.Column(elem_classes="studio-desk"):
        drawing = Drawing(sheet, first.seed, drawer.style_dim)
        with gr.Column(elem_classes="studio-side"):
            large = drawer.largest / min(sheet.shape) if isinstance(drawer, Drawer) else 1.0
            picture = Picture(draw(first), sheet, drawer.style_dim > 0, large)
            if drawer.style_dim:
                seeds = LOOKS[: max(LEAST_SEEDS, MANY_LOOKS - len(drawer.styles))]
                looks = Looks(sheet, drawer.style_dim, drawer.styles, list(seeds))
        shelf = Shelf(sheet, traces=tracer is not None)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    slot: dict[str, Any] = {"concurrency_id": concurrency_id, "concurrency_limit": 1}
    # For programs: the page itself takes the shorter way, see live.py.
    drawing.input(
        draw,
        drawing,
        picture,
        api_name=f"{desk_name()}_live",
        api_visibility="undocumented",
        **slot,
    )
    if drawer.style_dim:
        take = in_words(lambda upload: take_style(drawer, upload), Upload)
        tell_browser(looks.input(draw, looks, looks, **slot, **quiet), "look-failed")
        tell_browser(looks.photo(take, looks, looks, **slot, **quiet), "style-failed")
    make = in_words(lambda seed: build_facade(make_random_plan(seed), *sheet.shape), int)
    shelf.facade(make, shelf, drawing, **quiet)
    shelf.save(lambda request: request, drawing, shelf, **quiet)
    unfold = in_words(lambda upload: open_drawing(upload, sheet, tracer is not None), Upload)
    one: dict[str, Any] = {"concurrency_id": "open", "concurrency_limit": 1}  # at a time: memory
    tell_browser(shelf.open(unfold, shelf, [drawing, shelf], **one, **quiet), "open-failed")
    if tracer is not None:
        trace = in_words(lambda upload: trace_photo(tracer, upload, sheet), Upload)
        tell_browser(shelf.trace(trace, shelf, drawing, **slot, **quiet), "open-failed")


def tell_browser(event: gr.events.Dependency, failure: str) -> None:
    """Where the event fails, our scripts hear of it too, besides the person who reads the error."""
    script = f"() => {{ window.dispatchEvent(new Event(`{desk_name()}:{failure}`)); }}"
    event.failure(None, js=script, queue=False)


def take_style(drawer: Drawer | LineDrawer, upload: Upload) -> PhotoStyle:
    photo = open_rgb(upload.path, upload.name, at_least=(PHOTO_SIDE, PHOTO_SIDE))
    photo.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BOX)
    return PhotoStyle(drawer.style_from(photo), photo, upload.name)


def open_drawing(
    upload: Upload, sheet: SheetKind, can_trace: bool
) -> tuple[np.ndarray | None, NoLabelMap | None]:
    """What the sheet shows, or why not: a picture that is no label map may be a photo to trace.

    Raises ValueError for a file that is no picture, and without a tracer for any but a label map.
    """
    image = open_image(upload.path, upload.name, at_least=(OPEN_SIDE, OPEN_SIDE))
    try:
        return sheet.decode(image), None
    except ValueError as error:
        if not can_trace:
            raise ValueError(f"{upload.name}: {error}") from None
        return None, NoLabelMap(upload.name, str(error))


def trace_photo(tracer: Tracer, upload: Upload, sheet: SheetKind) -> np.ndarray:
    photo = open_rgb(upload.path, upload.name, at_least=(PHOTO_SIDE, PHOTO_SIDE))
    photo.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BOX)
    return fit_label_map(tracer.trace(photo), sheet.shape)
