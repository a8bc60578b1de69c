"""A tab that takes photos: what a model of yours makes of them, or the label map in them.

The page shows previews of bounded size; the whole photo is worked on when it is saved.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from pix2pix.app.component_base import ScriptedHTML, desk_name
from pix2pix.app.errors import in_words, sentence
from pix2pix.app.server.schemas import MAX_UPLOAD_MB, Upload, data_uri, read_id, read_upload
from pix2pix.app.tabs.draw_tab import tell_browser
from pix2pix.images.metadata import NO_METADATA, Metadata
from pix2pix.images.reader import open_rgb, read_size
from pix2pix.images.writer import save_image
from pix2pix.inference import Tracer, Translator
from pix2pix.labels.label_map import encode_label_image

PREVIEW_SIDE = 1280
THUMB_SIDE = 128

Translate = Callable[[Image.Image], Image.Image]


class PhotoRequest(NamedTuple):
    """A photo of which a picture is to be made."""

    photo: Upload
    id: int | None  # the browser's own number for it


class PhotoDesk(ScriptedHTML):
    """The photo and what was made of it, under a slider. A PhotoRequest in, an answer out."""

    def __init__(
        self, examples: dict[str, Path], classes: list[dict[str, Any]], value: dict[str, Any] | None
    ) -> None:
        self._examples = examples
        super().__init__(
            "photo",
            "image/image.js",
            "mountImageTab",
            events=("input", "save"),
            value=value,
            max_upload_mb=MAX_UPLOAD_MB,
            classes=classes,
            examples=[{"name": n, "image": thumbnail(path)} for n, path in examples.items()],
        )

    def preprocess(self, payload: Any) -> PhotoRequest:  # type: ignore[override]
        try:
            name = payload.get("example") if isinstance(payload, dict) else None
            photo = read_upload(payload) if name is None else self.find_example(name)
            return PhotoRequest(photo, read_id(payload))
        except ValueError as error:
            raise sentence(error) from None

    def find_example(self, name: Any) -> Upload:
        if not isinstance(name, str) or name not in self._examples:
            raise ValueError("there is no example of this name")
        return Upload(self._examples[name], self._examples[name].name)

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:  # type: ignore[override]
        return value

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "file: the photo, an uploaded file",
            "properties": {"file": {"type": "object"}},
        }

    def example_payload(self) -> dict[str, Any]:
        return {"file": None}


def build_photo_tab(model: Translator | Tracer, examples: list[Path], concurrency_id: str) -> None:
    """Adds the tab's content to the Blocks under construction, with its events."""
    translate, palette = choose_work(model)

    def look(request: PhotoRequest) -> dict[str, Any]:
        path, name = request.photo
        width, height = read_size(path, name)
        photo = open_rgb(path, name, (PREVIEW_SIDE, PREVIEW_SIDE), model.config.input_range)
        photo.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
        after = translate(photo)
        return {
            "before": data_uri(photo, "webp", quality=86, method=2),
            "after": data_uri(after, "png")
            if palette
            else data_uri(after, "webp", quality=90, method=2),
            "width": width,
            "height": height,
            "name": name,
            "id": request.id,
        }

    def make(request: PhotoRequest) -> dict[str, Any]:
        path, name = request.photo
        result = translate(open_rgb(path, name, value_range=model.config.input_range))
        saved = save_result(result, name)
        file = gr.FileData(path=str(saved), orig_name=saved.name).model_dump()
        return {"file": file, "id": request.id}

    named = {path.name: path for path in examples}
    first = next(iter(named.values()), None)
    value = None if first is None else look(PhotoRequest(Upload(first, first.name), None))
    with gr.Column(elem_classes="studio-darkroom"):
        desk = PhotoDesk(named, palette, value)
    slot: dict[str, Any] = {
        "concurrency_id": concurrency_id,
        "concurrency_limit": 1,
        "show_progress": "hidden",
        "api_visibility": "undocumented",
    }
    for event, answer, name in ((desk.input, look, "look"), (desk.save, make, "make")):
        tell_browser(
            event(
                in_words(answer),
                desk,
                desk,
                api_name=f"{desk_name()}_{name}",
                trigger_mode="always_last",
                **slot,
            ),
            "photo-failed",
        )


def choose_work(model: Translator | Tracer) -> tuple[Translate, list[dict[str, Any]]]:
    """What is done to a photo, and the classes with their colours where that finds classes."""
    if isinstance(model, Translator):
        return model.translate, []
    palette = model.config.palette
    colors = [c.rgb for c in palette]
    return (
        lambda photo: encode_label_image(model.trace(photo), colors),
        [{"name": c.name, "rgb": list(c.rgb), "key": ""} for c in palette],
    )


def thumbnail(path: Path) -> str:
    photo = open_rgb(path)
    photo.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)
    return data_uri(photo, "webp", quality=86, method=2)


def save_result(
    image: Image.Image,
    name: str,
    metadata: Metadata = NO_METADATA,
    dpi: tuple[float, float] | None = None,
) -> Path:
    """Writes a PNG under the photo's own name where Gradio serves it and later deletes it."""
    folder = Path(get_upload_folder()) / secrets.token_hex(20)
    path = folder / f"{Path(name).stem or 'photo'}.png"
    save_image(image, path, metadata, dpi)
    return path
