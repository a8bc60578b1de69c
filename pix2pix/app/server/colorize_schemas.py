"""Requests of the Colourise tab, and the pictures and files that answer them."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from PIL import Image
from pydantic import Field, PlainValidator, ValidationInfo

from pix2pix.app.server.photo_store import KeptPhoto
from pix2pix.app.server.schemas import Format, RequestModel, Strength, Switch, short
from pix2pix.images.color_hints import Hint, parse_hints
from pix2pix.images.convert import to_rgb
from pix2pix.images.encoding import thumbnail_uri
from pix2pix.images.icc import to_srgb
from pix2pix.images.metadata import NO_METADATA, read_metadata
from pix2pix.images.reader import open_image
from pix2pix.images.reference_colors import Reference, read_reference
from pix2pix.images.repair_brush import Stroke, parse_strokes
from pix2pix.images.scan_analysis import ScanAnalysis
from pix2pix.images.writer import DEEP_FORMATS, encode_deep, encode_image, read_dpi
from pix2pix.inference import Colorizer, PhotoSession, Restorer, format_offers
from pix2pix.web.tab_props import WORKING_SIZES

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg"}
SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
JPEG_MAX_SIDE = 65500
THUMB_SIDE = 96  # pixels of a reference's thumbnail
CROPPED = (128, 128, 128)

# The names that the page shows for the options that are offered: see panel.js.
SWITCHES = {
    "denoise": "\u201cSmooth the grain\u201d",
    "negative": "\u201cInvert the negative\u201d",
    "crop": "\u201cCrop the border\u201d",
}


class ColorizeSettings(NamedTuple):
    """How a photo is to be coloured."""

    strength: float
    size: int  # pixels of the short side at which colours are looked for
    hints: tuple[Hint, ...] = ()
    repair: bool = False
    denoise: bool = False
    negative: bool = False
    crop: bool = False
    scratches: bool = False  # remove them, corrected by the strokes
    strokes: tuple[Stroke, ...] = ()
    reference: Reference | None = None  # a photo from which colours are taken
    strip: bool = False  # leave captions, dates and place out of the saved file


def _read_hints(value: Any) -> tuple[Hint, ...]:
    return parse_hints(value)


def _read_size(value: Any, info: ValidationInfo) -> int:
    """The working size; the model's own, which is the context, where none is given."""
    own = info.context
    size = own if value is None else value
    if type(size) is not int or size not in (*WORKING_SIZES, own):
        raise ValueError(
            f"size must be one of {', '.join(map(str, WORKING_SIZES))}, got {short(value)}"
        )
    return size


def _read_reference(value: Any) -> Reference | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"colors", "strength"}:
        raise ValueError(f"reference must have colors and strength, got {short(value)}")
    strength = value["strength"]
    if type(strength) not in (int, float):
        raise ValueError(f"the strength of a reference must be 0 to 1, got {short(strength)}")
    return Reference(value["colors"], strength)


def _read_place(value: Any, info: ValidationInfo) -> tuple[float, float] | None:
    if (value is not None) != (info.data.get("kind") == "suggest"):
        raise ValueError("at, a place, belongs to the kind suggest")
    if value is None:
        return None
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 2 or not all(type(n) in (int, float) and 0 <= n <= 1 for n in numbers):
        raise ValueError(f"at must be two numbers from 0 to 1, got {short(value)}")
    return float(numbers[0]), float(numbers[1])


class ColorizeRequest(RequestModel):
    """A picture of a photo in the store, in colour. Validated with the model's own size."""

    kind: Annotated[
        Literal["preview", "quick", "sizes", "thumb", "suggest", "save"],
        Field(description="one of preview, quick, sizes, thumb, suggest, save"),
    ]
    photo: Annotated[str, Field(description="the id of a photo")]
    strength: Strength = 1.0
    size: Annotated["int | None", PlainValidator(_read_size), Field(validate_default=True)] = None
    hints: Annotated["tuple[Hint, ...]", PlainValidator(_read_hints)] = ()
    repair: Switch = False
    denoise: Switch = False
    negative: Switch = False
    crop: Switch = False
    scratches: Switch = False
    strokes: Annotated["tuple[Stroke, ...]", PlainValidator(parse_strokes)] = ()
    reference: Annotated["Reference | None", PlainValidator(_read_reference)] = None
    strip: Switch = False
    format: Format = "png"  # of a saved file
    at: Annotated[
        "tuple[float, float] | None", PlainValidator(_read_place), Field(validate_default=True)
    ] = None

    @property
    def settings(self) -> ColorizeSettings:
        assert self.size is not None
        return ColorizeSettings(
            self.strength,
            self.size,
            self.hints,
            self.repair,
            self.denoise,
            self.negative,
            self.crop,
            self.scratches,
            self.strokes if self.scratches else (),
            self.reference,
            self.strip,
        )


