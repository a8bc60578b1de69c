"""Files and bodies that mean harm: no picture at all, too much of one, too slow, others' files."""

import gzip
import io
import json
import socket
import struct
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.routes import KEY, post, send_file
from helpers.running import RunningApp, host_and_port
from helpers.tiffs import by_hand
from PIL import Image, PngImagePlugin

from pix2pix.labels.packed_ids import pack_ids
from pix2pix.web.tab_props import MAX_UPLOAD_MB

pytestmark = pytest.mark.slow

VISITOR = httpx.Client(timeout=120, trust_env=False)
ROOM_MB = 300  # what stays after 50 megapixels; the same again takes no more
MB = 1 << 20


@pytest.fixture(autouse=True)
def unharmed(attacked: RunningApp) -> Iterator[None]:
    """Whatever a test sends, the server goes on and has nothing to report."""
    before = len(attacked.said())
    yield
    assert attacked.process.poll() is None
    assert "Traceback" not in attacked.said()[before:], attacked.said()[before:]


# ---- pictures ----------------------------------------------------------------------------


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, rows: bytes = b"", *more: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [
        chunk(b"IHDR", header),
        *more,
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def chatty_png() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "A" * 60_000_000, zip=True)
    return encoded(Image.new("RGB", (8, 8)), "png", pnginfo=notes)


def many_frames() -> bytes:
    one = encoded(Image.new("P", (1500, 1500), 7), "gif")
    start = one.index(b"\x2c\0\0\0\0")  # of the frame; Pillow would compress each by itself
    return one[:start] + 40 * one[start:-1] + one[-1:]


def turned_wrongly() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 9999
    return encoded(Image.new("L", (8, 8)), "jpeg", exif=exif.tobytes()[:-3])


SVG = (
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><image href='file:///etc/passwd'/>"
)
PICTURES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a byte": lambda: b"\xff",
    "svg": lambda: SVG,
    "html": lambda: b"<!doctype html><script>alert(1)</script>",
    "script": lambda: b"#!/bin/sh\nrm -rf /\n",
    "pickle": lambda: b"cos\nsystem\n(S'false'\ntR.",
    "zip": lambda: b"PK\x03\x04" + bytes(200),
    "gzip bomb": lambda: gzip.compress(bytes(50 * MB)),
    "png of 100,000 x 100,000": lambda: png(100_000, 100_000),
    "png of 2^31": lambda: png(2**31 - 1, 2**31 - 1),
    "png of no size": lambda: png(0, 0),
    "png whose rows never end": lambda: png(64, 64, bytes(200 * MB)),
    "png without rows": lambda: png(64, 64),
    "png with 60 MB of text": chatty_png,
    "png with a broken profile": lambda: png(
        8, 8, bytes(25 * 8), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(9 * MB)))
    ),
    "jpeg header of 65,535": lambda: b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3" + bytes(40),
    "jpeg cut short": lambda: encoded(Image.effect_noise((400, 300), 90), "jpeg")[:3000],
    "jpeg turned wrongly": turned_wrongly,
    "gif of 40 large frames": many_frames,
    "ppm that promises": lambda: b"P6 99999 99999 255\n" + bytes(99),
    "ppm of words": lambda: b"P6 " + b"9" * 5000 + b" 1 255\n",
    "bmp upside down": lambda: (
        b"BM" + bytes(16) + struct.pack("<iii", 40, -1, -(2**31)) + bytes(40)
    ),
    "tiff in circles": lambda: b"II*\0\x08\0\0\0" + bytes(2) + b"\x08\0\0\0" + bytes(8),
    "tiff of 2^31": lambda: by_hand([b"x"], width=2**31 - 1, height=2**31 - 1),
    "tiff whose strip never ends": lambda: by_hand([zlib.compress(bytes(200 * MB))], (259, 3, [8])),
    "tiff of endless notes": lambda: by_hand([b"x"], (270, 2, bytes(20 * MB)), (305, 2, b"x")),
    "webp of nothing": lambda: b"RIFF\xff\xff\xff\x7fWEBPVP8X" + bytes(30),
    "avif of nothing": lambda: b"\0\0\0\x1cftypavif" + bytes(100),
    "thin as a hair": lambda: encoded(Image.new("L", (60_000, 1)), "png"),
    "49 megapixels": lambda: encoded(Image.new("L", (7000, 7000), 90), "png"),
}


def upload(app: RunningApp, content: bytes, name: str = "photo.png") -> dict[str, Any]:
    files = {"files": (name, content, "image/png")}
    path = VISITOR.post(f"{app.url}gradio_api/upload", files=files).json()[0]
    return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def ask(app: RunningApp, index: int, data: list[Any]) -> dict[str, Any]:
    """What the page is told of this event."""
    session = uuid.uuid4().hex
    body = {"data": data, "fn_index": index, "session_hash": session}
    assert VISITOR.post(f"{app.url}gradio_api/queue/join", json=body).status_code == 200
    stream = VISITOR.get(f"{app.url}gradio_api/queue/data?session_hash={session}").text
    done = next(line for line in stream.splitlines() if '"process_completed"' in line)
    return dict(json.loads(done.removeprefix("data: ")))


