"""The worker of the page without a server gives the pictures of the Python pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from helpers.hand import decode_uri
from helpers.running import ROOT
from helpers.static_site import cache_with_runtime, serve_files

from pix2pix.inference import Drawer, Regions, load_drawer
from pix2pix.labels.facade_builder import build_facade
from pix2pix.labels.facade_presets import PRESETS
from pix2pix.labels.packed_ids import pack_ids
from pix2pix.web.site import build_site
from pix2pix.web.tabs import SiteModel

pytestmark = [pytest.mark.browser, pytest.mark.own_profile]
CHECKPOINTS = ROOT / "checkpoints"
WORKER = """async ({ method, args }) => {
  const { WorkerClient } = await import(window.enginePath + "worker_client.js");
  window.client ??= new WorkerClient(window.enginePath + "worker.js");
  if (!window.isStarted) {
    const facts = JSON.parse(document.getElementById("st-facts").textContent);
    const whole = (path) => new URL(path, location.href).href;
    const places = { runtime: whole(facts.runtime), models: whole(facts.models) };
    await window.client.call("start", places);
    const [{ models, parts: [{ props }] }] = facts.tabs;
    const { kind, width, height, classes } = props;
    const canvas = { kind, width, height, classes, fileName: "facade" };
    await window.client.call("openDrawTab", { tab: "draw", models, canvas });
    window.isStarted = true;
  }
  const value = await window.client.call(method, { tab: "draw", ...args });
  if (!(value instanceof Blob)) return value;
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(value);
  });
}"""


@pytest.fixture(scope="module")
def exact_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Facades with weights in 32 bits."""
    folder = tmp_path_factory.mktemp("exact")
    models = [SiteModel("Draw", CHECKPOINTS / "facades")]
    build_site(folder, models, cache=cache_with_runtime(), weights="32")
    with serve_files(folder) as url:
        yield url


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    return load_drawer(CHECKPOINTS / "facades", "cpu")


@pytest.fixture(scope="module")
def worker(exact_site: str, chromium: Any) -> Iterator[Any]:
    """`call(method, **args)` of the page's worker."""
    page = chromium.new_page()
    page.goto(exact_site)
    page.evaluate(
        "window.enginePath = document.querySelector('script[type=module]').src"
        ".replace('static_page.js', '')"
    )
    yield lambda method, **args: page.evaluate(WORKER, {"method": method, "args": args})
    page.close()


def hard_drawings() -> dict[str, np.ndarray]:
    wall = np.ones((256, 256), np.uint8)
    window = wall.copy()
    window[100:140, 110:150] = 2
    large = wall.copy()
    for i, label in enumerate((2, 3, 11, 6, 0)):
        large[20 + 40 * i : 90 + 30 * i, 30 * i : 30 * i + 90] = label
    noise = np.random.default_rng(0).integers(0, 12, (256, 256)).astype(np.uint8)
    return {
        "a bare wall": wall,
        "void": np.zeros((256, 256), np.uint8),
        "one window": window,
        "large rectangles": large,
        "noise": noise,
        "a facade": build_facade(PRESETS[2], 256, 256),
    }


@pytest.mark.parametrize("name", hard_drawings())
def test_a_drawing_gives_the_picture_of_the_python_pipeline(
    worker: Any, drawer: Drawer, name: str
) -> None:
    drawing = hard_drawings()[name]
    painted = decode_uri(worker("draw", ids=pack_ids(drawing), seed=1203, format="png"))
    expected = drawer.draw(drawing, 1203)
    assert np.abs(painted.astype(int) - expected).max() <= 3


def test_a_large_picture_and_a_given_style_are_the_same_too(worker: Any, drawer: Drawer) -> None:
    drawing, style = build_facade(PRESETS[0], 256, 256), [0.5, -1, 0, 1, 0.2, -0.4, 2, -2]
    painted = decode_uri(worker("draw", ids=pack_ids(drawing), style=style, large=True))
    expected = drawer.draw(drawing, style=style, size=drawer.largest)
    assert painted.shape == expected.shape
    assert np.abs(painted.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("large", [False, True])
def test_regions_with_other_looks_are_the_same_too(
    worker: Any, drawer: Drawer, large: bool
) -> None:
    drawing, where = build_facade(PRESETS[0], 256, 256), np.zeros((256, 256), np.uint8)
    where[180:] = 1
    where[60:110, 40:200] = 2
    style = [0.5, -1, 0, 1, 0.2, -0.4, 2, -2]
    regions = {"ids": pack_ids(where), "looks": [{"seed": 9}, {"style": style}]}
    painted = decode_uri(
        worker("draw", ids=pack_ids(drawing), seed=7, regions=regions, large=large)
    )
    size = drawer.largest if large else None
    expected = drawer.draw(drawing, 7, size=size, regions=Regions(where, [9, style]))
    assert np.abs(painted.astype(int) - expected).max() <= 3
