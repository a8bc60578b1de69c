"""Bounds the disk space of uploads and results, and deletes what killed processes left.

The client that holds the most makes room first, so nobody's files go because of a stranger's.
"""

import contextlib
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

# The server keeps at most 2 GB. Starlette spools eight uploads of 64 MB at once beside the folder.
MAX_DISK_BYTES = 2 << 30
SPOOLED_BYTES = 512 << 20
MAX_FILES_BYTES = MAX_DISK_BYTES - SPOOLED_BYTES
MAX_FILES = 4000  # small ones would use up inodes, and time to look through

PREFIX = "pix2pix-"
LOCK_NAME = ".lock"
NEW_S = 3600  # a folder without a lock may be about to get one


class DiskShare:
    """The files in the folder of uploads and results, and the clients that they are of."""

    def __init__(self, max_bytes: int = MAX_FILES_BYTES, max_files: int = MAX_FILES) -> None:
        self._max_bytes, self._max_files = max_bytes, max_files
        self._lock = threading.Lock()
        self._clients: dict[Path, str] = {}
        self._reserved: dict[Path, int] = {}  # bytes of files that are being written

    @contextlib.contextmanager
    def writing(self, path: Path, size: int, client: str) -> Iterator[None]:
        """Makes room, and the folder, for a file of at most `size` bytes before it is written.

        Raises ValueError if even without all other files there is too little room.
        """
        with self._lock:
            self._reserved[path], self._clients[path] = size, client
            try:
                self._make_room(path.parents[1])
            except ValueError:
                del self._reserved[path], self._clients[path]
                raise
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield
        finally:
            with self._lock:
                del self._reserved[path]

    def sweep(self, folder: Path, keep_s: float) -> None:
        """Deletes files older than `keep_s`, the oldest over the limit, and empty folders.

        Files that are being written stay, as do their folders.
        """
        with self._lock:
            found = [file for file in find_files(folder) if file[2] not in self._reserved]
            total = sum(size for _, size, _ in found)
            oldest = time.time() - keep_s
            for changed, size, path in sorted(found):
                if changed < oldest or total > self._max_bytes:
                    path.unlink(missing_ok=True)
                    total -= size
            in_use = {parent for path in self._reserved for parent in path.parents}
            for name, _, _ in os.walk(folder, topdown=False):
                if Path(name) != folder and Path(name) not in in_use:
                    with contextlib.suppress(OSError):  # not empty: rmdir removes no others
                        Path(name).rmdir()

    def _make_room(self, folder: Path) -> None:
        found = find_files(folder)
        known = {path for _, _, path in found} | self._reserved.keys()
        self._clients = {path: c for path, c in self._clients.items() if path in known}
        waiting = [file for file in sorted(found) if file[2] not in self._reserved]
        held: Counter[str] = Counter()
        for path, size in self._reserved.items():
            held[self._clients[path]] += size
        for _, size, path in waiting:
            held[self._clients.get(path, "")] += size
        total, count = sum(held.values()), len(waiting) + len(self._reserved)
        while total > self._max_bytes or count > self._max_files:
            holders = [self._clients.get(path, "") for _, _, path in waiting]
            if not holders:
                raise ValueError("there is no room for this file on the server's disk right now")
            heaviest = max(set(holders), key=held.__getitem__)
            _, size, path = waiting.pop(holders.index(heaviest))
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                path.parent.rmdir()
            held[heaviest] -= size
            total, count = total - size, count - 1


FILES = DiskShare()


def find_files(folder: Path) -> list[tuple[float, int, Path]]:
    """The time, size and path of each file below a folder; no lock, and nothing behind links."""
    found = []
    for parent, _, names in os.walk(folder):  # passes over folders that vanish meanwhile
        for path in (Path(parent) / name for name in names if name != LOCK_NAME):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink():
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
    return found


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Marks a folder as that of a living process. The system frees the lock of one that dies."""
    lock = FileLock(folder / LOCK_NAME, timeout=0)
    with contextlib.suppress(OSError, Timeout):  # a file system without locks
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def remove_leftovers(parent: Path) -> None:
    """Deletes the folders that killed processes of this user left in a folder."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            if folder.is_symlink() or not folder.is_dir() or not _is_own(folder):
                continue
            lock = folder / LOCK_NAME
            if not lock.exists() and folder.stat().st_mtime > time.time() - NEW_S:
                continue
            with FileLock(lock, timeout=0):  # Timeout: its process lives
                shutil.rmtree(folder, ignore_errors=True)


def _is_own(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
