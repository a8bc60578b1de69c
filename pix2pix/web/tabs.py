"""The tabs of the page without a server: each has a model, scripts and their constants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from pix2pix.checkpoint import EXAMPLES_DIR, load_checkpoint
from pix2pix.config import INPUT_TYPES
from pix2pix.images.negative import WEIGHTS as NEGATIVE_WEIGHTS
from pix2pix.inference import Colorizer, Drawer, Restorer, Tracer, Translator, load_any
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.canvas_spec import CanvasSpec, canvas_of, example_files, with_examples
from pix2pix.runtime.bundle import ASSETS, CHECKPOINTS
from pix2pix.web.browser_model import BrowserModel, build_browser_model
from pix2pix.web.image_props import (
    IMAGE_SCRIPT,
    PhotoModel,
    browser_picture,
    can_open,
    image_props,
    preview_photo,
    thumbnail,
)
from pix2pix.web.page import Part, Tab
from pix2pix.web.sample_files import describe_page
from pix2pix.web.tab_props import (
    COLORIZE_SCRIPT,
    DRAWING_SCRIPT,
    EXAMPLE_PHOTOS,
    GALLERY_SCRIPT,
    PREVIEW_SCRIPT,
    START_PANEL_SCRIPT,
    colorize_props,
    drawing_props,
    first_photo,
    first_picture,
    gallery_props,
    preview_props,
    start_panel_props,
    tab_name,
)

MODELS, EXAMPLES_URL = "models", "examples"  # folders of the page


class SiteModel(NamedTuple):
    """A checkpoint of the page and the title of its tab."""

    title: str
    folder: Path

    @property
    def model_name(self) -> str:
        """What messages call the model: the name of a bundled checkpoint, else the tab's title."""
        return self.folder.name if self.folder.parent == CHECKPOINTS else self.title


def build_tabs(
    models: Sequence[SiteModel], files: dict[str, bytes], weights: str = "auto"
) -> list[Tab]:
    """A tab for each model, with its files added to `files`.

    The first tracer of the classes of facades has none of its own: it is used in their tab. So does
    the first model that removes scratches, where there is one that colourises photos.
    """
    loaded = [(entry, load_any(entry.folder, "cpu")) for entry in models]
    facades = next((m for _, m in loaded if isinstance(m, Drawer) and is_facade_drawer(m)), None)
    tracer = None
    if facades is not None:
        tracer = next((e for e, m in loaded if traces_for(m, facades)), None)
    restorer = None
    if any(isinstance(model, Colorizer) for _, model in loaded):
        restorer = next((entry for entry, m in loaded if isinstance(m, Restorer)), None)
    tabs: list[Tab] = []
    for entry, model in loaded:
        name = tab_name(entry.title, [tab.name for tab in tabs])
        if isinstance(model, Colorizer):
            tabs.append(colorize_tab(name, entry, model, restorer, files, weights))
        elif isinstance(model, Drawer) or is_line_translator(model):
            own = tracer if model is facades else None
            tabs.append(draw_tab(name, entry, model, own, files, weights))
        elif entry is not tracer and entry is not restorer:
            tabs.append(image_tab(name, entry, model, files, weights))
    return tabs


def is_facade_drawer(drawer: Drawer) -> bool:
    return canvas_of(drawer.config.palette, drawer.config.shape, "", Path()).name == "facades"


def traces_for(model: Any, drawer: Drawer) -> bool:
    """Whether it is a tracer of the classes that are drawn with."""
    if not isinstance(model, Tracer):
        return False
    found, drawn = ([color.name for color in m.config.palette] for m in (model, drawer))
    return found == drawn


def is_line_translator(model: Any) -> TypeGuard[Translator]:
    """Whether it makes pictures from line drawings."""
    return isinstance(model, Translator) and model.config.input_type != INPUT_TYPES[0]


