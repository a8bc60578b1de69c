"""Open untrusted image files: any mode, upright, with a pixel limit, ValueError otherwise."""

import contextlib
import io
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import IO, TypeVar

from PIL import ExifTags, Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from pix2pix.images.convert import to_rgb
from pix2pix.images.exif import parse_exif
from pix2pix.images.icc import to_srgb
from pix2pix.images.metadata import original_exif
from pix2pix.images.metadata_limits import check_metadata
from pix2pix.images.shards import SHARD_SUFFIX, list_members, open_file
from pix2pix.images.tiff import decode_page
from pix2pix.images.tiff_layout import BITS, Directory, Layout, is_tiff, read_layout
from pix2pix.images.tiff_metadata import read_info
from pix2pix.images.value_range import ValueRange, read_in_range

MAX_PIXELS = 50_000_000
MAX_SIDE = 65_535  # of a JPEG, and of any scan; rows of millions of pixels take gigabytes to colour
IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k"}
)
PHOTO_SUFFIXES = IMAGE_SUFFIXES | {".avif", ".heic", ".heif"}  # formats of phones and cameras

# Formats in everyday use; the other decoders of Pillow would only add attack surface.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF", "JPEG2000")

# Folders where programs keep thumbnails and other copies (hidden folders are skipped anyway).
CACHE_FOLDERS = frozenset({"@eadir", "__macosx", "#recycle", "$recycle.bin", "lost+found"})

# ISO/IEC 23008-12, annex B
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# First bytes of a file and its end marker; some programs append a few bytes after the marker.
_ENDS = ((b"\xff\xd8", b"\xff\xd9"), (b"\x89PNG", b"IEND"))
_TAIL = 4096  # bytes

# Formats with one frame. The decoders of animations keep frames in memory, so those are copied.
_SINGLE = ("JPEG", "MPO", "PNG")

T = TypeVar("T")

ImageSource = str | Path | bytes | IO[bytes]


def describe_source(source: ImageSource) -> str:
    """The name of a source in error messages."""
    return str(source) if isinstance(source, (str, Path)) else "image"


def open_image(
    source: ImageSource,
    name: str | None = None,
    at_least: tuple[int, int] | None = None,
    page: int | None = None,
) -> Image.Image:
    """The image in a file, fully decoded, upright by its EXIF orientation, in its own mode.

    An animation gives its first frame. A TIFF with several pages gives the largest (the first of
    equals), or page `page`, from 0 to `count_pages` - 1; `info["notes"]`, a tuple of sentences,
    mentions that, and guessed value ranges. With `at_least` (W, H), a JPEG may be decoded at 1/2,
    1/4 or 1/8 of its size but not below `at_least`, which is several times faster. Raises
    ValueError "NAME: reason" for a file that is missing, unreadable, empty, truncated, not an
    image, or over MAX_PIXELS, which is checked before decoding.
    """
    return _read(source, name, lambda file: _decode(file, at_least, page))


def read_size(source: ImageSource, name: str | None = None) -> tuple[int, int]:
    """The (width, height) that `open_image` would give, from the file's header.

    Raises ValueError "NAME: reason" like `open_image`, except for damage that only decoding shows.
    """
    return _read(source, name, _measure)


def count_pages(source: ImageSource, name: str | None = None) -> int:
    """The number of pages of a TIFF without thumbnails and reduced copies; 1 for other formats.

    Raises ValueError "NAME: reason" like `open_image`.
    """
    return _read(source, name, lambda file: len(read_layout(file).pages) if is_tiff(file) else 1)


def read_mode(source: ImageSource, name: str | None = None) -> str:
    """The mode of the image in a file, from its header.

    For TIFF files, "I;16" stands for every mode of more than 8 bits. Raises ValueError like
    `read_size`.
    """

    def look(file: IO[bytes]) -> str:
        if not is_tiff(file):
            return _open_header(file).mode
        _, directory = _find_page(file)
        return "I;16" if max(directory.numbers.get(BITS) or (1,)) > 8 else "L"

    return _read(source, name, look)


def has_end(path: Path) -> bool:
    """Whether a JPEG or PNG has its end marker; False suggests that it is truncated."""
    with open_file(path) as file:
        start = file.read(4)
        file.seek(max(0, file.seek(0, io.SEEK_END) - _TAIL))
        return next((end in file.read() for mark, end in _ENDS if start.startswith(mark)), True)


def _read(source: ImageSource, name: str | None, use: Callable[[IO[bytes]], T]) -> T:
    try:
        if isinstance(source, bytes):
            return use(io.BytesIO(source))
        if not isinstance(source, (str, Path)):
            return use(source)
        path = Path(source)
        if path.is_dir():
            raise ValueError("is a folder, not an image file")
        if path.exists() and not path.is_file():  # reading a pipe would block forever
            raise ValueError("is not a file")
        with open_file(path) as file:
            return use(file)
    except FileNotFoundError:
        reason = "no such file"
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
    except ValueError as error:
        reason = str(error)
    raise ValueError(f"{name or describe_source(source)}: {reason}")


