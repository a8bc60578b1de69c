"""Requests that no browser sends, to every address of the running app: none does any harm.

Each must be answered without a server error, leave no traceback in the server's output, and give
away nothing.
"""

import itertools
import json
import secrets
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.running import RunningApp

from pix2pix.labels.packed_ids import pack_ids

JSON = {"content-type": "application/json"}
VISITOR = httpx.Client(timeout=120, trust_env=False)  # one for all: making one takes a while


@pytest.fixture(autouse=True)
def unharmed(attacked: RunningApp) -> Iterator[None]:
    """Whatever a test sends, the server goes on and has nothing to report."""
    before = len(attacked.said())
    yield
    assert attacked.process.poll() is None
    assert "Traceback" not in attacked.said()[before:], attacked.said()[before:]


def fetch(app: RunningApp, method: str, path: str, **options: Any) -> tuple[int, str]:
    """Status and text of the answer."""
    answer = VISITOR.request(method, app.url + path, **options)
    return answer.status_code, answer.text


def check_harmless(status: int, text: str) -> None:
    assert status < 500, text
    for secret in ("root:x:", "hf_secret_of_the_host", "Traceback", "parse_args"):
        assert secret not in text


# ---- addresses ---------------------------------------------------------------------------

OUTSIDE = (
    "/etc/passwd",
    "..%2f..%2f..%2fetc/passwd",
    "%2e%2e/%2e%2e/app.py",
    "app.py",
    "/proc/self/environ",
    "/dev/zero",
    "%00",
    "a" * 5000,
    "C:%5Cwindows%5Cwin.ini",
    "file:///etc/passwd",
    "http://127.0.0.1:1/x",
    "http://169.254.169.254/latest/meta-data",
    "%ff%fe",
    "~/.ssh/id_rsa",
    "checkpoints/facades/config.json",
    "/etc/" + "ab" * 20 + "/../passwd",
)
ROOMS = (
    "gradio_api/file=",
    "gradio_api/file/",
    "gradio_api/proxy=",
    "gradio_api/custom_component/",
    "gradio_api/stream/",
    "gradio_api/call/draw/",
    "gradio_api/heartbeat/",
    "gradio_api/queue/data?session_hash=",
    "gradio_api/upload_progress?upload_id=",
    "gradio_api/info?page=",
    "static/",
    "assets/",
    "svelte/",
    "studio-assets/",
    "studio-engine/models/",
    "studio-api/",
    "studio-api/draw/",
    "studio-api/colorize/photos/",
    "?deep_link=",
    "pwa_icon/",
    "monitoring/",
)


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_outside_is_read_by_any_address(attacked: RunningApp, room: str) -> None:
    if room.endswith("upload_id="):  # which answers after three seconds: all are asked at once
        with ThreadPoolExecutor(len(OUTSIDE)) as pool:
            answers = list(pool.map(lambda name: fetch(attacked, "GET", room + name), OUTSIDE))
    else:
        answers = [fetch(attacked, "GET", room + name) for name in OUTSIDE]
    for answer in answers:
        check_harmless(*answer)


CLOSED = (
    "openapi.json",
    "gradio_api/openapi.json",
    "login",
    "logout",
    "monitoring",
    "gradio_api/deep_link?session_hash=x",
    "gradio_api/dev/reload",
    "gradio_api/runs",
    "gradio_api/vibe-code",
    "gradio_api/vibe-edit",
    "gradio_api/process_recording",
    "gradio_api/component_server",
    "gradio_api/run/draw",
    "gradio_api/api/draw",
    "gradio_api/proxy=https://evil.hf.space/",
    "gradio_api/mcp/",
    "docs",
)


