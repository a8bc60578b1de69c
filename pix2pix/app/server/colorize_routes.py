"""The routes of a Colourise tab: pictures of photos that were sent before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pix2pix.app.server.answers import answer_json, answering, refuse
from pix2pix.app.server.bodies import BodyReader
from pix2pix.app.server.colorize_schemas import (
    MEDIA_TYPES,
    ColorizeRequest,
    PhotoModels,
    color_kept,
    color_photo,
    finish_photo,
    read_reference_photo,
    result_name,
    suggest_for,
)
from pix2pix.app.server.model_queue import Lane, ModelQueue
from pix2pix.app.server.photo_routes import THUMB_SIDE, PhotoApi, decode_one, key_of
from pix2pix.app.server.photo_store import (
    KeptPhoto,
    PhotoGoneError,
    PhotoStore,
    Result,
    check_key,
)
from pix2pix.app.server.schemas import parse_request
from pix2pix.app.server.server_state import ServerState
from pix2pix.images.encoding import data_uri, preview_uri, thumbnail_uri
from pix2pix.web.tab_props import WORKING_SIZES

SIZE_SIDE = 240  # pixels of a picture in the choice of working sizes


@dataclass
class ColorizeApi:
    """The server side of a Colourise tab."""

    models: PhotoModels
    store: PhotoStore
    queue: ModelQueue
    bodies: BodyReader
    state: ServerState

    def routes(self) -> list[Route]:
        colorize = Route("/colorize", answering(self.colorize, about_file=True), methods=["POST"])
        reference = Route(
            "/reference", answering(self.read_reference, about_file=True), methods=["POST"]
        )
        return [colorize, reference, *PhotoApi(self.store, self.bodies, self.state).routes()]

    async def read_reference(self, request: Request) -> Response:
        """The colours of the photo in the body, which is not kept: {"colors", "thumb"}."""
        check_key(key_of(request))
        async with self.bodies.file(request) as (content, name):
            values = await run_in_threadpool(decode_one, read_reference_photo, content, name)
        return answer_json(values)

    async def colorize(self, request: Request) -> Response:
        """The answer to a ColorizeRequest, as JSON; "gone" where the photo must be sent again."""
        async with self.bodies.json(request) as content:
            try:
                wanted = parse_request(ColorizeRequest, content, self.models.colorizer.size)
            except ValueError as error:
                return refuse(str(error), 400)
        key = key_of(request)
        lane = Lane.FILES if wanted.kind == "save" else Lane.PREVIEWS
        try:
            photo = self.store.find(key, wanted.photo)
            values, notices = await self.queue.run(
                lambda: ANSWERS[wanted.kind](self.models, photo, wanted), lane
            )
            self.store.make_room()  # the photo's sessions are kept with it
            if isinstance(values, Result):
                self.store.hold_result(key, wanted.photo, values)
                name = result_name(photo.name, wanted.format)
                values = {"name": name, "bytes": len(values.content)}
        except PhotoGoneError as error:
            return refuse(str(error), 200, gone=True)
        return answer_json(values, notices)


def suggest(models: PhotoModels, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    assert wanted.at is not None
    return {"colors": suggest_for(models, photo, wanted.settings, wanted.at)}


def show_preview(models: PhotoModels, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    return {"before": preview_uri(photo.preview), **show_kept(models, photo, "preview", wanted)}


def show_quickly(models: PhotoModels, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    return show_kept(models, photo, "quick", wanted)


def show_kept(
    models: PhotoModels,
    photo: KeptPhoto,
    part: Literal["preview", "quick"],
    wanted: ColorizeRequest,
) -> dict[str, Any]:
    """{"after", "notes", "changed"}; "changed" is white where the photo was repaired, or None."""
    result = color_kept(models, photo, part, wanted.settings)
    changed = None
    if result.repaired is not None:
        white = Image.new("L", result.repaired.size, 255)
        changed = data_uri(Image.merge("LA", (white, result.repaired)), "png")
    return {"after": preview_uri(result.image), "notes": result.notes, "changed": changed}


def show_thumb(models: PhotoModels, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    small = photo.quick.copy()
    small.thumbnail((2 * THUMB_SIDE, 2 * THUMB_SIDE), Image.Resampling.BOX)
    after = color_photo(models, small, wanted.settings, photo.scan)
    return {"thumb": thumbnail_uri(after, THUMB_SIDE)}


def show_sizes(models: PhotoModels, photo: KeptPhoto, wanted: ColorizeRequest) -> dict[str, Any]:
    """The photo as each working size would colour it."""
    pictures = []
    for size in sorted({*WORKING_SIZES, models.colorizer.size}):
        settings = wanted.settings._replace(size=size)
        image = color_photo(models, photo.quick, settings, photo.scan)
        pictures.append({"size": size, "image": thumbnail_uri(image, SIZE_SIDE)})
    return {"sizes": pictures}


def finish(models: PhotoModels, photo: KeptPhoto, wanted: ColorizeRequest) -> Result:
    """The finished file, to be fetched by the visitor."""
    content = finish_photo(
        models, photo.content, photo.name, wanted.settings, wanted.format, photo.scan
    )
    return Result(content, MEDIA_TYPES[wanted.format])


ANSWERS: dict[str, Callable[[PhotoModels, KeptPhoto, ColorizeRequest], dict[str, Any] | Result]] = {
    "preview": show_preview,
    "quick": show_quickly,
    "thumb": show_thumb,
    "sizes": show_sizes,
    "suggest": suggest,
    "save": finish,
}
