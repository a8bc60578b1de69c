"""The page without a server on WebGPU: right, or not used. Swiftshader stands in for a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.chromium import CHROMIUM_FLAGS, find_chromium
from helpers.engine import NodeJob
from helpers.hand import drag, read_canvas
from helpers.static_site import cache_with_runtime, serve_files
from PIL import Image

from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import load_translator
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.web.site import build_site
from pix2pix.web.tabs import SiteModel

pytestmark = [pytest.mark.browser, pytest.mark.own_profile]
WAIT_MS = 300_000  # against a hang: no test decides by time
FAKE = (Path(__file__).parent / "fake_webgpu.mjs").read_text()
ADAPTER = "navigator.gpu.requestAdapter = async () => ({ info: { isFallbackAdapter: %s } });"
NEWEST = """() => {
  const { asked, picture } = document.querySelector('.st-preview').dataset;
  return +asked >= %d && asked === picture;
}"""


@pytest.fixture(scope="module")
def pen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint that draws from lines."""
    folder = tmp_path_factory.mktemp("models") / "pen"
    recipe = Recipe("image2image", size=32, depth=3, ngf=4, max_channels=8, input_type="lines")
    config = checkpoint_config(recipe)
    torch.manual_seed(0)
    save_checkpoint(folder, config, Model(config), "# Pen\n")
    return folder


