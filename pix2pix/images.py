"""Opening image files that strangers made: any mode, upright, bounded, or a ValueError."""

import io
import warnings
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 50_000_000
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})

# Formats whose decoders are in everyday use; the rest of Pillow's list is attack surface.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "MPO", "AVIF")


ImageSource = str | Path | bytes | IO[bytes]


def describe(source: ImageSource) -> str:
    """What an error calls a file that was given no name."""
    return str(source) if isinstance(source, (str, Path)) else "image"


def open_image(source: ImageSource, name: str | None = None) -> Image.Image:
    """The picture in a file, decoded whole, upright by its EXIF orientation, in its own mode.

    Of an animation, the first frame. Raises ValueError "NAME: reason" for a file that is missing,
    empty, truncated, not an image or over MAX_PIXELS; its pixels are not decoded in that case.
    """
    label = name or describe(source)
    try:
        if isinstance(source, (str, Path)):
            path = Path(source)
            if path.is_dir():
                raise ValueError(f"{label}: is a folder, not an image file")
            if path.stat().st_size == 0:
                raise ValueError(f"{label}: is empty (0 bytes)")
        elif isinstance(source, bytes):
            if not source:
                raise ValueError(f"{label}: is empty (0 bytes)")
            source = io.BytesIO(source)
        return _decode(source, label)
    except FileNotFoundError:
        raise ValueError(f"{label}: no such file") from None
    except PermissionError:
        raise ValueError(f"{label}: cannot be read (permission denied)") from None


def _decode(source: str | Path | IO[bytes], label: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's bomb warning: the limit below is ours
            with Image.open(source, formats=_FORMATS) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise ValueError(
                        f"{label}: is {width}x{height}, {width * height / 1e6:.0f} megapixels; "
                        f"the limit is {MAX_PIXELS // 1_000_000}"
                    )
                image.load()
                return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise ValueError(f"{label}: is not an image in a format that can be read") from None
    except Image.DecompressionBombError:
        limit = MAX_PIXELS // 1_000_000
        raise ValueError(
            f"{label}: has far more pixels than the {limit} megapixels allowed"
        ) from None
    except ValueError as error:
        if str(error).startswith(label):
            raise
        raise ValueError(f"{label}: cannot be decoded ({error})") from None
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # Pillow's plugins raise struct.error, SyntaxError, IndexError, ...
        raise ValueError(f"{label}: is damaged or cut short ({error})") from None


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as 8-bit RGB: 16-bit scaled, transparency laid on white, CMYK converted."""
    if image.mode in ("I", "F", "I;16", "I;16B", "I;16L", "I;16N"):
        image = _scale_to_8_bit(image)
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    """Modes that `convert` would clip: 16-bit integers, and floats of unknown range."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = values.min(), values.max()
    if low >= 0 and 1.0 < high <= 255:
        scale, low = 1.0, 0.0
    elif image.mode == "F":
        scale = 255.0 / (high - low) if high > low else 0.0
    else:
        scale, low = 255.0 / 65535.0, 0.0
    return Image.fromarray(np.clip((values - low) * scale + 0.5, 0, 255).astype(np.uint8))


def open_rgb(source: ImageSource, name: str | None = None) -> Image.Image:
    """`open_image`, then `to_rgb`."""
    return to_rgb(open_image(source, name))


def find_images(folder: str | Path) -> list[Path]:
    """The image files directly in a folder, by suffix, sorted by name."""
    return sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
