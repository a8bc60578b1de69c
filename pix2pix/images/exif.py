"""Parse Exif blocks and keep the tags about the photo and its people, byte for byte.

Pillow would decode and re-encode the values and lose non-ASCII text. An Exif block is a TIFF file
without an image (Exif 2.3, 4.5.2).
"""

import io
import struct
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from pix2pix.images.tiff_layout import Entry, read_entries

MAX_EXIF_BYTES = 60_000  # of a block; a JPEG segment holds 65,527
EXIF_HEADER = b"Exif\0\0"

DESCRIPTION, SOFTWARE, ARTIST, COPYRIGHT = 270, 305, 315, 33432
EXIF, GPS = 34665, 34853

# Names, captions, dates, people, devices; the rating and Windows' title, comment, author, ...
_KEPT = {269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 18249, 33432, 36867, 36868}
_KEPT |= set(range(0x9C9B, 0x9CA0))

# Dropped from the Exif directory: tags about the old file's pixels, other directories, and
# MakerNote, which has offsets that are only valid in the original file
_LEFT_OUT = {37121, 37122, 37500, 40961, 40962, 40963, 40965, 41486, 41487, 41488}

_SIMPLE_KINDS = 12  # the types above it exist in BigTIFF only


class ExifTag(NamedTuple):
    """A tag as it is stored in a file."""

    kind: int
    length: int  # number of values of that kind
    value: bytes


@dataclass
class ExifBlock:
    """The tags of a block: its own (`rows`), and those of its sub-directories (`below`)."""

    order: str = ">"  # byte order
    rows: dict[int, ExifTag] = field(default_factory=dict)
    below: dict[int, dict[int, ExifTag]] = field(default_factory=dict)  # EXIF, GPS

    def fill(self, tag: int, text: str) -> None:
        """Sets a text tag unless the block has it already."""
        value = text.strip().encode() + b"\0"
        if tag not in self.rows and 1 < len(value) < MAX_EXIF_BYTES // 4:
            self.rows[tag] = ExifTag(2, len(value), value)

    def pack(self) -> bytes:
        """The block as bytes; drops the longest values if it is too large. Empty without tags."""
        places = [(self.rows, tag) for tag in self.rows]
        places += [(rows, tag) for rows in self.below.values() for tag in rows]
        places.sort(key=lambda place: len(place[0][place[1]].value))
        total = sum(len(rows[tag].value) + 12 for rows, tag in places) + 100
        while total > MAX_EXIF_BYTES:
            rows, tag = places.pop()
            total -= len(rows.pop(tag).value) + 12
        below = {tag: rows for tag, rows in self.below.items() if rows}
        if not self.rows and not below:
            return b""
        links = {tag: ExifTag(4, 1, bytes(4)) for tag in below}
        size = len(self._directory({**self.rows, **links}, 8))
        body = b""
        for tag, rows in below.items():
            offset = 8 + size + len(body)
            links[tag] = ExifTag(4, 1, struct.pack(self.order + "I", offset))
            body += self._directory(rows, offset)
        mark = b"II" if self.order == "<" else b"MM"
        head = EXIF_HEADER + struct.pack(self.order + "2sHI", mark, 42, 8)
        return head + self._directory({**self.rows, **links}, 8) + body

    def _directory(self, rows: dict[int, ExifTag], offset: int) -> bytes:
        table, values = struct.pack(self.order + "H", len(rows)), b""
        place = offset + 2 + 12 * len(rows) + 4
        for tag, (kind, length, value) in sorted(rows.items()):
            cell = value.ljust(4, b"\0")
            if len(value) > 4:
                cell = struct.pack(self.order + "I", place + len(values))
                values += value + bytes(len(value) % 2)
            table += struct.pack(self.order + "HHI4s", tag, kind, length, cell)
        return table + bytes(4) + values


def parse_exif(block: bytes) -> ExifBlock:
    """The kept tags of a block, with or without its "Exif" header; none if it is broken."""
    file = io.BytesIO(block.removeprefix(EXIF_HEADER))
    head = file.read(8)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4])
    if order is None or len(head) < 8:
        return ExifBlock()
    (offset,) = struct.unpack(order + "I", head[4:])
    return read_exif(file, _entries(file, offset, order, False), order, False)


def read_exif(file: IO[bytes], entries: dict[int, Entry], order: str, is_big: bool) -> ExifBlock:
    """The kept tags of a TIFF directory and of the Exif and GPS directories below it."""
    found = ExifBlock(order, _rows(file, {t: e for t, e in entries.items() if t in _KEPT}))
    for tag in (EXIF, GPS):
        link = _value(file, entries[tag]) if tag in entries else b""
        if len(link) not in (4, 8):
            continue
        (offset,) = struct.unpack(order + ("I" if len(link) == 4 else "Q"), link)
        inner = _entries(file, offset, order, is_big)
        found.below[tag] = _rows(file, {t: e for t, e in inner.items() if t not in _LEFT_OUT})
    return found


def _entries(file: IO[bytes], offset: int, order: str, is_big: bool) -> dict[int, Entry]:
    try:
        found, _ = read_entries(file, offset, order, is_big)
    except (ValueError, OverflowError, struct.error):
        return {}
    return dict(found)


def _rows(file: IO[bytes], entries: dict[int, Entry]) -> dict[int, ExifTag]:
    rows = {}
    for tag, entry in entries.items():
        value = _value(file, entry)
        if value and entry.kind <= _SIMPLE_KINDS:
            rows[tag] = ExifTag(entry.kind, entry.count, value)
    return rows


def _value(file: IO[bytes], entry: Entry) -> bytes:
    if not 0 < entry.size <= MAX_EXIF_BYTES:
        return b""
    file.seek(entry.place)
    value = file.read(entry.size)
    return value if len(value) == entry.size else b""
