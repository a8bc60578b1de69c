"""The files with which browsers draw: made once, served under addresses that never change."""

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from helpers.models import CPU, save_models, street
from helpers.routes import HTTP, draw, send_file
from helpers.serving import ROOMY, launch
from helpers.stand_ins import SepiaColorizer
from PIL import Image, ImageDraw

from pix2pix.app import main as app
from pix2pix.app.arguments import parse_args
from pix2pix.app.blocks import create_demo
from pix2pix.app.server.browser_engine import BrowserEngine
from pix2pix.inference import load_drawer
from pix2pix.inference.image_to_image import LineTracer
from pix2pix.labels.packed_ids import unpack_ids
from pix2pix.web import runtime


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with other bytes in the place of onnxruntime-web."""
    cache = tmp_path_factory.mktemp("cache")
    folder = cache / f"{runtime.PACKAGE}-{runtime.VERSION}"
    folder.mkdir()
    for name in runtime.FILES:
        (folder / name).write_bytes(name.encode() * 9999)
    return cache


@pytest.fixture(scope="module")
def engine(cache: Path) -> BrowserEngine:
    return BrowserEngine("browser", cache)


@pytest.fixture(scope="module")
def served(
    engine: BrowserEngine,
    tiny_checkpoint: Path,
    tmp_path_factory: pytest.TempPathFactory,
    upload_folder: Path,
) -> Iterator[str]:
    """The app with a tab for facades, one for lines, and one whose checkpoint goes away."""
    models = save_models(tmp_path_factory.mktemp("models"))
    others = [app.load_served(str(models[name]), CPU) for name in ("edges", "roads")]
    drawer = load_drawer(tiny_checkpoint, "cpu")
    demo = create_demo(drawer, SepiaColorizer(), None, others, {}, ROOMY, engine, tiny_checkpoint)
    (models["roads"] / "model.safetensors").unlink()
    yield launch(demo)
    demo.close(verbose=False)


def facts(url: str, tab: str) -> Any:
    answer = HTTP.get(f"{url}studio-api/{tab}/browser")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_the_server_draws_until_the_files_are_made_and_says_so(
    served: str, engine: BrowserEngine, caplog: pytest.LogCaptureFixture
) -> None:
    assert facts(served, "draw") == {"state": "building"}
    caplog.set_level(logging.INFO, logger="pix2pix")
    engine.build()
    ready = facts(served, "draw")
    assert ready["state"] == "ready"
    model = ready["models"]["generator"]
    content = HTTP.get(f"{served}{ready['engine']['models']}{model['files']['generator']['file']}")
    assert content.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(content.content) == model["files"]["generator"]["bytes"]
    onnx.checker.check_model(onnx.load_from_string(gzip.decompress(content.content)))
    loader = HTTP.get(f"{served}{ready['engine']['runtime']}{runtime.LOADER}")
    assert loader.headers["content-type"].startswith("text/javascript"), "a module"
    assert loader.content == runtime.LOADER.encode() * 9999
    assert facts(served, "edges")["models"]["generator"]["config"]["input_type"] == "lines"
    assert facts(served, "roads") == {"state": "off"}, "its checkpoint is gone"
    assert "browsers cannot draw in the tab roads: " in caplog.text
    assert draw(served, street(), tab="roads").shape == (64, 64, 3), "the server draws"


def test_a_tab_of_lines_draws_those_of_a_photo(served: str, tmp_path: Path) -> None:
    photo = tmp_path / "ball.png"
    ball = Image.new("RGB", (90, 60), "white")
    ImageDraw.Draw(ball).ellipse((20, 5, 70, 55), "navy")
    ball.save(photo)
    answer = send_file(served, "edges", "trace", photo.read_bytes(), "ball.png").json()
    ids = unpack_ids(answer["ids"], (answer["height"], answer["width"]))
    expected = LineTracer((64, 64)).trace(Image.open(photo))
    np.testing.assert_array_equal(ids, expected)
    assert 0 < ids.mean() < 0.5


@pytest.mark.parametrize(
    "path",
    [
        "models/none.onnx.gz",
        "models/../runtime/NOTICE.txt",
        "models/..%2fconfig.json",
        "runtime/NOTICE.txt",
        "",
        "models/",
    ],
)
def test_nothing_else_is_served_there(served: str, path: str) -> None:
    assert HTTP.get(f"{served}studio-engine/{path}").status_code == 404
    assert HTTP.post(f"{served}studio-engine/{path}").status_code in (404, 405)


def test_without_npm_the_server_draws_and_the_log_says_what_to_do(
    tiny_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = BrowserEngine("auto", tmp_path / "cache")
    engine.add("draw", tiny_checkpoint)
    engine.build()
    assert engine.describe("draw") == {"state": "off"}
    assert "the server draws, since browsers cannot: npm" in caplog.text
    assert "--runtime https://" in caplog.text
    other = BrowserEngine("auto", tmp_path / "cache", "https://cdn.example.org/dist/")
    other.add("draw", tiny_checkpoint)
    other.build()
    assert other.describe("draw")["engine"]["runtime"] == "https://cdn.example.org/dist/"


def test_the_server_draws_unless_the_app_is_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse_args([]).draw_in == "server"
    assert parse_args(["--draw-in", "auto"]).draw_in == "auto"
    assert app.make_browser_engine("server", "") is None
    monkeypatch.setenv("PIX2PIX_DRAW_IN", "anywhere")
    with pytest.raises(SystemExit):
        parse_args([])
    assert "must be one of server, browser, auto" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"--runtime must be an address"):
        app.main(["--draw-in", "auto", "--runtime", "dist"])


def test_the_page_is_told_where_its_pictures_are_made(
    tiny_checkpoint: Path, cache: Path, upload_folder: Path
) -> None:
    drawer = load_drawer(tiny_checkpoint, "cpu")

    def draw_in(**more: Any) -> list[str]:
        config = create_demo(drawer, None, **more).get_config_file()
        props = [c["props"].get("props", c["props"]) for c in config["components"]]
        return [p["draw_in"] for p in props if "draw_in" in p]

    assert draw_in() == ["server"]
    engine = BrowserEngine("auto", cache)
    assert draw_in(browser_engine=engine) == ["server"], "there is no checkpoint to serve"
    assert draw_in(browser_engine=engine, drawer_folder=tiny_checkpoint) == ["auto"]