def draw_tab(
    name: str,
    entry: SiteModel,
    model: Drawer | Translator,
    tracer: SiteModel | None,
    files: dict[str, bytes],
    weights: str,
) -> Tab:
    """The tab of a model that draws from label maps or lines."""
    examples = entry.folder / EXAMPLES_DIR
    drawer: Drawer | LineDrawer
    if isinstance(model, Translator):
        drawer = LineDrawer(model)
        lines = CanvasSpec("lines", model.config.shape, drawer.palette, entry.title)
        canvas = with_examples(lines, examples)
    else:
        drawer = model
        canvas = canvas_of(model.config.palette, model.config.shape, entry.title, examples)
    api = f"local/{name}"
    first = first_picture(drawer, canvas)
    parts = [Part("drawing", DRAWING_SCRIPT, drawing_props(name, api, canvas, drawer))]
    preview = preview_props(name, canvas, first, drawer, entry.folder)
    parts += [Part("preview", PREVIEW_SCRIPT, preview)]
    if drawer.style_dim:
        parts += [Part("styles", GALLERY_SCRIPT, gallery_props(name, api, drawer.styles))]
    traces = tracer is not None or canvas.name == "lines"
    panel = start_panel_props(name, api, canvas, traces)
    parts += [Part("start-panel", START_PANEL_SCRIPT, panel)]
    built = {"generator": add_model(name, entry.folder, files, weights, entry.model_name)}
    if tracer is not None:
        built["tracer"] = add_model("trace", tracer.folder, files, weights, tracer.model_name)
    return Tab(name, entry.title, "draw", "draw", tuple(parts), built)


def colorize_tab(
    name: str,
    entry: SiteModel,
    model: Colorizer,
    restorer: SiteModel | None,
    files: dict[str, bytes],
    weights: str,
) -> Tab:
    """The tab that colourises photos, and removes scratches with the `restorer`."""
    examples = [
        {"file": file, "title": title, "url": f"{EXAMPLES_URL}/{file}"}
        for file, title in EXAMPLE_PHOTOS.items()
    ]
    first = first_photo(model, ASSETS / "examples" / examples[0]["file"])
    files.update(
        {f"{EXAMPLES_URL}/{f}": (ASSETS / "examples" / f).read_bytes() for f in EXAMPLE_PHOTOS}
    )
    files[f"{MODELS}/negative.npz"] = NEGATIVE_WEIGHTS.read_bytes()
    props = colorize_props(
        name, f"local/{name}", model.size, first, examples, restores=restorer is not None
    )
    parts = (Part("photo", COLORIZE_SCRIPT, props),)
    built = {"generator": add_model(name, entry.folder, files, weights, entry.model_name)}
    if restorer is not None:
        built["restorer"] = add_model(
            "restore", restorer.folder, files, weights, restorer.model_name
        )
    return Tab(name, entry.title, "colorize", "colorize", parts, built)


def image_tab(
    name: str, entry: SiteModel, model: PhotoModel, files: dict[str, bytes], weights: str
) -> Tab:
    """The tab of a model that takes photos: it translates them, or finds their label maps."""
    found = example_files(entry.folder / EXAMPLES_DIR)
    paths = [path for path in found if can_open(path, model)]
    first = preview_photo(model, paths[0], paths[0].name) if paths else None
    examples = []
    for i, path in enumerate(paths):
        suffix, content = browser_picture(path, model)
        url = f"{EXAMPLES_URL}/{name}/{i}{suffix}"  # a name may have any sign in it
        files[url] = content
        examples.append({"name": path.name, "image": thumbnail(path, model), "url": url})
    note = {"note": describe_page(model.config)}
    props = image_props(name, f"local/{name}", model, first, examples, note)
    built = {"generator": add_model(name, entry.folder, files, weights, entry.model_name)}
    parts = (Part("photo", IMAGE_SCRIPT, props),)
    return Tab(name, entry.title, "colorize", "image", parts, built)


def add_model(
    name: str, folder: Path, files: dict[str, bytes], weights: str, title: str = ""
) -> dict[str, Any]:
    """Adds a checkpoint's files; its props. `name` and `title`: as in `build_browser_model`."""
    model: BrowserModel = build_browser_model(name, *load_checkpoint(folder), weights, title)
    files.update({f"{MODELS}/{file}": content for file, content in model.files.items()})
    return model.props