@pytest.mark.parametrize("name", PICTURES)
def test_a_harmful_picture_is_coloured_or_refused_in_words(attacked: RunningApp, name: str) -> None:
    content = PICTURES[name]()
    events = attacked.event_names()
    before = attacked.rss_mb()
    for endpoint, more in (("draw", [1]), ("colorize", [1.0])):
        answer = ask(attacked, events[endpoint], [upload(attacked, content), *more])
        assert answer["success"] or "photo.png: " in answer["output"]["error"], answer
    routes = [("aerial", "preview"), ("segments", "result")]
    routes += [("draw", action) for action in ("open", "trace", "style")]
    for tab, action in routes:
        made = send_file(attacked.url, tab, action, content)
        is_picture = made.headers["content-type"] == "image/png"
        assert made.status_code == 200 and (
            is_picture or "photo.png: " in made.json().get("error", "photo.png: ")
        ), made.text
    kept = send_file(attacked.url, "colorize", "photos", content).json()
    assert ("photo" in kept) != ("error" in kept)
    if "photo" in kept:
        for kind in ("preview", "quick", "thumb", "sizes", "save"):
            wanted = {"kind": kind, "photo": kept["photo"]}
            assert post(attacked.url, "colorize", "colorize", wanted).status_code == 200
    headers = {"x-studio-key": KEY}
    VISITOR.delete(f"{attacked.url}studio-api/colorize/photos", headers=headers)
    assert attacked.rss_mb() < before + ROOM_MB


def test_no_answer_is_a_page_or_a_picture_of_a_stranger(attacked: RunningApp) -> None:
    """An upload cannot be fetched, by nobody: neither a sender's script nor a sender's photo."""
    for name, content in (("a.html", b"<script>1</script>"), ("a.svg", SVG), ("a.png", b"mine")):
        path = upload(attacked, content, name)["path"]
        folder, last = path.rsplit("/", 1)
        for way in (path, f"{folder}/./{last}", f"{folder}/../{folder.split('/')[-1]}/{last}"):
            answer = VISITOR.get(f"{attacked.url}gradio_api/file={way}")
            assert answer.status_code == 404
            assert content not in answer.content


# ---- forms -------------------------------------------------------------------------------

FORMS = (
    {"headers": {"content-type": "multipart/form-data"}, "content": b"x"},
    {"headers": {"content-type": "multipart/form-data; boundary=b"}, "content": b"--b--"},
    {"headers": {"content-type": "multipart/form-data; boundary=b"}, "content": b"--x\r\n" * 999},
    {
        "headers": {"content-type": "multipart/form-data; boundary=b"},
        "content": b'--b\r\ncontent-disposition: form-data; name="files"\r\n\r\ntext\r\n--b--\r\n',
    },
    {
        "headers": {"content-type": "multipart/form-data; boundary=b; charset=nope"},
        "content": b'--b\r\ncontent-disposition: form-data; name="files"\r\n\r\ntext\r\n--b--\r\n',
    },
    {"headers": {"content-type": "application/json"}, "content": b"{}"},
    {"headers": {"content-type": "text/html"}, "content": b"<p>"},
    {"files": {"other": ("a.png", b"x")}},
    {"files": {"files": ("../../../../tmp/evil", b"x")}},
    {"files": {"files": ("a" * 3000 + ".png", b"x")}},
    {"files": {"files": ("..", b"x")}},
    {"files": {"files": (".", b"x")}},
    {"files": {"files": ("\x00\n<script>", b"x")}},
    {"files": [("files", (f"{i}.png", b"x")) for i in range(1200)]},
    {"files": {"files": ("a.png", b"x")}, "data": {str(i): "x" for i in range(1200)}},
)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: repr(f)[:60])
def test_a_form_of_another_kind_is_refused_or_stays_in_its_folder(
    attacked: RunningApp, form: dict[str, Any]
) -> None:
    answer = VISITOR.post(f"{attacked.url}gradio_api/upload", **form)
    assert answer.status_code < 500, answer.text
    if answer.status_code == 200:
        for path in answer.json():
            assert not path.startswith("/"), "the server's folders are nobody's business"
            kept = (attacked.uploads / path).resolve()
            assert kept.is_file() and kept.parent.parent == attacked.uploads.resolve()


# ---- too much, too slow ------------------------------------------------------------------


