"""How photos come and finished files go: past Gradio, which would write both to disk.

The visitor's key travels in a header, never in an address, and so does the name of a photo: an
address that someone copies, or that a proxy logs, opens nothing and tells nothing.
"""

import asyncio
import logging
import threading
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pix2pix.app.server.photo_store import PhotoGoneError, PhotoStore, check_key, open_upload
from pix2pix.app.server.schemas import MAX_UPLOAD_MB, PRIVATE, clean_name, refuse, thumbnail_uri

PHOTOS_URL = "studio-photos"
THUMB_SIDE = 160
UPLOADS_AT_ONCE = 8  # each may need MAX_UPLOAD_MB of memory
UPLOAD_LIMIT_S = 300

log = logging.getLogger("pix2pix")

_decoding = threading.Lock()  # a picture of 50 megapixels needs 150 MB: one at a time


def photo_routes(store: PhotoStore) -> list[Route]:
    uploads = 0

    async def receive(request: Request) -> Response:
        nonlocal uploads
        if uploads >= UPLOADS_AT_ONCE:
            return refuse("the server is receiving many photos: please try again", 503)
        uploads += 1
        try:
            key = request.headers.get("x-studio-key", "")
            check_key(key)
            name = clean_name(unquote(request.headers.get("x-photo-name", "")))
            content = await asyncio.wait_for(_read_body(request, name), UPLOAD_LIMIT_S)
            return JSONResponse(
                await run_in_threadpool(_keep, store, key, content, name), headers=PRIVATE
            )
        except ValueError as error:
            return refuse(str(error), 200)  # an answer like another: browsers log all else
        except asyncio.TimeoutError:
            return refuse("the photo took too long to arrive", 408)
        except ClientDisconnect:
            log.info("an upload was broken off by the browser")
            return Response(status_code=400)  # nobody reads it
        finally:
            uploads -= 1

    async def hand_out(request: Request) -> Response:
        try:
            result = store.take_result(*_whose(request))
        except PhotoGoneError as error:
            return refuse(str(error), 404)
        return Response(result.content, media_type=result.media_type, headers=PRIVATE)

    async def forget(request: Request) -> Response:
        store.drop(*_whose(request))
        return Response(status_code=204)

    async def forget_all(request: Request) -> Response:
        store.end(request.headers.get("x-studio-key", ""))
        return Response(status_code=204)

    return [
        Route(f"/{PHOTOS_URL}", receive, methods=["POST"]),
        Route(f"/{PHOTOS_URL}", forget_all, methods=["DELETE"]),
        Route(f"/{PHOTOS_URL}/{{id}}", forget, methods=["DELETE"]),
        Route(f"/{PHOTOS_URL}/{{id}}/result", hand_out, methods=["GET"]),
    ]


def _whose(request: Request) -> tuple[str, str]:
    return request.headers.get("x-studio-key", ""), request.path_params["id"]


async def _read_body(request: Request, name: str) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_UPLOAD_MB << 20:
            raise ValueError(f"{name}: is larger than {MAX_UPLOAD_MB} MB")
    return bytes(content)


def _keep(store: PhotoStore, key: str, content: bytes, name: str) -> dict[str, object]:
    with _decoding:
        photo = open_upload(content, name)
    width, height = photo.size
    thumb = thumbnail_uri(photo.preview, THUMB_SIDE)
    return {
        "photo": store.keep(key, photo),
        "name": name,
        "width": width,
        "height": height,
        "thumb": thumb,
    }
