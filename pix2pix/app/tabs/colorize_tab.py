"""The Colourise tab: photos in, the same photos in colour out, each at its own size.

The page shows previews of bounded size; the whole photo is coloured when it is saved.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import gradio as gr
from PIL import Image

from pix2pix.app.assets import ASSETS, ASSETS_URL
from pix2pix.app.components import scripted_html
from pix2pix.app.server.colorize_routes import ColorizeApi
from pix2pix.app.server.colorize_schemas import PhotoModels
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.images.encoding import preview_uri
from pix2pix.images.reader import open_rgb
from pix2pix.inference import Colorizer
from pix2pix.web.tab_props import (
    COLORIZE_SCRIPT,
    EXAMPLE_PHOTOS,
    colorize_props,
    first_photo,
)

OWN_SIDE = 768  # pixels of a model's own example


class ExamplePhoto(NamedTuple):
    """A photo to try the model with."""

    path: Path
    title: str
    url: str  # where the page gets it


EXAMPLES = [
    ExamplePhoto(ASSETS / "examples" / name, title, f"{ASSETS_URL}/examples/{name}")
    for name, title in EXAMPLE_PHOTOS.items()
]


def build_colorize_tab(
    name: str,
    colorizer: Colorizer,
    studio: StudioApi,
    examples: Sequence[ExamplePhoto] = EXAMPLES,
) -> None:
    """Adds the tab's content to the Blocks under construction, and its routes to the API."""
    models = PhotoModels(colorizer, studio.restorer)
    given = (studio.photos, studio.queue, studio.bodies, studio.state)
    routes = ColorizeApi(models, *given).routes()
    with gr.Column(elem_classes="studio-colorize"):
        own = [{"file": e.path.name, "title": e.title, "url": e.url} for e in examples]
        first = first_photo(colorizer, examples[0].path)
        api, restores = studio.add(name, routes), studio.restorer is not None
        props = colorize_props(name, api, colorizer.size, first, own, restores)
        scripted_html("photo", *COLORIZE_SCRIPT, **props)


def own_examples(paths: Sequence[Path]) -> list[ExamplePhoto]:
    """A model's own pictures, at the size of a preview, as data URIs: they travel with the page."""
    examples = []
    for path in paths:
        photo = open_rgb(path)
        photo.thumbnail((OWN_SIDE, OWN_SIDE), Image.Resampling.LANCZOS)
        examples.append(ExamplePhoto(path, path.stem, preview_uri(photo)))
    return examples
