"""A drawing tab's components: thin Gradio shells whose behaviour is in `assets/`.

`Drawing` sends the drawing, `Picture` shows what is made of it, `Looks` the same in other styles,
`Shelf` holds what to start from and the files that go in and out.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from pix2pix.app.canvas_spec import PEN, SheetKind
from pix2pix.app.component_base import ScriptedHTML
from pix2pix.app.errors import sentence
from pix2pix.app.server.draw_routes import LIVE_URL, encode, picture_name
from pix2pix.app.server.schemas import (
    MAX_SEED,
    MAX_UPLOAD_MB,
    DrawRequest,
    Upload,
    bytes_uri,
    data_uri,
    pack_ids,
    read_drawing,
    read_seed,
    read_upload,
    thumbnail_uri,
)
from pix2pix.labels.label_map import encode_label_image

LOOK_SIDE = 128  # pixels of a small picture


class PhotoStyle(NamedTuple):
    """The style of a photo that was uploaded."""

    style: np.ndarray  # (style_dim,) float32
    photo: Image.Image
    name: str


class NoLabelMap(NamedTuple):
    """An opened picture that is no label map: the reason why."""

    name: str
    reason: str


class Drawing(ScriptedHTML):
    """The sheet with its tools and palette. In Python its value is a DrawRequest."""

    def __init__(self, sheet: SheetKind, seed: int, style_dim: int) -> None:
        self._sheet, self._style_dim = sheet, style_dim
        super().__init__(
            "drawing",
            "draw/draw.js",
            "mountDrawing",
            events=("input",),
            seed=seed,
            style_dim=style_dim,
            start=pack_ids(sheet.first),
            hand=PEN if sheet.name == "lines" else {},
            live_url=LIVE_URL,
            **sheet.props(),
        )

    def preprocess(self, payload: Any) -> DrawRequest:  # type: ignore[override]
        try:
            return read_drawing(payload, self._sheet, self._style_dim)
        except ValueError as error:
            raise sentence(error) from None

    def postprocess(self, value: np.ndarray | None) -> dict[str, Any] | None:  # type: ignore[override]
        """A label map opened by the server, to be put on the sheet."""
        return None if value is None else {"ids": pack_ids(value), "opened": True}

    def api_info(self) -> dict[str, Any]:
        (height, width), last = self._sheet.shape, len(self._sheet.classes) - 1
        return {
            "type": "object",
            "description": f"ids: {width}x{height} class indices (0-{last}, row by row, a byte "
            "each), zlib-compressed, in base64. "
            f"seed: 0 to {MAX_SEED}. style: in its place, a list of {self._style_dim} numbers. "
            "format: png or jpeg. large: true for a picture as large as the model paints.",
            "properties": {
                "ids": {"type": "string"},
                "seed": {"type": "integer"},
                "style": {"type": "array", "items": {"type": "number"}},
                "format": {"type": "string"},
                "large": {"type": "boolean"},
            },
        }

    def example_payload(self) -> dict[str, Any]:
        ids = pack_ids(self._sheet.first)
        return {"ids": ids, "seed": 0, "format": "png"}


class Picture(ScriptedHTML):
    """The picture beside the sheet. Takes (photo (H, W, 3) uint8, the request it answers).

    The first one comes with the page; for the others see `live.py`.
    """

    def __init__(
        self,
        value: tuple[np.ndarray, DrawRequest],
        sheet: SheetKind,
        styled: bool,
        large: float = 1.0,
    ) -> None:
        """`large`: how many times the sheet's size the model paints at the most."""
        self._sheet = sheet
        super().__init__(
            "building",
            "draw/preview.js",
            "mountPreview",
            value=value,
            kind=sheet.name,
            height=sheet.shape[0],
            width=sheet.shape[1],
            styled=styled,
            large=large,
        )

    def postprocess(self, value: tuple[np.ndarray, DrawRequest]) -> dict[str, Any]:  # type: ignore[override]
        photo, request = value
        uri = bytes_uri(*encode(photo, request))
        return {"image": uri, "name": picture_name(self._sheet, request), "id": request.id}

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "image: the picture, as a data URI",
            "properties": {"image": {"type": "string"}, "name": {"type": "string"}},
        }


class Looks(ScriptedHTML):
    """Small pictures of the drawing in other styles, asked for one at a time.

    A DrawRequest in, or an Upload to take the style from.
    """

    def __init__(
        self,
        sheet: SheetKind,
        style_dim: int,
        styles: Mapping[str, tuple[float, ...]],
        seeds: list[int],
    ) -> None:
        self._sheet, self._style_dim = sheet, style_dim
        super().__init__(
            "looks",
            "draw/style_gallery.js",
            "mountStyleGallery",
            events=("input", "photo"),
            styles=[{"name": name, "style": list(style)} for name, style in styles.items()],
            seeds=seeds,
            max_upload_mb=MAX_UPLOAD_MB,
        )

    def preprocess(self, payload: Any) -> DrawRequest | Upload:  # type: ignore[override]
        try:
            if isinstance(payload, dict) and "file" in payload:
                return read_upload(payload)
            return read_drawing(payload, self._sheet, self._style_dim)
        except ValueError as error:
            raise sentence(error) from None

    def postprocess(  # type: ignore[override]
        self, value: tuple[np.ndarray, DrawRequest] | PhotoStyle | None
    ) -> dict[str, Any] | None:
        if value is None:
            return None
        if isinstance(value, PhotoStyle):
            uri = thumbnail_uri(ImageOps.fit(value.photo, (LOOK_SIDE, LOOK_SIDE)), LOOK_SIDE)
            return {"style": value.style.tolist(), "photo": uri, "name": value.name}
        photo, request = value
        return {"image": thumbnail_uri(Image.fromarray(photo), LOOK_SIDE), "id": request.id}


class Shelf(ScriptedHTML):
    """Starting points, open, trace and save. An Upload or a facade's seed in, a label image out."""

    def __init__(self, sheet: SheetKind, traces: bool) -> None:
        self._sheet = sheet
        super().__init__(
            "shelf",
            "draw/start_panel.js",
            "mountStartPanel",
            events=("open", "save", "facade", "trace"),
            traces=traces,
            max_upload_mb=MAX_UPLOAD_MB,
            starts=[{"name": name, "ids": pack_ids(ids)} for name, ids in sheet.starts.items()],
            **sheet.props(),
        )

    def preprocess(self, payload: Any) -> Upload | int:  # type: ignore[override]
        try:
            if isinstance(payload, dict) and "facade" in payload:
                return read_seed(payload, "facade")
            return read_upload(payload)
        except ValueError as error:
            raise sentence(error) from None

    def postprocess(self, value: DrawRequest | NoLabelMap | None) -> dict[str, Any] | None:  # type: ignore[override]
        """The drawing of a request as a palette PNG, made from its ids; or why there is none."""
        if value is None:
            return None
        if isinstance(value, NoLabelMap):
            return {"refused": f"{value.name}: {value.reason}"}
        uri = data_uri(
            encode_label_image(value.label_map, self._sheet.colors), "png", optimize=True
        )
        return {"drawing": uri, "id": value.id}
