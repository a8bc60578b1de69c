"""Requests of the Colourise tab, and the pictures and files that answer them."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from PIL import Image
from pydantic import Field, PlainValidator, ValidationInfo

from pix2pix.app.server.photo_store import KeptPhoto
from pix2pix.app.server.schemas import Format, RequestModel, Strength, Switch, short
from pix2pix.images.color_hints import Hint, parse_hints
from pix2pix.images.metadata import NO_METADATA, read_metadata
from pix2pix.images.reader import open_image
from pix2pix.images.repair_brush import Stroke, parse_strokes
from pix2pix.images.scan_analysis import ScanAnalysis
from pix2pix.images.writer import encode_image, read_dpi
from pix2pix.inference import Colorizer, PhotoSession, Restorer, format_offers
from pix2pix.web.tab_props import WORKING_SIZES

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg"}
SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
JPEG_MAX_SIDE = 65500
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


class ColorizeRequest(RequestModel):
    """A picture of a photo in the store, in colour. Validated with the model's own size."""

    kind: Annotated[
        Literal["preview", "quick", "sizes", "thumb", "save"],
        Field(description="one of preview, quick, sizes, thumb, save"),
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
    strip: Switch = False
    format: Format = "png"  # of a saved file

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
    return open_for(models, image, settings, scan).colorize(settings.strength, settings.hints)


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

    The session, which does not depend on hints and strength, is kept with the photo, so that the
    next request is answered sooner. A preview has the whole photo's shape, so that hints stay in
    place: cropped parts are grey.
    """
    opened_for = settings._replace(strength=1.0, hints=(), strip=False)
    image = photo.preview if part == "preview" else photo.quick
    kept = photo.sessions.get(part)
    if kept is None or kept[0] != opened_for:
        session = open_for(models, image, settings, photo.scan)
        kept = photo.sessions[part] = opened_for, session
    session = kept[1]
    result = session.colorize(settings.strength, settings.hints)
    if result.size != image.size:
        left_out = Image.new("RGB", image.size, CROPPED)
        left_out.paste(result, session.box)
        result = left_out
    offers = format_offers(session.offers, SWITCHES.__getitem__)
    return KeptResult(result, session.repaired(), (*photo.notes, *session.notes, *offers))


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
    result = session.colorize(settings.strength, settings.hints)
    del session
    return encode_image(result, format_.upper(), metadata, dpi)


def result_name(name: str, format_: str) -> str:
    return f"{Path(name).stem or 'photo'}{SUFFIXES[format_]}"
