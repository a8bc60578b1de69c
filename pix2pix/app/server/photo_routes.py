"""Photos of the Colourise tab: uploads come, and finished files go, without touching the disk.

The visitor's key and a photo's name travel in headers, never in an address: an address may be
copied, or logged by a proxy.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pix2pix.app.server.answers import PRIVATE, answer_json, answering, refuse
from pix2pix.app.server.bodies import BodyReader
from pix2pix.app.server.client_address import current_client
from pix2pix.app.server.photo_store import PhotoGoneError, PhotoStore, check_key, open_upload
from pix2pix.app.server.server_state import ServerState
from pix2pix.images.encoding import thumbnail_uri

T = TypeVar("T")

THUMB_SIDE = 160
KEY_HEADER = "x-studio-key"
PRESENCE_BEAT_S = 15  # less than a proxy waits for the next byte

_decoding = threading.Lock()  # a picture of 50 megapixels needs 150 MB: one at a time


@dataclass
class PhotoApi:
    """Receives photos, hands out finished files and forgets both."""

    store: PhotoStore
    bodies: BodyReader
    state: ServerState

    def routes(self) -> list[Route]:
        return [
            Route("/photos", answering(self.receive, about_file=True), methods=["POST"]),
            Route("/photos", answering(self.stay), methods=["GET"]),
            Route("/photos", answering(self.forget_all), methods=["DELETE"]),
            Route("/photos/{id}", answering(self.forget), methods=["DELETE"]),
            Route("/photos/{id}/result", answering(self.hand_out), methods=["GET"]),
        ]

    async def receive(self, request: Request) -> Response:
        """Keeps the photo in the body; {"photo": its id, "name", "width", "height", "thumb"}."""
        key = key_of(request)
        check_key(key)
        async with self.bodies.file(request) as (content, name):
            client = current_client()
            return answer_json(await run_in_threadpool(self._keep, key, content, name, client))

    def _keep(self, key: str, content: bytes, name: str, client: str) -> dict[str, object]:
        photo = decode_one(open_upload, content, name)
        width, height = photo.size
        thumb = thumbnail_uri(photo.preview, THUMB_SIDE)
        photo_id = self.store.keep(key, photo, client)
        return {"photo": photo_id, "name": name, "width": width, "height": height, "thumb": thumb}

    async def stay(self, request: Request) -> Response:
        """A stream that the page leaves open. When it ends, the visitor's photos are forgotten."""
        check_key(key_of(request))
        return PresenceStream(self.store, key_of(request), self.state)

    async def hand_out(self, request: Request) -> Response:
        """The finished file of a photo, once."""
        try:
            result = self.store.take_result(key_of(request), request.path_params["id"])
        except PhotoGoneError as error:
            return refuse(str(error), 404)
        return Response(result.content, media_type=result.media_type, headers=PRIVATE)

    async def forget(self, request: Request) -> Response:
        check_key(key_of(request))
        self.store.drop(key_of(request), request.path_params["id"])
        return Response(status_code=204)

    async def forget_all(self, request: Request) -> Response:
        check_key(key_of(request))
        self.store.end(key_of(request))
        return Response(status_code=204)


def decode_one(decode: Callable[[bytes, str], T], content: bytes, name: str) -> T:
    """`decode(content, name)`, one at a time in this process."""
    with _decoding:
        return decode(content, name)


class PresenceStream(Response):
    """A byte now and then until the browser goes, which ends its session, or the server stops."""

    def __init__(self, store: PhotoStore, key: str, state: ServerState) -> None:
        super().__init__(headers=PRIVATE, media_type="text/plain")
        del self.headers["content-length"]
        self._store, self._key, self._state = store, key, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_over = anyio.Event()
        loop = asyncio.get_running_loop()

        async def beat() -> None:
            while True:
                await send({"type": "http.response.body", "body": b"\n", "more_body": True})
                await anyio.sleep(PRESENCE_BEAT_S)

        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            is_over.set()

        self._store.arrive(self._key)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with self._state.when_stopping(lambda: loop.call_soon_threadsafe(is_over.set)):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(beat)
                    tasks.start_soon(listen)
                    await is_over.wait()
                    tasks.cancel_scope.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._store.leave(self._key)


def key_of(request: Request) -> str:
    """The visitor's key, from its header; "" where there is none."""
    return request.headers.get(KEY_HEADER, "")
