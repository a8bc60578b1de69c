"""A tab that takes photos, for a model that translates them or finds the label map in them.

The page shows previews of bounded size; the whole photo is worked on when it is saved.
"""

from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.app.components import scripted_html
from pix2pix.app.server.image_routes import ImageApi, PhotoModel, preview_photo
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.images.encoding import data_uri
from pix2pix.images.reader import open_rgb
from pix2pix.inference import Tracer
from pix2pix.web.tab_props import MAX_UPLOAD_MB

THUMB_SIDE = 128


def build_image_tab(name: str, model: PhotoModel, examples: list[Path], studio: StudioApi) -> None:
    """Adds the tab's content to the Blocks under construction, and its routes to the API."""
    by_name = {path.name: path for path in examples}
    routes = ImageApi(model, by_name, studio.queue, studio.bodies).routes()
    first = next(iter(by_name.values()), None)
    with gr.Column(elem_classes="studio-colorize"):
        scripted_html(
            "photo",
            "image/image.js",
            "mountImageTab",
            tab=name,
            api=studio.add(name, routes),
            first=None if first is None else preview_photo(model, first, first.name),
            max_upload_mb=MAX_UPLOAD_MB,
            classes=legend(model),
            examples=[{"name": n, "image": thumbnail(path)} for n, path in by_name.items()],
        )


def legend(model: PhotoModel) -> list[dict[str, Any]]:
    """The classes that a tracer finds, with their colours; empty for other models."""
    if not isinstance(model, Tracer):
        return []
    return [{"name": c.name, "rgb": list(c.rgb), "key": ""} for c in model.config.palette]


def thumbnail(path: Path) -> str:
    photo = open_rgb(path)
    photo.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)
    return data_uri(photo, "webp", quality=86, method=2)
