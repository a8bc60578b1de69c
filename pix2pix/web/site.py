"""Builds the page without a server: a folder of static files with the studio and its models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pix2pix.runtime.bundle import ASSETS
from pix2pix.web import runtime
from pix2pix.web.page import build_page
from pix2pix.web.tabs import EXAMPLES_URL, MODELS, SiteModel, build_tabs

RUNTIME, STUDIO_ASSETS = "runtime", "studio-assets"
MARK = "pix2pix-site.json"  # in every folder that was built here


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


def add_runtime(folder: Path, files: dict[str, bytes]) -> None:
    """Adds onnxruntime-web, its binaries compressed: few servers of files compress them."""
    for name in runtime.FILES:
        if name.endswith(".wasm"):
            files[f"{RUNTIME}/{name}.gz"] = runtime.compress(folder / name)
        else:
            files[f"{RUNTIME}/{name}"] = (folder / name).read_bytes()
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
