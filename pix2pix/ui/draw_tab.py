"""The Draw tab: a drawing in, a building out, while the hand still moves."""

from typing import Any

import gradio as gr
import numpy as np

from pix2pix.facades import build
from pix2pix.inference import Drawer
from pix2pix.labels import VOID, open_label_map, resize_label_map
from pix2pix.plans import PLANS, random_plan
from pix2pix.ui.canvas import Drawing, Looks, Picture, Shelf
from pix2pix.ui.errors import in_words
from pix2pix.ui.wire import DrawRequest, Upload

LOOKS = (7, 1203, 2718, 4242, 6180, 8088)  # seeds
START_SEED = LOOKS[0]


def build_draw_tab(drawer: Drawer, concurrency_id: str) -> None:
    """Adds the tab's content to the Blocks under construction, with its events."""
    starts = {plan.name: build(plan, drawer.size) for plan in PLANS}
    first = DrawRequest(next(iter(starts.values())), START_SEED, "webp", None)

    @in_words
    def draw(request: DrawRequest) -> tuple[np.ndarray, DrawRequest]:
        return drawer.draw(request.label_map, request.seed), request

    @in_words
    def open_drawing(upload: Upload) -> np.ndarray:
        return fit_label_map(open_label_map(upload.path, upload.name), drawer.size)

    @in_words
    def new_facade(seed: int) -> np.ndarray:
        return build(random_plan(seed), drawer.size)

    def save_drawing(request: DrawRequest) -> DrawRequest:
        return request

    with gr.Column(elem_classes="studio-desk"):
        drawing = Drawing(first.label_map, first.seed)
        with gr.Column(elem_classes="studio-side"):
            picture = Picture(draw(first))
            looks = Looks(drawer.size, LOOKS) if drawer.style_dim else None
        shelf = Shelf(starts)

    drawing.input(
        draw,
        drawing,
        picture,
        api_name="draw",
        api_description="The building of a drawing.",
        trigger_mode="always_last",
        concurrency_id=concurrency_id,
        concurrency_limit=1,
        show_progress="hidden",
    ).failure(
        None, js="() => { window.dispatchEvent(new Event(`studio:draw-failed`)); }", queue=False
    )
    if looks is not None:
        looks.input(
            draw,
            looks,
            looks,
            api_visibility="private",
            concurrency_id=concurrency_id,
            concurrency_limit=1,
            show_progress="hidden",
        ).failure(
            None, js="() => { window.dispatchEvent(new Event(`studio:look-failed`)); }", queue=False
        )
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    shelf.open(open_drawing, shelf, drawing, **quiet)
    shelf.facade(new_facade, shelf, drawing, **quiet)
    shelf.save(save_drawing, drawing, shelf, **quiet)


def fit_label_map(label_map: np.ndarray, size: int) -> np.ndarray:
    """The label map in the middle of a sheet (size, size), as large as fits, without distortion.

    What it does not cover is background, and so are pixels of no class.
    """
    height, width = label_map.shape
    scale = size / max(height, width)
    fitted = resize_label_map(
        label_map, (max(1, round(height * scale)), max(1, round(width * scale)))
    )
    height, width = fitted.shape
    top, left = (size - height) // 2, (size - width) // 2
    sheet = np.zeros((size, size), np.uint8)
    sheet[top : top + height, left : left + width] = np.where(fitted == VOID, 0, fitted)
    return sheet
