"""Uploads of programs, in place of Gradio's own route.

Gradio keeps two uploads of the same bytes as one file. Here a file is deleted after its use, so
each upload is a file of its own: one call cannot delete the file of another.
"""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pix2pix.app.server.answers import PRIVATE
from pix2pix.app.server.client_address import current_client
from pix2pix.app.server.upload_cache import keep_upload, upload_folder
from pix2pix.web.tab_props import MAX_UPLOAD_MB

UPLOAD_URL = "gradio_api/upload"
MAX_FILES = 32  # in one form
NO_FORM = "files must come in a multipart form, each as `files`"


def upload_routes() -> list[Route]:
    return [Route(f"/{UPLOAD_URL}", receive, methods=["POST"])]


async def receive(request: Request) -> Response:
    """The paths of the form's files, as Gradio's upload answers.

    The request filter bounds the size and the time of the request.
    """
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
            files = form.getlist("files")
            if not files or not all(isinstance(file, UploadFile) for file in files):
                return _refuse(NO_FORM, 400)
            if any((file.size or 0) > MAX_UPLOAD_MB << 20 for file in files):  # type: ignore[union-attr]
                return _refuse(f"a file here has at most {MAX_UPLOAD_MB} MB", 413)
            paths = await run_in_threadpool(_keep, files, current_client())  # type: ignore[arg-type]
    except HTTPException as error:  # Starlette's message for a broken form, or for too many files
        return _refuse(str(error.detail), 400)
    except (LookupError, ValueError):  # an unknown charset or a broken header
        return _refuse(NO_FORM, 400)
    return JSONResponse(paths, headers=PRIVATE)


def _keep(files: Sequence[UploadFile], client: str) -> list[str]:
    """The uploads' paths in the upload folder: no answer tells where that lies."""
    kept = [keep_upload(file.file, file.filename or "", client) for file in files]
    return [path.relative_to(upload_folder()).as_posix() for path in kept]


def _refuse(reason: str, status: int) -> Response:
    return JSONResponse({"detail": reason}, status, headers=PRIVATE)
