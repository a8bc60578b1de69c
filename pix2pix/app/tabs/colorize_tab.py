"""The Colourise tab: photos in, the same photos in colour out, each at its own size.

The page shows previews of bounded size; the whole photo is coloured when it is saved.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from PIL import Image

from pix2pix.app.assets import ASSETS, ASSETS_URL
from pix2pix.app.components import scripted_html
from pix2pix.app.server.colorize_routes import ColorizeApi
from pix2pix.app.server.colorize_schemas import ColorizeSettings, color_photo
from pix2pix.app.server.photo_store import PhotoStore, open_upload
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.images.encoding import preview_uri
from pix2pix.images.reader import open_rgb
from pix2pix.inference import Colorizer
from pix2pix.web.tab_props import COLORIZE_SCRIPT, colorize_props

OWN_SIDE = 768  # pixels of a model's own example

# Public domain, Library of Congress, FSA/OWI collection; the file name is the call number.
CALL_NUMBERS = {
    "LC-USF34-056925": "A boy on a slide",
    "LC-USW3-042236": "A woman by a sail",
    "LC-USW3-015163": "Three boys",
    "LC-USF34-008388": "A family on a porch",
}


class ExamplePhoto(NamedTuple):
    """A photo to try the model with."""

    path: Path
    title: str
    url: str  # where the page gets it


EXAMPLES = [
    ExamplePhoto(ASSETS / "examples" / f"{name}.jpg", title, f"{ASSETS_URL}/examples/{name}.jpg")
    for name, title in CALL_NUMBERS.items()
]


def build_colorize_tab(
    name: str,
    colorizer: Colorizer,
    store: PhotoStore,
    studio: StudioApi,
    examples: Sequence[ExamplePhoto] = EXAMPLES,
) -> None:
    """Adds the tab's content to the Blocks under construction, and its routes to the API."""
    routes = ColorizeApi(colorizer, store, studio.queue, studio.bodies).routes()
    with gr.Column(elem_classes="studio-colorize"):
        own = [{"file": e.path.name, "title": e.title, "url": e.url} for e in examples]
        first = first_preview(colorizer, examples[0].path)
        props = colorize_props(name, studio.add(name, routes), colorizer.size, first, own)
        scripted_html("photo", *COLORIZE_SCRIPT, **props)


def own_examples(paths: Sequence[Path]) -> list[ExamplePhoto]:
    """A model's own pictures, at the size of a preview, as data URIs: they travel with the page."""
    examples = []
    for path in paths:
        photo = open_rgb(path)
        photo.thumbnail((OWN_SIDE, OWN_SIDE), Image.Resampling.LANCZOS)
        examples.append(ExamplePhoto(path, path.stem, preview_uri(photo)))
    return examples


def first_preview(colorizer: Colorizer, path: Path) -> dict[str, Any]:
    """The photo that the page opens with, before and after, as data URIs."""
    photo = open_upload(path.read_bytes(), path.name)
    after = color_photo(colorizer, photo.preview, ColorizeSettings(1.0, colorizer.size))
    return {
        "before": preview_uri(photo.preview),
        "after": preview_uri(after),
        "width": photo.size[0],
        "height": photo.size[1],
    }
