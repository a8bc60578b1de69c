"""What a TIFF file says beside its picture: resolution, colour profile, captions, place."""

import struct
from typing import IO, Any

from pix2pix.imaging.tiff_layout import Directory, Entry, Layout, read_entries

MAX_VALUE_BYTES = 64 << 10  # of a tag; no caption is longer
MAX_PACKET_BYTES = 1 << 20  # of XMP, IPTC
MAX_PROFILE_BYTES = 4 << 20

_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_XMP, _IPTC, _PROFILE = 700, 33723, 34675
_EXIF, _GPS = 34665, 34853
_TEXTS = (269, 270, 271, 272, 285, 305, 306, 315, 316, 33432)  # names, captions, dates, people
_WINDOWS = range(0x9C9B, 0x9CA0)  # title, comment, author, keywords, subject of Windows
_RATING = (18246, 18249)


def read_info(file: IO[bytes], layout: Layout, directory: Directory) -> dict[str, Any]:
    """As Pillow names them in `Image.info`: icc_profile, dpi, exif, xmp and iptc (bytes).

    Where a page has none, those of the first page stand. What is absurdly large is left out.
    """
    info: dict[str, Any] = {}
    places = [directory, layout.directories[0]]
    for name, code, limit in (
        ("icc_profile", _PROFILE, MAX_PROFILE_BYTES),
        ("xmp", _XMP, MAX_PACKET_BYTES),
        ("iptc", _IPTC, MAX_PACKET_BYTES),
    ):
        for place in places[:1] if name == "icc_profile" else places:
            if value := _value(file, place.entries.get(code), limit):
                info[name] = value
                break
    dpi = _dpi(file, layout, directory)
    if dpi:
        info["dpi"] = dpi
    for place in places:
        if exif := _exif(file, layout, place):
            info["exif"] = exif
            break
    return info


def _value(file: IO[bytes], entry: Entry | None, limit: int) -> bytes:
    if entry is None or entry.size > limit:
        return b""
    file.seek(entry.place)
    value = file.read(entry.size)
    return value if len(value) == entry.size else b""


def _dpi(file: IO[bytes], layout: Layout, directory: Directory) -> tuple[float, float] | None:
    unit = {2: 1.0, 3: 2.54}.get(directory.number(_UNIT, 2))
    found = []
    for code in (_X_RESOLUTION, _Y_RESOLUTION):
        value = _value(file, directory.entries.get(code), 8)
        if len(value) == 8:
            above, below = struct.unpack(layout.order + "II", value)
            found.append(above / below if below else 0.0)
    if unit is None or len(found) != 2 or 0 in found:
        return None
    return found[0] * unit, found[1] * unit


def _exif(file: IO[bytes], layout: Layout, directory: Directory) -> bytes:
    """The tags of people's interest and the directories of Exif and GPS, as an Exif block."""
    wanted = {*_TEXTS, *_WINDOWS, *_RATING}
    found = [(c, e) for c, e in directory.entries.items() if c in wanted]
    rows = _read_rows(file, found)
    below = {}
    for code in (_EXIF, _GPS):
        offset = directory.number(code)
        if not offset:
            continue
        try:
            inner, _ = read_entries(file, offset, layout.order, layout.is_big)
        except (ValueError, struct.error, OverflowError):
            continue
        below[code] = _read_rows(file, inner)
    return _pack(rows, below, layout.order) if rows or any(below.values()) else b""


_Row = tuple[int, int, int, bytes]  # code, kind, count, value


def _read_rows(file: IO[bytes], entries: list[tuple[int, Entry]]) -> list[_Row]:
    rows, total = [], 0
    for code, entry in sorted(dict(entries).items()):
        value = _value(file, entry, MAX_VALUE_BYTES)
        total += len(value)
        if value and total <= MAX_PACKET_BYTES and entry.kind <= 12:  # no kinds of BigTIFF
            rows.append((code, entry.kind, entry.count, value))
    return rows


def _pack(rows: list[_Row], below: dict[int, list[_Row]], order: str) -> bytes:
    """An Exif block of these rows, and of the directories below them by the code of their tag."""
    start = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8)
    links = [(code, 4, 1, b"\0" * 4) for code in below]
    body = _pack_directory(rows + links, 8, order)
    places = {}
    for code, inner in below.items():
        places[code] = struct.pack(order + "I", 8 + len(body))
        body += _pack_directory(inner, 8 + len(body), order)
    links = [(code, 4, 1, places[code]) for code in below]
    top = _pack_directory(rows + links, 8, order)
    return b"Exif\0\0" + start + top + body[len(top) :]


def _pack_directory(rows: list[_Row], offset: int, order: str) -> bytes:
    rows = sorted(rows)
    table, values = struct.pack(order + "H", len(rows)), b""
    place = offset + 2 + 12 * len(rows) + 4
    for code, kind, count, value in rows:
        short = value.ljust(4, b"\0")
        if len(value) > 4:
            short = struct.pack(order + "I", place + len(values))
            values += value + bytes(len(value) % 2)
        table += struct.pack(order + "HHI4s", code, kind, count, short)
    return table + bytes(4) + values
