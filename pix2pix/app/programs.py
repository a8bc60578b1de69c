"""Endpoints for programs, one for each tab: a file and at most a number in, a PNG file out.

They are also the tools of the MCP server.
"""

import functools
import inspect
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.app import gradio_compat
from pix2pix.app.errors import as_user_error, show_notices
from pix2pix.app.server.disk_share import FILES
from pix2pix.app.server.event_validation import Endpoint
from pix2pix.app.server.model_queue import Lane, ModelQueue
from pix2pix.app.server.schemas import MAX_SEED, STRENGTH_RULE, check_seed, check_strength
from pix2pix.app.server.upload_cache import Upload, read_upload, upload_folder
from pix2pix.images.metadata import NO_METADATA, Metadata, read_metadata
from pix2pix.images.reader import open_image, open_rgb
from pix2pix.images.writer import read_dpi, save_image
from pix2pix.inference import Colorizer, Drawer, Tracer
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.canvas_spec import CanvasSpec
from pix2pix.labels.label_map import is_facades, open_label_map
from pix2pix.runtime.atomic_io import write_atomically
from pix2pix.web.image_props import PhotoModel, translate_photo
from pix2pix.web.sample_files import has_samples, translate_file

MAX_HEADER_BYTES = 2 << 20  # of a PNG: its metadata is bounded (`images.metadata`)
Work = Callable[..., str]  # takes the uploaded file and the number, gives the result's path


def add_draw_endpoint(name: str, drawer: Drawer, queue: ModelQueue) -> Endpoint:
    """Adds the endpoint of a Draw tab to the Blocks under construction."""
    palette = drawer.config.palette
    own = None if is_facades([c.name for c in palette]) else tuple(c.rgb for c in palette)

    def draw(labels: Upload, seed: Any = 0) -> str:
        number = check_seed(seed)
        label_map = open_label_map(labels.path, labels.name, own, [c.name for c in palette])
        return save_result(Image.fromarray(drawer.draw(label_map, number)), labels.name)

    classes = ", ".join(c.name for c in palette)
    return _add_endpoint(
        name,
        draw,
        f"The photo of a label map, as PNG of its size. labels: a label image of the classes "
        f"{classes}. seed: which photo, 0 to {MAX_SEED}.",
        queue,
    )


def add_lines_endpoint(
    name: str, drawer: LineDrawer, canvas: CanvasSpec, queue: ModelQueue
) -> Endpoint:
    """Adds the endpoint of a tab whose model draws from lines."""

    def draw(lines: Upload) -> str:
        label_map = canvas.decode(open_image(lines.path, lines.name))
        return save_result(Image.fromarray(drawer.draw(label_map)), lines.name)

    height, width = canvas.shape
    return _add_endpoint(
        name,
        draw,
        f"The photo of a line drawing, as PNG of {width}x{height} pixels. lines: a picture of dark "
        "lines on light paper.",
        queue,
    )


def add_colorize_endpoint(name: str, colorizer: Colorizer, queue: ModelQueue) -> Endpoint:
    """Adds the endpoint of a Colourise tab."""

    def colorize(photo: Upload, strength: Any = 1.0) -> str:
        amount = check_strength(strength)
        image = open_image(photo.path, photo.name)
        metadata, dpi = read_metadata(image), read_dpi(image)
        session = colorizer.open_photo(image)
        del image  # 200 MB, of 50 megapixels in colour
        return save_result(session.colorize(amount), photo.name, metadata, dpi)

    return _add_endpoint(
        name,
        colorize,
        "A photo in colour, as PNG of its own size. photo: a black-and-white photo, or one whose "
        f"colours are to be replaced. strength: of the colours, {STRENGTH_RULE}.",
        queue,
    )


def add_image_endpoint(name: str, model: PhotoModel, queue: ModelQueue) -> Endpoint:
    """Adds the endpoint of a tab that takes photos."""

    def translate(photo: Upload) -> str:
        if has_samples(model):
            content, suffix, _ = translate_file(model, photo.path, photo.name)
            return save_content(content, photo.name, suffix)
        image = open_rgb(photo.path, photo.name, value_range=model.config.input_range)
        return save_result(translate_photo(model, image), photo.name)

    if has_samples(model) and not model.target.is_picture:
        result = f"The model's image, {model.target.describe()} in the unit of its training."
    elif isinstance(model, Tracer):
        classes = ", ".join(c.name for c in model.config.palette)
        result = f"The label image of a photo, as palette PNG of its size; classes {classes}."
    else:
        result = "The model's picture for a photo, as PNG of its size."
    return _add_endpoint(name, translate, f"{result} photo: an image file.", queue)


def _add_endpoint(name: str, work: Work, description: str, queue: ModelQueue) -> Endpoint:
    """Adds an event of invisible components under the tab's name.

    Gradio passes values on as they came (`preprocess=False`), so that they are checked here only,
    and an error is a sentence. The upload is deleted after the call.
    """
    file_name, *number = inspect.signature(work).parameters.values()

    @as_user_error
    @functools.wraps(work)
    async def call(file: Any, *numbers: Any) -> str:
        upload = read_upload(file)
        try:
            path, notices = await queue.run(
                lambda: work(upload, *numbers), Lane.FILES, client=gradio_compat.calling_client()
            )
            show_notices(notices)
            return path
        finally:
            upload.path.unlink(missing_ok=True)

    gr.Button(visible=False).click(
        call,
        [
            gr.File(label=file_name.name, visible=False),
            *(gr.Number(p.default, label=p.name, visible=False) for p in number),
        ],
        gr.File(label="result", visible=False),
        api_name=name,
        api_description=description,
        preprocess=False,
        concurrency_limit=None,  # the ModelQueue has the limits
    )
    return Endpoint(file_name.name, tuple(p.name for p in number))


def save_content(content: bytes, name: str, suffix: str) -> str:
    """Writes a file as `save_result` does, and returns its path."""
    path = upload_folder() / secrets.token_hex(20) / f"{Path(name).stem or 'image'}{suffix}"
    with FILES.writing(path, len(content), gradio_compat.calling_client()):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return str(path)


def save_result(
    image: Image.Image,
    name: str,
    metadata: Metadata = NO_METADATA,
    dpi: tuple[float, float] | None = None,
) -> str:
    """Writes a PNG under the photo's own name where Gradio serves it and later deletes it.

    Returns its path. The folder has 40 random digits, which open it to those who know its address
    (see `request_filter`).
    """
    path = upload_folder() / secrets.token_hex(20) / f"{Path(name).stem or 'photo'}.png"
    at_most = image.width * image.height * 4 + image.height + MAX_HEADER_BYTES
    with FILES.writing(path, at_most, gradio_compat.calling_client()):
        save_image(image, path, metadata, dpi)
    return str(path)
