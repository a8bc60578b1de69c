"""Middleware that lets only the requests through that this app needs, bounded in size and time.

Gradio serves more than that: files through a proxy, an editor of the app, recordings, events past
the queue. A path that is not listed here is answered with 404.
"""

import io
import json
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from gradio import Blocks
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pix2pix.app.gradio_compat import LOADING_TIMER, event_names
from pix2pix.app.prefix import at_root, base_tags, with_tags
from pix2pix.app.root_path import prefix_of
from pix2pix.app.server.allowed_routes import match_inner_route
from pix2pix.app.server.answers import LeavingError, RequestError
from pix2pix.app.server.bodies import UPLOAD_LIMIT_S, check_length
from pix2pix.app.server.client_address import current_client
from pix2pix.app.server.client_shares import SessionOwners, SessionRate
from pix2pix.app.server.event_validation import (
    FileError,
    check_call,
    check_named_call,
    parse_json,
)
from pix2pix.app.server.fetch import Fetcher
from pix2pix.app.server.photo_routes import KEY_HEADER
from pix2pix.app.server.studio_api import StudioApi
from pix2pix.app.server.upload_cache import is_address, keep_upload, upload_folder
from pix2pix.app.uploads import UPLOAD_URL
from pix2pix.web.tab_props import MAX_UPLOAD_MB

MAX_FORM_BYTES = (MAX_UPLOAD_MB << 20) + (1 << 20)  # a file in its multipart form
MAX_MCP_BYTES = MAX_FORM_BYTES * 4 // 3  # a file in base64

log = logging.getLogger("pix2pix")


