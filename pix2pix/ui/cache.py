"""Files that pass through Gradio's folder: few, for a short while, and gone with the process.

Gradio deletes what it has counted, and counts no upload that was broken off.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

SWEEP_EVERY_S = 60
KEEP_S = 1800  # uploads and results
MAX_FILES_BYTES = 2 << 30  # of all of them; the oldest make room

LARGE_BYTES = 12 << 20  # a little less than the blocks of 16 MiB that Pillow's pictures lie in
_M_MMAP_THRESHOLD = -3  # of mallopt(3)


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for this process alone, readable by nobody else, deleted in the end.

    Where GRADIO_TEMP_DIR names one, it is that, and it stays.
    """
    given = os.environ.get("GRADIO_TEMP_DIR")
    if given:
        yield Path(given)
        return
    folder = tempfile.mkdtemp(prefix="pix2pix-")  # mode 0700
    os.environ["GRADIO_TEMP_DIR"] = folder
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ["GRADIO_TEMP_DIR"]


def sweep(folder: Path, keep_s: float = KEEP_S, max_bytes: int = MAX_FILES_BYTES) -> None:
    """Deletes what is too old, and the oldest while there is too much; then empty folders."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in found)
    oldest = time.time() - keep_s
    for changed, size, path in sorted(found):
        if changed < oldest or total > max_bytes:
            path.unlink(missing_ok=True)
            total -= size
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            with contextlib.suppress(OSError):  # not empty: rmdir takes no others
                path.rmdir()


def give_memory_back() -> None:
    """Returns to the system what the C library holds after large pictures; glibc only.

    Measured: of 800 MB that stayed after three photos of 49 megapixels, 767 went back.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def return_large_blocks() -> None:
    """From now on the C library returns large blocks as soon as they are freed; glibc only.

    Left alone it keeps the next ones after the first. Measured: the app, at 1,140 MB, stays at
    1,380 after a photo of 49 megapixels, and so at 1,150. What networks work in is smaller.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


@contextlib.asynccontextmanager
async def keep_tidy(_: Any) -> AsyncIterator[None]:
    """Sweeps and trims now and then, as long as the server runs."""
    # Imported late: the folder is chosen before Gradio is there.
    from gradio.utils import get_upload_folder

    def tidy() -> None:
        sweep(Path(get_upload_folder()))
        give_memory_back()

    async def often() -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            await asyncio.to_thread(tidy)

    task = asyncio.create_task(often())
    try:
        yield
    finally:
        task.cancel()
