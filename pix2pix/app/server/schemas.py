"""Requests of the page as pydantic models, and the rules that programs' requests share with them.

Each rule stands here once: a field's description completes the sentence "FIELD must be ...".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from pix2pix.config import check_style
from pix2pix.inference import MAX_REGIONS, MAX_STRENGTH, Look, Regions
from pix2pix.labels.canvas_spec import CanvasSpec
from pix2pix.labels.packed_ids import unpack_ids

MAX_SEED = 9999
MAX_SIDE = 4096  # pixels of a drawing; a canvas allows far less
MAX_NAME = 120  # characters of a file's name

Request = TypeVar("Request", bound="RequestModel")


class DrawContext(NamedTuple):
    """What a drawing is checked against: the canvas of its tab, and facts about its model."""

    canvas: CanvasSpec
    style_dim: int
    has_regions: bool = False  # whether parts of a drawing can have their own look


def _read_ids(value: Any, info: ValidationInfo) -> np.ndarray:
    canvas = info.context.canvas  # type: ignore[union-attr]
    return unpack_ids(value, _sheet_shape(info), len(canvas.classes))


def _sheet_shape(info: ValidationInfo) -> tuple[int, int]:
    """The shape (H, W) of the drawing in a request. Raises ValueError for one that no sheet has."""
    canvas = info.context.canvas  # type: ignore[union-attr]
    height, width = (
        info.data.get(side) or own for side, own in zip(("height", "width"), canvas.shape)
    )
    shape: tuple[int, int] = canvas.check_shape(height, width)
    return shape


def _read_style(value: Any, info: ValidationInfo) -> tuple[float, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError(f"style must be a list of numbers, got {short(value)}")
    check_style(tuple(value), info.context.style_dim)  # type: ignore[union-attr]
    return tuple(float(number) for number in value)


def _read_regions(value: Any, info: ValidationInfo) -> Regions | None:
    if value is None:
        return None
    if not info.context.has_regions:  # type: ignore[union-attr]
        raise ValueError("regions must be left out, this tab's model takes none")
    if not isinstance(value, dict) or set(value) != {"ids", "looks"}:
        raise ValueError(f"regions must be an object with ids and looks, got {short(value)}")
    looks = value["looks"]
    if not isinstance(looks, list) or not 1 <= len(looks) <= MAX_REGIONS:
        raise ValueError(f"looks must be a list of 1 to {MAX_REGIONS}, got {short(looks)}")
    ids = unpack_ids(value["ids"], _sheet_shape(info), len(looks) + 1)
    return Regions(ids, [_read_look(look, info) for look in looks])


def _read_look(value: Any, info: ValidationInfo) -> Look:
    """A look {"seed"} or {"style"}."""
    if isinstance(value, dict) and set(value) == {"seed"}:
        return check_seed(value["seed"])
    style = (
        _read_style(value["style"], info)
        if isinstance(value, dict) and set(value) == {"style"}
        else None
    )
    if style is None:
        raise ValueError(f"a look must be an object with a seed or a style, got {short(value)}")
    return style


SEED_RULE = f"a whole number from 0 to {MAX_SEED}"
STRENGTH_RULE = f"from 0 to {MAX_STRENGTH}"

Ids = Annotated[np.ndarray, PlainValidator(_read_ids)]
RegionsOfDrawing = Annotated["Regions | None", PlainValidator(_read_regions)]
Style = Annotated["tuple[float, ...] | None", PlainValidator(_read_style)]
Seed = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED, description=SEED_RULE)]
Strength = Annotated[
    float,
    Field(
        strict=True,
        ge=0,
        le=MAX_STRENGTH,
        allow_inf_nan=False,
        description=STRENGTH_RULE,
    ),
]
Side = Annotated[
    "int | None",
    Field(strict=True, ge=1, le=MAX_SIDE, description=f"a whole number from 1 to {MAX_SIDE}"),
]
Switch = Annotated[bool, Field(strict=True, description="true or false")]
Format = Annotated[Literal["png", "jpeg"], Field(description="png or jpeg")]
RequestId = Annotated[
    "int | None", Field(strict=True, gt=-(2**53), lt=2**53, description="a whole number")
]
Visitor = Annotated[
    "str | None", Field(strict=True, pattern=r"^[0-9-]{1,64}$", description="1 to 64 digits")
]


class RequestModel(BaseModel):
    """A JSON object with exactly the keys of the class."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True
    )


