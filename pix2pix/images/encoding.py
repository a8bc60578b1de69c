"""Pictures as the page gets them: image files, thumbnails and data URIs."""

import base64
import io
from typing import Any

from PIL import Image


def image_bytes(image: Image.Image, format_: str, **options: Any) -> bytes:
    """The image as a file of a format of Pillow's."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def data_uri(image: Image.Image, format_: str, **options: Any) -> str:
    """The image as a data URI."""
    return bytes_uri(image_bytes(image, format_, **options), f"image/{format_}")


def bytes_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def preview_uri(image: Image.Image) -> str:
    """A JPEG, which is encoded several times as fast as WebP."""
    return data_uri(image, "jpeg", quality=90)


def thumbnail_bytes(image: Image.Image, side: int) -> bytes:
    """A WebP file of the image, no side over `side` pixels. The image is left as it is."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BOX)
    return image_bytes(small, "webp", quality=86, method=1)


def thumbnail_uri(image: Image.Image, side: int) -> str:
    return bytes_uri(thumbnail_bytes(image, side), "image/webp")
