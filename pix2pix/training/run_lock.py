"""The lock on a run's folder, which keeps other processes out of it."""

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pix2pix.data.discovery import LOCK_NAME
from pix2pix.runtime.atomic_io import PART_PATTERN

OWNER_NAME = "run.pid"

# Errors of file systems without locks, such as some network ones
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)

log = logging.getLogger(__name__)


@contextlib.contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Locks a run's folder, creates it if needed and removes unfinished files of killed processes.

    Raises ValueError with the id of the process that holds the lock. The operating system frees the
    lock of a process that dies. File systems without locks are used unlocked, with a warning.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / OWNER_NAME
    lock = FileLock(folder / LOCK_NAME, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        pid = owner.read_text().strip() if owner.exists() else "unknown"
        raise ValueError(f"{folder}: process {pid} is training in it") from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        log.warning(
            "%s: its file system has no locks (%s); make sure that no other process trains in it",
            folder,
            error.strerror,
        )
    try:
        owner.write_text(f"{os.getpid()}\n")
        for part in list(folder.rglob(PART_PATTERN)):
            part.unlink()
        yield
    finally:
        with contextlib.suppress(PermissionError):  # Windows removes no open file
            for path in (owner, folder / LOCK_NAME):
                path.unlink(missing_ok=True)
        lock.release()
        if is_new:
            with contextlib.suppress(OSError):  # not empty: the run has begun
                folder.rmdir()
