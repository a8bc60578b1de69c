"""Endpoints for programs: plain files and numbers in, a PNG file out. Also the tools of MCP."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.app.errors import in_words, sentence
from pix2pix.app.server.schemas import MAX_SEED, Upload, read_seed, read_strength, read_upload
from pix2pix.app.tabs.image_tab import save_result
from pix2pix.images.metadata import read_metadata
from pix2pix.images.reader import open_image
from pix2pix.images.writer import read_dpi
from pix2pix.inference import MAX_STRENGTH, Colorizer, Drawer
from pix2pix.labels.label_map import is_facades, open_label_map


class GivenFile(gr.File):
    """A file that a program uploaded. In Python an Upload; anything else is refused in words."""

    # Named one by one: what is not in the signature never reaches the page.
    def __init__(self, label: str, visible: bool) -> None:
        super().__init__(label=label, visible=visible)
        self.data_model = None  # with one Gradio fails before `preprocess`, and logs a traceback

    def preprocess(self, payload: Any) -> Upload:  # type: ignore[override]
        try:
            if payload is None:
                raise ValueError("an image file must be given, got none")
            return read_upload({"file": payload})
        except ValueError as error:
            raise sentence(error) from None

    def api_info(self) -> dict[str, Any]:
        return gr.FileData.model_json_schema()

    def get_block_name(self) -> str:
        return "file"  # the page has a script for it


class GivenNumber(gr.Number):
    """A number as it came, to be checked where it is used."""

    def preprocess(self, payload: Any) -> Any:
        return payload

    def get_block_name(self) -> str:
        return "number"


def add_draw_endpoint(drawer: Drawer, concurrency_id: str) -> None:
    """Adds `/draw` to the Blocks under construction."""
    palette = drawer.config.palette
    own = None if is_facades([c.name for c in palette]) else tuple(c.rgb for c in palette)

    def draw(labels: Upload, seed: Any) -> str:
        number = read_seed({"seed": _whole(seed)}, "seed")
        label_map = open_label_map(labels.path, labels.name, own, [c.name for c in palette])
        return str(save_result(Image.fromarray(drawer.draw(label_map, number)), labels.name))

    classes = ", ".join(c.name for c in palette)
    _add_endpoint(
        draw,
        f"The photo of a label map, as PNG of its size. labels: a label image of the classes "
        f"{classes}. seed: which photo, 0 to {MAX_SEED}.",
        GivenNumber(0, label="seed", visible=False),
        concurrency_id,
    )


def add_colorize_endpoint(colorizer: Colorizer, concurrency_id: str) -> None:
    """Adds `/colorize` to the Blocks under construction."""

    def colorize(photo: Upload, strength: Any) -> str:
        amount = read_strength({"strength": strength})
        try:
            image = open_image(photo.path, photo.name)
        finally:
            photo.path.unlink(missing_ok=True)  # somebody's photo is kept no longer than needed
        metadata, dpi = read_metadata(image), read_dpi(image)
        session = colorizer.open_photo(image)
        del image  # 200 MB, of 50 megapixels in colour
        return str(save_result(session.colorize(amount), photo.name, metadata, dpi))

    _add_endpoint(
        colorize,
        "A photo in colour, as PNG of its own size. photo: a black-and-white photo, or one whose "
        f"colours are to be replaced. strength: of the colours, 0 to {MAX_STRENGTH}.",
        GivenNumber(1.0, label="strength", visible=False),
        concurrency_id,
    )


def _add_endpoint(
    work: Callable[[Any, Any], str], description: str, number: gr.Number, concurrency_id: str
) -> None:
    """An event of a button that nobody sees, under the function's name."""
    gr.Button(visible=False).click(
        in_words(work),
        [GivenFile(label="image", visible=False), number],
        gr.File(label="result", visible=False),
        api_name=work.__name__,
        api_description=description,
        concurrency_id=concurrency_id,
        concurrency_limit=1,
    )


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
