"""The gate before Gradio's server: only what this app needs passes, in a bounded size and time.

Gradio serves more than that: files through a proxy, an editor of the app, recordings, events past
the queue. What is not listed here is answered as if it were not there.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from gradio import Blocks
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pix2pix.app.assets import ASSETS_URL, COMPONENT_URL
from pix2pix.app.prefix import at_root, with_base
from pix2pix.app.root_path import inner_paths, prefix_of
from pix2pix.app.server.draw_routes import LIVE_URL
from pix2pix.app.server.event_validation import (
    AddressError,
    EventKind,
    check_event,
    check_named,
    parse_json,
)
from pix2pix.app.server.photo_routes import PHOTOS_URL, UPLOAD_LIMIT_S, UPLOADS_AT_ONCE
from pix2pix.app.server.schemas import MAX_UPLOAD_MB
from pix2pix.app.server.shutdown import LEAVING
from pix2pix.app.uploads import UPLOAD_URL

MAX_JSON_BYTES = 2 << 20  # a drawing of 1024x1024 pixels needs less
MAX_FORM_BYTES = (MAX_UPLOAD_MB << 20) + (1 << 20)  # a file in its multipart form
MAX_HELD_BYTES = 64 << 20  # of all JSON that is on its way
JSON_LIMIT_S = 30

log = logging.getLogger("pix2pix")


class AllowedRoute(NamedTuple):
    """Paths that are open, to these methods."""

    methods: str
    path: str  # regular expression of the whole path
    kind: str = "plain"  # or "json", "event", "named event", "named values", "upload": of its body


_DOORS = (
    AllowedRoute("GET HEAD", r"/"),
    AllowedRoute("GET", r"/(config/?|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon)"),
    AllowedRoute("GET", r"/(svelte|static|assets)/[A-Za-z0-9_@~+-][A-Za-z0-9_./@~+-]{,200}"),
    AllowedRoute("GET HEAD", rf"/{ASSETS_URL}/.+"),
    AllowedRoute("GET HEAD", rf"/{re.escape(COMPONENT_URL)}"),
    AllowedRoute("GET POST HEAD DELETE", rf"/{PHOTOS_URL}(/.*)?"),  # it bounds its bodies itself
    AllowedRoute("POST", rf"/{LIVE_URL}/[a-z0-9_]{{1,64}}", "json"),
    AllowedRoute("GET", r"/gradio_api/(info/?|app_id/?|user/?|token/?|login_check/?|theme\.css)"),
    AllowedRoute("GET", r"/gradio_api/(startup-events|queue/status|queue/data|upload_progress)"),
    AllowedRoute("GET", r"/gradio_api/heartbeat/[A-Za-z0-9_-]{1,64}"),
    AllowedRoute("GET", r"/gradio_api/call/(v2/)?(?!v2/)[a-z0-9_]+/[A-Za-z0-9_-]{1,64}"),
    # What `save_result` wrote. Uploads come in and are never served: no stranger's HTML is, and
    # nobody's photo.
    AllowedRoute("GET HEAD", r"/gradio_api/file=.+/[0-9a-f]{40}/[^/]+"),
    AllowedRoute("POST", r"/gradio_api/queue/join", "event"),
    AllowedRoute("POST", r"/gradio_api/call/(?P<name>(?!v2/)[a-z0-9_]+)/?", "named event"),
    AllowedRoute("POST", r"/gradio_api/call/v2/(?P<name>[a-z0-9_]+)/?", "named values"),
    AllowedRoute("POST", r"/gradio_api/(cancel|reset/?)", "json"),
    AllowedRoute("POST", rf"/{UPLOAD_URL}", "upload"),
)
_MCP = AllowedRoute("GET POST DELETE", r"/gradio_api/mcp(/.*)?")


class RefusedError(Exception):
    """The request goes no further."""

    def __init__(self, status: int, reason: str | list[dict[str, Any]]) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class AllowlistMiddleware:
    """ASGI middleware around Gradio's app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held = 0  # bytes of JSON
        self._uploads = 0
        self._endpoints: dict[str, dict[str, bool]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._pass(scope, receive, note_start)
        except RefusedError as refusal:
            if not started:
                answer = JSONResponse({"detail": refusal.reason}, refusal.status)
                await answer(scope, receive, send)
        except RuntimeError as error:
            # Gradio streams first and finds out then that there is nothing to stream.
            if not started or not isinstance(error.__cause__, HTTPException):
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        blocks: Blocks = scope["app"].get_blocks()
        prefix = prefix_of(blocks.root_path) or scope.get("root_path", "")
        if prefix and scope["path"] == prefix:
            return await _add_slash(prefix, scope, receive, send)
        has_mcp = bool(blocks.mcp_server_obj)
        door, name, path = find_inner_door(scope["method"], scope["path"], prefix, has_mcp)
        scope = at_root(scope, path)
        if door.kind == "plain":
            if path == "/" and prefix:
                send = with_base(send, prefix)
            await self._app(scope, receive, send)
        elif door.kind == "upload":
            await self._pass_upload(scope, receive, send)
        else:
            await self._pass_json(blocks, door.kind, name, scope, receive, send)

    async def _pass_json(
        self, blocks: Blocks, kind: str, name: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        check_length(scope, MAX_JSON_BYTES)
        content = bytearray()
        try:
            reading = asyncio.wait_for(self._read(receive, content), JSON_LIMIT_S)
            if not await reading:
                return
            # A language model knows a picture by its address.
            body = parse_json(bytes(content), takes_addresses=bool(blocks.mcp_server_obj))
            if kind == "named values":
                check_named(body, self._endpoints_of(blocks), name)
            elif kind != "json":
                check_event(body, event_kinds(blocks), name or None)
        except AddressError as error:
            raise RefusedError(422, _as_validation(str(error))) from None
        except ValueError as error:
            raise RefusedError(400, str(error)) from None
        except asyncio.TimeoutError:
            raise RefusedError(408, "the request took too long to arrive") from None
        finally:
            self._held -= len(content)
        if kind != "json":
            check_room(blocks)
        await self._app(scope, replay(bytes(content), receive), send)

    def _endpoints_of(self, blocks: Blocks) -> dict[str, dict[str, bool]]:
        if self._endpoints is None:
            self._endpoints = endpoints(blocks)
        return self._endpoints

    async def _read(self, receive: Receive, content: bytearray) -> bool:
        """Appends the body to `content`; False where the client has gone."""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return False
            chunk = message.get("body", b"")
            content += chunk
            self._held += len(chunk)
            if len(content) > MAX_JSON_BYTES:
                raise RefusedError(413, f"a request has at most {MAX_JSON_BYTES} bytes")
            if self._held > MAX_HELD_BYTES:
                raise RefusedError(503, "the server is busy: please try again")
            if not message.get("more_body"):
                return True

    async def _pass_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        check_length(scope, MAX_FORM_BYTES)
        if self._uploads >= UPLOADS_AT_ONCE:
            raise RefusedError(503, "the server is receiving many files: please try again")
        self._uploads += 1
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_FORM_BYTES:
                raise RefusedError(413, f"a file here has at most {MAX_UPLOAD_MB} MB")
            return message

        try:
            await asyncio.wait_for(self._app(scope, count, send), UPLOAD_LIMIT_S)
        except asyncio.TimeoutError:
            raise RefusedError(408, "the file took too long to arrive") from None
        except ClientDisconnect:
            log.info("an upload was broken off by the browser")
        finally:
            self._uploads -= 1


async def _add_slash(prefix: str, scope: Scope, receive: Receive, send: Send) -> None:
    query = scope["query_string"].decode("latin-1")
    answer = RedirectResponse(f"{prefix}/" + (f"?{query}" if query else ""), 308)
    await answer(scope, receive, send)


def find_inner_door(
    method: str, path: str, prefix: str, has_mcp: bool
) -> tuple[AllowedRoute, str, str]:
    """As `find_door`, for a path that may begin with the prefix; and the path without it."""
    refusal = None
    for inner in inner_paths(path, prefix):
        try:
            return *find_door(method, inner, has_mcp), inner
        except RefusedError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def find_door(method: str, path: str, has_mcp: bool) -> tuple[AllowedRoute, str]:
    """The door to this path, and the event's name in it, if any. Raises RefusedError."""
    doors = (*_DOORS, _MCP) if has_mcp else _DOORS
    found = [(door, match) for door in doors if (match := re.fullmatch(door.path, path))]
    if not found:
        raise RefusedError(404, "Not Found")
    for door, match in found:
        if method in door.methods.split():
            return door, match.groupdict().get("name", "")
    raise RefusedError(405, "Method Not Allowed")


def _as_validation(reason: str) -> list[dict[str, Any]]:
    """As Gradio's validators answer: the one form of a refusal whose words its client shows."""
    return [
        {"__type__": "validate", "is_valid": False, "parameter_name": "file", "message": reason}
    ]


def event_kinds(blocks: Blocks) -> dict[int, EventKind]:
    """The events that a browser can send; those that only run in the browser are none."""
    return {
        index: EventKind(
            None if fn.api_visibility == "private" else str(fn.api_name), len(fn.inputs)
        )
        for index, fn in blocks.fns.items()
        if fn.fn is not None
    }


def endpoints(blocks: Blocks) -> dict[str, dict[str, bool]]:
    """The documented ones: of each parameter, by its name, whether it may be left out."""
    named = blocks.get_api_info()["named_endpoints"]
    return {
        name.lstrip("/"): {
            parameter["parameter_name"]: bool(parameter["parameter_has_default"])
            for parameter in info["parameters"]
        }
        for name, info in named.items()
    }


def check_length(scope: Scope, limit: int) -> None:
    """Raises RefusedError for a body that says itself that it is too long."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > limit):
            raise RefusedError(413, f"a request has at most {limit} bytes")


def check_room(blocks: Blocks) -> None:
    """Raises RefusedError where the queue is full or the server ends: who asks hears at once."""
    if LEAVING.is_set():
        raise RefusedError(503, "The server is being stopped. Please try again in a minute.")
    queue = blocks._queue
    if queue.max_size is not None and len(queue) >= queue.max_size:
        raise RefusedError(
            503, f"The server is busy: {len(queue)} others are waiting. Please try again."
        )


def replay(content: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """`receive` as if the body had not been read."""
    is_given = False

    async def give() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()  # waits until the client goes
        is_given = True
        return {"type": "http.request", "body": content, "more_body": False}

    return give