def _open_header(file: IO[bytes]) -> Image.Image:
    if not file.read(1):
        raise ValueError("is empty (0 bytes)")
    check_metadata(file)
    limit = f"the limit is {MAX_PIXELS // 1_000_000} megapixels"
    try:
        image: Image.Image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError:  # raised above twice Pillow's own limit
        raise ValueError(f"has far too many pixels; {limit}") from None
    except UnidentifiedImageError:
        image = _open_heic(file)
    except Exception as error:  # Pillow's plugins raise struct.error, SyntaxError, IndexError, ...
        raise ValueError(f"is damaged or cut short ({error})") from None
    _check_size(*image.size)
    return image


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE:
        raise ValueError(f"is {width}x{height} pixels; the limit is {MAX_SIDE} pixels a side")
    if width * height > MAX_PIXELS:
        limit = f"the limit is {MAX_PIXELS // 1_000_000} megapixels"
        raise ValueError(f"is {width}x{height} pixels; {limit}")


def _open_heic(file: IO[bytes]) -> Image.Image:
    """Opens a HEIC photo with pillow-heif, if it is installed."""
    file.seek(0)
    head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:] not in _HEIC_BRANDS:
        known = ", ".join(_FORMATS)
        raise ValueError(f"is not an image in a supported format ({known})")
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise ValueError(
            "is a HEIC photo, which needs the package pillow-heif: run 'pip install pillow-heif', "
            "or save the photo as JPEG"
        ) from None
    register_heif_opener()
    file.seek(0)
    try:
        return Image.open(file, formats=("HEIF",))
    except Exception as error:
        raise ValueError(f"is damaged or cut short ({error})") from None


def _find_page(file: IO[bytes], page: int | None = None) -> tuple[Layout, Directory]:
    layout = read_layout(file)
    if page is None:
        directory = layout.largest
    elif page < len(layout.pages):
        directory = layout.pages[page]
    else:
        raise ValueError(f"has {len(layout.pages)} pages, not {page + 1}")
    _check_size(*directory.size)
    return layout, directory


def _measure(file: IO[bytes]) -> tuple[int, int]:
    if is_tiff(file):
        _, directory = _find_page(file)
        return directory.size[::-1] if directory.is_turned else directory.size
    image = _open_header(file)
    return image.size[::-1] if _is_turned(image) else image.size


def _is_turned(image: Image.Image) -> bool:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    except Exception:  # as in `_decode`
        return False


def _decode(
    file: IO[bytes], at_least: tuple[int, int] | None = None, page: int | None = None
) -> Image.Image:
    if is_tiff(file):
        layout, directory = _find_page(file, page)
        picture = decode_page(file, directory)
        picture.info.update(read_info(file, layout, directory))
        pages = len(layout.pages)
        if page is None and pages > 1:
            note = f"has {pages} pages; the largest was opened"
            picture.info["notes"] = (note, *picture.info.get("notes", ()))
        return picture
    image = _open_header(file)
    if at_least:
        image.draft(None, at_least[::-1] if _is_turned(image) else at_least)  # type: ignore[arg-type]
    try:
        image.load()
    except Exception as error:
        raise ValueError(f"is damaged or cut short ({error})") from None
    notes = parse_exif(original_exif(image)).pack()
    with contextlib.suppress(Exception):  # broken metadata must not make the image unreadable
        ImageOps.exif_transpose(image, in_place=True)
    _put_notes(image, notes)
    return image if image.format in _SINGLE else image.copy()


def _put_notes(image: Image.Image, notes: bytes) -> None:
    """Sets the original metadata for `read_metadata`; Pillow's rotation re-encodes Exif lossily."""
    image.info.pop("exif", None)
    if notes:
        image.info["exif"] = notes
    if isinstance(image, PngImagePlugin.PngImageFile):
        image.info["texts"] = dict(image.text)


def open_rgb(
    source: ImageSource,
    name: str | None = None,
    at_least: tuple[int, int] | None = None,
    value_range: ValueRange = (),
) -> Image.Image:
    """A photo as 8-bit sRGB: `open_image`, then `to_srgb` and `to_rgb`.

    `value_range`, if given, scales images of more than 8 bits.
    """
    image = read_in_range(open_image(source, name, at_least), value_range)
    return to_rgb(to_srgb(image))


def find_images(
    folder: str | Path,
    inner: bool = True,
    suffixes: Collection[str] = IMAGE_SUFFIXES,
    is_left_out: Callable[[Path], bool] = lambda _: False,
    in_shards: bool = False,
) -> list[Path]:
    """The image files in a folder, and in its sub-folders if `inner`, by suffix, sorted.

    With `in_shards`, where there are none, those in tar files, by paths SHARD.tar/NAME.

    Links to folders are followed; each folder is visited once. Hidden files and folders,
    CACHE_FOLDERS and folders that satisfy `is_left_out` are skipped. Raises ValueError for a folder
    that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise ValueError(f"{error.filename}: cannot be read ({error.strerror})") from None

    def is_entered(path: Path) -> bool:
        name = path.name
        if name.startswith(".") or name.casefold() in CACHE_FOLDERS or is_left_out(path):
            return False
        real = os.path.realpath(path)
        is_new = real not in visited
        visited.add(real)
        return is_new

    found: list[Path] = []
    shards: list[Path] = []
    visited = {os.path.realpath(folder)}
    for where, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders[:] = [n for n in sorted(folders) if inner and is_entered(Path(where, n))]
        paths = (Path(where, name) for name in names if not name.startswith("."))
        for path in paths:
            if path.suffix.lower() in suffixes:
                found.append(path)
            elif in_shards and path.suffix == SHARD_SUFFIX:
                shards.append(path)
    if not found:  # beside images, a tar file is a copy of them rather than a part of the set
        members = (member for shard in shards for member in list_members(shard))
        found = [member for member in members if member.suffix.lower() in suffixes]
    return sorted(found)