class Sheet(RequestModel):
    """The shape of a drawing, by default the canvas's."""

    height: Side = None
    width: Side = None


class DrawRequest(Sheet):
    """A drawing whose picture is wanted. Validated in a DrawContext."""

    ids: Ids  # (H, W) uint8
    seed: Seed = 0
    format: Format = "png"  # lossless, or small for the live picture
    style: Style = None  # replaces the seed
    # {"ids": packed like those of the drawing, "looks": [{"seed"} or {"style"}, ...]}: where the id
    # is i + 1, looks[i] applies; where it is 0, the drawing's own
    regions: RegionsOfDrawing = None
    large: Switch = False  # as large as the model can
    thumbnail: Switch = False  # a small WebP, for the gallery of styles
    id: RequestId = None  # a visitor's larger number cancels their smaller ones
    visitor: Visitor = None

    @property
    def can_wait(self) -> bool:
        """Whether it only makes a picture sharper that is on a screen already."""
        return self.large and self.format == "jpeg"


class LabelImageRequest(Sheet):
    """A drawing to be saved as a label image. Validated in a DrawContext."""

    ids: Ids


class FacadeRequest(Sheet):
    """The seed of a made-up facade."""

    seed: Seed


_SEED: TypeAdapter[int] = TypeAdapter(Seed)
_STRENGTH: TypeAdapter[float] = TypeAdapter(Strength)


def parse_request(model: type[Request], content: bytes, context: Any = None) -> Request:
    """The request in a JSON text. Raises ValueError: what was expected, and what came."""
    try:
        return model.model_validate_json(content, context=context)
    except ValidationError as error:
        raise ValueError(describe_problem(error, model)) from None


def check_seed(value: Any) -> int:
    """A seed that a program gave; 7.0 is 7. Raises ValueError."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    try:
        return _SEED.validate_python(whole)
    except ValidationError:
        raise ValueError(f"seed must be {SEED_RULE}, got {short(value)}") from None


def check_strength(value: Any) -> float:
    """A strength of colours that a program gave. Raises ValueError."""
    try:
        return _STRENGTH.validate_python(value)
    except ValidationError:
        raise ValueError(f"strength must be {STRENGTH_RULE}, got {short(value)}") from None


def describe_problem(error: ValidationError, model: type[RequestModel]) -> str:
    """The first problem as a sentence."""
    problem = error.errors(include_url=False)[0]
    kind, field = problem["type"], str(problem["loc"][0]) if problem["loc"] else ""
    if kind == "json_invalid":
        return "the request is not valid JSON"
    if not field:
        return f"the request must be a JSON object, got {type(problem['input']).__name__}"
    if kind == "extra_forbidden":
        return f"there is no key of this name; there are: {', '.join(model.model_fields)}"
    if kind == "missing":
        return f"{field} is missing"
    if kind == "value_error":  # raised by a rule of ours, in its own words
        return str(problem["ctx"]["error"])
    description = model.model_fields[field].description
    return f"{field} must be {description}, got {short(problem['input'])}"


def clean_name(name: str) -> str:
    """The last part of a path of any system, printable; "upload" where nothing is left."""
    name = "".join(c for c in Path(name.replace("\\", "/")).name if c.isprintable())
    return name[:MAX_NAME] if name.strip(". ") else "upload"


def short(value: object) -> str:
    """At most 40 characters of a value, for messages."""
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."
