"""Routes that tell a host whether the process is alive, and whether to send it new visitors."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pix2pix.app.server.answers import PRIVATE
from pix2pix.app.server.server_state import ServerState

ALIVE_URL = "healthz"
READY_URL = "readyz"
RETRY_AFTER_S = 5


def is_health_path(path: str) -> bool:
    """Whether a path, under any prefix, may be one of these routes. They count for no client."""
    return path.endswith((f"/{ALIVE_URL}", f"/{READY_URL}"))


def health_routes(state: ServerState) -> list[Route]:
    """`/healthz`: 200 while the event loop answers. `/readyz`: 200, or 503 unless it is ready."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=PRIVATE)

    async def ready(_: Request) -> Response:
        phase = state.phase.value
        if state.is_ready:
            return JSONResponse({"status": phase}, headers=PRIVATE)
        later = {**PRIVATE, "retry-after": str(RETRY_AFTER_S)}
        return JSONResponse({"status": phase}, 503, headers=later)

    return [Route(f"/{ALIVE_URL}", alive), Route(f"/{READY_URL}", ready)]
