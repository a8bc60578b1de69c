"""Read the members of tar files in place, as WebDataset shards are, without unpacking them.

A member has the path SHARD.tar/NAME. An index of offsets, made once for each shard, gives random
access, so that the order of training is that of files in a folder.
"""

import functools
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

SHARD_SUFFIX = ".tar"
_BLOCK = 512  # bytes


class _Slice(io.RawIOBase):
    """A part of a file as a file of its own."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self._size = file, start, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = min(len(buffer), max(0, self._size - self._position))
        self._file.seek(self._start + self._position)
        content = self._file.read(count)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


def find_shard(path: Path) -> Path | None:
    """The shard that holds a member of this path; None for any other path."""
    return next((p for p in path.parents if p.suffix == SHARD_SUFFIX and p.is_file()), None)


def list_members(shard: Path) -> list[Path]:
    """The paths of the files in a shard, in their order. Raises ValueError as `open_member`."""
    return [shard / name for name in _index(shard, _version(shard))]


def open_member(path: Path, shard: Path) -> IO[bytes]:
    """The member SHARD/NAME as a file. Raises ValueError if the shard is damaged or lacks it."""
    place = _index(shard, _version(shard)).get(path.relative_to(shard).as_posix())
    if place is None:
        raise ValueError(f"is not in {shard.name}")
    return io.BufferedReader(_Slice(shard.open("rb"), *place))


def open_file(path: Path) -> IO[bytes]:
    """A file, or a member of a shard. Raises OSError, and ValueError as `open_member`."""
    shard = None if path.exists() else find_shard(path)
    return path.open("rb") if shard is None else open_member(path, shard)


def _version(shard: Path) -> tuple[int, int]:
    status = shard.stat()
    return status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=4096)
def _index(shard: Path, version: tuple[int, int]) -> Mapping[str, tuple[int, int]]:
    """Offset and bytes of each regular file in a shard, by name."""
    size, _ = version
    try:
        with tarfile.open(shard, "r:") as archive:
            members = [m for m in archive if m.isreg() and not m.issparse()]
    except (tarfile.TarError, EOFError) as error:
        raise ValueError(
            f"{shard}: is damaged or no tar file without compression ({error})"
        ) from None
    ends = [m.offset_data + -(-m.size // _BLOCK) * _BLOCK for m in members]
    if max(ends, default=0) + _BLOCK > size:  # a block of zeros ends a tar file
        raise ValueError(f"{shard}: is cut short; it has no end after {len(members)} files")
    places = {m.name.removeprefix("./"): (m.offset_data, m.size) for m in members}
    return MappingProxyType(places)
