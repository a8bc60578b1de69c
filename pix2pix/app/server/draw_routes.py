"""The picture that follows a hand: a drawing comes, its picture goes back, in one request.

Gradio's events travel through its queue and come back in a stream of their own, which takes about
as long as the model does. Everything else in the page can wait that long; a moving hand cannot.
"""

import logging
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import anyio
import gradio as gr
import numpy as np
from gradio.context import LocalContext
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pix2pix.app.canvas_spec import SheetKind
from pix2pix.app.errors import unfinished
from pix2pix.app.server.latest_request import Newest
from pix2pix.app.server.schemas import PRIVATE, DrawRequest, image_bytes, read_drawing, refuse
from pix2pix.app.server.shutdown import LEAVING
from pix2pix.inference import Drawer, InferenceCancelledError, Stop
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.runtime.user_warnings import collect_notices

LIVE_URL = "studio-live"
AT_WORK = 2  # the second stops the first, where both are of one visitor
MOST_WAITING = 32

_VISITOR = re.compile(r"[0-9-]{1,64}")

log = logging.getLogger("pix2pix")


class Desk(NamedTuple):
    """What a drawing tab draws with."""

    drawer: Drawer | LineDrawer
    sheet: SheetKind


class LiveDesks:
    """The drawing tabs of an app by name, and who waits for their pictures."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._desks: dict[str, Desk] = {}
        self._newest = Newest()
        self._most_waiting = most_waiting
        self._slots = anyio.CapacityLimiter(AT_WORK)
        self._waiting = 0

    def add(self, name: str, desk: Desk) -> None:
        self._desks[name] = desk

    @property
    def is_idle(self) -> bool:
        return self._waiting == 0

    async def answer(self, request: Request) -> Response:
        """The picture as PNG or JPEG; 204 where a newer drawing of the visitor has come, or, for
        one that can wait, where anybody else waits."""
        desk = self._desks.get(request.path_params["desk"])
        if desk is None:
            return refuse("there is no drawing tab of this name", 404)
        if LEAVING.is_set():
            return refuse("The server is being stopped. Please try again in a minute.", 503)
        try:
            payload = await request.json()
            drawing = read_drawing(payload, desk.sheet, desk.drawer.style_dim)
            stop = self._enter(request.path_params["desk"], payload, drawing.id)
        except ValueError as error:
            return refuse(str(error), 400)
        if self._waiting >= self._most_waiting + AT_WORK:
            waiting = self._waiting - AT_WORK
            return refuse(
                f"The server is busy: {waiting} others are waiting. Please try again.", 503
            )
        if drawing.can_wait:
            if self._waiting:
                return Response(status_code=204, headers=PRIVATE)
            stop = self._or_others_wait(stop)
        LocalContext.request.set(gr.Request(request=request))  # ZeroGPU asks whose share it is
        self._waiting += 1
        try:
            return await anyio.to_thread.run_sync(draw, desk, drawing, stop, limiter=self._slots)
        finally:
            self._waiting -= 1

    def _or_others_wait(self, stop: Stop) -> Callable[[], bool]:
        return lambda: self._waiting > 1 or (stop is not None and stop())

    def _enter(self, desk: str, payload: dict[str, Any], number: int | None) -> Stop:
        visitor = payload.get("visitor")
        if visitor is None or number is None:  # a program that asks once
            return None
        if not isinstance(visitor, str) or not _VISITOR.fullmatch(visitor):
            raise ValueError("visitor must be 1 to 64 digits")
        return self._newest.enter(f"{desk} {visitor}", number)


def give_desks(demo: gr.Blocks) -> LiveDesks:
    """New desks for an app, to be filled as its tabs are built."""
    desks = LiveDesks()
    demo.live_desks = desks  # type: ignore[attr-defined]
    return desks


def desks_of(demo: gr.Blocks) -> LiveDesks:
    """Those of an app; empty ones where it never had any."""
    return getattr(demo, "live_desks", None) or LiveDesks()


def live_routes() -> list[Route]:
    async def answer(request: Request) -> Response:
        return await desks_of(request.app.get_blocks()).answer(request)

    return [Route(f"/{LIVE_URL}/{{desk}}", answer, methods=["POST"])]


def paint(drawer: Drawer | LineDrawer, drawing: DrawRequest, stop: Stop = None) -> np.ndarray:
    """The picture (H, W, 3) uint8 that is asked for.

    Raises InferenceCancelledError soon after `stop()` is true.
    """
    what = (drawing.label_map, drawing.seed, drawing.style, stop)
    if drawing.large and isinstance(drawer, Drawer):
        return drawer.draw(*what, drawer.largest)
    return drawer.draw(*what)


def draw(desk: Desk, drawing: DrawRequest, stop: Stop) -> Response:
    try:
        with collect_notices() as notices:
            photo = paint(desk.drawer, drawing, stop)
    except InferenceCancelledError:
        return Response(status_code=204, headers=PRIVATE)
    except ValueError as error:
        return refuse(str(error), 400)
    except Exception as error:
        log.exception("drawing failed")
        return refuse(unfinished(error), 500)
    readable = {"access-control-expose-headers": "x-picture-name, x-notice"}  # on any page
    told = {"x-notice": quote(" ".join(notices))} if notices else {}
    named = {"x-picture-name": quote(picture_name(desk.sheet, drawing))}
    content, media_type = encode(photo, drawing)
    return Response(content, media_type=media_type, headers=PRIVATE | readable | named | told)


def encode(photo: np.ndarray, drawing: DrawRequest) -> tuple[bytes, str]:
    """The picture's file and media type."""
    image = Image.fromarray(photo)
    if drawing.format == "jpeg":  # in an eighth of WebP's time
        return image_bytes(image, "jpeg", quality=92, subsampling=0), "image/jpeg"
    return image_bytes(image, "png"), "image/png"


def picture_name(sheet: SheetKind, drawing: DrawRequest) -> str:
    return f"{sheet.file_name}-{drawing.seed if drawing.style is None else 'styled'}"
