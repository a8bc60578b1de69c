"""What travels between browser and server, checked: the browser's word is taken for nothing."""

import base64
import binascii
import io
import zlib
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from gradio.utils import get_upload_folder
from PIL import Image
from starlette.responses import JSONResponse, Response

from pix2pix.app.canvas_spec import SheetKind
from pix2pix.config import check_style
from pix2pix.inference import MAX_STRENGTH
from pix2pix.labels.label_map import NUM_CLASSES, check_label_map

MAX_SEED = 9999
GONE = "this file is not, or no longer, among the uploads: please open it again"
MAX_UPLOAD_MB = 64
NOT_FETCHED = (
    "files are not fetched from the web here: please download the file and send it (handle_file "
    "with a local path, or POST it to /gradio_api/upload and give the path in the answer)"
)
PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}  # headers


class DrawRequest(NamedTuple):
    """A drawing to be turned into a building."""

    label_map: np.ndarray  # (H, W) uint8, of the sheet
    seed: int
    format: Literal["png", "jpeg"]  # lossless, or small for the live picture
    id: int | None  # the browser's own number for it, sent back as it came
    style: tuple[float, ...] | None = None  # wins over the seed
    large: bool = False  # as large as the model can

    @property
    def can_wait(self) -> bool:
        """Whether it only makes sharper what is on a screen already: a large JPEG is no file."""
        return self.large and self.format == "jpeg"


class Upload(NamedTuple):
    """A file that the browser has uploaded in this app."""

    path: Path
    name: str


def pack_ids(label_map: np.ndarray) -> str:
    """Class ids as the browser sends and reads them: zlib, then base64."""
    return base64.b64encode(zlib.compress(label_map.tobytes(), 9)).decode()


def unpack_ids(text: Any, shape: tuple[int, int], num_classes: int = NUM_CLASSES) -> np.ndarray:
    """The label map (H, W) uint8 in `text`, never inflated beyond the size expected."""
    if not isinstance(text, str):
        raise ValueError(f"ids must be a base64 text, got {type(text).__name__}")
    height, width = shape
    expected = height * width
    if len(text) > 2 * expected + 1024:
        raise ValueError(f"ids hold more than a {width}x{height} drawing can need")
    try:
        inflate = zlib.decompressobj()
        ids = inflate.decompress(base64.b64decode(text, validate=True), expected + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise ValueError("ids are not zlib-compressed bytes in base64") from None
    if len(ids) != expected:
        many = "more" if len(ids) > expected else str(len(ids))
        raise ValueError(f"a drawing here is {width}x{height}, {expected} ids; got {many}")
    label_map = np.frombuffer(ids, np.uint8).reshape(shape)
    check_label_map(label_map, num_classes)
    return label_map


def read_drawing(payload: Any, sheet: SheetKind, style_dim: int) -> DrawRequest:
    """Raises ValueError, in words, for anything but a drawing on such a sheet."""
    payload = _require_dict(payload, "a drawing")
    seed = read_seed(payload, "seed")
    format_ = payload.get("format", "png")
    if format_ not in ("png", "jpeg"):
        raise ValueError(f"format must be png or jpeg, got {_short(format_)}")
    style = read_style(payload.get("style"), style_dim)
    ids = unpack_ids(payload.get("ids"), sheet.shape, len(sheet.classes))
    large = payload.get("large", False)
    if not isinstance(large, bool):
        raise ValueError(f"large must be true or false, got {_short(large)}")
    return DrawRequest(ids, seed, format_, read_id(payload), style, large)


def read_style(style: Any, style_dim: int) -> tuple[float, ...] | None:
    """The style in a request; None where it has none. Raises ValueError for one of another kind."""
    if style is None:
        return None
    if not isinstance(style, list):
        raise ValueError(f"style must be a list of numbers, got {_short(style)}")
    check_style(tuple(style), style_dim)
    return tuple(float(value) for value in style)


def read_seed(payload: dict[str, Any], name: str) -> int:
    seed = payload.get(name, 0)
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        raise ValueError(f"{name} must be a whole number from 0 to {MAX_SEED}, got {_short(seed)}")
    return seed


def read_id(payload: dict[str, Any]) -> int | None:
    """The browser's number for a request; anything else than a plain number is dropped."""
    number = payload.get("id")
    return number if type(number) is int and abs(number) < 2**53 else None


def read_strength(payload: dict[str, Any]) -> float:
    strength = payload.get("strength", 1.0)
    if type(strength) not in (int, float) or not 0 <= strength <= MAX_STRENGTH:
        raise ValueError(f"strength must be from 0 to {MAX_STRENGTH}, got {_short(strength)}")
    return float(strength)


def read_upload(payload: Any) -> Upload:
    """The uploaded file in a payload's `file`. Nothing outside the upload folder is opened.

    Gradio checks this too, but only for what is marked as a file.
    """
    file = _require_dict(payload, "an upload").get("file")
    path = file.get("path") or file.get("url") if isinstance(file, dict) else file
    if is_address(path):
        raise ValueError(NOT_FETCHED)
    file = _require_dict(file, "file")
    path = file.get("path")
    if not isinstance(path, str) or "\0" in path or "://" in path:
        raise ValueError("the file has no path that an upload could have")
    resolved = Path(path).resolve()
    if not resolved.is_relative_to(Path(get_upload_folder()).resolve()) or not resolved.is_file():
        raise ValueError(GONE)
    name = file.get("orig_name")
    return Upload(resolved, clean_name(name if isinstance(name, str) and name else resolved.name))


def is_address(path: Any) -> bool:
    return isinstance(path, str) and path.lower().startswith(("http://", "https://"))


def clean_name(name: str) -> str:
    """The last part of a path from any system, fit to be shown and to name a file."""
    name = "".join(c for c in Path(name.replace("\\", "/")).name if c.isprintable())
    return name[:120] if name.strip(". ") else "upload"


def image_bytes(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def data_uri(image: Image.Image, format_: str, **options: Any) -> str:
    return bytes_uri(image_bytes(image, format_, **options), f"image/{format_}")


def bytes_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def thumbnail_uri(image: Image.Image, side: int) -> str:
    """A small picture for the page; the image itself stays as it is."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BOX)
    return data_uri(small, "webp", quality=86, method=1)


def refuse(reason: str, status: int) -> Response:
    return JSONResponse({"error": reason}, status, headers=PRIVATE)


def _require_dict(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a JSON object, got {type(value).__name__}")
    return value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."
