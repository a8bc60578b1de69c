"""Files that pass through Gradio's folder: few, for a short while, and gone with the process.

Gradio deletes what it has counted, and counts no upload that was broken off.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from pix2pix.runtime.malloc import trim_heap

SWEEP_EVERY_S = 60
KEEP_S = 1800  # uploads and results
MAX_FILES_BYTES = 2 << 30  # of all of them; the oldest make room


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


@contextlib.asynccontextmanager
async def keep_tidy(_: Any) -> AsyncIterator[None]:
    """Sweeps and trims now and then, as long as the server runs."""
    # Imported late: the folder is chosen before Gradio is there.
    from gradio.utils import get_upload_folder

    def tidy() -> None:
        sweep(Path(get_upload_folder()))
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
