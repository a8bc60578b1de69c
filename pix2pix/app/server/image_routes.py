"""The routes of a tab that takes photos: a preview of the result, and the result at full size."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pix2pix.app.server.answers import answer_file, answer_json, answering
from pix2pix.app.server.bodies import BodyReader
from pix2pix.app.server.model_queue import Lane, ModelQueue
from pix2pix.images.encoding import image_bytes
from pix2pix.images.reader import open_rgb
from pix2pix.web.image_props import PhotoModel, preview_photo, translate_photo
from pix2pix.web.sample_files import has_samples, translate_file


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
        """The result for the photo at its own size, as PNG, or in the unit of its values."""

        def work() -> tuple[bytes, str, str]:
            if has_samples(self.model):
                return translate_file(self.model, source, name)
            photo = open_rgb(source, name, value_range=self.model.config.input_range)
            return image_bytes(translate_photo(self.model, photo), "png"), ".png", "image/png"

        async with self.bodies.file(request) as (content, name):
            source, name = self._source(request, content, name)
            (content, suffix, kind), notices = await self.queue.run(work, Lane.FILES)
            return answer_file(content, kind, f"{Path(name).stem or 'photo'}{suffix}", notices)

    def _source(self, request: Request, content: bytes, name: str) -> tuple[bytes | Path, str]:
        example = request.headers.get("x-example")
        if example is None:
            return content, name
        example = unquote(example)
        if example not in self.examples:
            raise ValueError("there is no example of this name")
        return self.examples[example], example
