"""What the Colourise tab asks for, checked, and the files that it gets."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from PIL import Image

from pix2pix.app.server.photo_store import KeptPhoto
from pix2pix.app.server.schemas import read_id, read_strength
from pix2pix.images.color_hints import Hint, parse_hints
from pix2pix.images.metadata import NO_METADATA, read_metadata
from pix2pix.images.reader import open_image
from pix2pix.images.scan_analysis import ScanAnalysis
from pix2pix.images.writer import encode_image, read_dpi
from pix2pix.inference import MAX_STRENGTH, Colorizer, PhotoSession, format_offers

SIZES = (128, 192, 256, 384)  # pixels of the short side at which colours are looked for
KINDS = ("preview", "quick", "sizes", "thumb", "save")
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg"}
SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
JPEG_MAX_SIDE = 65500
CROPPED = (128, 128, 128)

# What the page calls the options that are offered: see panel.js.
SWITCHES = {
    "denoise": "\u201cSmooth the grain\u201d",
    "negative": "\u201cInvert the negative\u201d",
    "crop": "\u201cCrop the border\u201d",
}


class Look(NamedTuple):
    """How a photo is to be coloured."""

    strength: float
    size: int
    hints: tuple[Hint, ...] = ()
    repair: bool = False
    denoise: bool = False
    negative: bool = False
    crop: bool = False
    strip: bool = False  # captions, dates and place off what is saved


class ColorRequest(NamedTuple):
    """One wish of the page, about a photo that was sent before."""

    kind: str  # of KINDS
    key: Any  # the visitor's; looked up, so any value will do
    photo: Any
    look: Look
    format: Literal["png", "jpeg"]
    id: int | None  # the browser's own number for it, sent back as it came


def read_color_request(payload: Any, size: int) -> ColorRequest:
    """`size` is the working size where none is asked for. Raises ValueError in words."""
    if not isinstance(payload, dict):
        raise ValueError(f"a request must be a JSON object, got {type(payload).__name__}")
    kind = payload.get("kind")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    return ColorRequest(
        kind,
        payload.get("key"),
        payload.get("photo"),
        read_look(payload, size),
        read_format(payload),
        read_id(payload),
    )


def read_look(payload: dict[str, Any], size: int) -> Look:
    wanted = payload.get("size")
    if wanted is None:
        wanted = size
    if type(wanted) is not int or wanted not in (*SIZES, size):
        raise ValueError(f"size must be one of {', '.join(map(str, SIZES))}")
    return Look(
        read_strength(payload),
        wanted,
        parse_hints(payload.get("hints", [])),
        read_switch(payload, "repair"),
        read_switch(payload, "denoise"),
        read_switch(payload, "negative"),
        read_switch(payload, "crop"),
        read_switch(payload, "strip"),
    )


def read_switch(payload: dict[str, Any], name: str) -> bool:
    value = payload.get(name, False)
    if type(value) is not bool:
        raise ValueError(f"{name} must be true or false")
    return value


def read_format(payload: dict[str, Any]) -> Literal["png", "jpeg"]:
    format_ = payload.get("format", "png")
    if format_ == "png":
        return "png"
    if format_ == "jpeg":
        return "jpeg"
    raise ValueError("format must be png or jpeg")


def open_for(
    colorizer: Colorizer, image: Image.Image, look: Look, scan: ScanAnalysis | None = None
) -> PhotoSession:
    return colorizer.open_photo(
        image,
        size=look.size,
        repair=look.repair,
        denoise=look.denoise,
        negative=look.negative,
        crop=look.crop,
        scan=scan,
    )


def color_photo(
    colorizer: Colorizer, image: Image.Image, look: Look, scan: ScanAnalysis | None = None
) -> Image.Image:
    return open_for(colorizer, image, look, scan).colorize(look.strength, look.hints)


def color_kept(
    colorizer: Colorizer, photo: KeptPhoto, part: Literal["preview", "quick"], look: Look
) -> tuple[Image.Image, tuple[str, ...]]:
    """A preview in colour, and notes on what was done to it beside colouring.

    What does not change with hints and strength is kept with the photo: a hand is waiting. A
    preview has the whole photo's shape, so that hints stay where they are: what is cropped is grey.
    """
    opened_for = (look.size, look.repair, look.denoise, look.negative, look.crop)
    image = photo.preview if part == "preview" else photo.quick
    kept = photo.sessions.get(part)
    if kept is None or kept[0] != opened_for:
        session = open_for(colorizer, image, look, photo.scan)
        kept = photo.sessions[part] = opened_for, session
    session = kept[1]
    result = session.colorize(look.strength, look.hints)
    if result.size != image.size:
        left_out = Image.new("RGB", image.size, CROPPED)
        left_out.paste(result, session.box)
        result = left_out
    offers = format_offers(session.offers, SWITCHES.__getitem__)
    return result, (*photo.notes, *session.notes, *offers)


def finish_photo(
    colorizer: Colorizer,
    content: bytes | Path,
    name: str,
    look: Look,
    format_: str,
    scan: ScanAnalysis | None = None,
) -> bytes:
    """The file of the photo in colour: its own size, upright, what it says of itself kept.

    Raises ValueError "NAME: reason".
    """
    image = open_image(content, name)
    if format_ == "jpeg" and max(image.size) > JPEG_MAX_SIDE:
        raise ValueError(f"{name}: is too long for a JPEG; save it as PNG")
    metadata, dpi = NO_METADATA if look.strip else read_metadata(image), read_dpi(image)
    session = open_for(colorizer, image, look, scan)
    del image  # 200 MB, of 50 megapixels in colour
    result = session.colorize(look.strength, look.hints)
    del session
    return encode_image(result, format_.upper(), metadata, dpi)


def result_name(name: str, format_: str) -> str:
    return f"{Path(name).stem or 'photo'}{SUFFIXES[format_]}"


def strength_range() -> str:
    return f"0 (grey) to {MAX_STRENGTH}, 1 as is"