class AllowlistMiddleware:
    """ASGI middleware around the app of `blocks`, whose routes and shared things are `studio`'s."""

    def __init__(
        self,
        app: ASGIApp,
        blocks: Blocks,
        studio: StudioApi,
        has_mcp: bool = False,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._fetcher = fetcher or Fetcher()
        self._sessions = SessionRate(studio.limits.client_sessions_per_minute)
        self._owners = SessionOwners()
        self._app, self._blocks, self._bodies = app, blocks, studio.bodies
        self._endpoints, self._has_mcp = studio.endpoints, has_mcp
        self._state, self._photos = studio.state, studio.photos
        self._names = event_names(blocks)

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
        except RequestError as refusal:
            if not started:
                answer = JSONResponse(
                    {"detail": refusal.reason}, refusal.status, headers=refusal.headers
                )
                await answer(scope, receive, send)
        except FileError as error:
            answer = JSONResponse({"detail": _as_validation(str(error))}, 422)
            await answer(scope, receive, send)
        except ClientDisconnect:
            if scope["path"].endswith(UPLOAD_URL):
                log.info("an upload was aborted by the client")
        except RuntimeError as error:
            # Gradio starts some streams before it finds that there is nothing to stream.
            if not started or not isinstance(error.__cause__, HTTPException):
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = prefix_of(self._blocks.root_path) or scope.get("root_path", "")
        if prefix and scope["path"] == prefix:
            return await _add_slash(prefix, scope, receive, send)
        route, name, path = match_inner_route(scope["method"], scope["path"], prefix, self._has_mcp)
        scope = at_root(scope, path)
        if path == "/":
            send = with_tags(send, (base_tags(prefix) if prefix else "") + LOADING_TIMER)
        if self._state.is_leaving and not self._may_stay(route.kind, scope):
            raise LeavingError
        is_stream = route.is_stream(scope["method"])
        with nullcontext() if is_stream else self._state.request():
            await self._pass_on(route.kind, name, scope, receive, send)

    def _may_stay(self, kind: str, scope: Scope) -> bool:
        """Whether a server that leaves still serves a request.

        It does for those who hold photos here; and it lets everybody fetch what is finished, cancel
        what runs, and load the scripts of an open page.
        """
        if kind == "page":
            return False
        if scope["method"] != "POST" or kind == "json":
            return True
        key = Headers(scope=scope).get(KEY_HEADER, "")
        return kind == "own" and not self._state.is_stopping and self._photos.holds(key)

    async def _pass_on(
        self, kind: str, name: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if kind == "file":
            found = find_result(name)
            await self._app(at_root(scope, f"/gradio_api/file={found}"), receive, send)
        elif kind == "mcp" and scope["method"] == "POST":
            await self._pass_mcp(scope, receive, send)
        elif kind == "session":
            for session in Request(scope).query_params.getlist("session_hash"):
                self._owners.check(session, current_client())
            await self._app(scope, receive, send)
        elif kind in ("plain", "page", "own", "stream", "mcp"):
            await self._app(scope, receive, send)
        elif kind == "upload":
            await self._pass_upload(scope, receive, send)
        else:
            await self._pass_call(kind, name, scope, receive, send)

    async def _pass_call(
        self, kind: str, name: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        body = await self._read_call(kind, name, Request(scope, receive))
        fetched = await self._fetch_address(body)
        status = 0

        async def note_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        content = json.dumps(body).encode()
        try:
            await self._app(_with_length(scope, content), replay(content, receive), note_status)
        finally:
            if fetched and status != 200:  # the call, which deletes its file, was not taken
                fetched.unlink(missing_ok=True)

    async def _fetch_address(self, body: Any) -> Path | None:
        """Replaces the address in a call by an upload with its image, if it has one."""
        data = body.get("data") if isinstance(body, dict) else None
        file = data[0] if isinstance(data, list) and data else None
        if not (isinstance(file, dict) and is_address(file.get("path"))):
            return None
        async with self._bodies.upload():
            try:
                content, name = await self._fetcher.fetch(file["path"])
            except ValueError as error:
                raise FileError(str(error)) from None
            path = await run_in_threadpool(keep_upload, io.BytesIO(content), name, current_client())
        file.pop("url", None)
        file.update(path=str(path), orig_name=name, size=len(content))
        return path

    async def _read_call(self, kind: str, name: str, request: Request) -> Any:
        """The checked body of a program's request, for Gradio."""
        async with self._bodies.json(request) as content:
            try:
                body = parse_json(content)
                if kind == "named call":
                    body = check_named_call(body, self._endpoints, name)
                elif kind != "json":
                    # With MCP addresses are taken: a language model knows a picture by its own.
                    body = check_call(
                        body, self._names, self._endpoints, name or None, self._has_mcp
                    )
            except FileError:
                raise
            except ValueError as error:
                raise RequestError(400, str(error)) from None
        session = body.get("session_hash") if isinstance(body, dict) else None
        if kind == "json":
            if isinstance(session, str):
                self._owners.check(session, current_client())
        elif kind == "call by index":
            assert isinstance(session, str)  # check_call
            self._owners.claim(session, current_client())
            self._sessions.enter(current_client(), session)
        else:
            self._sessions.enter(current_client(), None)
        return body

    async def _pass_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        check_length(scope, MAX_FORM_BYTES)
        received = 0

        async with self._bodies.upload():
            with self._bodies.in_time(UPLOAD_LIMIT_S) as note:

                async def count() -> Message:
                    nonlocal received
                    message = await receive()
                    received += len(message.get("body", b""))
                    is_whole = not message.get("more_body", False)  # what follows is our work
                    note(MAX_FORM_BYTES if is_whole else len(message.get("body", b"")))
                    if received > MAX_FORM_BYTES:
                        raise RequestError(413, f"a file here has at most {MAX_UPLOAD_MB} MB")
                    return message

                await self._app(scope, count, send)

    async def _pass_mcp(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the whole request of an MCP client, within limits, before Gradio does."""
        check_length(scope, MAX_MCP_BYTES)
        content = bytearray()
        async with self._bodies.upload():
            with self._bodies.in_time(UPLOAD_LIMIT_S) as note:
                async for chunk in Request(scope, receive).stream():
                    note(len(chunk))
                    content += chunk
                    if len(content) > MAX_MCP_BYTES:
                        raise RequestError(413, f"an image here has at most {MAX_UPLOAD_MB} MB")
            await self._app(scope, replay(bytes(content), receive), send)


async def _add_slash(prefix: str, scope: Scope, receive: Receive, send: Send) -> None:
    query = scope["query_string"].decode("latin-1")
    answer = RedirectResponse(f"{prefix}/" + (f"?{query}" if query else ""), 308)
    await answer(scope, receive, send)


def find_result(path: str) -> str:
    """The resolved path of a result that `programs.save_result` wrote.

    Raises RequestError 404 for all else: an address, which Gradio would fetch, or a path that leads
    out of the upload folder.
    """
    try:
        resolved = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise RequestError(404, "Not Found") from None
    if not resolved.is_relative_to(upload_folder()) or not resolved.is_file():
        raise RequestError(404, "Not Found")
    if not re.fullmatch(r"[0-9a-f]{40}", resolved.parent.name):
        raise RequestError(404, "Not Found")
    return str(resolved)


def _as_validation(reason: str) -> list[dict[str, Any]]:
    """As Gradio's validators answer: the one form of a refusal whose words its client shows."""
    return [
        {"__type__": "validate", "is_valid": False, "parameter_name": "file", "message": reason}
    ]


def _with_length(scope: Scope, content: bytes) -> Scope:
    """The scope with the length of another body."""
    others = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return {**scope, "headers": [*others, (b"content-length", str(len(content)).encode())]}


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
