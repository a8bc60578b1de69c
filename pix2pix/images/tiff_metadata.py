"""Read a TIFF page's metadata: resolution, colour profile, captions, GPS position."""

import struct
from typing import IO, Any

from pix2pix.images.exif import read_exif
from pix2pix.images.tiff_layout import Directory, Entry, Layout

MAX_PACKET_BYTES = 1 << 20  # of XMP and IPTC
MAX_PROFILE_BYTES = 4 << 20

_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_XMP, _IPTC, _PROFILE = 700, 33723, 34675


def read_info(file: IO[bytes], layout: Layout, directory: Directory) -> dict[str, Any]:
    """A page's metadata by Pillow's `Image.info` keys: icc_profile, dpi, exif, xmp, iptc (bytes).

    A page without captions takes those of the first page. Oversized values are dropped.
    """
    info: dict[str, Any] = {}
    if profile := _value(file, directory.entries.get(_PROFILE), MAX_PROFILE_BYTES):
        info["icc_profile"] = profile
    if dpi := _dpi(file, layout, directory):
        info["dpi"] = dpi
    for place in (directory, layout.directories[0]):
        found = {
            "xmp": _value(file, place.entries.get(_XMP), MAX_PACKET_BYTES),
            "iptc": _value(file, place.entries.get(_IPTC), MAX_PACKET_BYTES),
            "exif": read_exif(file, place.entries, layout.order, layout.is_big).pack(),
        }
        info = {name: value for name, value in found.items() if value} | info
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
