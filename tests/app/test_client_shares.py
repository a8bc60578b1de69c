"""Each client gets its share of connections, requests, bodies, jobs and sessions, and no more."""

import io
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.routes import HTTP
from helpers.running import host_and_port
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

from pix2pix.app.server.answers import RequestError
from pix2pix.app.server.client_address import client_key
from pix2pix.app.server.client_shares import MAX_CLIENTS, SessionRate, Share
from pix2pix.app.server.connections import Connections
from pix2pix.app.server.limits import DEFAULT_LIMITS, Limits, max_connections, parse_limits
from pix2pix.labels.label_map import encode_label_image
from pix2pix.labels.packed_ids import pack_ids

SMALL = replace(
    DEFAULT_LIMITS,
    client_connections=12,
    client_requests=6,
    client_uploads=2,
    client_body_mb=1,
    client_sessions_per_minute=5,
    header_s=3,  # the tests send the headers of a request within it
)
ATTACKER, VISITOR = "127.0.0.9", "127.0.0.1"  # both are this machine, to the app two clients
DRAWING = {"ids": pack_ids(np.ones((256, 256), np.uint8))}


@pytest.fixture(scope="module")
def small(upload_folder: Path) -> Iterator[str]:
    yield from serve(PaletteDrawer(), SepiaColorizer(), limits=SMALL)


@pytest.fixture
def attack(small: str) -> Iterator[Callable[[bytes], socket.socket]]:
    """Opens a connection of the attacker that sends these bytes and stays."""
    opened = []

    def connect(content: bytes) -> socket.socket:
        connection = socket.create_connection(host_and_port(small), source_address=(ATTACKER, 0))
        connection.settimeout(60)
        opened.append(connection)
        connection.sendall(content)
        return connection

    yield connect
    for connection in opened:
        connection.close()
    wait_until(lambda: as_attacker().get(f"{small}config").status_code == 200)


def as_attacker() -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=ATTACKER)
    return httpx.Client(transport=transport, timeout=60, trust_env=False)


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end
        time.sleep(0.05)


def visitor_draws(url: str) -> bool:
    answer = HTTP.post(f"{url}studio-api/draw/draw", json=DRAWING)
    return answer.status_code == 200 and answer.headers["content-type"] == "image/png"


def call_of(url: str, session: str) -> dict[str, Any]:
    """The body of a program's call of the first endpoint."""
    buffer = io.BytesIO()
    encode_label_image(np.ones((64, 64), np.uint8)).save(buffer, "png")
    files = {"files": ("a.png", buffer.getvalue())}
    (path,) = HTTP.post(f"{url}gradio_api/upload", files=files).json()
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    return {"data": [file, 0], "session_hash": session, "fn_index": 0}


def head(path: str, length: int = 100_000) -> bytes:
    key = "a" * 32
    return (
        f"POST /{path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-studio-key: {key}\r\n"
        f"content-length: {length}\r\n\r\n{{"
    ).encode()