@pytest.mark.parametrize("path", CLOSED)
def test_what_the_app_does_not_need_is_not_there(attacked: RunningApp, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        status, text = fetch(attacked, method, path, content="{}" if method != "GET" else None)
        assert status in (404, 405), (method, path, status)
        check_harmless(status, text)


def test_odd_methods_and_headers_are_survived(attacked: RunningApp) -> None:
    for method in ("OPTIONS", "TRACE", "PUT", "BREW", "HEAD"):
        for path in ("", "config", "gradio_api/queue/join", "gradio_api/upload", *ROUTES):
            check_harmless(*fetch(attacked, method, path))
    odd = (
        {"host": "evil.example"},
        {"x-forwarded-host": "evil.example<script>", "x-forwarded-proto": "gopher"},
        {"origin": "null"},
        {"cookie": "access-token=" + "a" * 4000},
        {"range": "bytes=-9999999999,0-1,5-2"},
        {"accept-encoding": "x" * 3000},
        {"content-type": "multipart/form-data; boundary="},
        {"if-none-match": '"' * 500},
        {"accept-language": "../../../etc"},
        {"x-direct-url": "file:///etc/passwd"},
    )
    for headers, path in itertools.product(odd, ("", "config", "gradio_api/info", "favicon.ico")):
        check_harmless(*fetch(attacked, "GET", path, headers=headers))


# ---- bodies ------------------------------------------------------------------------------

ROUTES = ("studio-api/draw/draw", "studio-api/colorize/photos", "studio-api/nope/draw")
BODIES = (
    "",
    "{",
    "\x00",
    "[]",
    "null",
    "7",
    '"text"',
    "{}",
    '{"data":null}',
    '{"data":{}}',
    '{"data":[]}',
    '{"data":[1,2,3,4]}',
    '{"data":[NaN,Infinity]}',
    '{"data":[null,1e999]}',
    '{"data":[null],"fn_index":NaN,"session_hash":1}',
    '{"data":[null],"fn_index":99999,"session_hash":"s"}',
    '{"data":[null],"fn_index":-1,"session_hash":"s"}',
    '{"data":[null],"fn_index":true,"session_hash":"s"}',
    '{"data":[null],"fn_index":"0","session_hash":"s"}',
    '{"data":[],"fn_index":1,"session_hash":"s"}',
    '{"data":[null],"fn_index":0,"session_hash":"../../etc"}',
    '{"data":[null],"fn_index":0,"session_hash":null}',
    '{"data":[null],"fn_index":0,"session_hash":"s","batched":true}',
    '{"data":[null],"fn_index":0,"session_hash":"s","event_id":[]}',
    '{"data":["\\ud800"],"session_hash":"s","fn_index":0}',
    '{"data":[{"path":"/etc/passwd","meta":{"_type":"gradio.FileData"}},0]}',
    '{"data":[{"path":"http://127.0.0.1/","meta":{"_type":"gradio.FileData"}},0]}',
    '{"data":[{"path":7,"meta":{"_type":"gradio.FileData"}},0]}',
    '{"data":[{"path":"a","meta":{"_type":7}},0]}',
    '{"component_id":1,"session_hash":"s","fn_name":"__init__","data":1}',
    "[" * 100_000,
    '{"data":' + "[" * 3000 + "]" * 3000 + "}",
    '{"data":[' + "0," * 100_000 + "0]}",
    '{"data":["' + "A" * 1_900_000 + '"],"fn_index":99999,"session_hash":"s"}',
)
JSON_ROUTES = ("draw/draw", "draw/facade", "draw/label-image", "colorize/colorize", "roads/draw")
FILE_ROUTES = (
    "draw/open",
    "draw/trace",
    "draw/style",
    "colorize/photos",
    "aerial/preview",
    "segments/result",
)
POSTS = (
    "gradio_api/queue/join",
    "gradio_api/call/draw",
    "gradio_api/call/colorize/",
    "gradio_api/call/v2/draw",
    "gradio_api/call/v2/colorize/",
    "gradio_api/call/v2/nope",
    "gradio_api/call/nope",
    "gradio_api/call/lambda",
    "gradio_api/cancel",
    "gradio_api/reset",
    "gradio_api/upload",
    *(f"studio-api/{route}" for route in (*JSON_ROUTES, *FILE_ROUTES)),
    "studio-api/nope/draw",
    "studio-api/draw/nope",
)


@pytest.mark.parametrize("path", POSTS)
def test_a_body_of_another_form_is_refused(attacked: RunningApp, path: str) -> None:
    for body in BODIES:
        status, text = fetch(attacked, "POST", path, content=body, headers=JSON)
        check_harmless(status, text)
        if path.removeprefix("studio-api/") in FILE_ROUTES:  # that is no picture
            assert status == 200 and len(json.loads(text)["error"]) > 10, (body[:80], text)
        else:
            assert path == "gradio_api/reset" or 400 <= status < 500, (body[:80], text)


def test_what_is_refused_is_said_in_words(attacked: RunningApp) -> None:
    said = [fetch(attacked, "POST", POSTS[0], content=b, headers=JSON)[1] for b in BODIES]
    assert "not valid JSON" in said[0]
    assert "must be finite" in said[12]
    assert "number of an event" in said[15]
    assert "more than any request" in said[-2]
    said = [fetch(attacked, "POST", "studio-api/draw/facade", content=b)[1] for b in BODIES]
    assert "not valid JSON" in said[0] and "must be a JSON object, got list" in said[3]
    assert "seed is missing" in said[7] and "seed is missing" in said[8]
    assert "not valid JSON" in said[-4], "a hundred thousand brackets"


# ---- values of every route and endpoint ---------------------------------------------------

WALL = pack_ids(np.ones((64, 64), np.uint8))
VALUES: tuple[Any, ...] = (
    None,
    7,
    -1e308,
    True,
    "text",
    "<script>alert(1)</script>",
    [],
    [[[[]]]],
    {},
    {"ids": None},
    {"ids": WALL[:20], "seed": 1},
    {"ids": WALL, "seed": "1; rm -rf /", "style": [[1]], "format": {}},
    {"ids": WALL, "seed": 2**63, "id": 2**63},
    {"ids": WALL, "seed": 0, "style": [1e308] * 4},
    {"facade": 7},
    {"ids": WALL, "seed": 7},
    {"kind": "thumb"},
    {"kind": "save", "key": "0" * 32, "photo": "0" * 32, "hints": []},
    {"facade": -1, "file": {"path": "../../../etc/passwd"}},
    {"file": {"path": "/etc/passwd", "orig_name": "a.png"}},
    {"file": {"path": "\0"}, "strength": {}},
    {"file": {"path": "x" * 5000}},
    {"file": [{"path": "/etc/shadow"}], "example": "../../../etc/passwd"},
    {"kind": "save", "key": "0" * 32, "photo": "../../x", "strength": [], "hints": {}},
    {"kind": ["save"], "hints": [{"x": "NaN"}] * 300},
    {"__class__": "os.system", "constructor": {"prototype": {}}},
)


def ask(app: RunningApp, index: int, data: list[Any]) -> dict[str, Any]:
    """What the page would be told of this event."""
    session = uuid.uuid4().hex
    body = {"data": data, "fn_index": index, "session_hash": session}
    answer = VISITOR.post(f"{app.url}gradio_api/queue/join", json=body)
    if answer.status_code != 200:
        check_harmless(answer.status_code, answer.text)
        return {"success": False, "output": answer.json()}
    stream = VISITOR.get(f"{app.url}gradio_api/queue/data?session_hash={session}").text
    done = next(line for line in stream.splitlines() if '"process_completed"' in line)
    return dict(json.loads(done.removeprefix("data: ")))


@pytest.fixture(scope="module")
def events(attacked: RunningApp) -> dict[str, tuple[int, int]]:
    """Each event that runs on the server: its index, and how many values it takes."""
    config = httpx.get(f"{attacked.url}config", timeout=120).json()
    return {
        f"{d['id']} {d['api_name']}": (d["id"], len(d["inputs"]))
        for d in config["dependencies"]
        if d["backend_fn"]
    }


def test_an_upload_of_no_picture_is_refused_by_every_event(
    attacked: RunningApp, events: dict[str, tuple[int, int]]
) -> None:
    files = {"files": ("a.png", b"<svg onload=alert(1)>", "image/png")}
    for index, inputs in events.values():
        path = VISITOR.post(f"{attacked.url}gradio_api/upload", files=files).json()[0]
        for file in ({"path": path}, {"path": path, "meta": {"_type": "gradio.FileData"}}):
            for value in (file, {"file": file}):
                answer = ask(attacked, index, [value] * inputs)
                assert not (inputs and answer["success"]), index
                check_harmless(200, json.dumps(answer))


@pytest.mark.parametrize("value", VALUES, ids=lambda v: repr(v)[:40])
def test_a_value_of_another_kind_is_refused_by_every_endpoint(
    attacked: RunningApp, events: dict[str, tuple[int, int]], value: Any
) -> None:
    assert len(events) == 6, "one for each tab"
    for name, (index, inputs) in events.items():
        answer = ask(attacked, index, [value] * inputs)
        text = json.dumps(answer)
        check_harmless(200, text)
        assert not answer["success"], name
        error = str(answer["output"].get("error") or answer["output"].get("detail"))
        assert len(error) > 10 and error != "None", f"{name} said nothing: {text[:300]}"
        assert "<script>" not in error, "text is escaped"


@pytest.mark.parametrize("value", VALUES, ids=lambda v: repr(v)[:40])
def test_a_value_of_another_kind_is_refused_by_every_route(
    attacked: RunningApp, value: Any
) -> None:
    for route in JSON_ROUTES:
        content = json.dumps(value)
        status, text = fetch(attacked, "POST", f"studio-api/{route}", content=content, headers=JSON)
        check_harmless(status, text)
        takes = route in TAKEN_BY and value == {"ids": WALL, "seed": 7}
        assert status == (200 if takes else 400), (route, text[:200])
        assert takes or len(json.loads(text)["error"]) > 10
        assert "<script>" not in text or "json" in JSON["content-type"], "never as a page"


TAKEN_BY = ("draw/draw", "roads/draw")


@pytest.mark.parametrize("key", ["visitor", "id", "style", "format", "thumbnail", "large", "seed"])
@pytest.mark.parametrize("value", VALUES, ids=lambda v: repr(v)[:40])
def test_a_value_of_another_kind_is_refused_at_every_key(
    attacked: RunningApp, key: str, value: Any
) -> None:
    content = json.dumps({"ids": WALL, key: value})
    status, text = fetch(attacked, "POST", "studio-api/draw/draw", content=content, headers=JSON)
    check_harmless(status, text)
    if status != 200:
        assert f"{key} must be" in json.loads(text)["error"]


PHOTO_PATHS = (
    "0" * 32,
    "../draw",
    "..%2f..%2fapp.py",
    "%00",
    "a" * 5000,
    "0" * 31,
    "0" * 32 + "/x",
)


def test_no_photo_of_another_is_found_by_any_path_or_key(attacked: RunningApp) -> None:
    for path in PHOTO_PATHS:
        for suffix in ("", "/result"):
            for key in ("", "0" * 32, "f" * 32, "x" * 9000, "../" * 9):
                for method in ("GET", "DELETE", "POST", "PUT"):
                    address = f"studio-api/colorize/photos/{path}{suffix}"
                    headers = {"x-studio-key": key}
                    status, text = fetch(attacked, method, address, headers=headers)
                    check_harmless(status, text)
                    assert status in (204, 400, 404, 405, 431), (method, address, status)


def test_the_session_of_another_gives_nothing(attacked: RunningApp) -> None:
    for path in ("gradio_api/queue/data?session_hash=", "gradio_api/call/draw/"):
        status, text = fetch(attacked, "GET", path + secrets.token_hex(8))
        assert status == 200 and "not found" in text.lower()
    body = {"session_hash": "other", "fn_index": 0, "event_id": "other"}
    assert fetch(attacked, "POST", "gradio_api/cancel", json=body)[0] == 200
