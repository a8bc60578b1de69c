"""Our scripts, styles and pictures: where they are served, and how a component loads its script."""

import hashlib
from pathlib import Path

import gradio
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pix2pix.runtime.bundle import ASSETS


def _version() -> str:
    digest = hashlib.sha256()
    for path in sorted(ASSETS.rglob("*.*")):
        digest.update(path.relative_to(ASSETS).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


# The version is part of the path, so that modules importing one another stay of one version
# whatever the browser has cached.
ASSETS_URL = f"studio-assets/{_version()}"


# Gradio's script that makes a <gradio-app src="..."> of any page the app. Gradio itself leaves it
# to a server of its own; it is in the package.
COMPONENT_URL = "gradio.js"
COMPONENT = Path(gradio.__file__).parent / "templates" / "frontend" / COMPONENT_URL


def assets_routes() -> list[BaseRoute]:
    """Routes that serve `assets/`, and Gradio's script for pages that embed the app."""

    async def give_component(_: Request) -> Response:
        return FileResponse(COMPONENT, media_type="text/javascript")

    files = StaticFiles(directory=ASSETS)
    return [
        Mount(f"/{ASSETS_URL}", files),
        Route(f"/{COMPONENT_URL}", give_component),
    ]


def load_script(module: str, function: str, events: tuple[str, ...] = ()) -> str:
    """The `js_on_load` of a component: it calls `function` of `assets/js/MODULE`.

    Gradio takes every quoted name in it for an event, so that is where the events are declared.
    """
    declared = " ".join(f"'{event}'" for event in events)
    # Where the app is a <gradio-app src="..."> of another page, its addresses begin there.
    return (
        "const src = element.closest(`gradio-app`)?.getAttribute(`src`);"
        "const start = new URL(src ? src.replace(/[/]*$/, `/`) : `./`, document.baseURI);"
        f"import(new URL(`{ASSETS_URL}/js/{module}`, start).href)"
        f".then((m) => m.{function}({{element, props, trigger, server, upload, watch}}))"
        f".catch((e) => console.error(e)); // events: {declared}"
    )
