"""Opening image files that strangers made: any mode, upright, bounded, or a ValueError."""

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
from pix2pix.images.tiff import decode_page
from pix2pix.images.tiff_layout import BITS, Directory, Layout, is_tiff, read_layout
from pix2pix.images.tiff_metadata import read_info
from pix2pix.images.value_range import ValueRange, read_in_range

MAX_PIXELS = 50_000_000
IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k"}
)
PHOTO_SUFFIXES = IMAGE_SUFFIXES | {".avif", ".heic", ".heif"}  # what people's photos come as

# Formats whose decoders are in everyday use; the rest of Pillow's list is attack surface.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF", "JPEG2000")

# Folders in which programs keep thumbnails and other copies of pictures; hidden ones aside.
CACHE_FOLDERS = frozenset({"@eadir", "__macosx", "#recycle", "$recycle.bin", "lost+found"})

# ISO/IEC 23008-12, annex B
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# How files begin and what their last bytes have in them; some programs write a little behind it.
_ENDS = ((b"\xff\xd8", b"\xff\xd9"), (b"\x89PNG", b"IEND"))
_TAIL = 4096  # bytes

# Their decoders keep nothing of the picture; those of animations hold one or two frames of it.
_SINGLE = ("JPEG", "MPO", "PNG")

T = TypeVar("T")

ImageSource = str | Path | bytes | IO[bytes]


def describe_source(source: ImageSource) -> str:
    """What an error calls a file that was given no name."""
    return str(source) if isinstance(source, (str, Path)) else "image"


def open_image(
    source: ImageSource,
    name: str | None = None,
    at_least: tuple[int, int] | None = None,
    page: int | None = None,
) -> Image.Image:
    """The picture in a file, decoded whole, upright by its EXIF orientation, in its own mode.

    Of an animation, the first frame. Of a TIFF with several pages, the largest (the first of those
    as large), or page number `page` from 0 of `count_pages`; `info["notes"]`, a tuple, says that,
    and where a range of values was guessed. With `at_least` (W, H), a JPEG may come at a half,
    quarter or eighth of its size that is not below: several times as fast where it is made small
    anyway. Raises ValueError "NAME: reason" for a file that is missing, unreadable, empty, cut
    short, not an image, or over MAX_PIXELS; of the last no pixel is decoded.
    """
    return _read(source, name, lambda file: _decode(file, at_least, page))


def read_size(source: ImageSource, name: str | None = None) -> tuple[int, int]:
    """The (width, height) that `open_image` would give, from the file's header alone.

    Raises ValueError "NAME: reason" as `open_image` does, but for what only decoding shows.
    """
    return _read(source, name, _measure)


def count_pages(source: ImageSource, name: str | None = None) -> int:
    """How many pages a TIFF has, thumbnails and smaller copies not counted; 1 for other formats.

    Raises ValueError "NAME: reason" as `open_image` does.
    """
    return _read(source, name, lambda file: len(read_layout(file).pages) if is_tiff(file) else 1)


def read_mode(source: ImageSource, name: str | None = None) -> str:
    """The mode of the picture in a file, from its header alone. ValueError as `read_size` does.

    Of a TIFF, "I;16" stands for every mode of more than 8 bits.
    """

    def look(file: IO[bytes]) -> str:
        if not is_tiff(file):
            return _open_header(file).mode
        _, directory = _find_page(file)
        return "I;16" if max(directory.numbers.get(BITS) or (1,)) > 8 else "L"

    return _read(source, name, look)


def has_end(path: Path) -> bool:
    """Whether a JPEG or PNG has the mark that ends it; False may mean that it was cut short."""
    with path.open("rb") as file:
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
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise ValueError("is not a file")
        with path.open("rb") as file:
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
    file.seek(0)
    limit = f"the limit is {MAX_PIXELS // 1_000_000} megapixels"
    try:
        image: Image.Image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError:  # from twice Pillow's own limit on, before we see a size
        raise ValueError(f"has far too many pixels; {limit}") from None
    except UnidentifiedImageError:
        image = _open_heic(file)
    except Exception as error:  # Pillow's plugins raise struct.error, SyntaxError, IndexError, ...
        raise ValueError(f"is damaged or cut short ({error})") from None
    _check_size(*image.size)
    return image


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        limit = f"the limit is {MAX_PIXELS // 1_000_000} megapixels"
        raise ValueError(f"is {width}x{height} pixels; {limit}")


def _open_heic(file: IO[bytes]) -> Image.Image:
    """What Pillow alone cannot read: a HEIC photo, where pillow-heif is installed."""
    file.seek(0)
    head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:] not in _HEIC_BRANDS:
        known = ", ".join(_FORMATS)
        raise ValueError(f"is no image in a format that can be read ({known})")
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise ValueError(
            "is a HEIC photo, which cannot be read here; save it as JPEG, "
            "or install pillow-heif beside this program"
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
            note = f"has {pages} pages, of which the largest was opened"
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
    with contextlib.suppress(Exception):  # a broken note about the picture does not break it
        ImageOps.exif_transpose(image, in_place=True)
    _put_notes(image, notes)
    return image if image.format in _SINGLE else image.copy()


def _put_notes(image: Image.Image, notes: bytes) -> None:
    """Sets what `metadata` reads. In turning an image, Pillow writes its Exif anew, with losses."""
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
    """A photo as 8-bit RGB in sRGB: `open_image`, then `to_srgb` and `to_rgb`.

    One deeper than 8 bits is read by `value_range`, where that is given.
    """
    image = read_in_range(open_image(source, name, at_least), value_range)
    return to_rgb(to_srgb(image))


def find_images(
    folder: str | Path,
    inner: bool = True,
    suffixes: Collection[str] = IMAGE_SUFFIXES,
    is_left_out: Callable[[Path], bool] = lambda _: False,
) -> list[Path]:
    """The image files in a folder, and in those in it if `inner`, by suffix, sorted.

    Links to folders are followed, each folder once. Hidden files and folders, CACHE_FOLDERS and
    the folders that `is_left_out` names are skipped. Raises ValueError for a folder that cannot be
    read.
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

    found = []
    visited = {os.path.realpath(folder)}
    for where, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders[:] = [n for n in sorted(folders) if inner and is_entered(Path(where, n))]
        paths = (Path(where, name) for name in names if not name.startswith("."))
        found += [p for p in paths if p.suffix.lower() in suffixes]
    return sorted(found)
