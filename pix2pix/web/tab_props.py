"""The constants that the page's scripts get, in the app and in the static page."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from pix2pix.images.color_hints import MAX_HINTS
from pix2pix.images.encoding import data_uri, preview_uri
from pix2pix.images.reader import open_rgb
from pix2pix.images.repair_brush import MAX_POINTS, MAX_STROKES
from pix2pix.inference import MAX_STRENGTH, Colorizer, Drawer
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.canvas_spec import PEN, CanvasSpec
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.web.licence import usage_note

MAX_UPLOAD_MB = 64  # of a file that is opened
WORKING_SIZES = (128, 192, 256, 384)  # pixels of the short side at which colours are looked for
SEEDS = (7, 1203, 2718, 4242, 6180, 8088)  # of the gallery of styles
MIN_SEEDS, MAX_STYLES = 2, 8  # the gallery has named styles first, and room for 8 pictures
START_SEED = SEEDS[0]

# Modules of assets/js and their functions, which get the element of a part and its props.
DRAWING_SCRIPT = "draw/draw.js", "mountDrawing"
PREVIEW_SCRIPT = "draw/preview.js", "mountPreview"
GALLERY_SCRIPT = "draw/style_gallery.js", "mountStyleGallery"
START_PANEL_SCRIPT = "draw/start_panel.js", "mountStartPanel"
COLORIZE_SCRIPT = "colorize/colorize.js", "mountColorize"

PREVIEW_SIDE = 1280  # pixels; what the page shows of a photo
# Public domain, Library of Congress, FSA/OWI collection; the file name is the call number.
EXAMPLE_PHOTOS = {
    "LC-USF34-056925.jpg": "A boy on a slide",
    "LC-USW3-042236.jpg": "A woman by a sail",
    "LC-USW3-015163.jpg": "Three boys",
    "LC-USF34-008388.jpg": "A family on a porch",
}


def tab_name(title: str, taken: Sequence[str]) -> str:
    """A name for addresses that no other tab has."""
    plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "model"
    numbered = [plain, *(f"{plain}_{i}" for i in range(2, len(taken) + 2))]
    return next(name for name in numbered if name not in taken)


def drawing_props(
    tab: str, api: str, canvas: CanvasSpec, drawer: Drawer | LineDrawer
) -> dict[str, Any]:
    """Of the canvas with its tools and palette. `api`: the address of the tab's routes."""
    look = first_look(drawer)
    return {
        "tab": tab,
        "api": api,
        "seed": START_SEED,
        "look": {"name": look[0], "values": list(look[1])} if look else None,
        "style_dim": drawer.style_dim,
        "has_regions": has_regions(drawer),
        "styles": named_styles(drawer.styles),
        "start": pack_ids(canvas.first),
        "hand": PEN if canvas.name == "lines" else {},
        **canvas.props(),
    }


def preview_props(
    tab: str,
    canvas: CanvasSpec,
    first: dict[str, str],
    drawer: Drawer | LineDrawer,
    folder: Path | None,
) -> dict[str, Any]:
    """Of the picture beside the canvas.

    `first`: the {"image", "name"} that the page opens with. `folder`: the checkpoint, for the terms
    of its licence. In sides of the canvas, "large" is the side of the largest picture that is shown
    and "saved" that of the largest that is saved.
    """
    large = saved = 1.0
    if isinstance(drawer, Drawer):
        large, saved = (side / min(canvas.shape) for side in (drawer.largest, drawer.finest))
    return {
        "tab": tab,
        "first": first,
        "kind": canvas.name,
        "height": canvas.shape[0],
        "width": canvas.shape[1],
        "styled": drawer.style_dim > 0,
        "style_dim": drawer.style_dim,
        "large": large,
        "saved": saved,
        "note": usage_note(folder),
    }


def gallery_props(tab: str, api: str, styles: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
    """Of the small pictures of the drawing in other styles: named ones, then seeds, then a
    photo's."""
    return {
        "tab": tab,
        "api": api,
        "styles": named_styles(styles),
        "seeds": list(SEEDS[: max(MIN_SEEDS, MAX_STYLES - len(styles))]),
        "max_upload_mb": MAX_UPLOAD_MB,
    }


def start_panel_props(tab: str, api: str, canvas: CanvasSpec, traces: bool) -> dict[str, Any]:
    """Of the drawings to start from, and the buttons that open, trace and make up others."""
    return {
        "tab": tab,
        "api": api,
        "traces": traces,
        "max_upload_mb": MAX_UPLOAD_MB,
        "starts": [{"name": name, "ids": pack_ids(ids)} for name, ids in canvas.starts.items()],
        **canvas.props(),
    }


def colorize_props(
    tab: str,
    api: str,
    size: int,
    first: dict[str, Any],
    examples: Sequence[dict[str, str]],
    restores: bool = False,
) -> dict[str, Any]:
    """Of the Colourise tab; `restores`: scratches can be removed in it.

    `size`: the checkpoint's working size. `first`: the photo that the page opens with,
    {"before", "after", "width", "height"}. `examples`: {"file", "title", "url"} each.
    """
    return {
        "tab": tab,
        "api": api,
        "first": first,
        "max_strength": MAX_STRENGTH,
        "max_upload_mb": MAX_UPLOAD_MB,
        "max_hints": MAX_HINTS,
        "sizes": sorted({*WORKING_SIZES, size}),
        "size": size,
        "examples": list(examples),
        "restores": restores,
        "max_strokes": MAX_STROKES,
        "max_stroke_points": MAX_POINTS,
    }


def named_styles(styles: Mapping[str, tuple[float, ...]]) -> list[dict[str, Any]]:
    return [{"name": name, "style": list(style)} for name, style in styles.items()]


def has_regions(drawer: Drawer | LineDrawer) -> bool:
    """Whether parts of a drawing can have their own look."""
    return isinstance(drawer, Drawer) and drawer.style_dim > 0


def first_look(drawer: Drawer | LineDrawer) -> tuple[str, tuple[float, ...]] | None:
    """The name and style code of the look that a drawing tab opens with: the first named style,
    which is the finest. None for a model without names: then it is START_SEED's."""
    return next(iter(drawer.styles.items()), None)


def first_picture(drawer: Drawer | LineDrawer, canvas: CanvasSpec) -> dict[str, str]:
    """The picture that a drawing tab opens with, at the model's largest size: {"image": a data URI,
    "name"}."""
    look = first_look(drawer)
    given = (canvas.first, START_SEED, look[1] if look else None, None)
    if isinstance(drawer, Drawer):
        picture = drawer.draw(*given, drawer.largest)
    else:
        picture = drawer.draw(*given)
    uri = data_uri(Image.fromarray(picture), "jpeg", quality=92, subsampling=0)
    return {"image": uri, "name": f"{canvas.file_name}-{'styled' if look else START_SEED}"}


def first_photo(colorizer: Colorizer, path: Path) -> dict[str, Any]:
    """The photo that a Colourise tab opens with, before and after, as data URIs."""
    photo = open_rgb(path)
    width, height = photo.size
    photo.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    after = colorizer.colorize(photo)
    return {
        "before": preview_uri(photo),
        "after": preview_uri(after),
        "width": width,
        "height": height,
    }
