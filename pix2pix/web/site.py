"""Builds the page without a server: a folder of static files with the studio and its models."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pix2pix.checkpoint import EXAMPLES_DIR, load_checkpoint
from pix2pix.config import INPUT_TYPES
from pix2pix.images.negative import WEIGHTS as NEGATIVE_WEIGHTS
from pix2pix.inference import Colorizer, Drawer, Tracer, Translator, load_any
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.canvas_spec import CanvasSpec, canvas_of, with_examples
from pix2pix.runtime.bundle import ASSETS
from pix2pix.web import runtime
from pix2pix.web.browser_model import BrowserModel, build_browser_model
from pix2pix.web.page import Part, Tab, build_page
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
)

MODELS, RUNTIME, STUDIO_ASSETS = "models", "runtime", "studio-assets"
EXAMPLES_URL = "examples"
MARK = "pix2pix-site.json"  # in every folder that was built here


class SiteModel(NamedTuple):
    """A checkpoint of the page and the title of its tab."""

    title: str
    folder: Path


def build_site(
    out: Path,
    models: Sequence[SiteModel],
    runtime_url: str = "",
    cache: Path | None = None,
    weights: str = "auto",
) -> dict[str, int]:
    """Writes the page into `out`; the sizes of its files in bytes, by their paths.

    A tracer that follows facades is used in their tab. `runtime_url`: the address of the dist
    folder of onnxruntime-web, which otherwise comes from npm through `cache` into the page.
    `weights`: as in `build_browser_model`. Raises ValueError for a folder with other contents, and
    for a checkpoint that the page cannot run.
    """
    check_folder(out)
    files: dict[str, bytes] = {}
    tabs = build_tabs(models, files, weights)
    if not runtime_url:
        assert cache is not None
        add_runtime(runtime.find_runtime(cache), files)
    assets = f"{STUDIO_ASSETS}/{add_assets(files)}"
    version = hash_of(files)
    site = {"version": version, "runtime": runtime_url or f"{RUNTIME}/", "models": f"{MODELS}/"}
    files["index.html"] = build_page(tabs, assets, site).encode()
    files["manifest.webmanifest"] = manifest(assets)
    files["sw.js"] = service_worker(version, list(files))
    files[MARK] = json.dumps({"version": version}).encode()
    write_site(out, files)
    return {name: len(content) for name, content in files.items()}


def check_folder(out: Path) -> None:
    """Raises ValueError unless the folder is new, empty, or was built here."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: is a file, expected a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise ValueError(f"{out}: has other files in it; expected a new or an empty folder")


def build_tabs(
    models: Sequence[SiteModel], files: dict[str, bytes], weights: str = "auto"
) -> list[Tab]:
    """A tab for each model, with its files added to `files`."""
    loaded = [(entry, load_any(entry.folder, "cpu")) for entry in models]
    facades = next((m for _, m in loaded if isinstance(m, Drawer) and is_facade_drawer(m)), None)
    tracer = next((e for e, m in loaded if isinstance(m, Tracer)), None)
    tabs: list[Tab] = []
    for entry, model in loaded:
        name = tab_name(entry.title, [tab.name for tab in tabs])
        if isinstance(model, Colorizer):
            tabs.append(colorize_tab(name, entry, model, files, weights))
        elif isinstance(model, (Drawer, Translator)):
            own = tracer if model is facades else None
            tabs.append(draw_tab(name, entry, model, own, files, weights))
        elif not (isinstance(model, Tracer) and facades is not None):
            raise ValueError(
                f"{entry.folder}: the page has no tab for the task {model.config.task}"
            )
    if not tabs:
        raise ValueError("expected at least one checkpoint that the page can draw with")
    return tabs


def is_facade_drawer(drawer: Drawer) -> bool:
    return canvas_of(drawer.config.palette, drawer.config.shape, "", Path()).name == "facades"


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
        if model.config.input_type == INPUT_TYPES[0]:
            raise ValueError(f"{entry.folder}: the page has no tab for models that take photos yet")
        drawer = LineDrawer(model)
        lines = CanvasSpec("lines", model.config.shape, drawer.palette, entry.title)
        canvas = with_examples(lines, examples)
    else:
        drawer = model
        canvas = canvas_of(model.config.palette, model.config.shape, entry.title, examples)
    api, dim = f"local/{name}", drawer.style_dim
    large = drawer.largest / min(canvas.shape) if isinstance(drawer, Drawer) else 1.0
    first = first_picture(drawer, canvas)
    parts = [Part("drawing", DRAWING_SCRIPT, drawing_props(name, api, canvas, dim))]
    parts += [Part("preview", PREVIEW_SCRIPT, preview_props(name, canvas, first, dim, large))]
    if dim:
        parts += [Part("styles", GALLERY_SCRIPT, gallery_props(name, api, drawer.styles))]
    traces = tracer is not None
    panel = start_panel_props(name, api, canvas, traces)
    parts += [Part("start-panel", START_PANEL_SCRIPT, panel)]
    built = {"generator": add_model(name, entry.folder, files, weights)}
    if tracer is not None:
        built["tracer"] = add_model("trace", tracer.folder, files, weights)
    return Tab(name, entry.title, "draw", tuple(parts), built)


