"""Bounds connections before there is a request: how many, how many of a client, and how long.

uvicorn waits for ever for the first request of a connection, and for the rest of one that comes a
byte at a time. So 1,100 idle sockets stopped an app that could open 1,024 files.
"""

import asyncio
from collections import Counter
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from pix2pix.app.server.client_address import Network, client_key, is_trusted
from pix2pix.app.server.limits import Limits, max_connections

_ANSWER = (
    "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\n"
    "content-length: {length}\r\nconnection: close\r\n\r\n{text}"
)
TOO_MANY = "Too many connections from your network address. Please try again in 5 seconds."
TOO_SLOW = "The request took too long to arrive."


class Connections:
    """The open connections of one server. For one event loop."""

    def __init__(self, limits: Limits, proxies: tuple[Network, ...] = ()) -> None:
        self.limits, self._proxies = limits, proxies
        self._max = max_connections(limits)
        self._open: dict[Any, str] = {}  # protocols by age; their client
        self._idle: dict[Any, None] = {}  # those of them without a request, longest first
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, protocol: Any, address: str) -> bool:
        """Counts a new connection. False if its client has too many; a proxy has no limit.

        Where the server has too many, the longest idle one of the client with the most idle ones
        is closed instead.
        """
        client = client_key(address)
        is_proxy = is_trusted(address, self._proxies)
        if not is_proxy and self._counts[client] >= self.limits.client_connections:
            return False
        if len(self._open) >= self._max and not self._close_an_idle_one():
            return False
        self._open[protocol] = client
        self._idle[protocol] = None
        self._counts[client] += 1
        return True

    def leave(self, protocol: Any) -> None:
        client = self._open.pop(protocol, None)
        self._idle.pop(protocol, None)
        if client is not None:
            self._counts[client] -= 1
            if not self._counts[client]:
                del self._counts[client]

    def begin_request(self, protocol: Any) -> None:
        self._idle.pop(protocol, None)

    def end_request(self, protocol: Any) -> None:
        if protocol in self._open:
            self._idle[protocol] = None

    def _close_an_idle_one(self) -> bool:
        if not self._idle:
            return False
        idle = Counter(self._open[protocol] for protocol in self._idle)
        client, _ = idle.most_common(1)[0]
        protocol = next(p for p in self._idle if self._open[p] == client)
        self.leave(protocol)
        protocol.transport.abort()
        return True


def guarded(protocol_class: type[Any], connections: Connections) -> type[Any]:
    """uvicorn's protocol class of a connection, with limits.

    Overrides asyncio.Protocol's callbacks, and wraps the attribute `app`, which uvicorn calls for
    each request.
    """

    class Guarded(protocol_class):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            own: ASGIApp = self.app  # type: ignore[has-type]
            self.app = _watched(own, self)
            self._deadline: asyncio.TimerHandle | None = None
            self._requests = 0

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            peer = transport.get_extra_info("peername")
            self.transport = transport
            if not connections.enter(self, str(peer[0]) if isinstance(peer, tuple) else ""):
                self._refuse("429 Too Many Requests", TOO_MANY)
                return
            self._await_request()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            connections.leave(self)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self.transport.is_closing():
                super().data_received(data)

        def begin_request(self) -> None:
            self._requests += 1
            self._stop_waiting()
            connections.begin_request(self)

        def end_request(self) -> None:
            self._requests -= 1
            if self._requests == 0 and not self.transport.is_closing():
                connections.end_request(self)
                self._await_request()

        def _await_request(self) -> None:
            self._stop_waiting()
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(connections.limits.header_s, self._time_out)

        def _stop_waiting(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _time_out(self) -> None:
            self._refuse("408 Request Timeout", TOO_SLOW)

        def _refuse(self, status: str, text: str) -> None:
            if not self.transport.is_closing():
                answer = _ANSWER.format(status=status, length=len(text), text=text)
                self.transport.write(answer.encode())
                self.transport.close()

    return Guarded


def _watched(app: ASGIApp, protocol: Any) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        protocol.begin_request()
        try:
            await app(scope, receive, send)
        finally:
            protocol.end_request()

    return call
