"""Decode the segments (strips or tiles) of a TIFF page, and find the range of their values."""

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from pix2pix.images.convert import find_extremes, strips
from pix2pix.images.metadata_limits import check_scans

if TYPE_CHECKING:
    from tifffile import TiffPage

MAX_SEGMENTS = 1 << 18
MAX_SEGMENT_BYTES = 300_000_000  # decoded: 50 megapixels in 3 x 16 bits as one strip
NO_COMPRESSION, JPEG = 1, 7
UNSIGNED, SIGNED, FLOAT, VOID = 1, 2, 3, 4  # SampleFormat

Range = tuple[float, float]  # the values of black and white


class Segment(NamedTuple):
    """A decoded tile, or decoded rows of a strip."""

    plane: int  # index of the sample if each has its own plane; else 0
    y: int
    x: int
    samples: np.ndarray  # (h, w, samples per pixel), or (h, w, 1) for a plane


class SegmentReader:
    """Iterates over the segments of a page, any number of times.

    Raises ValueError for segments that do not fit the page or the file, and the errors of tifffile
    and its codecs for segments that cannot be decoded.
    """

    def __init__(self, file: IO[bytes], page: "TiffPage") -> None:
        self.file, self.page = file, page
        if page.dtype is None:
            raise NotImplementedError(f"samples of {page.bitspersample} bits")
        self.dtype = page.dtype
        self.height, self.width = page.imagelength, page.imagewidth
        self.is_planar = page.planarconfig == 2 and page.samplesperpixel > 1
        self.samples = 1 if self.is_planar else page.samplesperpixel  # of a segment
        self._shape = (page.rowsperstrip, self.width)
        if page.is_tiled:
            self._shape = page.tilelength, page.tilewidth
        self._check()

    def _check(self) -> None:
        page, length = self.page, self.file.seek(0, io.SEEK_END)
        offsets = np.asarray(page.dataoffsets, np.int64)
        counts = np.asarray(page.databytecounts, np.int64)
        expected = int(np.prod(page.chunked, dtype=object))
        if not len(offsets) == len(counts) == expected <= MAX_SEGMENTS:
            raise ValueError(f"{len(offsets)} strips or tiles where {expected} were expected")
        if (offsets <= 0).any() or (counts <= 0).any() or (offsets + counts > length).any():
            raise ValueError("a strip or tile lies outside the file")
        if counts.sum() > 4 * length:
            raise ValueError("its strips or tiles are the same ones again and again")
        rows, columns = self._shape
        if rows * columns * self.samples * self.dtype.itemsize > MAX_SEGMENT_BYTES:
            raise NotImplementedError("a strip or tile of more than 300 MB")

    def segments(self) -> Iterator[Segment]:
        page = self.page
        is_plain = page.compression == NO_COMPRESSION and not page.is_tiled
        is_plain &= page.predictor == 1 and page.fillorder == 1
        is_plain &= page.bitspersample in (8, 16, 32, 64)
        for index, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts)):
            if is_plain:
                yield from self._plain(index, offset, count)
            else:
                yield self._decoded(index, offset, count)

    def _plain(self, index: int, offset: int, count: int) -> Iterator[Segment]:
        """The rows of an uncompressed strip, in chunks: it is often the whole image."""
        page = self.page
        dtype = self.dtype.newbyteorder(page.parent.byteorder)
        plane, strip = divmod(index, -(-self.height // page.rowsperstrip))
        top = strip * page.rowsperstrip
        shape = (min(page.rowsperstrip, self.height - top), self.width, self.samples)
        row = self.width * self.samples * dtype.itemsize
        if count < shape[0] * row:
            raise ValueError("a strip is too short")
        for rows in strips(shape):
            self.file.seek(offset + rows.start * row)
            data = self.file.read((rows.stop - rows.start) * row)
            samples = np.frombuffer(data, dtype).reshape(-1, *shape[1:])
            yield Segment(plane, top + rows.start, 0, samples.astype(self.dtype, copy=False))

    def _decoded(self, index: int, offset: int, count: int) -> Segment:
        page = self.page
        self.file.seek(offset)
        data = self.file.read(count)
        more: dict[str, Any] = {}
        if page.compression == JPEG:
            self._check_jpeg(data)
            more["jpegtables"] = page.jpegtables
        found, (plane, _, y, x, _), _ = page.decode(data, index, **more)
        if found is None:
            raise ValueError("a strip or tile is empty")
        return Segment(plane, y, x, found[0, : self.height - y, : self.width - x])

    def _check_jpeg(self, data: bytes) -> None:
        """A JPEG says its size once more, and its decoder takes memory for that."""
        check_scans(data)
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as jpeg:
            if jpeg.width > self._shape[1] or jpeg.height > self._shape[0]:
                raise ValueError("a JPEG in it is of another size")


def find_sample_ranges(reader: SegmentReader, colors: int) -> tuple[Range, Range, tuple[str, ...]]:
    """The range of the colours, the range of alpha, and notes on what was guessed.

    Up to 15 bits: the full range. 16 bits often hold 8, 10, 12 or 14 bits of a camera or scanner:
    the smallest of these ranges that holds all values, unless MaxSampleValue states another. 32
    bits: the full range if the values reach high enough, else up to the maximum. Signed values
    start at 0, or at the minimum. Floats end at 1, or at the next range that holds all values.
    """
    page = reader.page
    bits, form = page.bitspersample, page.sampleformat
    full = 2.0**bits - 1
    if form in (UNSIGNED, VOID) and bits < 16:
        return (0, full), (0, full), ()
    enough = {16: 16384.0, 32: 2.0**28, 64: 2.0**60}.get(bits) if form in (UNSIGNED, VOID) else None
    low, high, most = _scan(reader, colors, enough)
    if form == FLOAT:
        return _float_range(low, high), (0, 1 if most <= 1 else most), ()
    if form == SIGNED:
        half = 2.0 ** (bits - 1) - 1
        return ((low, high) if low < 0 else (0, _step(high, half))), (0, half), ()
    if enough and high >= enough:
        return (0, full), (0, full), ()
    said = _said_range(page, high)
    top = said or (_step(high, full) if bits == 16 else max(high, 255.0))
    notes: tuple[str, ...] = ()
    if bits == 16 and not said:
        notes = (f"its values end at {high:.0f} of 65535, so they were read as {_bits(top)}-bit",)
    return (0, top), (0, top if most <= top else full), notes


def _scan(reader: SegmentReader, colors: int, enough: float | None) -> tuple[float, float, float]:
    """The minimum and maximum of the colours and the maximum of alpha; stops at `enough`."""
    low, high, most = np.inf, -np.inf, 0.0
    for part in reader.segments():
        if part.plane > colors:
            break
        for rows in strips(part.samples.shape):
            samples = part.samples[rows]
            is_alpha = part.plane == colors
            seen = samples if reader.is_planar else samples[..., :colors]
            rest = samples if is_alpha else samples[..., colors : colors + 1]
            if not is_alpha:
                least, greatest = find_extremes([seen])
                low, high = min(low, least), max(high, greatest)
            if is_alpha or (not reader.is_planar and rest.size):
                most = max(most, find_extremes([rest])[1])
        if enough and high >= enough:
            break
    return low, high, most


def _step(high: float, full: float) -> float:
    return next((top for top in (255.0, 1023.0, 4095.0, 16383.0) if high <= top), full)


def _bits(top: float) -> int:
    return int(top).bit_length()


def _said_range(page: "TiffPage", high: float) -> float | None:
    """SMaxSampleValue or MaxSampleValue if it is a full number of bits and is not exceeded."""
    for code in (341, 281):
        value = page.tags.valueof(code)
        if isinstance(value, tuple):
            value = value[0]
        if isinstance(value, int) and value >= max(high, 255) and value & (value + 1) == 0:
            return float(value)
    return None


def _float_range(low: float, high: float) -> Range:
    if low < 0 or 1 < high <= 16 or high > 65535:
        return min(low, 0), high
    return 0, next(top for top in (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0) if high <= top)
