"""The Colourise tab: photos in, the same photos in colour out, each at its own size.

The page shows previews of bounded size; the whole photo is coloured when it is saved.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from PIL import Image

from pix2pix.app.assets import ASSETS, ASSETS_URL
from pix2pix.app.component_base import ScriptedHTML, desk_name
from pix2pix.app.errors import in_words, sentence, with_notices
from pix2pix.app.server.colorize_schemas import (
    MEDIA_TYPES,
    SIZES,
    ColorRequest,
    Look,
    color_kept,
    color_photo,
    finish_photo,
    read_color_request,
    read_format,
    read_look,
    result_name,
    strength_range,
)
from pix2pix.app.server.photo_routes import PHOTOS_URL, THUMB_SIDE
from pix2pix.app.server.photo_store import PhotoGoneError, PhotoStore, Result, open_upload
from pix2pix.app.server.schemas import (
    MAX_UPLOAD_MB,
    Upload,
    bytes_uri,
    data_uri,
    read_upload,
    thumbnail_uri,
)
from pix2pix.images.reader import open_rgb
from pix2pix.inference import MAX_HINTS, MAX_STRENGTH, Colorizer

logger = logging.getLogger(__name__)

PRINT_SIDE = 240  # pixels of a contact print
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


class PhotoFile(NamedTuple):
    """A photo that a program sent, to be coloured whole."""

    upload: Upload
    look: Look
    format: str


class Photo(ScriptedHTML):
    """The photo under its before/after slider. In Python its value is a ColorRequest."""

    def __init__(self, size: int, examples: Sequence[ExamplePhoto]) -> None:
        self.size = size
        super().__init__(
            "photo",
            "colorize/colorize.js",
            "mountColorize",
            events=("input", "save"),
            max_strength=MAX_STRENGTH,
            max_upload_mb=MAX_UPLOAD_MB,
            max_hints=MAX_HINTS,
            photos_url=PHOTOS_URL,
            sizes=sorted({*SIZES, size}),
            size=size,
            examples=[{"file": e.path.name, "title": e.title, "url": e.url} for e in examples],
        )

    def preprocess(self, payload: Any) -> ColorRequest | PhotoFile:  # type: ignore[override]
        try:
            if isinstance(payload, dict) and "kind" in payload:
                return read_color_request(payload, self.size)
            upload = read_upload(payload)
            return PhotoFile(upload, read_look(payload, self.size), read_format(payload))
        except ValueError as error:
            raise sentence(error) from None

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": f"file: the photo. strength: {strength_range()}. size: of "
            f"{', '.join(map(str, SIZES))}. hints: a list of {{x, y, color}}, x and y from 0 to 1, "
            "color #rrggbb. repair: stretch faded tones. denoise: smooth grain, or the dots of a "
            "print. negative: invert it first. crop: take the border off. "
            "strip: take captions, dates and place off. format: png or jpeg.",
            "properties": {
                "file": {"type": "object", "description": "an uploaded file"},
                "strength": {"type": "number"},
                "size": {"type": "integer"},
                "hints": {"type": "array", "items": {"type": "object"}},
                "repair": {"type": "boolean"},
                "denoise": {"type": "boolean"},
                "negative": {"type": "boolean"},
                "crop": {"type": "boolean"},
                "strip": {"type": "boolean"},
                "format": {"type": "string"},
            },
        }

    def example_payload(self) -> dict[str, Any]:
        return {"file": None, "strength": 1.0, "format": "png"}


class ResultChannel(ScriptedHTML):
    """What comes back to the Photo: previews as data URIs, or the finished file."""

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__("print", "colorize/request_queue.js", "mountResultChannel", value=value)

    def postprocess(self, value: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        return value

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "image: the photo in colour at its own size, as a data URI",
            "properties": {"image": {"type": "string"}, "name": {"type": "string"}},
        }


def build_colorize_tab(
    colorizer: Colorizer,
    store: PhotoStore,
    concurrency_id: str,
    demo: gr.Blocks,
    examples: Sequence[ExamplePhoto] = EXAMPLES,
) -> None:
    """Adds the tab's content to the Blocks under construction, with its events."""
    with gr.Column(elem_classes="studio-darkroom"):
        photo = Photo(colorizer.size, examples)
        printed = ResultChannel(first_print(colorizer, examples[0].path))

    answer = answer_privately(lambda wish: ANSWERS[wish.kind](colorizer, store, wish))

    def serve(wish: ColorRequest | PhotoFile, request: gr.Request) -> dict[str, Any]:
        if isinstance(wish, PhotoFile):
            raise sentence(ValueError("a photo that the page sent is expected here"))
        if isinstance(wish.key, str):
            store.bind(request.session_hash, wish.key)
        return with_notices(answer, wish)

    def forget(request: gr.Request) -> None:
        store.end_session(request.session_hash)

    slot: dict[str, Any] = {
        "concurrency_id": concurrency_id,
        "concurrency_limit": 1,
        "show_progress": "hidden",
    }
    failed = "() => { window.dispatchEvent(new Event(`studio:colorize-failed`)); }"
    # "multiple": the page has one wish under way at most, and Gradio would drop the next one while
    # it still counts the last as pending.
    photo.input(
        serve, photo, printed, api_visibility="private", trigger_mode="multiple", **slot
    ).failure(None, js=failed, queue=False)
    photo.save(
        in_words(lambda file: color_file(colorizer, file), PhotoFile),
        photo,
        printed,
        api_visibility="undocumented",
        api_name=f"{desk_name()}_photo",
        **slot,
    )
    demo.unload(forget)


