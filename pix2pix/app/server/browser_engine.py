"""Serves the files with which a visitor's browser draws: models as ONNX, and onnxruntime-web.

They are made in the background when the app starts. Until then, and where they cannot be made, the
server draws.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from pix2pix.app.server.answers import RequestError, answer_json, answering
from pix2pix.web import runtime

ENGINE_URL = "studio-engine"
CHUNK_BYTES = 1 << 16
# Addresses have a hash of the content, so a browser never needs to ask again.
FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
MEDIA_TYPES = {".mjs": "text/javascript", ".txt": "text/plain; charset=utf-8"}

log = logging.getLogger("pix2pix")


class BrowserEngine:
    """The files of all drawing tabs, and the routes that serve them.

    `mode`: "browser", browsers draw whenever they can; or "auto", only those that are fast enough.
    `runtime_url`: the address of the dist folder of onnxruntime-web, which otherwise comes from npm
    through `cache`.
    """

    def __init__(self, mode: str, cache: Path, runtime_url: str = "") -> None:
        self.mode = mode
        self._cache, self._runtime_url = cache, runtime_url
        self._folders: dict[str, Path] = {}  # checkpoints by tab
        self._files: dict[str, bytes] = {}  # by their path below ENGINE_URL
        self._facts: dict[str, dict[str, Any]] = {}  # of the tabs that are ready
        self._is_built = False

    def add(self, tab: str, folder: Path) -> Route:
        """Adds a tab that draws with a checkpoint; the route that says how far its files are."""
        self._folders[tab] = folder

        async def describe(_: Request) -> Response:
            return answer_json(self.describe(tab))

        return Route("/browser", answering(describe), methods=["GET"])

    def describe(self, tab: str) -> dict[str, Any]:
        """{"state"} of a tab's files, and when it is "ready" what `assets/js/engine` needs."""
        if tab in self._facts:
            return {"state": "ready", **self._facts[tab]}
        return {"state": "off" if self._is_built else "building"}

    def build(self) -> None:
        """Makes the files of all tabs. Logs which tabs the server goes on drawing, and why."""
        from pix2pix.web.site import add_runtime, hash_of
        from pix2pix.web.tabs import MODELS, add_model

        files: dict[str, bytes] = {}
        try:
            if self._runtime_url:
                address = self._runtime_url
            else:
                add_runtime(runtime.find_runtime(self._cache), files)
                folder = f"runtime-{hash_of(files)}"
                files = {f"{folder}/{Path(name).name}": files[name] for name in files}
                address = f"{ENGINE_URL}/{folder}/"
            self._files |= files
            for tab, checkpoint in self._folders.items():
                made: dict[str, bytes] = {}
                try:
                    models = {"generator": add_model(tab, checkpoint, made, "auto")}
                except ValueError as error:
                    log.warning("browsers cannot draw in the tab %s: %s", tab, error)
                    continue
                self._files |= made
                places = {"runtime": address, "models": f"{ENGINE_URL}/{MODELS}/"}
                self._facts[tab] = {"engine": places, "models": models}
                log.info("browsers can draw in the tab %s", tab)
        except (ValueError, OSError) as error:
            log.warning("the server draws, since browsers cannot: %s", error)
        finally:
            self._is_built = True

    def routes(self) -> list[BaseRoute]:
        return [Route(f"/{ENGINE_URL}/{{path:path}}", answering(self._give), methods=["GET"])]

    async def _give(self, request: Request) -> Response:
        path = request.path_params["path"]
        content = self._files.get(path)
        if content is None:
            raise RequestError(404, "there is no such file: please reload the page")
        headers = {**FOREVER, "content-length": str(len(content))}
        media_type = MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream")
        return StreamingResponse(chunks(content), media_type=media_type, headers=headers)


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    """The content in parts, so that a slow connection holds one of them and not a copy of all."""
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]