def is_429(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert int(answer.headers["retry-after"]) > 0
    assert "network address" in answer.text, "in words"
    return True


Attack = Callable[[bytes], socket.socket]


def test_connections_beyond_the_share_are_refused_and_others_come_through(
    small: str, attack: Attack
) -> None:
    for _ in range(SMALL.client_connections):
        attack(b"")
    refused = attack(b"")
    answer = refused.recv(4096)
    assert answer.startswith(b"HTTP/1.1 429") and b"retry-after" in answer
    assert visitor_draws(small)


def test_a_request_whose_headers_do_not_come_is_hung_up_on(small: str, attack: Attack) -> None:
    silent, trickling = attack(b""), attack(b"GET /config HTTP/1.1\r\nhost: 127.0.0.1\r\n")
    ended = False
    for number in range(600):
        try:
            trickling.sendall(b"x" if number % 2 else b": y\r\n"[number % 4 :])
            trickling.settimeout(0.05)
            ended = trickling.recv(4096).startswith(b"HTTP/1.1 4")
            break
        except TimeoutError:
            continue
        except ConnectionError:
            ended = True
            break
    assert ended, "a byte now and then stretches nothing"
    assert silent.recv(4096).startswith(b"HTTP/1.1 408")


def test_a_connection_that_is_used_again_stays(small: str) -> None:
    with httpx.Client(trust_env=False, timeout=60) as client:
        for _ in range(4):
            stream = client.get(f"{small}config").extensions["network_stream"]
            local = stream.get_extra_info("client_addr")
            time.sleep(SMALL.header_s / 3)  # the time begins anew with each answer
        assert stream.get_extra_info("client_addr") == local


def test_requests_at_once_beyond_the_share_are_refused(small: str, attack: Attack) -> None:
    for _ in range(SMALL.client_requests):
        attack(head("gradio_api/queue/join"))
    with as_attacker() as client:
        wait_until(lambda: is_429(client.get(f"{small}config")))
    assert visitor_draws(small)


def test_uploads_at_once_beyond_the_share_are_refused(small: str, attack: Attack) -> None:
    for _ in range(SMALL.client_uploads):
        attack(head("studio-api/colorize/photos"))
    url = f"{small}studio-api/draw/open"
    with as_attacker() as client:
        wait_until(lambda: is_429(client.post(url, content=b"x")))
    assert "is not an image" in HTTP.post(url, content=b"x").text, "another visitor's is read"


def test_json_bytes_beyond_the_share_are_refused(small: str, attack: Attack) -> None:
    attack(head("gradio_api/queue/join", 1_200_000) + b" " * 900_000)
    url = f"{small}studio-api/draw/draw"
    with as_attacker() as client:
        wait_until(lambda: is_429(client.post(url, content=b" " * 400_000)))
    assert visitor_draws(small)


def test_new_sessions_beyond_the_share_are_refused(small: str) -> None:
    with as_attacker() as client:

        def begin(session: str) -> int:
            sent = client.post(f"{small}gradio_api/upload", files={"files": ("a.png", b"x")})
            file = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
            body = {"data": [file, 0], "session_hash": session, "fn_index": 0}
            return client.post(f"{small}gradio_api/queue/join", json=body).status_code

        most = SMALL.client_sessions_per_minute
        statuses = [begin(f"session{number}") for number in range(most + 3)]
        assert statuses == [200] * most + [429] * 3
        assert begin("session0") == 200, "one that was begun goes on"
    assert visitor_draws(small)


def test_the_session_of_another_cannot_be_read_joined_or_cancelled(small: str) -> None:
    """Known by its hash, from an address in a log."""
    session = "0123456789ab"
    with as_attacker() as attacker:
        joined = HTTP.post(f"{small}gradio_api/queue/join", json=call_of(small, session))
        event = joined.json()["event_id"]
        stream = f"{small}gradio_api/queue/data?session_hash={session}"
        cancel = {"session_hash": session, "fn_index": 0, "event_id": event}
        refusals = [
            attacker.get(stream),
            attacker.get(f"{stream[:-12]}nobody&session_hash={session}"),
            attacker.post(f"{small}gradio_api/cancel", json=cancel),
            attacker.post(f"{small}gradio_api/queue/join", json=call_of(small, session)),
        ]
        for answer in refusals:
            assert answer.status_code == 403 and "another network address" in answer.text
    text = HTTP.get(stream).text
    assert '"process_completed"' in text and event in text, "it goes on for its owner"
    assert HTTP.post(f"{small}gradio_api/cancel", json=cancel).status_code == 200


def test_ending_anothers_heartbeat_deletes_nothing(small: str) -> None:
    session, key = "ba9876543210", "c" * 32
    buffer = io.BytesIO()
    Image.new("L", (40, 30)).save(buffer, "png")
    headers = {"x-studio-key": key, "x-photo-name": "mine.png"}
    photos = f"{small}studio-api/colorize/photos"
    sent = HTTP.post(photos, content=buffer.getvalue(), headers=headers).json()
    heartbeat = f"{small}gradio_api/heartbeat/{session}"
    with HTTP.stream("GET", heartbeat) as mine:
        next(mine.iter_lines())
        with as_attacker() as attacker, attacker.stream("GET", heartbeat) as other:
            next(other.iter_lines())
        asked = {"kind": "thumb", "photo": sent["photo"]}
        answer = HTTP.post(f"{small}studio-api/colorize/colorize", json=asked, headers=headers)
        assert "thumb" in answer.json()
    HTTP.delete(photos, headers=headers)


# ---- parts -------------------------------------------------------------------------------


def test_a_share_is_counted_by_client() -> None:
    share = Share(2, "things")
    with share.taken("a"), share.taken("a"), share.taken("b"):
        with pytest.raises(RequestError) as refused, share.taken("a"):
            pass
        assert refused.value.status == 429 and refused.value.headers["retry-after"]
    assert len(share) == 0, "nothing is remembered of those who left"


def test_sessions_are_counted_by_the_minute() -> None:
    now = [0.0]
    rate = SessionRate(3, lambda: now[0])
    for name in ("a", "b", "a", None):
        rate.enter("client", name)
    with pytest.raises(RequestError, match="61 seconds"):
        rate.enter("client", "c")
    rate.enter("client", "a")
    rate.enter("another", "c")
    now[0] = 61.0
    rate.enter("client", "c")


def test_the_memory_of_sessions_is_bounded() -> None:
    rate = SessionRate(3)
    for number in range(MAX_CLIENTS + 50):
        rate.enter(f"client {number}", "s")
    assert len(rate._begun) == len(rate._known) == MAX_CLIENTS


def test_a_full_server_closes_idle_connections_of_the_heaviest_client() -> None:
    class Protocol:
        def __init__(self) -> None:
            self.transport, self.is_closed = self, False

        def abort(self) -> None:
            self.is_closed = True

    connections = Connections(Limits(connections=16, client_connections=16))
    connections._max = 16
    mine = [Protocol() for _ in range(3)]
    others = [Protocol() for _ in range(13)]
    assert all(connections.enter(p, "10.0.0.1") for p in mine)
    assert all(connections.enter(p, "10.9.9.9") for p in others)
    connections.begin_request(others[0])
    assert connections.enter(Protocol(), "10.0.0.2")
    assert [p.is_closed for p in others[:3]] == [False, True, False]
    assert not any(p.is_closed for p in mine) and len(connections) == 16


def test_connections_leave_room_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 1024))
    assert max_connections(Limits()) == 896


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_address_or_a_network(address: str, key: str) -> None:
    assert client_key(address) == key


def test_limits_are_changed_by_name() -> None:
    assert parse_limits(["client-uploads=8"]) == replace(DEFAULT_LIMITS, client_uploads=8)
    for text in ("client-uploads", "nothing=3", "uploads=-1", "uploads=0", "uploads=many"):
        with pytest.raises(ValueError, match="limit"):
            parse_limits([text])
