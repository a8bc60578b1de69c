"""Pages of other sites make the app work only where its host allows them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from helpers.routes import HTTP
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer

from pix2pix.app.server.client_address import without_forged_headers
from pix2pix.app.server.origin_check import read_access
from pix2pix.labels.packed_ids import pack_ids

FOREIGN = "https://evil.example"
FRIEND = "https://friend.example"
DRAWING = json.dumps({"ids": pack_ids(np.ones((256, 256), np.uint8))})


@pytest.fixture(scope="module")
def local(upload_folder: Path) -> Iterator[str]:
    yield from serve(PaletteDrawer(), SepiaColorizer(), origins=[FRIEND])


def draw(url: str, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTP.post(f"{url}studio-api/draw/draw", content=DRAWING, headers=given)


def is_refused(answer: httpx.Response) -> bool:
    if answer.status_code in (403, 421):
        assert "--allow-origin" in answer.json()["error"], "in words, with the remedy"
        return True
    assert answer.status_code == 200, answer.text
    return False


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": FOREIGN},
        {"origin": "null"},
        {"origin": FOREIGN, "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site"},
        {"origin": FOREIGN, "sec_fetch_site": "same-site"},
        {"origin": f"{FRIEND}.evil.example"},
        {"origin": "http://friend.example"},
        {"origin": FOREIGN, "x_forwarded_host": "evil.example"},
        {"host": "evil.example"},  # DNS rebinding: the page's own name leads to this machine
        {"host": "evil.example:7860", "origin": "http://evil.example:7860"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example"},
    ],
    ids=str,
)
def test_a_foreign_page_is_refused(local: str, headers: dict[str, str]) -> None:
    assert is_refused(draw(local, **headers))


def test_programs_and_its_own_page_are_served(local: str) -> None:
    port = local.rstrip("/").rpartition(":")[2]
    for headers in (
        {},
        {"origin": local.rstrip("/")},
        {"origin": local.rstrip("/"), "sec_fetch_site": "same-origin"},
        {"host": f"localhost:{port}", "origin": f"http://localhost:{port}"},
        {"host": f"[::1]:{port}"},
        {"origin": FRIEND, "sec_fetch_site": "cross-site"},
        {"host": "friend.example"},
    ):
        assert not is_refused(draw(local, **headers)), headers


@pytest.mark.parametrize("path", ["gradio_api/queue/join", "gradio_api/upload", "gradio_api/reset"])
def test_gradios_routes_are_guarded_too(local: str, path: str) -> None:
    answer = HTTP.post(f"{local}{path}", content=b"{}", headers={"origin": FOREIGN})
    assert is_refused(answer)


def test_answers_are_readable_for_allowed_origins_alone(local: str) -> None:
    for origin, is_allowed in ((FOREIGN, False), ("null", False), (FRIEND, True)):
        for path in ("config", "studio-api/draw/nope", ""):
            for method in ("GET", "OPTIONS"):
                headers = {"origin": origin, "access-control-request-method": "POST"}
                answer = HTTP.request(method, f"{local}{path}", headers=headers)
                found = [n for n in answer.headers if n.startswith("access-control-")]
                assert bool(found) == is_allowed, (origin, path, method, found)


def test_a_public_app_answers_any_host_and_no_foreign_page() -> None:
    access = read_access("0.0.0.0", root_path="https://example.org/studio")
    scope = make_scope({"host": "example.org", "origin": "https://example.org"})
    access.check(scope)
    access.check(make_scope({"host": "other.example"}))
    with pytest.raises(Exception, match="other sites"):
        access.check(make_scope({"host": "example.org", "origin": FOREIGN}))


def test_an_app_behind_a_proxy_answers_by_its_public_name() -> None:
    read_access("127.0.0.1", ["127.0.0.1"]).check(make_scope({"host": "example.org"}))
    named = read_access("127.0.0.1", root_path="https://example.org/studio")
    named.check(make_scope({"host": "example.org"}))
    with pytest.raises(Exception, match="--trusted-proxies"):
        read_access("127.0.0.1").check(make_scope({"host": "example.org"}))


def test_mcp_is_guarded_whatever_the_method() -> None:
    scope = make_scope({"host": "127.0.0.1", "origin": FOREIGN}, "GET", "/gradio_api/mcp/")
    with pytest.raises(Exception, match="other sites"):
        read_access().check(scope)


@pytest.mark.parametrize("origin", ["example.org", "ftp://example.org", "https://x.org/path", ""])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="an origin is such as"):
        read_access(origins=[origin])


def make_scope(
    headers: dict[str, str], method: str = "POST", path: str = "/", peer: str = "127.0.0.1"
) -> dict[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": "http",
        "headers": raw,
        "client": (peer, 7),
    }


# ---- forwarded headers -------------------------------------------------------------------

FORWARDED = {
    "x-forwarded-for": "6.6.6.6, 203.0.113.7, 10.0.0.2",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "example.org",
    "x-real-ip": "6.6.6.6",
}


def test_forwarded_headers_of_a_stranger_are_dropped() -> None:
    scope = without_forged_headers(make_scope({**FORWARDED, "host": "h"}, peer="8.8.8.8"), ())
    assert scope["client"][0] == "8.8.8.8" and scope["scheme"] == "http"
    assert [name for name, _ in scope["headers"]] == [b"host"]


def test_a_trusted_proxy_says_who_the_client_is() -> None:
    proxies = read_access(proxies=["127.0.0.1", "10.0.0.0/8"]).proxies
    scope = without_forged_headers(make_scope(FORWARDED), proxies)
    assert scope["client"][0] == "203.0.113.7", "the last one that no trusted proxy is"
    assert scope["scheme"] == "https"
    assert b"x-forwarded-host" in dict(scope["headers"])


def test_a_proxy_must_be_an_address() -> None:
    with pytest.raises(ValueError, match="a trusted proxy is an address"):
        read_access(proxies=["nginx"])


# ---- headers of the page -----------------------------------------------------------------


def test_the_page_has_a_policy_and_no_answer_is_sniffed(local: str) -> None:
    page = HTTP.get(local)
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "object-src 'none'" in policy
    assert "frame-ancestors *" in policy, "embedding is meant"
    for path in ("", "config", "gradio.js", "theme.css", "nope"):
        assert HTTP.get(f"{local}{path}").headers["x-content-type-options"] == "nosniff"
