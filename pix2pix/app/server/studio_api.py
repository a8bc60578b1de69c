"""The API of the page: every tab's routes under `/studio-api/TAB/`."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount, Route

from pix2pix.app.server.bodies import BodyReader
from pix2pix.app.server.browser_engine import BrowserEngine
from pix2pix.app.server.event_validation import Endpoint
from pix2pix.app.server.health import health_routes
from pix2pix.app.server.limits import DEFAULT_LIMITS, Limits
from pix2pix.app.server.model_queue import ModelQueue
from pix2pix.app.server.photo_store import PHOTOS, PhotoStore
from pix2pix.app.server.server_state import ServerState
from pix2pix.inference import Restorer

API_URL = "studio-api"


class StudioApi:
    """The tabs' routes, and what they share: queue, photos, limits, state, files for browsers.

    Without a `browser_engine` the server draws; without a `restorer` no scratches are removed.
    """

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        browser_engine: BrowserEngine | None = None,
        restorer: Restorer | None = None,
        photos: PhotoStore = PHOTOS,
    ) -> None:
        self.limits = limits
        self.browser_engine = browser_engine
        self.restorer = restorer
        self.photos = photos
        self.state = ServerState()
        self.queue = ModelQueue(limits.queue, limits.client_queue, self.state)
        self.bodies = BodyReader(limits)
        self.endpoints: dict[str, Endpoint] = {}  # for programs, by name
        self._tabs: dict[str, Sequence[Route]] = {}

    def add(self, tab: str, routes: Sequence[Route]) -> str:
        """Adds a tab's routes; the address of the tab, relative to that of the app."""
        self._tabs[tab] = routes
        return f"{API_URL}/{tab}"

    def has(self, tab: str, action: str) -> bool:
        """Whether a tab has routes that begin with `/action`."""
        return any(route.path.split("/")[1] == action for route in self._tabs.get(tab, ()))

    def routes(self) -> list[BaseRoute]:
        own = self.browser_engine.routes() if self.browser_engine else []
        tabs = [Mount(f"/{API_URL}/{tab}", routes=routes) for tab, routes in self._tabs.items()]
        return [*health_routes(self.state), *own, *tabs]
