"""The folder of programs' uploads and results: few files, deleted after KEEP_S at the latest.

Gradio deletes the files that it knows of, and it does not know of an upload that was broken off.
"""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from pix2pix.app.server.disk_share import FILES, PREFIX, locked, remove_leftovers
from pix2pix.app.server.schemas import clean_name
from pix2pix.runtime.malloc import trim_heap

SWEEP_EVERY_S = 60
KEEP_S = 1800  # uploads and results

MAX_STEM_BYTES = 160  # of a file's name

_UNSAFE = re.compile(r"[^\w .,()'&+@~-]")  # in a file name; \w has every script's letters

FOLDER_VARIABLE = "GRADIO_TEMP_DIR"  # read by Gradio (documented in its guide to environment)
GONE = "this file is not, or no longer, among the uploads: please open it again"
NOT_DESCRIBED = "a file must be described as the upload's answer does"
NOT_FETCHED = (
    "files are not fetched from the web here: please download the file and send it (handle_file "
    "with a local path, or POST it to /gradio_api/upload and give the path in the answer)"
)


class Upload(NamedTuple):
    """A file that a program has uploaded."""

    path: Path
    name: str


def upload_folder() -> Path:
    """Where uploads and results lie: Gradio's own choice, too."""
    given = os.environ.get(FOLDER_VARIABLE) or Path(tempfile.gettempdir()) / "gradio"
    return Path(given).resolve()


def is_address(path: Any) -> bool:
    """Whether it is an address on the web rather than a path."""
    return isinstance(path, str) and path.lower().startswith(("http://", "https://"))


def read_upload(file: Any) -> Upload:
    """The uploaded file that a value of a request describes: {"path": ..., "orig_name": ...}.

    Raises ValueError for anything else, and for every path outside the upload folder.
    """
    if file is None:
        raise ValueError("an image file must be given, got none")
    path = file.get("path") or file.get("url") if isinstance(file, dict) else file
    if is_address(path):
        raise ValueError(NOT_FETCHED)
    if not isinstance(file, dict):
        raise ValueError(f"file must be a JSON object, got {type(file).__name__}")
    path = file.get("path")
    if not isinstance(path, str) or "\0" in path or "://" in path:
        raise ValueError(NOT_DESCRIBED)
    try:
        resolved = (upload_folder() / path).resolve()  # an absolute path stays as it is
        is_ours = resolved.is_relative_to(upload_folder()) and resolved.is_file()
    except OSError:  # a name longer than names can be
        is_ours = False
    if not is_ours:
        raise ValueError(GONE)
    name = file.get("orig_name")
    return Upload(resolved, clean_name(name if isinstance(name, str) and name else resolved.name))


def keep_upload(file: IO[bytes], name: str, client: str = "") -> Path:
    """Writes a client's upload into a folder of its own; the path."""
    # Unlike a result's folder its name has no 40 digits: the filter lets nobody fetch it.
    folder = upload_folder() / f"upload-{secrets.token_hex(16)}"
    path = folder / _file_name(name)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    with FILES.writing(path, size, client), path.open("wb") as kept:
        shutil.copyfileobj(file, kept, 1 << 20)
    return path


def _file_name(name: str) -> str:
    """A name that any file system takes: at most 255 bytes, without special characters."""
    kept = Path(_UNSAFE.sub("", clean_name(name)).rstrip(" ."))
    suffix = kept.suffix[:16]
    stem = kept.stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    return f"{stem}{suffix}" if stem.strip(". ") else f"upload{suffix}"


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Makes a folder for this process alone, readable by nobody else, and deletes it in the end.

    Deletes the folders of killed processes. Where GRADIO_TEMP_DIR names a folder, that one is
    used, and it stays.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        FILES.sweep(Path(given).resolve(), KEEP_S)
        yield Path(given)
        return
    remove_leftovers(Path(tempfile.gettempdir()))
    folder = tempfile.mkdtemp(prefix=PREFIX)  # mode 0700
    os.environ[FOLDER_VARIABLE] = folder
    try:
        with locked(Path(folder)):
            yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ[FOLDER_VARIABLE]


@contextlib.asynccontextmanager
async def keep_tidy(_: Any) -> AsyncIterator[None]:
    """Sweeps the folder every minute while the server runs."""

    def tidy() -> None:
        FILES.sweep(upload_folder(), KEEP_S)
        trim_heap()

    async def often() -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            await asyncio.to_thread(tidy)

    task = asyncio.create_task(often())
    try:
        yield
    finally:
        task.cancel()
