"""The paths that the app answers, with their methods and kinds of body."""

import re
from typing import NamedTuple

from pix2pix.app.assets import ASSETS_URL, COMPONENT_URL
from pix2pix.app.root_path import inner_paths
from pix2pix.app.server.answers import RequestError
from pix2pix.app.server.browser_engine import ENGINE_URL
from pix2pix.app.server.health import ALIVE_URL, READY_URL
from pix2pix.app.server.studio_api import API_URL
from pix2pix.app.uploads import UPLOAD_URL


class AllowedRoute(NamedTuple):
    """Paths that are open, and to which methods."""

    methods: str
    path: str  # regular expression of the whole path
    kind: str = "plain"  # or "json", "call by index", "call", "named call", "upload", "mcp": its
    # body; "page": what a page begins with; "file": a result; "session": the stream of a session;
    # "stream": one that a page leaves open
    label: str = ""  # in the metrics; the page's own routes are named by their tab

    def is_stream(self, method: str) -> bool:
        """Whether a request may stay open as long as its client."""
        return self.kind in ("stream", "session") or (self.kind == "mcp" and method == "GET")


_ROUTES = (
    AllowedRoute("GET HEAD", rf"/({ALIVE_URL}|{READY_URL})", label="health"),
    AllowedRoute("GET HEAD", r"/", "page", label="page"),
    AllowedRoute("GET", r"/config/?", "page", label="config"),
    AllowedRoute(
        "GET", r"/(theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon)", label="static"
    ),
    AllowedRoute(
        "GET", r"/(svelte|static|assets)/[A-Za-z0-9_@~+-][A-Za-z0-9_./@~+-]{,200}", label="static"
    ),
    AllowedRoute("GET HEAD", rf"/{ASSETS_URL}/.+", label="assets"),
    AllowedRoute("GET HEAD", rf"/{re.escape(COMPONENT_URL)}", label="assets"),
    AllowedRoute(
        "GET",
        rf"/{ENGINE_URL}/(models|runtime-[0-9a-f]{{12}})/[A-Za-z0-9_.-]{{1,100}}",
        label="engine",
    ),
    AllowedRoute("GET", rf"/{API_URL}/[a-z0-9_]{{1,64}}/photos", "stream"),
    # The page's own routes bound their bodies themselves.
    AllowedRoute("GET POST DELETE", rf"/{API_URL}/[a-z0-9_]{{1,64}}/[a-z-]{{1,32}}", "own"),
    AllowedRoute("GET DELETE", rf"/{API_URL}/[a-z0-9_]{{1,64}}/photos/[0-9a-f]{{32}}(/result)?"),
    AllowedRoute(
        "GET",
        r"/gradio_api/(info/?|app_id/?|user/?|token/?|login_check/?|theme\.css)",
        label="info",
    ),
    AllowedRoute(
        "GET", r"/gradio_api/(startup-events|queue/status|upload_progress)", label="status"
    ),
    AllowedRoute("GET", r"/gradio_api/queue/data", "session", label="session"),
    AllowedRoute("GET", r"/gradio_api/heartbeat/[A-Za-z0-9_-]{1,64}", "stream", label="heartbeat"),
    AllowedRoute(
        "GET", r"/gradio_api/call/(v2/)?(?!v2/)[a-z0-9_]+/[A-Za-z0-9_-]{1,64}", label="result"
    ),
    # Results that `programs.save_result` wrote. Uploads are never served: neither a stranger's
    # HTML nor somebody's photo.
    AllowedRoute(
        "GET HEAD", r"/gradio_api/file=(?P<name>.+/[0-9a-f]{40}/[^/]+)", "file", label="file"
    ),
    AllowedRoute("POST", r"/gradio_api/queue/join", "call by index", label="call"),
    AllowedRoute("POST", r"/gradio_api/call/(?P<name>(?!v2/)[a-z0-9_]+)/?", "call", label="call"),
    AllowedRoute("POST", r"/gradio_api/call/v2/(?P<name>[a-z0-9_]+)/?", "named call", label="call"),
    AllowedRoute("POST", r"/gradio_api/(cancel|reset/?)", "json", label="cancel"),
    AllowedRoute("POST", rf"/{UPLOAD_URL}", "upload", label="upload"),
)
_MCP = AllowedRoute("GET POST DELETE", r"/gradio_api/mcp(/.*)?", "mcp", label="mcp")


def match_inner_route(
    method: str, path: str, prefix: str, has_mcp: bool
) -> tuple[AllowedRoute, str, str]:
    """As `match_route`, for a path that may begin with the prefix; and the path without it."""
    refusal = None
    for inner in inner_paths(path, prefix):
        try:
            return *match_route(method, inner, has_mcp), inner
        except RequestError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def match_route(method: str, path: str, has_mcp: bool) -> tuple[AllowedRoute, str]:
    """The route of a path, and the endpoint's name in it or "". Raises RequestError 404, 405."""
    routes = (*_ROUTES, _MCP) if has_mcp else _ROUTES
    found = [(route, match) for route in routes if (match := re.fullmatch(route.path, path))]
    if not found:
        raise RequestError(404, "Not Found")
    for route, match in found:
        if method in route.methods.split():
            return route, match.groupdict().get("name", "")
    raise RequestError(405, "Method Not Allowed")
