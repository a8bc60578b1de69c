"""Opening image files that strangers made: any mode, upright, bounded, or a ValueError."""

import io
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 50_000_000
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})

# Formats whose decoders are in everyday use; the rest of Pillow's list is attack surface.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF")


ImageSource = str | Path | bytes | IO[bytes]


def describe(source: ImageSource) -> str:
    """What an error calls a file that was given no name."""
    return str(source) if isinstance(source, (str, Path)) else "image"


def open_image(source: ImageSource, name: str | None = None) -> Image.Image:
    """The picture in a file, decoded whole, upright by its EXIF orientation, in its own mode.

    Of an animation, the first frame. Raises ValueError "NAME: reason" for a file that is missing,
    unreadable, empty, cut short, not an image, or over MAX_PIXELS; of the last no pixel is decoded.
    """
    try:
        if isinstance(source, bytes):
            return _decode(io.BytesIO(source))
        if not isinstance(source, (str, Path)):
            return _decode(source)
        path = Path(source)
        if path.is_dir():
            raise ValueError("is a folder, not an image file")
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise ValueError("is not a file")
        with path.open("rb") as file:
            return _decode(file)
    except FileNotFoundError:
        reason = "no such file"
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
    except ValueError as error:
        reason = str(error)
    raise ValueError(f"{name or describe(source)}: {reason}")


def _decode(file: IO[bytes]) -> Image.Image:
    if not file.read(1):
        raise ValueError("is empty (0 bytes)")
    file.seek(0)
    limit = f"the limit is {MAX_PIXELS // 1_000_000} megapixels"
    try:
        image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError:  # from twice Pillow's own limit on, before we see a size
        raise ValueError(f"has far too many pixels; {limit}") from None
    except UnidentifiedImageError:
        known = ", ".join(_FORMATS)
        raise ValueError(f"is no image in a format that can be read ({known})") from None
    except Exception as error:  # Pillow's plugins raise struct.error, SyntaxError, IndexError, ...
        raise ValueError(f"is damaged or cut short ({error})") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"is {width}x{height} pixels; {limit}")
    try:
        image.load()
    except Exception as error:
        raise ValueError(f"is damaged or cut short ({error})") from None
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a broken note about the picture does not break the picture
        return image.copy()


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as 8-bit RGB: 16-bit scaled, transparency laid on white, CMYK converted."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _scale_to_8_bit(image)
    if image.has_transparency_data:
        if image.mode == "La":
            image = image.convert("LA")  # Pillow has no way from La to RGBA
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    """Modes that `convert` would clip: 16-bit integers, wider ones, and floats.

    I and F do not say their range. It is taken for the first that holds all values: 0..1 (F only),
    0..255, 0..65535, else from 0 or the least to the greatest. What is not finite becomes black.
    """
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray(_U8_OF_U16[values])
    finite = np.isfinite(values)
    low, high = (float(f(values, where=finite, initial=0)) for f in (np.min, np.max))
    tops = (1, 255, 65535) if image.mode == "F" else (255, 65535)
    if low >= 0:
        high = next((float(top) for top in tops if high <= top), high)
    scaled = np.where(finite, values, low).astype(np.float32)
    scaled -= low
    scaled *= 255 / (high - low)
    scaled += 0.5
    return Image.fromarray(scaled.clip(0, 255).astype(np.uint8))


_U8_OF_U16 = (np.arange(65536) / 257 + 0.5).astype(np.uint8)


def open_rgb(source: ImageSource, name: str | None = None) -> Image.Image:
    """`open_image`, then `to_rgb`."""
    return to_rgb(open_image(source, name))


def find_images(folder: str | Path) -> list[Path]:
    """The image files directly in a folder, by suffix, sorted by name."""
    return sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
