"""Middleware that lets only the requests through that this app needs, bounded in size and time.

Gradio serves more than that: files through a proxy, an editor of the app, recordings, events past
the queue. A path that is not listed here is answered with 404.
"""

import io
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gradio import Blocks
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pix2pix.app.assets import ASSETS_URL, COMPONENT_URL
from pix2pix.app.gradio_compat import event_names
from pix2pix.app.prefix import at_root, with_base
from pix2pix.app.root_path import inner_paths, prefix_of
from pix2pix.app.server.answers import RequestError
from pix2pix.app.server.bodies import UPLOAD_LIMIT_S, BodyReader, check_length
from pix2pix.app.server.browser_engine import ENGINE_URL
from pix2pix.app.server.client_address import current_client
from pix2pix.app.server.client_shares import SessionOwners, SessionRate
from pix2pix.app.server.event_validation import (
    Endpoint,
    FileError,
    check_call,
    check_named_call,
    parse_json,
)
from pix2pix.app.server.fetch import Fetcher
from pix2pix.app.server.limits import DEFAULT_LIMITS, Limits
from pix2pix.app.server.shutdown import is_stopping
from pix2pix.app.server.studio_api import API_URL
from pix2pix.app.server.upload_cache import is_address, keep_upload, upload_folder
from pix2pix.app.uploads import UPLOAD_URL
from pix2pix.web.tab_props import MAX_UPLOAD_MB

MAX_FORM_BYTES = (MAX_UPLOAD_MB << 20) + (1 << 20)  # a file in its multipart form
MAX_MCP_BYTES = MAX_FORM_BYTES * 4 // 3  # a file in base64

log = logging.getLogger("pix2pix")


class AllowedRoute(NamedTuple):
    """Paths that are open, and to which methods."""

    methods: str
    path: str  # regular expression of the whole path
    kind: str = "plain"  # or "json", "call by index", "call", "named call", "upload", "mcp": its
    # body; or "file": a result; or "session": the stream of a session


_ROUTES = (
    AllowedRoute("GET HEAD", r"/"),
    AllowedRoute("GET", r"/(config/?|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon)"),
    AllowedRoute("GET", r"/(svelte|static|assets)/[A-Za-z0-9_@~+-][A-Za-z0-9_./@~+-]{,200}"),
    AllowedRoute("GET HEAD", rf"/{ASSETS_URL}/.+"),
    AllowedRoute("GET HEAD", rf"/{re.escape(COMPONENT_URL)}"),
    AllowedRoute("GET", rf"/{ENGINE_URL}/(models|runtime-[0-9a-f]{{12}})/[A-Za-z0-9_.-]{{1,100}}"),
    # The page's own routes bound their bodies themselves.
    AllowedRoute("GET POST DELETE", rf"/{API_URL}/[a-z0-9_]{{1,64}}/[a-z-]{{1,32}}"),
    AllowedRoute("GET DELETE", rf"/{API_URL}/[a-z0-9_]{{1,64}}/photos/[0-9a-f]{{32}}(/result)?"),
    AllowedRoute("GET", r"/gradio_api/(info/?|app_id/?|user/?|token/?|login_check/?|theme\.css)"),
    AllowedRoute("GET", r"/gradio_api/(startup-events|queue/status|upload_progress)"),
    AllowedRoute("GET", r"/gradio_api/queue/data", "session"),
    AllowedRoute("GET", r"/gradio_api/heartbeat/[A-Za-z0-9_-]{1,64}"),
    AllowedRoute("GET", r"/gradio_api/call/(v2/)?(?!v2/)[a-z0-9_]+/[A-Za-z0-9_-]{1,64}"),
    # Results that `programs.save_result` wrote. Uploads are never served: neither a stranger's
    # HTML nor somebody's photo.
    AllowedRoute("GET HEAD", r"/gradio_api/file=(?P<name>.+/[0-9a-f]{40}/[^/]+)", "file"),
    AllowedRoute("POST", r"/gradio_api/queue/join", "call by index"),
    AllowedRoute("POST", r"/gradio_api/call/(?P<name>(?!v2/)[a-z0-9_]+)/?", "call"),
    AllowedRoute("POST", r"/gradio_api/call/v2/(?P<name>[a-z0-9_]+)/?", "named call"),
    AllowedRoute("POST", r"/gradio_api/(cancel|reset/?)", "json"),
    AllowedRoute("POST", rf"/{UPLOAD_URL}", "upload"),
)
_MCP = AllowedRoute("GET POST DELETE", r"/gradio_api/mcp(/.*)?", "mcp")


class AllowlistMiddleware:
    """ASGI middleware around the app of `blocks`, whose endpoints for programs are given."""

    def __init__(
        self,
        app: ASGIApp,
        blocks: Blocks,
        bodies: BodyReader,
        endpoints: Mapping[str, Endpoint],
        has_mcp: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._fetcher = fetcher or Fetcher()
        self._sessions = SessionRate(limits.client_sessions_per_minute)
        self._owners = SessionOwners()
        self._app, self._blocks, self._bodies = app, blocks, bodies
        self._endpoints, self._has_mcp = endpoints, has_mcp
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
        if route.kind == "file":
            found = find_result(name)
            await self._app(at_root(scope, f"/gradio_api/file={found}"), receive, send)
        elif route.kind == "mcp" and scope["method"] == "POST":
            await self._pass_mcp(scope, receive, send)
        elif route.kind == "session":
            for session in Request(scope).query_params.getlist("session_hash"):
                self._owners.check(session, current_client())
            await self._app(scope, receive, send)
        elif route.kind in ("plain", "mcp"):
            if path == "/" and prefix:
                send = with_base(send, prefix)
            await self._app(scope, receive, send)
        elif route.kind == "upload":
            await self._pass_upload(scope, receive, send)
        else:
            await self._pass_call(route.kind, name, scope, receive, send)

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
        if kind != "json" and is_stopping():
            raise RequestError(503, "The server is being stopped. Please try again in a minute.")
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


def match_inner_route(
    method: str, path: str, prefix: str, has_mcp: bool
) -> tuple[AllowedRoute, str, str]:
    """As `match_route`, for a path that may begin with the prefix; and the path without it."""
    refusal = None
    for inner in inner_paths(path, prefix):
        try:
            return *match_route(method, inner, has_mcp), inner
        except RequestError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def match_route(method: str, path: str, has_mcp: bool) -> tuple[AllowedRoute, str]:
    """The route of a path, and the endpoint's name in it or "". Raises RequestError 404, 405."""
    routes = (*_ROUTES, _MCP) if has_mcp else _ROUTES
    found = [(route, match) for route in routes if (match := re.fullmatch(route.path, path))]
    if not found:
        raise RequestError(404, "Not Found")
    for route, match in found:
        if method in route.methods.split():
            return route, match.groupdict().get("name", "")
    raise RequestError(405, "Method Not Allowed")


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
