"""The address of the client that sent a request, also behind proxies that are trusted."""

import ipaddress
from collections.abc import Iterable, Sequence
from contextvars import ContextVar

from starlette.types import Scope

FORWARDED = (b"forwarded", b"x-real-ip")  # dropped where the sender is no trusted proxy
FORWARDED_PREFIX = b"x-forwarded-"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_client: ContextVar[str] = ContextVar("client", default="")


def current_client() -> str:
    """The address of the client of the current request; "" outside of requests."""
    return _client.get()


def set_current_client(client: str) -> None:
    _client.set(client)


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks such as "127.0.0.1" and "10.0.0.0/8". Raises ValueError."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError:
            raise ValueError(
                f"a trusted proxy is an address such as 127.0.0.1 or a network such as 10.0.0.0/8, "
                f"got {text!r}"
            ) from None
    return tuple(networks)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def client_key(address: str) -> str:
    """What the limits count an address for: itself, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def is_trusted(address: str, proxies: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == proxy.version and parsed in proxy for proxy in proxies)


def without_forged_headers(scope: Scope, proxies: Sequence[Network]) -> Scope:
    """The scope with the client's real address.

    From a trusted proxy the address is the last one in X-Forwarded-For that is no trusted proxy,
    and X-Forwarded-Proto and -Host are kept. From anybody else all forwarded headers are dropped.
    """
    peer = (scope.get("client") or ("", 0))[0]
    if not is_trusted(peer, proxies):
        headers = [h for h in scope["headers"] if not _is_forwarded(h[0])]
        return {**scope, "headers": headers}
    chain = ",".join(
        value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
    )
    addresses = [part.strip().strip("[]") for part in chain.split(",") if part.strip()]
    client = next((a for a in reversed(addresses) if not is_trusted(a, proxies)), peer)
    schemes = [v for name, v in scope["headers"] if name == b"x-forwarded-proto"]
    is_https = bool(schemes) and schemes[0].split(b",")[0].strip().lower() == b"https"
    # The address has been read: uvicorn, which trusts 127.0.0.1, must not read it again.
    headers = [h for h in scope["headers"] if h[0] != b"x-forwarded-for"]
    scheme = "https" if is_https else scope["scheme"]
    return {**scope, "headers": headers, "client": (client, 0), "scheme": scheme}


def _is_forwarded(name: bytes) -> bool:
    return name in FORWARDED or name.startswith(FORWARDED_PREFIX)