def answer_privately(
    answer: Callable[[ColorRequest], dict[str, Any]],
) -> Callable[[ColorRequest], dict[str, Any]]:
    """Turns failures into answers: the page says them beside the photo concerned.

    Of what was unexpected the kind alone is logged: the words could be about someone's photo.
    """

    def answered(wish: ColorRequest) -> dict[str, Any]:
        known = {"kind": wish.kind, "id": wish.id}
        try:
            return {**answer(wish), **known}
        except PhotoGoneError as error:
            return {"gone": True, "refused": str(error), **known}
        except ValueError as error:
            return {"refused": str(error), **known}
        except Exception as error:
            logger.error("%s failed: %s", wish.kind, type(error).__name__)
            reason = f"the server could not finish this ({type(error).__name__})"
            return {"refused": reason, **known}

    return answered


def own_examples(paths: Sequence[Path]) -> list[ExamplePhoto]:
    """A model's own pictures, at the size of a preview, as data URIs: they travel with the page."""
    examples = []
    for path in paths:
        photo = open_rgb(path)
        photo.thumbnail((OWN_SIDE, OWN_SIDE), Image.Resampling.LANCZOS)
        examples.append(ExamplePhoto(path, path.stem, preview_uri(photo)))
    return examples


def first_print(colorizer: Colorizer, path: Path) -> dict[str, Any]:
    """What greets: an old photo, half coloured under the slider."""
    photo = open_upload(path.read_bytes(), path.name)
    after = color_photo(colorizer, photo.preview, Look(1.0, colorizer.size))
    return {
        "before": preview_uri(photo.preview),
        "after": preview_uri(after),
        "width": photo.size[0],
        "height": photo.size[1],
        "name": path.name,
        "kind": "first",
    }


def show_preview(colorizer: Colorizer, store: PhotoStore, wish: ColorRequest) -> dict[str, Any]:
    photo = store.find(wish.key, wish.photo)
    after, notes = color_kept(colorizer, photo, "preview", wish.look)
    return {"before": preview_uri(photo.preview), "after": preview_uri(after), "notes": notes}


def show_quickly(colorizer: Colorizer, store: PhotoStore, wish: ColorRequest) -> dict[str, Any]:
    photo = store.find(wish.key, wish.photo)
    after, notes = color_kept(colorizer, photo, "quick", wish.look)
    return {"after": preview_uri(after), "notes": notes}


def show_thumb(colorizer: Colorizer, store: PhotoStore, wish: ColorRequest) -> dict[str, Any]:
    photo = store.find(wish.key, wish.photo)
    small = photo.quick.copy()
    small.thumbnail((2 * THUMB_SIDE, 2 * THUMB_SIDE), Image.Resampling.BOX)
    return {
        "thumb": thumbnail_uri(color_photo(colorizer, small, wish.look, photo.scan), THUMB_SIDE)
    }


def show_sizes(colorizer: Colorizer, store: PhotoStore, wish: ColorRequest) -> dict[str, Any]:
    """Contact prints: the photo as each working size would colour it."""
    photo = store.find(wish.key, wish.photo)
    prints = []
    for size in sorted({*SIZES, colorizer.size}):
        image = color_photo(colorizer, photo.quick, wish.look._replace(size=size), photo.scan)
        prints.append({"size": size, "image": thumbnail_uri(image, PRINT_SIDE)})
    return {"prints": prints}


def finish(colorizer: Colorizer, store: PhotoStore, wish: ColorRequest) -> dict[str, Any]:
    """The finished file is held for the visitor to fetch."""
    photo = store.find(wish.key, wish.photo)
    content = finish_photo(colorizer, photo.content, photo.name, wish.look, wish.format, photo.scan)
    store.hold_result(wish.key, wish.photo, Result(content, MEDIA_TYPES[wish.format]))
    return {"name": result_name(photo.name, wish.format), "bytes": len(content)}


ANSWERS: dict[str, Callable[[Colorizer, PhotoStore, ColorRequest], dict[str, Any]]] = {
    "preview": show_preview,
    "quick": show_quickly,
    "thumb": show_thumb,
    "sizes": show_sizes,
    "save": finish,
}


def color_file(colorizer: Colorizer, file: PhotoFile) -> dict[str, Any]:
    """For programs: an uploaded file in, its picture out; the upload is deleted at once."""
    try:
        content = file.upload.path.read_bytes()
    finally:
        file.upload.path.unlink(missing_ok=True)
    result = finish_photo(colorizer, content, file.upload.name, file.look, file.format)
    return {
        "image": bytes_uri(result, MEDIA_TYPES[file.format]),
        "name": result_name(file.upload.name, file.format),
    }


def preview_uri(image: Image.Image) -> str:
    """JPEG: several times as fast to write as WebP, and the hand is waiting."""
    return data_uri(image, "jpeg", quality=90)
