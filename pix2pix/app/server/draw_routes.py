"""The routes of a drawing tab: pictures of drawings, and files that become drawings."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pix2pix.app.server.answers import answer_file, answer_json, answering, refuse
from pix2pix.app.server.bodies import BodyReader
from pix2pix.app.server.model_queue import Lane, LatestRequests, ModelQueue
from pix2pix.app.server.schemas import (
    DrawContext,
    DrawRequest,
    FacadeRequest,
    LabelImageRequest,
    parse_request,
)
from pix2pix.images.encoding import image_bytes, thumbnail_bytes, thumbnail_uri
from pix2pix.images.reader import open_image, open_rgb
from pix2pix.inference import Drawer, InferenceCancelledError, Stop, Tracer
from pix2pix.inference.image_to_image import LineDrawer, LineTracer
from pix2pix.labels.canvas_spec import CanvasSpec, fit_label_map
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import make_random_plan
from pix2pix.labels.label_map import encode_label_image
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.runtime import zerogpu
from pix2pix.web.tab_props import has_regions

THUMB_SIDE = 128  # pixels of a small picture
PHOTO_SIDE = 1024  # a photo is traced, or its style taken, at this size at most
OPEN_SIDE = 2048  # a JPEG label image is reduced while it is decoded, but not below this


class NotALabelMapError(ValueError):
    """A picture that is no label map, so perhaps a photo to trace."""


@dataclass
class DrawApi:
    """The server side of a drawing tab."""

    drawer: Drawer | LineDrawer
    canvas: CanvasSpec
    tracer: Tracer | LineTracer | None
    queue: ModelQueue
    bodies: BodyReader
    latest: LatestRequests = field(default_factory=LatestRequests)

    def routes(self) -> list[Route]:
        handlers = {"/draw": answering(self.draw), "/label-image": answering(self.label_image)}
        files = {"/open": self.open}
        if self.canvas.name == "facades":
            handlers["/facade"] = answering(self.facade)
        if self.drawer.style_dim:
            files["/style"] = self.style
        if self.tracer is not None:
            files["/trace"] = self.trace
        handlers |= {path: answering(handler, about_file=True) for path, handler in files.items()}
        return [Route(path, handler, methods=["POST"]) for path, handler in handlers.items()]

    @property
    def context(self) -> DrawContext:
        return DrawContext(self.canvas, self.drawer.style_dim, has_regions(self.drawer))

    async def draw(self, request: Request) -> Response:
        """A DrawRequest's picture as PNG, JPEG or WebP.

        204 where a newer drawing of the visitor has come; for one that can wait, where anybody
        else waits.
        """
        async with self.bodies.json(request) as content:
            drawing = parse_request(DrawRequest, content, self.context)
        stop = self._enter(drawing)
        # On ZeroGPU a large picture may wait for a GPU, and other drawings must not wait for it.
        lane = Lane.FILES if drawing.large and zerogpu.spaces else Lane.DRAWINGS
        self.queue.check_room(lane)
        if drawing.can_wait:
            if self.queue.jobs(Lane.DRAWINGS):
                raise InferenceCancelledError
            stop = self._or_others_wait(stop, 1 if lane is Lane.DRAWINGS else 0)

        def work() -> tuple[bytes, str]:
            return encode_picture(draw_picture(self.drawer, drawing, stop), drawing)

        (picture, media_type), notices = await self.queue.run(work, lane, stop)
        return answer_file(picture, media_type, picture_name(self.canvas, drawing), notices)

    def _enter(self, drawing: DrawRequest) -> Stop:
        if drawing.visitor is None or drawing.id is None:  # a program that asks once
            return None
        kind = "thumbnail" if drawing.thumbnail else "picture"  # each replaces its own kind
        return self.latest.enter(f"{drawing.visitor} {kind}", drawing.id)

    def _or_others_wait(self, stop: Stop, own: int) -> Stop:
        """True where more than `own` drawings run or wait, or `stop` is."""

        def stop_or_others_wait() -> bool:
            return self.queue.jobs(Lane.DRAWINGS) > own or (stop is not None and stop())

        return stop_or_others_wait

    async def label_image(self, request: Request) -> Response:
        """The drawing as a palette PNG, made from its ids."""
        async with self.bodies.json(request) as content:
            drawing = parse_request(LabelImageRequest, content, self.context)
        image = encode_label_image(drawing.ids, self.canvas.colors)
        suffix = "lines" if self.canvas.name == "lines" else "labels"
        png = image_bytes(image, "png", optimize=True)
        return answer_file(png, "image/png", f"{self.canvas.file_name}-{suffix}")

    async def facade(self, request: Request) -> Response:
        """{"ids"} of a made-up facade."""
        async with self.bodies.json(request) as content:
            asked = parse_request(FacadeRequest, content)
        own_height, own_width = self.canvas.shape
        shape = self.canvas.check_shape(asked.height or own_height, asked.width or own_width)
        return answer_json({"ids": pack_ids(build_facade(make_random_plan(asked.seed), *shape))})

    async def open(self, request: Request) -> Response:
        """The drawing in the label image in the body, as `drawing_values` gives it; an error
        "can_trace" where it may be a photo."""
        async with self.bodies.file(request) as (content, name):
            try:
                ids, notices = await self.queue.run(
                    lambda: open_drawing(content, name, self.canvas), Lane.FILES
                )
            except NotALabelMapError as error:
                return refuse(str(error), 200, can_trace=self.tracer is not None)
            return answer_json(drawing_values(ids), notices)

    async def trace(self, request: Request) -> Response:
        """A drawing of the photo in the body, as `drawing_values` gives it."""
        assert self.tracer is not None
        tracer = self.tracer
        async with self.bodies.file(request) as (content, name):
            ids, notices = await self.queue.run(
                lambda: trace_photo(tracer, content, name, self.canvas), Lane.FILES
            )
            return answer_json(drawing_values(ids), notices)

    async def style(self, request: Request) -> Response:
        """{"style", "photo", "name"}: the style of the photo in the body, and its thumbnail."""

        def work() -> tuple[list[float], str]:
            photo = open_small(content, name)
            square = ImageOps.fit(photo, (THUMB_SIDE, THUMB_SIDE))
            return self.drawer.style_from(photo).tolist(), thumbnail_uri(square, THUMB_SIDE)

        async with self.bodies.file(request) as (content, name):
            (style, photo), notices = await self.queue.run(work, Lane.FILES)
            return answer_json({"style": style, "photo": photo, "name": name}, notices)


def drawing_values(ids: np.ndarray) -> dict[str, Any]:
    """{"ids", "height", "width"} of a drawing (H, W) uint8."""
    return {"ids": pack_ids(ids), "height": ids.shape[0], "width": ids.shape[1]}


def draw_picture(
    drawer: Drawer | LineDrawer, drawing: DrawRequest, stop: Stop = None
) -> np.ndarray:
    """The picture (H, W, 3) uint8 of a drawing.

    Raises InferenceCancelledError soon after `stop()` is true.
    """
    given = (drawing.ids, drawing.seed, drawing.style, stop)
    if not isinstance(drawer, Drawer):
        return drawer.draw(*given)
    # What is saved has the finest detail; the sheet shows what takes less time
    large = drawer.largest if drawing.can_wait else drawer.finest
    return drawer.draw(*given, large if drawing.large else None, drawing.regions)


def encode_picture(picture: np.ndarray, drawing: DrawRequest) -> tuple[bytes, str]:
    """The picture's file and media type, as the request wants it."""
    image = Image.fromarray(picture)
    if drawing.thumbnail:
        return thumbnail_bytes(image, THUMB_SIDE), "image/webp"
    if drawing.format == "jpeg":  # in an eighth of WebP's time
        return image_bytes(image, "jpeg", quality=92, subsampling=0), "image/jpeg"
    return image_bytes(image, "png"), "image/png"


