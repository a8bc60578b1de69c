"""The outermost ASGI app: clients' addresses, origins, requests at once and security headers."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pix2pix.app.server.answers import PRIVATE, RequestError
from pix2pix.app.server.client_address import (
    client_key,
    set_current_client,
    without_forged_headers,
)
from pix2pix.app.server.client_shares import Share
from pix2pix.app.server.health import is_health_path
from pix2pix.app.server.limits import Limits
from pix2pix.app.server.origin_check import Access

# Of the page. Gradio's scripts evaluate functions and set styles; pages of other sites may frame
# the app, which docs/hosting.md describes. No other host is contacted.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; media-src 'self' data: blob: mediastream:; "
    "worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors *"
)


class ServerGuard:
    """Wraps the whole app, also the parts of Gradio around the request filter."""

    def __init__(self, app: ASGIApp, access: Access, limits: Limits) -> None:
        self._app, self._access = app, access
        self._requests = Share(limits.client_requests, "requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # the app has none
                await receive()
                await send({"type": "websocket.close"})
            else:
                await self._app(scope, receive, send)
            return
        scope = without_forged_headers(scope, self._access.proxies)
        client = client_key((scope.get("client") or ("", 0))[0])
        set_current_client(client)
        send = self._with_headers(scope, send)
        try:
            self._access.check(scope)
            if is_health_path(scope["path"]):  # a client at its limit must not make it look dead
                await self._app(scope, receive, send)
            else:
                with self._requests.taken(client):
                    await self._app(scope, receive, send)
        except RequestError as error:
            content = {"error": error.reason, "detail": error.reason}
            answer = JSONResponse(content, error.status, headers={**PRIVATE, **error.headers})
            await answer(scope, receive, send)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        """`send` that adds security headers, and drops CORS headers for foreign origins."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        is_known = origin is None or (
            self._access.allows(origin) or self._access.is_own(origin, headers, scope["scheme"])
        )

        async def give(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(raw=list(message.get("headers", ())))
                answer["x-content-type-options"] = "nosniff"
                answer.setdefault("referrer-policy", "same-origin")
                if answer.get("content-type", "").startswith("text/html"):
                    answer.setdefault("content-security-policy", PAGE_POLICY)
                if not is_known:
                    for name in [n for n in answer if n.startswith("access-control-")]:
                        del answer[name]
                elif origin is not None and self._access.allows(origin):
                    answer["access-control-allow-origin"] = origin
                    answer.add_vary_header("Origin")
                message = {**message, "headers": answer.raw}
            await send(message)

        return give
