"""The limits of the server: of all clients together, and of each client's share.

A client is an IP address, behind a trusted proxy the forwarded one, or a /64 network of IPv6. Many
visitors may share an address (an office, a school, a mobile network): the shares have room for
about 20 pages at once.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from dataclasses import dataclass

RESERVED_FILES = 128  # file descriptors for models, uploads, pipes and the listening socket


@dataclass(frozen=True)
class Limits:
    """Numbers of the whole server, and with `client_` of one client."""

    # A socket costs 30 kB in uvicorn: 60 MB. Fewer where the process may open fewer files.
    connections: int = 2048
    # A browser opens six to a server.
    client_connections: int = 128
    # Streams of open pages count: a page holds three, and asks for two things at once.
    client_requests: int = 96
    # Each may need 64 MB.
    uploads: int = 8
    # Half of them, so that two visitors get through beside a client that sends all it can.
    client_uploads: int = 4
    # MB of JSON bodies; a drawing has at most 2 and mostly 0.01.
    body_mb: int = 64
    client_body_mb: int = 16
    # Jobs that wait in a lane. A drawing takes 40 ms: the last of 32 waits 1.3 s.
    queue: int = 32
    # Turns are taken client by client, so the share only keeps room in the queue.
    client_queue: int = 12
    # New sessions of programs: Gradio keeps the answers of 200 sessions.
    client_sessions_per_minute: int = 120
    # Seconds for the headers of a request, from the connection or the last answer on.
    header_s: int = 15
    # kB/s below which a body is refused, after 10 s: of a byte a second, a drawing takes hours.
    body_kb_per_s: int = 16

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value < 1:
                raise ValueError(f"limit {flag_name(field.name)} must be 1 or more, got {value}")


DEFAULT_LIMITS = Limits()


def flag_name(field: str) -> str:
    return field.replace("_", "-")


def parse_limits(texts: Iterable[str]) -> Limits:
    """Limits from texts such as "client-uploads=8". Raises ValueError."""
    known = {flag_name(field.name): field.name for field in dataclasses.fields(Limits)}
    changed = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in known or not number.isdecimal():
            raise ValueError(
                f"a limit is NAME=NUMBER with a name of {', '.join(known)}; got {text!r}"
            )
        changed[known[name]] = int(number)
    return Limits(**changed)


def max_connections(limits: Limits) -> int:
    """The connections of the server: fewer than the files that the process may open."""
    if sys.platform == "win32":
        return limits.connections
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return limits.connections
    return max(16, min(limits.connections, allowed - RESERVED_FILES))
