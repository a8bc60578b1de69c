"""Reads request bodies within limits of size, time and number."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import unquote

import anyio
from starlette.requests import Request
from starlette.types import Scope

from pix2pix.app.server.answers import RequestError
from pix2pix.app.server.client_address import current_client
from pix2pix.app.server.client_shares import Share
from pix2pix.app.server.limits import DEFAULT_LIMITS, Limits
from pix2pix.app.server.schemas import clean_name
from pix2pix.web.tab_props import MAX_UPLOAD_MB

MAX_JSON_BYTES = 2 << 20  # a drawing of 1024x1024 pixels needs less
JSON_LIMIT_S = 30
UPLOAD_LIMIT_S = 300
GRACE_S = 10  # before the rate of a body is looked at


class BodyReader:
    """Reads the bodies of all requests of one app and limits what they hold together.

    Raises RequestError 503 where all clients together are at a limit, 429 where one is.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._held = 0  # bytes of JSON in memory
        self._held_by = Share(limits.client_body_mb << 20, "large requests")
        self._uploads = 0
        self._uploads_by = Share(limits.client_uploads, "files")

    @asynccontextmanager
    async def json(self, request: Request) -> AsyncIterator[bytes]:
        """The text of a JSON body. Its bytes count as held until the block is left.

        Raises RequestError: 413 over MAX_JSON_BYTES, 408 after JSON_LIMIT_S or where it comes too
        slowly, 503 and 429 where other bodies hold too much.
        """
        check_length(request.scope, MAX_JSON_BYTES)
        client = current_client()
        held = 0
        content = bytearray()
        try:
            with self.in_time(JSON_LIMIT_S) as note:
                async for chunk in request.stream():
                    note(len(chunk))
                    if len(content) + len(chunk) > MAX_JSON_BYTES:
                        raise RequestError(413, f"a request has at most {MAX_JSON_BYTES} bytes")
                    if self._held + len(chunk) > self._limits.body_mb << 20:
                        raise RequestError(503, "the server is busy: please try again")
                    self._held_by.add(client, len(chunk))
                    held += len(chunk)
                    self._held += len(chunk)
                    content += chunk
            yield bytes(content)
        finally:
            self._held -= held
            self._held_by.remove(client, held)

    @asynccontextmanager
    async def file(self, request: Request) -> AsyncIterator[tuple[bytes, str]]:
        """The file in the body, and its name from the header x-photo-name, cleaned.

        Raises ValueError for a file over MAX_UPLOAD_MB; RequestError as `upload` does, and 408
        after UPLOAD_LIMIT_S or where it comes too slowly.
        """
        name = clean_name(unquote(request.headers.get("x-photo-name", "")))
        async with self.upload():
            with self.in_time(UPLOAD_LIMIT_S) as note:
                content = await _read_file(request, name, note)
            yield content, name

    @asynccontextmanager
    async def upload(self) -> AsyncIterator[None]:
        """Counts an upload. Raises RequestError 503 where there are too many, 429 of one client."""
        if self._uploads >= self._limits.uploads:
            raise RequestError(503, "the server is receiving many files: please try again")
        with self._uploads_by.taken(current_client()):
            self._uploads += 1
            try:
                yield
            finally:
                self._uploads -= 1

    @contextmanager
    def in_time(self, limit_s: float) -> Iterator[Callable[[int], None]]:
        """Gives a function to note received bytes. Raises RequestError 408 after `limit_s`, or
        GRACE_S and the time that the bytes may take at the slowest rate.

        So a byte now and then does not stretch the time, and a slow connection gets its own.
        """
        start, received = anyio.current_time(), 0
        is_late = RequestError(408, "the request took too long to arrive")
        try:
            with anyio.fail_after(min(limit_s, GRACE_S)) as scope:

                def note(count: int) -> None:
                    nonlocal received
                    received += count
                    allowed = GRACE_S + received / (self._limits.body_kb_per_s << 10)
                    scope.deadline = start + min(limit_s, allowed)

                yield note
        except TimeoutError:
            raise is_late from None


async def _read_file(request: Request, name: str, note: Callable[[int], None]) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        note(len(chunk))
        content += chunk
        if len(content) > MAX_UPLOAD_MB << 20:
            raise ValueError(f"{name}: is larger than {MAX_UPLOAD_MB} MB")
    return bytes(content)


def check_length(scope: Scope, limit: int) -> None:
    """Raises RequestError 413 where the header content-length exceeds the limit (bytes)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > limit):
            raise RequestError(413, f"a request has at most {limit} bytes")