class PhotoModels(NamedTuple):
    """The models of a Colourise tab. Without a restorer no scratches can be removed."""

    colorizer: Colorizer
    restorer: Restorer | None = None


def open_for(
    models: PhotoModels,
    image: Image.Image,
    settings: ColorizeSettings,
    scan: ScanAnalysis | None = None,
) -> PhotoSession:
    if settings.scratches and models.restorer is None:
        raise ValueError("no model that removes scratches is served here")
    return models.colorizer.open_photo(
        image,
        size=settings.size,
        repair=settings.repair,
        denoise=settings.denoise,
        negative=settings.negative,
        crop=settings.crop,
        restorer=models.restorer if settings.scratches else None,
        strokes=settings.strokes,
        scan=scan,
    )


def color_photo(
    models: PhotoModels,
    image: Image.Image,
    settings: ColorizeSettings,
    scan: ScanAnalysis | None = None,
) -> Image.Image:
    return paint(open_for(models, image, settings, scan), settings)


def paint(session: PhotoSession, settings: ColorizeSettings) -> Image.Image:
    return session.colorize(settings.strength, settings.hints, settings.reference)


class KeptResult(NamedTuple):
    """A preview in colour, where it was repaired, and notes on what was done to it."""

    image: Image.Image
    repaired: Image.Image | None  # mode L, white where it was; None if nowhere
    notes: tuple[str, ...]


def color_kept(
    models: PhotoModels,
    photo: KeptPhoto,
    part: Literal["preview", "quick"],
    settings: ColorizeSettings,
) -> KeptResult:
    """A preview in colour.

    It has the whole photo's shape, so that hints stay in place: cropped parts are grey.
    """
    image = photo.preview if part == "preview" else photo.quick
    session = find_session(models, photo, part, settings)
    result = paint(session, settings)
    if result.size != image.size:
        left_out = Image.new("RGB", image.size, CROPPED)
        left_out.paste(result, session.box)
        result = left_out
    offers = format_offers(session.offers, SWITCHES.__getitem__)
    return KeptResult(result, session.repaired(), (*photo.notes, *session.notes, *offers))


def find_session(
    models: PhotoModels,
    photo: KeptPhoto,
    part: Literal["preview", "quick"],
    settings: ColorizeSettings,
) -> PhotoSession:
    """The session of a copy of the photo.

    It does not depend on hints, strength and reference, and is kept with the photo, so that the
    next request is answered sooner.
    """
    opened_for = settings._replace(strength=1.0, hints=(), reference=None, strip=False)
    kept = photo.sessions.get(part)
    if kept is None or kept[0] != opened_for:
        image = photo.preview if part == "preview" else photo.quick
        session = open_for(models, image, settings, photo.scan)
        kept = photo.sessions[part] = opened_for, session
    return kept[1]


def suggest_for(
    models: PhotoModels, photo: KeptPhoto, settings: ColorizeSettings, at: tuple[float, float]
) -> list[dict[str, Any]]:
    """Likely colours of a place, {"color": "#rrggbb", "share": 0..1} each, the likeliest first."""
    session = find_session(models, photo, "quick", settings)
    found = session.suggest(*at, settings.hints, settings.reference)
    return [{"color": "#" + bytes(each.rgb).hex(), "share": each.share} for each in found]


def read_reference_photo(content: bytes, name: str) -> dict[str, str]:
    """{"colors", "thumb"} of a photo from which colours are taken.

    Raises ValueError "NAME: reason".
    """
    photo = open_image(content, name, (2 * THUMB_SIDE, 2 * THUMB_SIDE))
    try:
        colors = read_reference(photo)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    small = to_rgb(to_srgb(photo))
    small.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)
    return {"colors": colors, "thumb": thumbnail_uri(small, THUMB_SIDE)}


def finish_photo(
    models: PhotoModels,
    content: bytes | Path,
    name: str,
    settings: ColorizeSettings,
    format_: str,
    scan: ScanAnalysis | None = None,
) -> bytes:
    """The file of the photo in colour: its own size, upright, with its metadata.

    Raises ValueError "NAME: reason".
    """
    image = open_image(content, name)
    if format_ == "jpeg" and max(image.size) > JPEG_MAX_SIDE:
        raise ValueError(f"{name}: is too long for a JPEG; save it as PNG")
    metadata, dpi = NO_METADATA if settings.strip else read_metadata(image), read_dpi(image)
    session = open_for(models, image, settings, scan)
    del image  # 200 MB, of 50 megapixels in colour
    if session.is_deep and format_.upper() in DEEP_FORMATS:
        wanted = settings.strength, settings.hints, settings.reference
        return encode_deep(session.colorize_deep(*wanted), format_.upper(), metadata, dpi)
    result = paint(session, settings)
    del session
    return encode_image(result, format_.upper(), metadata, dpi)


def result_name(name: str, format_: str) -> str:
    return f"{Path(name).stem or 'photo'}{SUFFIXES[format_]}"
