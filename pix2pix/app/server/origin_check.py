"""Refuses requests that a web page of another site makes a visitor's browser send."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from pix2pix.app.server.answers import RequestError
from pix2pix.app.server.client_address import Network, is_loopback, is_trusted, parse_networks

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")  # they change nothing, except of MCP
ANY = "*"


@dataclass(frozen=True)
class Access:
    """Who may use the app: which proxies tell the truth, and which sites' pages may send requests.

    `origins` are origins such as "https://example.org", "null" (pages in a sandbox) or "*".
    With `is_local`, the app listens on loopback for its own machine: only known host names are
    answered, because any page can give a name of its own the address 127.0.0.1 (DNS rebinding).
    """

    proxies: tuple[Network, ...] = ()
    origins: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()  # names of `root_path` and of `origins`
    is_local: bool = False

    def check(self, scope: Scope) -> None:
        """Raises RequestError 421 for an unknown host, 403 for a foreign origin."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.is_local and not self._is_own_host(host):
            raise RequestError(
                421,
                "This app serves its own machine and does not know the host name of this address. "
                "If it is yours, start the app with --allow-origin https://NAME, or behind a "
                "proxy with --trusted-proxies 127.0.0.1.",
            )
        changes = scope["method"] not in SAFE_METHODS or "/gradio_api/mcp" in scope["path"]
        if changes and not self.may_send(headers, scope["scheme"]):
            raise RequestError(
                403,
                "Requests from pages of other sites are refused here. To embed the app in a page "
                "of yours, start it with --allow-origin and the origin of that page.",
            )

    def may_send(self, headers: Headers, scheme: str) -> bool:
        """Whether a request that changes something comes from a page of ours, or from no page."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and self.allows(origin):
            return True
        if site is not None:  # set by the browser, and by no page
            if site in ("same-origin", "none"):
                return True
            if site == "cross-site":
                return ANY in self.origins
        return origin is None or self.is_own(origin, headers, scheme)

    def allows(self, origin: str) -> bool:
        return ANY in self.origins or origin.lower() in self.origins

    def is_own(self, origin: str, headers: Headers, scheme: str) -> bool:
        """Whether an origin is that of the app itself, as this request addresses it."""
        forwarded = headers.get("x-forwarded-host")  # of a trusted proxy, others' are dropped
        own_hosts = {headers.get("host", "").lower()}
        if forwarded:
            own_hosts.add(forwarded.split(",")[0].strip().lower())
        parts = urlsplit(origin.lower())
        return parts.scheme in ("http", "https") and any(
            _with_port(parts.netloc, parts.scheme) == _with_port(host, parts.scheme)
            for host in own_hosts
        )

    def _is_own_host(self, host: str) -> bool:
        name = _host_name(host)
        return is_loopback(name) or name in self.hosts


def read_access(
    host: str = "127.0.0.1",
    proxies: Iterable[str] = (),
    origins: Iterable[str] = (),
    root_path: str = "",
) -> Access:
    """The access of an app that listens on `host`. Raises ValueError for what cannot be read."""
    networks = parse_networks(proxies)
    allowed = frozenset(_read_origin(origin) for origin in origins)
    names = {_host_name(urlsplit(origin).netloc) for origin in allowed if "://" in origin}
    if "://" in root_path:
        names.add(_host_name(urlsplit(root_path).netloc))
    # Behind a proxy on this machine the app is on the web: the proxy knows its names.
    behind_proxy = any(is_trusted(own, networks) for own in ("127.0.0.1", "::1"))
    is_local = is_loopback(host) and not behind_proxy and ANY not in allowed
    return Access(networks, allowed, frozenset(names), is_local)


def _read_origin(text: str) -> str:
    origin = text.strip().lower().rstrip("/")
    parts = urlsplit(origin)
    is_address = parts.scheme in ("http", "https") and parts.netloc and not parts.path
    if origin not in (ANY, "null") and not is_address:
        raise ValueError(f"an origin is such as https://example.org, null or *; got {text!r}")
    return origin


def _host_name(host: str) -> str:
    """The name of a host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _with_port(host: str, scheme: str) -> str:
    end = host.rpartition("]")[2]
    return host if ":" in end else f"{host}:{443 if scheme == 'https' else 80}"
