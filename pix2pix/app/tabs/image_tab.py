"""A tab that takes photos, for a model that translates them or finds the label map in them.

The page shows previews of bounded size; the whole photo is worked on when it is saved.
"""

from pathlib import Path

import gradio as gr

from pix2pix.app.components import scripted_html
from pix2pix.app.server.image_routes import ImageApi
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.web.image_props import (
    IMAGE_SCRIPT,
    PhotoModel,
    image_props,
    preview_photo,
    thumbnail,
)
from pix2pix.web.sample_files import describe_app_files, has_samples


def build_image_tab(name: str, model: PhotoModel, examples: list[Path], studio: StudioApi) -> None:
    """Adds the tab's content to the Blocks under construction, and its routes to the API."""
    by_name = {path.name: path for path in examples}
    routes = ImageApi(model, by_name, studio.queue, studio.bodies).routes()
    first = next(iter(by_name.values()), None)
    api = studio.add(name, routes)
    thumbs = [{"name": n, "image": thumbnail(path, model)} for n, path in by_name.items()]
    preview = None if first is None else preview_photo(model, first, first.name)
    with gr.Column(elem_classes="studio-colorize"):
        files = describe_app_files(model) if has_samples(model) else {}
        props = image_props(name, api, model, preview, thumbs, files)
        scripted_html("photo", *IMAGE_SCRIPT, **props)
