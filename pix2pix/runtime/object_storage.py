"""Read and write files in object storage by URL (s3://, gs://, ...). Only this imports fsspec."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

MISSING = "files at URLs need the package fsspec: run pip install 'pix2pix-studio[ray]'"
GLOB = frozenset("*?[")
# Stores in which an object appears whole, or not at all; elsewhere a file is renamed when complete
ATOMIC = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"})
# Keys under which file systems of fsspec give the time of the last change
_TIMES = ("LastModified", "mtime", "updated", "last_modified", "modified", "created")


@dataclass(frozen=True)
class StoredFile:
    """A file in object storage."""

    url: str
    name: str  # relative to the listed folder, separated by /
    size: int  # bytes
    modified: float  # seconds since 1970; 0 if the storage does not say


def is_url(name: str) -> bool:
    scheme, separator, _ = name.partition("://")
    return bool(separator) and scheme.isidentifier()


@contextlib.contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turns every error of a storage library into ValueError "URL: reason"."""
    try:
        yield
    except FileNotFoundError:
        raise ValueError(f"{url}: no such file") from None
    except ImportError as error:  # fsspec names the package to install
        raise ValueError(f"{url}: {error}") from None
    except Exception as error:  # botocore, gcsfs and aiohttp have exceptions of their own
        raise ValueError(f"{url}: {str(error) or type(error).__name__}") from None


def open_storage(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it. Raises ValueError if it is not usable."""
    if importlib.util.find_spec("fsspec") is None:
        raise ValueError(MISSING)
    import fsspec

    with storage_errors(url):
        return fsspec.core.url_to_fs(url)


def normalise_url(url: str) -> str:
    """The URL in the form that `list_files` gives. ValueError if a storage library is missing."""
    return f"{url.partition('://')[0]}://{open_storage(url)[1]}"


def list_files(url: str, recursive: bool = True) -> list[StoredFile]:
    """The files in a folder, and in its sub-folders if `recursive`, sorted by name.

    An empty list if there is no such folder. Raises ValueError if it cannot be listed.
    """
    storage, root = open_storage(url)
    with storage_errors(url):
        storage.invalidate_cache()
        try:
            found = storage.find(root, maxdepth=None if recursive else 1, detail=True)
        except FileNotFoundError:
            return []
    root = root.rstrip("/")
    files = [
        _describe(url, path, path.removeprefix(root).lstrip("/"), info)
        for path, info in found.items()
        if path.startswith(f"{root}/") and not path.endswith("/")
    ]
    return sorted(files, key=lambda file: file.name)


def expand_url(url: str) -> list[StoredFile] | None:
    """The files at a URL or a pattern of URLs; None if it is a folder. ValueError if it is neither.

    A pattern's * does not match /, its ** does.
    """
    storage, path = open_storage(url)
    with storage_errors(url):
        if GLOB & set(path) and not storage.exists(path):
            found = storage.glob(path, detail=True)
            infos = {path: info for path, info in found.items() if info["type"] == "file"}
        elif storage.isdir(path):
            return None
        else:
            infos = {path: storage.info(path)}
    if not infos:
        raise ValueError(f"{url}: matches no file")
    return [_describe(url, p, p.rpartition("/")[2], info) for p, info in sorted(infos.items())]


def _describe(url: str, path: str, name: str, info: dict[str, Any]) -> StoredFile:
    time = next((info[key] for key in _TIMES if info.get(key) is not None), 0)
    if isinstance(time, str):
        time = datetime.fromisoformat(time.replace("Z", "+00:00"))
    seconds = time.timestamp() if isinstance(time, datetime) else float(time)
    scheme = url.partition("://")[0]
    return StoredFile(f"{scheme}://{path}", name, int(info.get("size") or 0), seconds)


def stat_url(url: str) -> StoredFile | None:
    """The file at a URL; None if there is none."""
    storage, path = open_storage(url)
    with storage_errors(url):
        try:
            storage.invalidate_cache(path.rpartition("/")[0])  # of listings
            info = storage.info(path)
        except FileNotFoundError:
            return None
    return _describe(url, path, path.rpartition("/")[2], info)


@contextlib.contextmanager
def open_url(url: str) -> Iterator[IO[bytes]]:
    """The file at a URL, which is read in parts when they are asked for."""
    storage, path = open_storage(url)
    with storage_errors(url), storage.open(path, "rb", block_size=1 << 16) as file:
        yield file


def read_head(url: str, size: int) -> bytes:
    """The first `size` bytes of the file at a URL."""
    storage, path = open_storage(url)
    with storage_errors(url):
        return storage.cat_file(path, start=0, end=size)


def download(url: str, path: Path) -> None:
    storage, source = open_storage(url)
    with storage_errors(url):
        storage.get_file(source, str(path))


def upload(path: Path, url: str) -> None:
    """Copies a file to a URL, where it appears when it is complete."""
    storage, target = open_storage(url)
    with storage_errors(url):
        if url.partition("://")[0] in ATOMIC:
            storage.put_file(str(path), target)
            return
        folder = target.rpartition("/")[0]
        storage.makedirs(folder, exist_ok=True)
        part = f"{folder}/.{secrets.token_hex(8)}.part"
        try:
            storage.put_file(str(path), part)
            storage.mv(part, target)
        except BaseException:
            with contextlib.suppress(Exception):
                storage.rm_file(part)
            raise


def join_url(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"
