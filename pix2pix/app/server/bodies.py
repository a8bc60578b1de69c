"""Reads request bodies within limits of size, time and number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

import anyio
from starlette.requests import Request
from starlette.types import Scope

from pix2pix.app.server.answers import RequestError
from pix2pix.app.server.schemas import MAX_UPLOAD_MB, clean_name

MAX_JSON_BYTES = 2 << 20  # a drawing of 1024x1024 pixels needs less
MAX_HELD_BYTES = 64 << 20  # all JSON bodies together
JSON_LIMIT_S = 30
UPLOADS_AT_ONCE = 8  # each may need MAX_UPLOAD_MB of memory
UPLOAD_LIMIT_S = 300


class BodyReader:
    """Reads the bodies of all requests of one app and limits what they hold together."""

    def __init__(self) -> None:
        self._held = 0  # bytes of JSON in memory
        self._uploads = 0

    @asynccontextmanager
    async def json(self, request: Request) -> AsyncIterator[bytes]:
        """The text of a JSON body. Its bytes count as held until the block is left.

        Raises RequestError: 413 over MAX_JSON_BYTES, 408 after JSON_LIMIT_S, 503 where other
        bodies hold MAX_HELD_BYTES.
        """
        check_length(request.scope, MAX_JSON_BYTES)
        content = bytearray()
        try:
            with anyio.fail_after(JSON_LIMIT_S):
                async for chunk in request.stream():
                    content += chunk
                    self._held += len(chunk)
                    if len(content) > MAX_JSON_BYTES:
                        raise RequestError(413, f"a request has at most {MAX_JSON_BYTES} bytes")
                    if self._held > MAX_HELD_BYTES:
                        raise RequestError(503, "the server is busy: please try again")
        except TimeoutError:
            self._held -= len(content)
            raise RequestError(408, "the request took too long to arrive") from None
        except BaseException:
            self._held -= len(content)
            raise
        try:
            yield bytes(content)
        finally:
            self._held -= len(content)

    @asynccontextmanager
    async def file(self, request: Request) -> AsyncIterator[tuple[bytes, str]]:
        """The file in the body, and its name from the header x-photo-name, cleaned.

        Raises ValueError for a file over MAX_UPLOAD_MB; RequestError 503 where UPLOADS_AT_ONCE
        others are being received or worked on, and 408 after UPLOAD_LIMIT_S.
        """
        name = clean_name(unquote(request.headers.get("x-photo-name", "")))
        async with self.upload():
            try:
                with anyio.fail_after(UPLOAD_LIMIT_S):
                    content = await _read_file(request, name)
            except TimeoutError:
                raise RequestError(408, "the file took too long to arrive") from None
            yield content, name

    @asynccontextmanager
    async def upload(self) -> AsyncIterator[None]:
        """Counts one of UPLOADS_AT_ONCE. Raises RequestError 503 where there are too many."""
        if self._uploads >= UPLOADS_AT_ONCE:
            raise RequestError(503, "the server is receiving many files: please try again")
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1


async def _read_file(request: Request, name: str) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_UPLOAD_MB << 20:
            raise ValueError(f"{name}: is larger than {MAX_UPLOAD_MB} MB")
    return bytes(content)


def check_length(scope: Scope, limit: int) -> None:
    """Raises RequestError 413 where the header content-length exceeds the limit (bytes)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > limit):
            raise RequestError(413, f"a request has at most {limit} bytes")
