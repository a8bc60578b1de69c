"""Read the directories of a TIFF file within bounds, to find its pages before decoding one.

TIFF 6.0 (Adobe, 1992), and BigTIFF as in libtiff.
"""

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_DIRECTORIES = 1000  # pages and thumbnails together
MAX_TAGS = 1000  # per directory
MAX_TAG_BYTES = 16 << 20  # all values that a reader loads at once; real files have far less
THUMBNAIL_SIDE = 256  # pixels; a page this small beside a larger one is a thumbnail

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TYPE_BYTES |= {13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

NEW_SUBFILE_TYPE, SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION = 254, 255, 256, 257, 258, 259
PHOTOMETRIC, ORIENTATION, SAMPLES, TILE_WIDTH, TILE_HEIGHT = 262, 274, 277, 322, 323
SUB_IFDS, EXTRA_SAMPLES, SUBSAMPLING = 330, 338, 530
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType


@dataclass(frozen=True)
class Entry:
    """A tag of a directory; its value starts at the offset `place` of the file."""

    kind: int
    count: int
    place: int

    @property
    def size(self) -> int:
        return self.count * _TYPE_BYTES[self.kind]


@dataclass
class Directory:
    """The description of a page, a thumbnail, or another part of the file."""

    offset: int
    entries: dict[int, Entry]
    frame: int | None = None  # index in the chain; None for a sub-directory
    numbers: dict[int, tuple[int, ...]] = field(default_factory=dict)  # values of integer tags

    def number(self, code: int, default: int = 0) -> int:
        return (self.numbers.get(code) or (default,))[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as stored."""
        return self.number(WIDTH), self.number(HEIGHT)

    @property
    def pixels(self) -> int:
        return math.prod(self.size)

    @property
    def is_turned(self) -> bool:
        return self.number(ORIENTATION, 1) in (5, 6, 7, 8)

    @property
    def is_part(self) -> bool:
        """Whether it is marked as a reduced copy or a mask of another page."""
        new, old = self.number(NEW_SUBFILE_TYPE), self.number(SUBFILE_TYPE)
        return bool(new & (_REDUCED | _MASK)) or old == 2 or self.number(PHOTOMETRIC, 1) == 4


@dataclass
class Layout:
    """The directories of a file and its byte order."""

    order: str  # "<" or ">"
    is_big: bool
    directories: list[Directory]

    @property
    def largest(self) -> Directory:
        """The page that a viewer would show: the largest, the first of equals."""
        whole = [d for d in self.directories if not d.is_part] or self.directories
        return max(whole, key=lambda d: d.pixels)

    @property
    def pages(self) -> list[Directory]:
        """The pages in order, without thumbnails, reduced copies and masks, marked or not."""
        largest = self.largest
        if largest.frame is None:
            return [largest]
        chain = [d for d in self.directories if d.frame is not None and not d.is_part and d.pixels]
        return [d for d in chain if not _is_copy(d, largest)] or [largest]


def _is_copy(small: Directory, large: Directory) -> bool:
    """Whether an unmarked page is most likely a thumbnail or reduced copy of the other one."""
    (w, h), (width, height) = small.size, large.size
    if 2 * w > width or 2 * h > height:
        return False
    return max(w, h) <= THUMBNAIL_SIDE or abs(w * height - h * width) <= 0.03 * w * height


def is_tiff(file: IO[bytes]) -> bool:
    file.seek(0)
    found = file.read(4) in MAGIC
    file.seek(0)
    return found


def read_layout(file: IO[bytes]) -> Layout:
    """The directories of a TIFF file.

    Raises ValueError for a file that is damaged, has cyclic directories or far too many tags.
    """
    try:
        layout = _Walker(file).walk()
    except (struct.error, OverflowError):
        raise ValueError("is damaged or cut short (its directory is not whole)") from None
    if not layout.directories or not layout.largest.pixels:
        raise ValueError("is damaged or cut short (it has no page)")
    return layout


class _Walker:
    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.length = file.seek(0, io.SEEK_END)
        file.seek(0)
        magic = file.read(4)
        self.order = "<" if magic.startswith(b"II") else ">"
        self.is_big = b"+" in magic
        self.loaded = 0

    def walk(self) -> Layout:
        if self.is_big:
            self.unpack("HH", 4)
            (offset,) = self.unpack("Q", 8)
        else:
            (offset,) = self.unpack("I", 4)
        found: list[Directory] = []
        seen: set[int] = set()
        frame = 0
        while offset:
            directory, offset = self.directory(offset, seen)
            directory.frame = frame
            frame += 1
            found.append(directory)
            for inner in directory.numbers.get(SUB_IFDS, ()):
                found.append(self.directory(inner, seen)[0])
        return Layout(self.order, self.is_big, found)

    def directory(self, offset: int, seen: set[int]) -> tuple[Directory, int]:
        """The directory at an offset, and the offset of the next one in its chain."""
        if offset in seen:
            raise ValueError("is damaged or cut short (its directories go in circles)")
        seen.add(offset)
        if len(seen) > MAX_DIRECTORIES:
            raise ValueError(f"has far too many pages; the limit is {MAX_DIRECTORIES}")
        entries, after = read_entries(self.file, offset, self.order, self.is_big)
        known: dict[int, Entry] = {}
        numbers = {}
        for code, entry in entries:
            if entry.place + entry.size > self.length or known.setdefault(code, entry) != entry:
                continue
            if code < 32768 or code in (33628, 42113, 50838, 50839):  # tifffile loads these
                self.loaded += entry.size
            if entry.kind in _INTEGERS and entry.count <= MAX_DIRECTORIES:
                numbers[code] = self._integers(entry)
        if self.loaded > MAX_TAG_BYTES:
            raise ValueError("has absurdly large tags")
        self.file.seek(after)
        (following,) = self.unpack("Q", 8) if self.is_big else self.unpack("I", 4)
        return Directory(offset, known, numbers=numbers), following

    def _integers(self, entry: Entry) -> tuple[int, ...]:
        self.file.seek(entry.place)
        return self.unpack(f"{entry.count}{_INTEGERS[entry.kind]}", entry.size)

    def unpack(self, form: str, size: int) -> tuple[int, ...]:
        return struct.unpack(self.order + form, self.file.read(size))


def read_entries(
    file: IO[bytes], offset: int, order: str, is_big: bool
) -> tuple[list[tuple[int, Entry]], int]:
    """The entries of a directory with their codes, and the position of the next offset.

    Raises struct.error if the file ends too early, ValueError for too many entries.
    """
    counter, entry, inline = ("Q", "HHQ8s", 8) if is_big else ("H", "HHI4s", 4)
    file.seek(offset)
    (count,) = struct.unpack(order + counter, file.read(struct.calcsize(order + counter)))
    if count > MAX_TAGS:
        raise ValueError(f"is damaged or cut short (a page with {count} tags)")
    size = struct.calcsize(order + entry)
    start = file.tell()
    table = file.read(count * size)
    found = []
    for i, (code, kind, values, raw) in enumerate(_rows(table, order + entry, count)):
        if kind not in _TYPE_BYTES:
            continue
        place = start + (i + 1) * size - inline
        if values * _TYPE_BYTES[kind] > inline:
            (place,) = struct.unpack(order + ("Q" if is_big else "I"), raw)
        found.append((code, Entry(kind, values, place)))
    return found, start + count * size


def _rows(table: bytes, form: str, count: int) -> Iterator[tuple[int, int, int, bytes]]:
    size = struct.calcsize(form)
    if len(table) != count * size:
        raise struct.error
    return struct.iter_unpack(form, table)
