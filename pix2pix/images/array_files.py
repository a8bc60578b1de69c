"""Read images from NumPy files, .npy and .npz, within bounds and without unpickling.

HxW has one channel. Of three axes, the smallest is the channels: the last (HxWxC), or the first
(CxHxW) where it alone is the smallest.
"""

import io
import math
import threading
import zipfile
from typing import IO, NamedTuple

import numpy as np

ARRAY_SUFFIXES = frozenset({".npy", ".npz"})
MAX_VALUES = 100_000_000  # of an image
MAX_CHANNELS = 255  # of a generator
ZIP_MAGIC = b"PK"
NPY_MAGIC = b"\x93NUMPY"

# NumPy parses headers by `ast`, which may fail in two threads at once: CPython's issue 106905
_PARSING = threading.Lock()
_SHAPES = "expected HxW, HxWxC or CxHxW"


class SampleHeader(NamedTuple):
    """The size of an image, its channels, and the NumPy name of the dtype of its samples."""

    height: int
    width: int
    channels: int
    dtype: str


def is_array_file(file: IO[bytes]) -> bool:
    """Whether a file holds NumPy arrays, by its first bytes."""
    file.seek(0)
    start = file.read(len(NPY_MAGIC))
    file.seek(0)
    return start == NPY_MAGIC or start.startswith(ZIP_MAGIC)


def read_array_header(file: IO[bytes]) -> SampleHeader:
    """The header of the image in an array file. Raises ValueError "reason" like `read_array`."""
    with _open_member(file) as (member, length):
        shape, _, dtype = _parse_header(member, length)
    return _describe(shape, dtype)


def read_array(file: IO[bytes]) -> np.ndarray:
    """The image (H, W, C) in an array file, in the dtype of its `SampleHeader`.

    Raises ValueError "reason" for a file that is cut short, with several arrays, with an array of
    another shape or kind, or with integers beyond 32 bits.
    """
    with _open_member(file) as (member, length):
        shape, is_fortran, dtype = _parse_header(member, length)
        header = _describe(shape, dtype)
        data = member.read(math.prod(shape) * dtype.itemsize)
    order = "F" if is_fortran else "C"
    array = np.frombuffer(data, dtype).reshape(shape, order=order)  # type: ignore[call-overload]
    if array.ndim == 2:
        array = array[..., None]
    elif _channel_axis(shape) == 0:
        array = array.transpose(1, 2, 0)
    limits = np.iinfo(np.int32)
    is_wide = dtype.kind in "iu" and dtype.itemsize >= 4 and dtype != np.int32
    if is_wide and not limits.min <= array.min() <= array.max() <= limits.max:
        raise ValueError(f"has integers beyond 32 bits ({array.min()} to {array.max()})")
    return np.ascontiguousarray(array.astype(header.dtype))


def common_dtype(dtype: np.dtype) -> str:
    """The dtype in which samples are kept: uint8, uint16, int16, int32 or float32.

    Raises ValueError for complex numbers, objects and texts.
    """
    if dtype.kind == "b":
        return "uint8"
    if dtype.kind == "f":
        return "float32"
    if dtype.kind not in "iu":
        raise ValueError(f"holds values of type {dtype}; expected integers or floats")
    if dtype.itemsize > 2:
        return "int32"
    return dtype.newbyteorder("=").name if dtype.kind == "u" else "int16"


def _open_member(file: IO[bytes]) -> "_Member":
    file.seek(0)
    if file.read(2) != ZIP_MAGIC:
        return _Member(file, file.seek(0, io.SEEK_END))
    try:
        archive = zipfile.ZipFile(file)
        names = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if len(names) != 1:
            listed = ", ".join(info.filename.removesuffix(".npy") for info in names[:8]) or "none"
            raise ValueError(
                f"has {len(names)} arrays ({listed}); expected one: save each image as a file of "
                "its own"
            )
        (info,) = names
        return _Member(archive.open(info), info.file_size)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(f"is damaged or cut short ({error})") from None


class _Member:
    """The .npy content of a file, and its length in bytes."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._length = file, length

    def __enter__(self) -> tuple[IO[bytes], int]:
        if self._file.seekable():
            self._file.seek(0)
        return self._file, self._length

    def __exit__(self, *_: object) -> None:
        if isinstance(self._file, zipfile.ZipExtFile):
            self._file.close()


def _parse_header(file: IO[bytes], length: int) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        version = np.lib.format.read_magic(file)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in readers:
            raise ValueError(f"version {version} of the format")
        with _PARSING:
            shape, is_fortran, dtype = readers[version](file)
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"is no NumPy array that can be read ({error})") from None
    if dtype.hasobject:
        raise ValueError("holds Python objects, which are never read; expected numbers")
    values = math.prod(shape)
    if values > MAX_VALUES:
        raise ValueError(f"has {values:,} values; the limit is {MAX_VALUES:,}")
    wanted = values * dtype.itemsize
    if length - file.tell() < wanted:
        raise ValueError(f"is cut short: {wanted:,} bytes of values were expected")
    return tuple(map(int, shape)), is_fortran, dtype


def _describe(shape: tuple[int, ...], dtype: np.dtype) -> SampleHeader:
    if len(shape) not in (2, 3) or 0 in shape:
        raise ValueError(f"is an array of shape {shape}; {_SHAPES}")
    kept = common_dtype(dtype)
    if len(shape) == 2:
        return SampleHeader(*shape, 1, kept)
    axis = _channel_axis(shape)
    channels = shape[axis]
    if channels > MAX_CHANNELS:
        raise ValueError(f"has {channels} channels ({shape}); the limit is {MAX_CHANNELS}")
    height, width = shape[1:] if axis == 0 else shape[:2]
    return SampleHeader(height, width, channels, kept)


def _channel_axis(shape: tuple[int, ...]) -> int:
    """The axis of the channels, 2 or 0. Raises ValueError if it is ambiguous."""
    first, middle, last = shape
    if last < first and last <= middle:
        return 2
    if first < last and first <= middle:
        return 0
    raise ValueError(
        f"is an array of shape {shape}, of which the channels are ambiguous; save it as HxWxC with "
        "fewer channels than rows and columns"
    )
