"""Fetch images from the web for programs, without access to private networks.

The only place where the app fetches an address that a client gave.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import anyio
import httpx

from pix2pix.app.server.schemas import clean_name
from pix2pix.web.tab_props import MAX_UPLOAD_MB

FETCH_LIMIT_S = 20.0  # for all of it, redirects and name resolution too
MAX_REDIRECTS = 5
MAX_ADDRESS = 2048  # characters
PORTS = (80, 443)  # others are mostly services that were not meant for strangers

# IPv6 networks whose addresses hold an IPv4 address, which may be a private one:
# NAT64 (RFC 6052) and 6to4 (RFC 3056).
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))

Resolve = Callable[[str, int], Awaitable[list[str]]]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return is_public(str(parsed.ipv4_mapped))
        if any(parsed in network for network in _TRANSLATED):
            return False
    return parsed.is_global and not parsed.is_multicast


async def resolve_name(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True)
class Fetcher:
    """Fetches images. The rules are fields for tests, which have a server on loopback only."""

    max_bytes: int = MAX_UPLOAD_MB << 20
    limit_s: float = FETCH_LIMIT_S
    ports: tuple[int, ...] = PORTS
    resolve: Resolve = resolve_name
    is_allowed: Callable[[str], bool] = is_public

    async def fetch(self, address: str) -> tuple[bytes, str]:
        """The image at an http(s) address, and its file name. Nothing of it is kept.

        Every host, also that of a redirect, is resolved once and the connection goes to the
        address that was checked, so that a second answer of a name server changes nothing.
        Raises ValueError with the reason.
        """
        try:
            with anyio.fail_after(self.limit_s):
                for _ in range(MAX_REDIRECTS + 1):
                    content, location = await self._get(address)
                    if location is None:
                        return content, _file_name(address)
                    address = str(httpx.URL(address).join(location))
        except TimeoutError:
            raise ValueError(f"the image did not come within {self.limit_s:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):
            raise ValueError("the image could not be fetched from its address") from None
        raise ValueError(f"the address leads to more than {MAX_REDIRECTS} others")

    async def _get(self, address: str) -> tuple[bytes, str | None]:
        """The image, or the address that it is redirected to."""
        url = self._check(address)
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await self.resolve(url.host, port)
        if not found or not all(map(self.is_allowed, found)):
            raise ValueError("addresses of private networks are not fetched")
        headers = {"host": url.netloc.decode("ascii"), "accept": "image/*"}
        headers["accept-encoding"] = "identity"  # a compressed answer could inflate to anything
        pinned = url.copy_with(host=found[0])
        async with (
            httpx.AsyncClient(trust_env=False, timeout=self.limit_s) as client,
            client.stream(
                "GET", pinned, headers=headers, extensions={"sni_hostname": url.host}
            ) as answer,
        ):
            if answer.has_redirect_location:
                return b"", answer.headers["location"]
            if answer.status_code != 200:
                raise ValueError(f"the address answers with status {answer.status_code}")
            media_type = answer.headers.get("content-type", "").lower()
            if not media_type.startswith("image/"):
                raise ValueError("the address gives no image (content type image/...)")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise ValueError("the address gives a compressed answer, which is not read")
            return await self._read(answer), None

    async def _read(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > self.max_bytes:
                raise ValueError(f"the image is larger than {self.max_bytes >> 20} MB")
        return bytes(content)

    def _check(self, address: str) -> httpx.URL:
        if len(address) > MAX_ADDRESS:
            raise ValueError(f"an address has at most {MAX_ADDRESS} characters")
        url = httpx.URL(address)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("the address of an image begins with https:// or http://")
        if url.userinfo:
            raise ValueError("addresses with a password are not fetched")
        if (url.port or (443 if url.scheme == "https" else 80)) not in self.ports:
            ports = ", ".join(map(str, self.ports))
            raise ValueError(f"addresses are fetched from the ports {ports} only")
        return url


def _file_name(address: str) -> str:
    return clean_name(unquote(PurePosixPath(urlsplit(address).path).name))
