"""The routes of a tab that takes photos: a preview of the result, and the result at full size."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pix2pix.app.server.answers import answer_file, answer_json, answering
from pix2pix.app.server.bodies import BodyReader
from pix2pix.app.server.model_queue import Lane, ModelQueue
from pix2pix.images.encoding import data_uri, image_bytes
from pix2pix.images.reader import open_rgb, read_size
from pix2pix.inference import Restorer, Tracer, Translator
from pix2pix.labels.label_map import encode_label_image

PREVIEW_SIDE = 1280

PhotoModel: TypeAlias = Translator | Tracer | Restorer


@dataclass
class ImageApi:
    """The server side of a tab that takes photos. Examples are found by their file names."""

    model: PhotoModel
    examples: Mapping[str, Path]
    queue: ModelQueue
    bodies: BodyReader

    def routes(self) -> list[Route]:
        handlers = {"/preview": self.preview, "/result": self.result}
        return [
            Route(path, answering(handler, about_file=True), methods=["POST"])
            for path, handler in handlers.items()
        ]

    async def preview(self, request: Request) -> Response:
        """The photo in the body, or the example in x-example, before and after, as data URIs."""
        async with self.bodies.file(request) as (content, name):
            source, name = self._source(request, content, name)
            values, notices = await self.queue.run(
                lambda: preview_photo(self.model, source, name), Lane.PREVIEWS
            )
            return answer_json(values, notices)

    async def result(self, request: Request) -> Response:
        """The result for the photo at its own size, as PNG."""

        def work() -> bytes:
            photo = open_rgb(source, name, value_range=self.model.config.input_range)
            return image_bytes(translate_photo(self.model, photo), "png")

        async with self.bodies.file(request) as (content, name):
            source, name = self._source(request, content, name)
            png, notices = await self.queue.run(work, Lane.FILES)
            return answer_file(png, "image/png", f"{Path(name).stem or 'photo'}.png", notices)

    def _source(self, request: Request, content: bytes, name: str) -> tuple[bytes | Path, str]:
        example = request.headers.get("x-example")
        if example is None:
            return content, name
        example = unquote(example)
        if example not in self.examples:
            raise ValueError("there is no example of this name")
        return self.examples[example], example


def preview_photo(model: PhotoModel, source: bytes | Path, name: str) -> dict[str, Any]:
    """{"before", "after", "width", "height", "name"}; pictures at most PREVIEW_SIDE, as URIs.

    Raises ValueError "NAME: reason" for what is no picture.
    """
    width, height = read_size(source, name)
    photo = open_rgb(source, name, (PREVIEW_SIDE, PREVIEW_SIDE), model.config.input_range)
    photo.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    after = translate_photo(model, photo)
    exact = isinstance(model, Tracer)  # a label image has the very colours of its palette
    return {
        "before": data_uri(photo, "webp", quality=86, method=2),
        "after": data_uri(after, "png") if exact else data_uri(after, "webp", quality=90, method=2),
        "width": width,
        "height": height,
        "name": name,
    }


def translate_photo(model: PhotoModel, photo: Image.Image) -> Image.Image:
    """The model's picture for a photo, of its size; of a tracer the label image."""
    if isinstance(model, Translator):
        return model.translate(photo)
    if isinstance(model, Restorer):
        return model.restore(photo).image
    return encode_label_image(model.trace(photo), [c.rgb for c in model.config.palette])