def colorize_tab(
    name: str, entry: SiteModel, model: Colorizer, files: dict[str, bytes], weights: str
) -> Tab:
    """The tab that colourises photos."""
    examples = [
        {"file": file, "title": title, "url": f"{EXAMPLES_URL}/{file}"}
        for file, title in EXAMPLE_PHOTOS.items()
    ]
    first = first_photo(model, ASSETS / "examples" / examples[0]["file"])
    files.update(
        {f"{EXAMPLES_URL}/{f}": (ASSETS / "examples" / f).read_bytes() for f in EXAMPLE_PHOTOS}
    )
    files[f"{MODELS}/negative.npz"] = NEGATIVE_WEIGHTS.read_bytes()
    props = colorize_props(name, f"local/{name}", model.size, first, examples)
    parts = (Part("photo", COLORIZE_SCRIPT, props),)
    return Tab(
        name,
        entry.title,
        "colorize",
        parts,
        {"generator": add_model(name, entry.folder, files, weights)},
    )


def add_model(name: str, folder: Path, files: dict[str, bytes], weights: str) -> dict[str, Any]:
    """Adds a checkpoint's files; its props."""
    model: BrowserModel = build_browser_model(name, *load_checkpoint(folder), weights)
    files.update({f"{MODELS}/{file}": content for file, content in model.files.items()})
    return model.props


def tab_name(title: str, taken: Sequence[str]) -> str:
    """A name for addresses that no other tab has."""
    plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "model"
    numbered = [plain, *(f"{plain}_{i}" for i in range(2, len(taken) + 2))]
    return next(name for name in numbered if name not in taken)


def add_runtime(folder: Path, files: dict[str, bytes]) -> None:
    """Adds onnxruntime-web, its binary compressed: few servers of files compress by themselves."""
    for name in runtime.FILES:
        content = (folder / name).read_bytes()
        if name == runtime.BINARY:
            name, content = f"{name}.gz", gzip.compress(content, 9, mtime=0)
        files[f"{RUNTIME}/{name}"] = content
    files[f"{RUNTIME}/NOTICE.txt"] = runtime.NOTICE.encode()


def add_assets(files: dict[str, bytes]) -> str:
    """Adds the scripts, styles and pictures of the app; the version in their path."""
    found = {
        path.relative_to(ASSETS).as_posix(): path.read_bytes()
        for path in sorted(ASSETS.rglob("*"))
        if path.is_file() and path.relative_to(ASSETS).parts[0] not in ("readme", "examples")
    }
    version = hash_of(found)
    files.update({f"{STUDIO_ASSETS}/{version}/{name}": found[name] for name in found})
    return version


def hash_of(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()[:12]


def manifest(assets: str) -> bytes:
    """What a browser needs to install the page."""
    icon = {"src": f"{assets}/favicon.svg", "sizes": "any", "type": "image/svg+xml"}
    values = {
        "name": "pix2pix studio",
        "short_name": "pix2pix",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#f5f3ef",
        "theme_color": "#f5f3ef",
        "icons": [icon],
    }
    return json.dumps(values).encode()


def service_worker(version: str, names: Sequence[str]) -> bytes:
    """The service worker, which keeps this version's files for use without a network.

    Models and the runtime are kept once they were used; all else at once.
    """
    source = (ASSETS / "js" / "engine" / "service_worker.js").read_text()
    small = ["./", *(n for n in names if not n.startswith((MODELS, RUNTIME)) and n != "index.html")]
    facts = json.dumps({"version": version, "files": small})
    return f"const SITE = {facts};\n{source}".encode()


def write_site(out: Path, files: dict[str, bytes]) -> None:
    """Writes the files, the page last since it names the others, and removes those of an older
    version."""
    out.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: name == "index.html"):
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
    for path in sorted(out.rglob("*"), reverse=True):
        name = path.relative_to(out).as_posix()
        if path.is_file() and name not in files and name.split("/")[0] in OWN_FOLDERS:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


OWN_FOLDERS = (MODELS, RUNTIME, STUDIO_ASSETS, EXAMPLES_URL)
