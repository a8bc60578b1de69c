"""The routes of a Colourise tab: pictures of photos that were sent before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pix2pix.app.server.answers import answer_json, answering, refuse
from pix2pix.app.server.bodies import BodyReader
from pix2pix.app.server.colorize_schemas import (
    MEDIA_TYPES,
    ColorizeRequest,
    color_kept,
    color_photo,
    finish_photo,
    result_name,
)
from pix2pix.app.server.model_queue import Lane, ModelQueue
from pix2pix.app.server.photo_routes import THUMB_SIDE, PhotoApi, key_of
from pix2pix.app.server.photo_store import KeptPhoto, PhotoGoneError, PhotoStore, Result
from pix2pix.app.server.schemas import parse_request
from pix2pix.images.encoding import preview_uri, thumbnail_uri
from pix2pix.inference import Colorizer
from pix2pix.web.tab_props import WORKING_SIZES

SIZE_SIDE = 240  # pixels of a picture in the choice of working sizes


@dataclass
class ColorizeApi:
    """The server side of a Colourise tab."""

    colorizer: Colorizer
    store: PhotoStore
    queue: ModelQueue
    bodies: BodyReader

    def routes(self) -> list[Route]:
        colorize = Route("/colorize", answering(self.colorize, about_file=True), methods=["POST"])
        return [colorize, *PhotoApi(self.store, self.bodies).routes()]

    async def colorize(self, request: Request) -> Response:
        """The answer to a ColorizeRequest, as JSON; "gone" where the photo must be sent again."""
        async with self.bodies.json(request) as content:
            try:
                wanted = parse_request(ColorizeRequest, content, self.colorizer.size)
            except ValueError as error:
                return refuse(str(error), 400)
        key = key_of(request)
        lane = Lane.FILES if wanted.kind == "save" else Lane.PREVIEWS
        try:
            photo = self.store.find(key, wanted.photo)
            values, notices = await self.queue.run(
                lambda: ANSWERS[wanted.kind](self.colorizer, photo, wanted), lane
            )
            self.store.make_room()  # the photo's sessions are kept with it
            if isinstance(values, Result):
                self.store.hold_result(key, wanted.photo, values)
                name = result_name(photo.name, wanted.format)
                values = {"name": name, "bytes": len(values.content)}
        except PhotoGoneError as error:
            return refuse(str(error), 200, gone=True)
        return answer_json(values, notices)


def show_preview(colorizer: Colorizer, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    after, notes = color_kept(colorizer, photo, "preview", wanted.settings)
    return {"before": preview_uri(photo.preview), "after": preview_uri(after), "notes": notes}


def show_quickly(colorizer: Colorizer, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    after, notes = color_kept(colorizer, photo, "quick", wanted.settings)
    return {"after": preview_uri(after), "notes": notes}


def show_thumb(colorizer: Colorizer, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    small = photo.quick.copy()
    small.thumbnail((2 * THUMB_SIDE, 2 * THUMB_SIDE), Image.Resampling.BOX)
    after = color_photo(colorizer, small, wanted.settings, photo.scan)
    return {"thumb": thumbnail_uri(after, THUMB_SIDE)}


def show_sizes(colorizer: Colorizer, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    """The photo as each working size would colour it."""
    pictures = []
    for size in sorted({*WORKING_SIZES, colorizer.size}):
        image = color_photo(colorizer, photo.quick, wanted.settings._replace(size=size), photo.scan)
        pictures.append({"size": size, "image": thumbnail_uri(image, SIZE_SIDE)})
    return {"sizes": pictures}


def finish(colorizer: Colorizer, photo: KeptPhoto, wanted: ColorizeRequest) -> Result:
    """The finished file, to be fetched by the visitor."""
    content = finish_photo(
        colorizer, photo.content, photo.name, wanted.settings, wanted.format, photo.scan
    )
    return Result(content, MEDIA_TYPES[wanted.format])


ANSWERS: dict[str, Callable[[Colorizer, KeptPhoto, ColorizeRequest], dict[str, Any] | Result]] = {
    "preview": show_preview,
    "quick": show_quickly,
    "thumb": show_thumb,
    "sizes": show_sizes,
    "save": finish,
}
