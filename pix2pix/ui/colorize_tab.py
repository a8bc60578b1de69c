"""The Colourise tab: a photo in, the same photo in colour out, at its own size.

The page shows previews of bounded size; the whole photo is coloured when it is downloaded.
"""

import secrets
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from pix2pix.images import open_rgb
from pix2pix.inference import MAX_STRENGTH, Colorizer
from pix2pix.ui.assets import ASSETS, ASSETS_URL
from pix2pix.ui.component import ScriptedHTML
from pix2pix.ui.errors import in_words, sentence
from pix2pix.ui.wire import (
    MAX_UPLOAD_MB,
    Upload,
    data_uri,
    read_id,
    read_strength,
    read_upload,
)

PREVIEW_SIDE = 1280

# Public domain, Library of Congress, FSA/OWI collection; the file name is the call number.
EXAMPLES = {
    "LC-USF34-056925": "A boy on a slide",
    "LC-USW3-042236": "A woman by a sail",
    "LC-USW3-015163": "Three boys",
    "LC-USF34-008388": "A family on a porch",
}


class PhotoRequest(NamedTuple):
    """A photo to be coloured."""

    photo: Upload
    strength: float
    id: int | None


class Photo(ScriptedHTML):
    """The photo under its before/after slider. In Python its value is a PhotoRequest."""

    def __init__(self) -> None:
        super().__init__(
            "photo",
            "colorize.js",
            "mountPhoto",
            events=("input", "save"),
            max_strength=MAX_STRENGTH,
            max_upload_mb=MAX_UPLOAD_MB,
            examples=[
                {"name": name, "title": title, "url": f"{ASSETS_URL}/examples/{name}.jpg"}
                for name, title in EXAMPLES.items()
            ],
        )

    def preprocess(self, payload: Any) -> PhotoRequest:  # type: ignore[override]
        try:
            name = payload.get("example") if isinstance(payload, dict) else None
            photo = read_upload(payload) if name is None else example_photo(name)
            return PhotoRequest(photo, read_strength(payload), read_id(payload))
        except ValueError as error:
            raise sentence(error) from None

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": f"file: the photo. strength: 0 (grey) to {MAX_STRENGTH}, 1 as is.",
            "properties": {
                "file": {"type": "object", "description": "an uploaded file"},
                "strength": {"type": "number"},
            },
        }

    def example_payload(self) -> dict[str, Any]:
        return {"example": next(iter(EXAMPLES)), "strength": 1.0}


class Print(ScriptedHTML):
    """What comes back to the Photo: previews as data URIs, or the finished file."""

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__("print", "colorize.js", "mountPrint", value=value)

    def postprocess(self, value: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        return value

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "file: the photo in colour, a PNG of the photo's own size",
            "properties": {"file": {"type": "object"}},
        }


def build_colorize_tab(colorizer: Colorizer, concurrency_id: str) -> None:
    """Adds the tab's content to the Blocks under construction, with its events."""

    @in_words
    def preview(request: PhotoRequest) -> dict[str, Any]:
        photo = open_rgb(request.photo.path, request.photo.name)
        width, height = photo.size
        photo.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
        after = colorizer.colorize(photo, request.strength)
        return {
            "before": data_uri(photo, "webp", quality=86, method=2),
            "after": data_uri(after, "webp", quality=86, method=2),
            "width": width,
            "height": height,
            "name": request.photo.name,
            "strength": request.strength,
            "id": request.id,
        }

    @in_words
    def colorize(request: PhotoRequest) -> dict[str, Any]:
        photo = open_rgb(request.photo.path, request.photo.name)
        result = colorizer.colorize(photo, request.strength)
        path = save_result(result, request.photo.name)
        return {
            "file": gr.FileData(path=str(path), orig_name=path.name).model_dump(),
            "id": request.id,
        }

    first = PhotoRequest(example_photo(next(iter(EXAMPLES))), 1.0, None)
    with gr.Column(elem_classes="studio-darkroom"):
        photo = Photo()
        printed = Print(preview(first))

    slot: dict[str, Any] = {
        "concurrency_id": concurrency_id,
        "concurrency_limit": 1,
        "show_progress": "hidden",
    }
    failed = "() => { window.dispatchEvent(new Event(`studio:colorize-failed`)); }"
    photo.input(
        preview, photo, printed, trigger_mode="always_last", api_visibility="private", **slot
    ).failure(None, js=failed, queue=False)
    photo.save(
        colorize,
        photo,
        printed,
        api_name="colorize",
        api_description="A photo in colour, at its own size.",
        **slot,
    ).failure(None, js=failed, queue=False)


def example_photo(name: Any) -> Upload:
    if not isinstance(name, str) or name not in EXAMPLES:
        raise ValueError("there is no example photo of this name")
    path = ASSETS / "examples" / f"{name}.jpg"
    return Upload(path, path.name)


def save_result(image: Image.Image, name: str) -> Path:
    """Writes a PNG under the photo's own name where Gradio serves it and later deletes it."""
    folder = Path(get_upload_folder()) / secrets.token_hex(20)
    folder.mkdir(parents=True)
    path = folder / f"{Path(name).stem or 'photo'}.png"
    image.save(path, compress_level=4)
    return path