def endless(size: int) -> Iterator[bytes]:
    for _ in range(size // MB):
        yield bytes(MB)


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/queue/join",
        "gradio_api/call/draw",
        "gradio_api/upload",
        "studio-api/colorize/photos",
        "studio-api/colorize/colorize",
        "studio-api/draw/draw",
        "studio-api/draw/open",
        "studio-api/aerial/preview",
    ],
)
@pytest.mark.parametrize("says_so", [True, False])
def test_a_giant_body_is_cut_off(attacked: RunningApp, path: str, says_so: bool) -> None:
    before, size = attacked.rss_mb(), 300 * MB
    headers = {"x-studio-key": KEY, "content-type": "multipart/form-data; boundary=b"}
    if says_so:
        headers["content-length"] = str(size)
    start = b'--b\r\ncontent-disposition: form-data; name="files"; filename="a.png"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield start.ljust(MB, b"x")
        yield from endless(size - MB)

    try:
        answer = VISITOR.post(attacked.url + path, content=body(), headers=headers)
        assert answer.status_code == 413 or str(MAX_UPLOAD_MB) in answer.text
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # the server has hung up, which is as good
    assert attacked.rss_mb() < before + 2 * MAX_UPLOAD_MB


def test_many_large_requests_at_once_stay_within_bounds(attacked: RunningApp) -> None:
    before = attacked.rss_mb()
    body = b'{"data":["' + b"A" * (2 * MB - 100) + b'"],"fn_index":99999,"session_hash":"s"}'

    def send() -> None:
        with httpx.Client(timeout=120, trust_env=False) as client:
            for _ in range(5):
                answer = client.post(f"{attacked.url}gradio_api/queue/join", content=body)
                assert answer.status_code in (400, 503)

    threads = [threading.Thread(target=send) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert attacked.rss_mb() < before + 200


def test_a_stranger_of_many_names_takes_little_memory(attacked: RunningApp) -> None:
    file = upload(attacked, b"no picture")
    url = f"{attacked.url}gradio_api/call/draw"

    def come(names: range) -> None:
        for name in names:  # and never fetches an answer
            body = {"data": [file, 0], "session_hash": f"stranger{name}"}
            while (status := VISITOR.post(url, json=body).status_code) == 503:
                time.sleep(0.05)
            if status == 400:  # the file served its call
                file.update(upload(attacked, b"no picture"))

    come(range(300))
    before = attacked.rss_mb()
    come(range(300, 900))
    assert attacked.rss_mb() < before + 40, "600 sessions of 170 kB would take 100 MB"


def test_slow_clients_keep_nobody_waiting(attacked: RunningApp) -> None:
    host, port = host_and_port(attacked.url)
    heads = [
        f"POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100000\r\n\r\n" + '{"data":'
        for path in ("gradio_api/queue/join", "gradio_api/call/draw", "studio-api/draw/draw")
    ] + [f"GET /config HTTP/1.1\r\nhost: {host}\r\nx-slow: "]
    slow = []
    for i in range(60):
        connection = socket.create_connection((host, port))
        connection.sendall(heads[i % len(heads)].encode())
        slow.append(connection)
    label_map = np.ones((64, 64), np.uint8)
    drawn = post(attacked.url, "draw", "draw", {"ids": pack_ids(label_map)})
    assert drawn.status_code == 200  # while they all still hold on
    for connection in slow:
        connection.sendall(b" ")
        connection.close()


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("studio-api/colorize/photos", 1),
        ("studio-api/draw/open", 1),
        ("gradio_api/upload", 1),
        ("studio-api/draw/draw", 0),  # no upload, and every new stroke may break one off
        ("gradio_api/queue/join", 0),
    ],
)
def test_an_upload_broken_off_is_one_line_in_the_log(
    attacked: RunningApp, path: str, lines: int
) -> None:
    before = len(attacked.said())
    break_off(attacked, path)
    break_off(attacked, "gradio_api/upload")  # when its line is there, all of the first are
    end = time.monotonic() + 120
    while attacked.said()[before:].count("\n") < lines + 1 and time.monotonic() < end:
        time.sleep(0.05)
    said = attacked.said()[before:].splitlines()
    assert said == ["INFO: an upload was aborted by the client"] * (lines + 1)


def break_off(app: RunningApp, path: str) -> None:
    """Sends a quarter of a body and hangs up."""
    head = (
        f"POST /{path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 400000\r\n"
        f"x-studio-key: {KEY}\r\n"
        "content-type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\ncontent-disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    )
    with socket.create_connection(host_and_port(app.url)) as connection:
        connection.sendall(head.encode() + bytes(100_000))


def test_what_is_no_http_is_hung_up_on(attacked: RunningApp) -> None:
    host, port = host_and_port(attacked.url)
    for garbage in (b"\x16\x03\x01\x02\0" * 50, b"GET\r\n\r\n", b"\0" * 4096, b"A" * 200_000):
        with socket.create_connection((host, port)) as connection:
            connection.settimeout(120)
            try:
                connection.sendall(garbage)
                assert b" 400 " in connection.recv(4096)
            except ConnectionError:
                pass
    assert VISITOR.get(f"{attacked.url}config").status_code == 200