@pytest.fixture(scope="module")
def site(pen: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("webgpu")
    build_site(folder, [SiteModel("Pen", pen)], cache=cache_with_runtime(), weights="8")
    with serve_files(folder) as url:
        yield url


class Visit:
    """A page in a new profile, with what it asked for and said."""

    def __init__(self, browser: Any) -> None:
        self.profile = browser.new_context(
            service_workers="block", accept_downloads=True, reduced_motion="reduce"
        )
        self.profile.set_default_timeout(WAIT_MS)
        self.asked: list[str] = []
        self.strokes = 0
        self.profile.on("request", lambda request: self.asked.append(request.url))
        self.page = self.profile.new_page()
        self.page.on("pageerror", lambda error: pytest.fail(str(error)))

    def fake_gpu(self, fault: str, is_software: bool = False) -> None:
        """Gives workers an adapter, and WebAssembly in the place of WebGPU."""
        adapter = ADAPTER % str(is_software).lower()

        def patch_worker(route: Any) -> None:
            route.fulfill(response=(response := route.fetch()), body=adapter + response.text())

        script = {"content_type": "text/javascript", "body": f'const FAULT = "{fault}";\n{FAKE}'}
        self.profile.route("**/engine/worker.js", patch_worker)
        self.profile.route("**/ort.webgpu.min.mjs", lambda route: route.fulfill(**script))

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_selector(".st-drawing[data-ready]")

    def draw(self) -> None:
        """Draws a line, and waits for its picture."""
        self.strokes += 1
        y = 0.15 * self.strokes
        drag(self.page, (0.2, y), (0.8, y + 0.1))
        self.page.wait_for_function(NEWEST % self.strokes)

    def draw_first(self) -> str:
        """Draws a line, whose picture comes before WebGPU is tried; what is said about that."""

        def is_about_gpu(message: Any) -> bool:
            return "WebGPU" in message.text

        with self.page.expect_console_message(is_about_gpu, timeout=WAIT_MS) as said:
            self.draw()
        return str(said.value.text)

    def gpu_runs(self) -> int:
        worker = next(w for w in self.page.workers if w.url.endswith("engine/worker.js"))
        return int(worker.evaluate("self.gpuRuns ?? 0"))

    def error(self, pen: Path) -> float:
        """The largest difference of the saved picture from Python's."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Save").click()
            self.page.get_by_role("menuitem", name="Save the picture").click()
        with Image.open(download.value.path()) as picture:
            painted = np.asarray(picture.convert("RGB"), int)
        sheet = (read_canvas(self.page.locator(".st-canvas")).max(-1) < 128).astype(np.uint8)
        assert sheet.any()
        expected = LineDrawer(load_translator(pen, "cpu")).draw(sheet, 7)
        return float(np.abs(painted - expected).max())


@pytest.fixture
def visit(chromium: Any) -> Iterator[Visit]:
    visit = Visit(chromium)
    yield visit
    assert visit.page.locator(".st-problem, .st-notice").count() == 0, (
        "the visitor sees nothing of it"
    )
    visit.profile.unroute_all(behavior="ignoreErrors")
    visit.profile.close()


@pytest.fixture(scope="module")
def swiftshader(chromium: Any) -> Iterator[Any]:
    """Chromium with an adapter that computes on the CPU."""
    flags = [flag for flag in CHROMIUM_FLAGS if flag != "--disable-gpu"]
    browser = chromium.browser_type.launch(
        executable_path=find_chromium(),
        args=[*flags, "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
    )
    yield browser
    browser.close()


def test_webgpu_draws_the_picture_of_the_python_pipeline(
    site: str, pen: Path, swiftshader: Any
) -> None:
    visit = Visit(swiftshader)
    visit.open(f"{site}?webgpu=force")
    assert "the model Pen runs on WebGPU" in visit.draw_first()
    visit.draw()
    assert visit.error(pen) <= 3
    worker = next(w for w in visit.page.workers if w.url.endswith("engine/worker.js"))
    lose = "async (url) => (await (await import(url)).env.webgpu.device).destroy()"
    worker.evaluate(lose, f"{site}runtime/ort.webgpu.min.mjs")
    visit.draw()
    assert visit.error(pen) <= 3, "the device is lost, and WebAssembly draws"
    assert all(url.startswith((site, "blob:", "data:")) for url in visit.asked)
    visit.profile.close()


def test_without_an_adapter_webgpu_is_never_downloaded(site: str, visit: Visit) -> None:
    visit.open(site)
    visit.draw()
    visit.draw()
    assert not [url for url in visit.asked if "webgpu.min" in url or "asyncify" in url]


@pytest.mark.parametrize("query", ["", "?webgpu=off"])
def test_software_is_not_tried_and_webgpu_can_be_turned_off(
    site: str, visit: Visit, query: str
) -> None:
    visit.fake_gpu("", is_software=not query)
    visit.open(site + query)
    visit.draw()
    visit.draw()
    assert not [url for url in visit.asked if "webgpu.min" in url or "asyncify" in url]


def test_the_faster_one_is_kept(site: str, pen: Path, visit: Visit) -> None:
    visit.fake_gpu("fast")
    visit.open(site)
    assert "the model Pen runs on WebGPU" in visit.draw_first()
    assert visit.gpu_runs() == 3
    visit.draw()
    assert visit.gpu_runs() > 3 and visit.error(pen) <= 3


def test_a_slower_one_is_not(site: str, pen: Path, visit: Visit) -> None:
    visit.fake_gpu("slow")
    visit.open(site)
    assert "the model Pen runs in WebAssembly" in visit.draw_first()
    visit.draw()
    assert visit.gpu_runs() == 3 and visit.error(pen) <= 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("operator", "Resize is not supported"),
        ("wrong", "its output is wrong by 0.03"),
        ("nan", "its output is wrong by NaN"),
        ("file", "could not be loaded: the server answered 500"),
    ],
)
def test_a_gpu_that_fails_at_the_first_picture_is_not_used(
    site: str, pen: Path, visit: Visit, fault: str, reason: str
) -> None:
    visit.fake_gpu(fault)
    if fault == "file":
        visit.profile.route("**/*asyncify.wasm.gz", lambda route: route.fulfill(status=500))
    visit.open(f"{site}?webgpu=force")
    assert reason in visit.draw_first()
    runs = visit.gpu_runs()
    visit.draw()
    assert visit.gpu_runs() == runs <= 1 and visit.error(pen) <= 3


@pytest.mark.parametrize(
    ("fault", "reason"), [("lost", "a driver was reset"), ("run", "validation failed")]
)
def test_a_gpu_that_fails_later_leaves_the_picture_to_webassembly(
    site: str, pen: Path, visit: Visit, fault: str, reason: str
) -> None:
    visit.fake_gpu(fault)
    visit.open(f"{site}?webgpu=force")
    assert "the model Pen runs on WebGPU" in visit.draw_first()
    assert reason in visit.draw_first(), "and the picture of this stroke came"
    visit.draw()
    assert visit.gpu_runs() == 4 and visit.error(pen) <= 3


def test_outputs_are_compared_by_their_size(tmp_path: Path) -> None:
    picture = np.array([-1, 0.5, 1], np.float32)
    logits = 20 * picture
    broken = np.array([0, np.nan, 0], np.float32)
    calls = [[picture + np.float32(0.01), picture], [logits + np.float32(0.2), logits]]
    calls += [[broken, picture], [picture[:2], picture], [picture, picture]]
    found = NodeJob(tmp_path).call("webgpu", "largestError", calls)
    assert found[:2] == pytest.approx([0.01, 0.01], abs=1e-6)
    assert found[2:] == [None, None, 0], "NaN is no number in JSON"
