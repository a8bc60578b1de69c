"""Serves our scripts, styles and images; and makes the code that loads a component's script."""

import hashlib
from pathlib import Path

import gradio
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pix2pix.runtime.bundle import ASSETS


def assets_version(folder: Path) -> str:
    """A hash of the names and contents of all files in a folder and its sub-folders."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


# The version is in the path, so that browsers never mix cached modules of two versions: modules
# import one another by relative paths.
ASSETS_URL = f"studio-assets/{assets_version(ASSETS)}"


# Gradio's script that embeds the app in any page as <gradio-app src="...">. It is in Gradio's
# package, but Gradio's server does not serve it.
COMPONENT_URL = "gradio.js"
COMPONENT = Path(gradio.__file__).parent / "templates" / "frontend" / COMPONENT_URL


def assets_routes() -> list[BaseRoute]:
    """Routes that serve `assets/`, and Gradio's script for pages that embed the app."""

    async def give_component(_: Request) -> Response:
        return FileResponse(COMPONENT, media_type="text/javascript")

    return [
        Mount(f"/{ASSETS_URL}", StaticFiles(directory=ASSETS)),
        Route(f"/{COMPONENT_URL}", give_component),
    ]


def load_script(module: str, function: str) -> str:
    """The `js_on_load` of a component: calls `function` of `assets/js/MODULE` with its element."""
    # Where the app is a <gradio-app src="..."> of another page, its addresses begin there.
    return (
        "const src = element.closest(`gradio-app`)?.getAttribute(`src`);"
        "const start = new URL(src ? src.replace(/[/]*$/, `/`) : `./`, document.baseURI);"
        f"import(new URL(`{ASSETS_URL}/js/{module}`, start).href)"
        f".then((m) => m.{function}({{ element, props }}))"
        ".catch((error) => console.error(error));"
    )
