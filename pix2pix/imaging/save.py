"""Writing image files: with a photo's dates and scale, whole or not at all."""

import io
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from pix2pix.files import write_atomically

_DATES = (
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.DateTimeDigitized,
    ExifTags.Base.OffsetTimeOriginal,
    ExifTags.Base.OffsetTimeDigitized,
)

_OPTIONS = {
    "JPEG": {"quality": 95, "subsampling": 0},  # colours as sharp as the photo
    "WEBP": {"quality": 95},
    "PNG": {"compress_level": 3},  # half the time of the default, a few percent larger
}

# What a result can be written as, by the ending of its name
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}


def read_dates(image: Image.Image) -> bytes:
    """Exif of when the photo was taken and scanned, and of nothing else that a camera wrote.

    As bytes: of an Image.Exif, Pillow leaves the inner dates out of a TIFF. Empty without dates.
    """
    kept = Image.Exif()
    try:
        exif = image.getexif()
        date = exif.get(ExifTags.Base.DateTime)
        inner = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # a broken note about the picture does not break the picture
        return b""
    if isinstance(date, str):
        kept[ExifTags.Base.DateTime] = date
    dates = {int(tag): inner[tag] for tag in _DATES if isinstance(inner.get(tag), str)}
    if dates:
        kept.get_ifd(ExifTags.IFD.Exif).update(dates)
    return kept.tobytes() if date or dates else b""


def read_dpi(image: Image.Image) -> tuple[float, float] | None:
    """How many pixels of a scan are an inch (x, y); None where it does not say, or nonsense."""
    try:
        x, y = (float(v) for v in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if all(1 < v < 65536 for v in (x, y)) else None


def encode_image(
    image: Image.Image, kind: str, exif: bytes = b"", dpi: tuple[float, float] | None = None
) -> bytes:
    """The image as a file in a format of FORMATS. Raises what Pillow raises."""
    options: dict[str, Any] = dict(_OPTIONS.get(kind, {}))
    if exif:
        options["exif"] = exif
    if dpi:
        options["dpi"] = dpi
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def save_image(
    image: Image.Image,
    path: Path,
    exif: bytes = b"",
    dpi: tuple[float, float] | None = None,
) -> None:
    """Writes the image in the format of the file's ending, whole or not at all."""
    try:
        content = encode_image(image, FORMATS[path.suffix.lower()], exif, dpi)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except (OSError, ValueError) as error:  # a full disk; more pixels a side than the format has
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ValueError(f"{path} cannot be written ({reason})") from None
