"""Uploads of programs, in place of Gradio's own route.

Gradio keeps two uploads of the same bytes as one file. Here a file is deleted after its use, so
each upload is a file of its own: one call cannot delete the file of another.
"""

import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pix2pix.app.server.answers import PRIVATE
from pix2pix.app.server.schemas import MAX_UPLOAD_MB, clean_name
from pix2pix.app.server.upload_cache import upload_folder

UPLOAD_URL = "gradio_api/upload"
MAX_FILES = 32  # in one form
MAX_STEM_BYTES = 160  # of a file's name
NO_FORM = "files must come in a multipart form, each as `files`"

_UNSAFE = re.compile(r"[^\w .,()'&+@~-]")  # in a file name; \w has every script's letters


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
            paths = await run_in_threadpool(_keep, files)  # type: ignore[arg-type]
    except HTTPException as error:  # Starlette's message for a broken form, or for too many files
        return _refuse(str(error.detail), 400)
    except (LookupError, ValueError):  # an unknown charset or a broken header
        return _refuse(NO_FORM, 400)
    return JSONResponse(paths, headers=PRIVATE)


def _keep(files: Sequence[UploadFile]) -> list[str]:
    paths = []
    for file in files:
        # Unlike a result's folder its name has no 40 digits: the filter lets nobody fetch it.
        folder = upload_folder() / f"upload-{secrets.token_hex(16)}"
        folder.mkdir(parents=True)
        path = folder / _file_name(file.filename or "")
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept, 1 << 20)
        paths.append(str(path))
    return paths


def _file_name(name: str) -> str:
    """A name that any file system takes: at most 255 bytes, without special characters."""
    kept = Path(_UNSAFE.sub("", clean_name(name)).rstrip(" ."))
    suffix = kept.suffix[:16]
    stem = kept.stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    return f"{stem}{suffix}" if stem.strip(". ") else f"upload{suffix}"


def _refuse(reason: str, status: int) -> Response:
    return JSONResponse({"detail": reason}, status, headers=PRIVATE)
