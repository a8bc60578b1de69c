"""Where a proxy serves the app: what may be said of it, and what it does to requests."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer

from pix2pix.app import main as app
from pix2pix.app.assets import ASSETS_URL
from pix2pix.app.gradio_compat import LOADING_TIMER
from pix2pix.app.root_path import inner_paths, prefix_of, read_root_path

HTTP = httpx.Client(timeout=120, trust_env=False)


@pytest.mark.parametrize(
    ("given", "root_path"),
    [
        ("", ""),
        ("/", ""),
        ("studio", "/studio"),
        ("/studio", "/studio"),
        ("/studio/", "/studio"),
        (" /a/b-c_d/ ", "/a/b-c_d"),
        ("https://example.org/studio/", "https://example.org/studio"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_root_path_is_taken_with_and_without_slashes(given: str, root_path: str) -> None:
    assert read_root_path(given) == root_path


@pytest.mark.parametrize(
    "given",
    ["/a b", "/<b>", '/"', "/a?b", "/a#b", "/../x", "/a//b", "ftp://x/y", "https://", "http://[x/"],
)
def test_any_other_root_path_is_refused_in_words(given: str) -> None:
    with pytest.raises(ValueError, match="must be a path such as /studio"):
        read_root_path(given)


def test_the_option_comes_from_the_environment_and_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRADIO_ROOT_PATH", "/from/there/")
    assert app.parse_args([]).root_path == "/from/there/"
    with pytest.raises(SystemExit, match="--root-path: the root path must be"):
        app.main(["--root-path", "/a b"])


def test_the_prefix_is_found_where_the_proxy_left_it() -> None:
    assert prefix_of("https://example.org/studio") == prefix_of("/studio") == "/studio"
    assert list(inner_paths("/studio/config", "/studio")) == ["/config", "/studio/config"]
    assert list(inner_paths("/studio-api/draw/draw", "/studio")) == ["/studio-api/draw/draw"]
    assert list(inner_paths("//config", "/studio")) == ["/config"]


@pytest.fixture(scope="module", params=["/static", "https://example.org/studio/"])
def prefixed(request: pytest.FixtureRequest, upload_folder: Path) -> Iterator[tuple[str, str]]:
    """The app's own address, and its prefix: one that is a path of the app too, or an address."""
    for url in serve(
        PaletteDrawer(), SepiaColorizer(), root_path=request.param, proxies=["127.0.0.1"]
    ):
        yield url.rstrip("/"), prefix_of(read_root_path(request.param))


def test_every_path_is_there_with_and_without_the_prefix(prefixed: tuple[str, str]) -> None:
    url, prefix = prefixed
    script = re.search(r'src="\./(assets/[^"]+\.js)"', HTTP.get(f"{url}/").text)
    assert script
    for path in (
        "",
        "config",
        f"{ASSETS_URL}/js/draw/draw.js",
        "static/js/x.js",
        "favicon.ico",
        script[1],
    ):
        expected = HTTP.get(f"{url}/{path}")
        for way in (f"{url}{prefix}/{path}", f"{url}{prefix}//{path}", f"{url}//{path}"):
            answer = HTTP.get(way)
            assert (answer.status_code, answer.content) == (expected.status_code, expected.content)


def test_the_page_begins_at_the_prefix_whatever_its_address(prefixed: tuple[str, str]) -> None:
    url, prefix = prefixed
    answer = HTTP.get(f"{url}{prefix}?__theme=dark")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{prefix}/?__theme=dark"
    headers = {"host": "example.org", "x-forwarded-proto": "https"}
    page = HTTP.get(f"{url}/", headers=headers)
    assert re.search(r"<base [^>]*>", page.text)[0] == f'<base href="{prefix}/" />'  # type: ignore[index]
    assert int(page.headers["content-length"]) == len(page.content)
    assert f'"root":"https://example.org{prefix}"' in page.text
    assert page.text.index(LOADING_TIMER) < page.text.index("gradio_config")


def test_what_is_not_there_is_not_there_under_the_prefix(prefixed: tuple[str, str]) -> None:
    url, prefix = prefixed
    for path in ("openapi.json", "gradio_api/run/draw", "../app.py", f"..{prefix}x/config"):
        assert HTTP.get(f"{url}{prefix}/{path}").status_code == 404
