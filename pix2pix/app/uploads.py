"""Uploads of programs, and of the tabs that work on files, in the place of Gradio's own route.

Gradio keeps two uploads of the same bytes as one file. Here a photo is deleted after its use, so
each upload is a file of its own: one call cannot take away what another has yet to read.
"""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from gradio.utils import get_upload_folder
from gradio_client.utils import strip_invalid_filename_characters
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pix2pix.app.server.schemas import MAX_UPLOAD_MB, PRIVATE, clean_name

UPLOAD_URL = "gradio_api/upload"
MAX_FILES = 32  # in one form
NO_FORM = "files must come in a multipart form, each as `files`"


def upload_routes() -> list[Route]:
    return [Route(f"/{UPLOAD_URL}", receive, methods=["POST"])]


async def receive(request: Request) -> Response:
    """The paths of the files in the form, as Gradio's own upload answers. What bounds the size and
    the time of a request stands in the gate."""
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
            files = form.getlist("files")
            if not files or not all(isinstance(file, UploadFile) for file in files):
                return _refuse(NO_FORM, 400)
            if any((file.size or 0) > MAX_UPLOAD_MB << 20 for file in files):  # type: ignore[union-attr]
                return _refuse(f"a file here has at most {MAX_UPLOAD_MB} MB", 413)
            paths = await run_in_threadpool(_keep, files)  # type: ignore[arg-type]
    except HTTPException as error:  # Starlette's words for a broken form, or for too many files
        return _refuse(str(error.detail), 400)
    except (LookupError, ValueError):  # a charset or a header that is none
        return _refuse(NO_FORM, 400)
    return JSONResponse(paths, headers=PRIVATE)


def _keep(files: Sequence[UploadFile]) -> list[str]:
    paths = []
    for file in files:
        # Unlike a result's, its name has no 40 digits: the gate lets nobody fetch it.
        folder = Path(get_upload_folder()) / f"upload-{secrets.token_hex(16)}"
        folder.mkdir(parents=True)
        path = folder / _file_name(file.filename or "")
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept, 1 << 20)
        paths.append(str(path.resolve()))
    return paths


def _file_name(name: str) -> str:
    kept = strip_invalid_filename_characters(clean_name(name))
    return kept if kept.strip(". ") else "upload"


def _refuse(reason: str, status: int) -> Response:
    return JSONResponse({"detail": reason}, status, headers=PRIVATE)