def picture_name(canvas: CanvasSpec, drawing: DrawRequest) -> str:
    return f"{canvas.file_name}-{drawing.seed if drawing.style is None else 'styled'}"


def open_small(content: bytes, name: str) -> Image.Image:
    """A photo as RGB, no side over PHOTO_SIDE. Raises ValueError "NAME: reason"."""
    photo = open_rgb(content, name, at_least=(PHOTO_SIDE, PHOTO_SIDE))
    photo.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BOX)
    return photo


def open_drawing(content: bytes, name: str, canvas: CanvasSpec) -> np.ndarray:
    """A label image as ids of the canvas (H, W) uint8.

    Raises NotALabelMapError for another picture, ValueError for a file that is none.
    """
    image = open_image(content, name, at_least=(OPEN_SIDE, OPEN_SIDE))
    try:
        return canvas.decode(image)
    except ValueError as error:
        raise NotALabelMapError(f"{name}: {error}") from None


def trace_photo(
    tracer: Tracer | LineTracer, content: bytes, name: str, canvas: CanvasSpec
) -> np.ndarray:
    """The label map that the tracer finds in a photo, as a drawing (H, W) uint8."""
    label_map = tracer.trace(open_small(content, name))
    return fit_label_map(label_map, canvas.shape_for(label_map.shape))
