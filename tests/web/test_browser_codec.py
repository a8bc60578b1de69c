"""The Colourise engine in a worker of a real browser: it decodes, colourises and saves files."""

from __future__ import annotations

import base64
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.engine import to_rgba
from helpers.printed import EXAMPLES
from helpers.running import ROOT
from PIL import Image

from pix2pix.images import negative
from pix2pix.images.convert import to_rgb
from pix2pix.images.encoding import data_uri
from pix2pix.images.exif import ExifBlock, ExifTag
from pix2pix.images.metadata import read_metadata
from pix2pix.images.reader import open_image
from pix2pix.inference import load_colorizer
from pix2pix.runtime.bundle import ASSETS

pytestmark = pytest.mark.browser
CHECKPOINT = ROOT / "checkpoints" / "colorize"

PAGE = """<!doctype html><title>Engine</title><p>Engine</p>
<link rel="icon" href="data:,"><script type="module">
import { LocalPhotos } from "./js/engine/colorize/local_photos.js";
const worker = new Worker("./worker.mjs", { type: "module" });
const waiting = new Map();
worker.onmessage = ({ data: { id, answer } }) => waiting.get(id)(answer);
window.call = (method, args) => new Promise((resolve) => {
  const id = crypto.randomUUID();
  waiting.set(id, resolve);
  worker.postMessage({ id, method, args });
});
const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
window.textOf = (bytes) => {
  const parts = [];
  for (let i = 0; i < bytes.length; i += 8192) parts.push(bytes.subarray(i, i + 8192));
  return btoa(parts.map((part) => String.fromCharCode(...part)).join(""));
};
window.fileOf = (text, name) => new File([bytesOf(text)], name);
window.photos = new LocalPhotos(window.call, 64);
document.body.dataset.ready = "";
</script>"""

TAB = """<!doctype html><title>Tab</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="studio-assets/v/css/studio.css">
<link rel="stylesheet" href="studio-assets/v/css/colorize.css">
<div id="tab"><div class="st-photo"></div></div><script type="module">
import { mountColorize } from "./studio-assets/v/js/colorize/colorize.js";
import { LocalPhotos } from "./studio-assets/v/js/engine/colorize/local_photos.js";
const worker = new Worker("./worker.mjs", { type: "module" });
const waiting = new Map();
let count = 0;
worker.onmessage = ({ data: { id, answer } }) => waiting.get(id)(answer);
const call = (method, args) => new Promise((resolve) => {
  count += 1;
  waiting.set(count, resolve);
  worker.postMessage({ id: count, method, args });
});
const props = await (await fetch("props.json")).json();
const element = document.getElementById("tab");
mountColorize({ element, props }, () => new LocalPhotos(call, props.max_upload_mb));
</script>"""

DECODE = """async ([text, name]) => {
  const { value, error } = await call("decode", { file: fileOf(text, name), name });
  return error ? { error } : { ...value, data: textOf(value.data) };
}"""
SAVE = """async ([text, name, settings]) => {
  const photo = { name, load: async () => fileOf(text, name) };
  const { before } = await photos.ask(photo, { kind: "preview", ...settings });
  const { name: saved, bytes } = await photos.ask(photo, { kind: "save", ...settings });
  const blob = await photos.fetchResult(photo);
  const { width, height, thumb } = photo;
  const content = textOf(new Uint8Array(await blob.arrayBuffer()));
  return { saved, bytes, type: blob.type, content, width, height, thumb, before };
}"""


class Quiet(SimpleHTTPRequestHandler):
    def guess_type(self, path: Any) -> str:
        return "text/javascript" if str(path).endswith("js") else super().guess_type(path)

    def log_message(self, *_: Any) -> None:
        pass


def tab_props() -> dict[str, Any]:
    """What the page knows of the tab, as `build_colorize_tab` tells it."""
    grey = data_uri(photo(), "png")
    name = EXAMPLES[0].name
    first = {"before": grey, "after": grey, "width": photo().width, "height": photo().height}
    return {
        "tab": "Colourise",
        "first": first,
        "max_strength": 1.5,
        "max_upload_mb": 64,
        "max_hints": 256,
        "sizes": [128, 192, 256, 384],
        "size": 192,
        "examples": [{"file": name, "title": "One", "url": f"studio-assets/v/examples/{name}"}],
    }


def photo(index: int = 0) -> Image.Image:
    return Image.open(EXAMPLES[index]).convert("RGB")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ASSETS / "js", folder / "js")
    shutil.copy(negative.WEIGHTS, folder)
    shutil.copy(CHECKPOINT / "config.json", folder)
    shutil.copy(Path(__file__).with_name("colorize_worker.mjs"), folder / "worker.mjs")
    (folder / "index.html").write_text(PAGE)
    shutil.copytree(ASSETS, folder / "studio-assets" / "v")
    (folder / "tab.html").write_text(TAB)
    (folder / "props.json").write_text(json.dumps(tab_props()))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(site: str, visit: Callable[..., Any]) -> Any:
    return visit(site, wait_for="body[data-ready]", may_fail=True)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def to_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def decode(page: Any, content: bytes, name: str = "a photo") -> np.ndarray:
    answer = page.evaluate(DECODE, [to_text(content), name])
    assert "error" not in answer, answer["error"]
    data = np.frombuffer(base64.b64decode(answer["data"]), np.uint8)
    return data.reshape(answer["height"], answer["width"], 4)


def camera_exif(turned: int) -> bytes:
    caption = "Großmutter 1941".encode() + b"\0"
    rows = {270: ExifTag(2, len(caption), caption), 274: ExifTag(3, 1, turned.to_bytes(2, "big"))}
    return ExifBlock(">", rows).pack()


def test_a_lossless_file_is_decoded_to_its_pixels(page: Any) -> None:
    for image in (photo(), photo().convert("L"), photo().quantize(64)):
        found = decode(page, encoded(image, "PNG"))
        np.testing.assert_array_equal(found, to_rgba(image))


def test_a_large_file_is_decoded_in_strips(page: Any) -> None:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (2300, 1300, 3), np.uint8))
    np.testing.assert_array_equal(decode(page, encoded(image, "PNG")), to_rgba(image))


def test_transparent_pixels_keep_their_colours_as_far_as_a_canvas_can(page: Any) -> None:
    image = photo(1)
    alpha = np.tile(np.linspace(0, 255, image.width).astype(np.uint8), (image.height, 1))
    image.putalpha(Image.fromarray(alpha))
    found, expected = decode(page, encoded(image, "PNG")).astype(int), to_rgba(image)
    np.testing.assert_array_equal(found[..., 3], alpha)
    # A canvas keeps colours multiplied by alpha, in eight bits.
    error = np.abs(found - expected).max(-1)
    assert (error * alpha <= 255).all()


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_photo_is_upright(page: Any, turned: int) -> None:
    options: dict[str, dict[str, Any]] = {"PNG": {}, "WEBP": {"lossless": True}}
    options["JPEG"] = {"quality": 95}
    image = photo().resize((211, 157))
    for kind, more in options.items():
        content = encoded(image, kind, exif=camera_exif(turned), **more)
        found = decode(page, content)[..., :3].astype(int)
        expected = np.asarray(open_image(content).convert("RGB"))
        assert found.shape == expected.shape
        error = np.abs(found - expected)
        assert error.mean() < 1 if kind == "JPEG" else error.max() == 0  # another decoder of JPEG


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.tif", encoded(photo(), "TIFF"), "is a TIFF, which this browser cannot open: please sa"),
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(40), "is a HEIC photo, which this browser cannot"),
        ("a.png", encoded(photo(), "PNG")[:40], "is damaged or cut short"),
        ("a.txt", b"hello", "is not an image that this browser can open"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_the_reason(
    page: Any, name: str, content: bytes, reason: str
) -> None:
    answer = page.evaluate(DECODE, [to_text(content), name])
    assert answer["error"].startswith(f"{name}: {reason}")


def test_a_file_of_too_many_pixels_is_refused_before_it_is_decoded(page: Any) -> None:
    content = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    content[16:24] = (9000).to_bytes(4, "big") + (8000).to_bytes(4, "big")
    answer = page.evaluate(DECODE, [to_text(bytes(content)), "a.png"])
    assert answer["error"] == "a.png: is 9000x8000 pixels; the limit is 50 megapixels"


def formula(x: torch.Tensor, style: Any) -> torch.Tensor:
    """What the worker computes in place of the network."""
    light = F.avg_pool2d(x[:, :1], 2)
    return torch.cat([0.3 * light, 0.1 - 0.2 * light, torch.zeros(1, 16 + 88, *light.shape[2:])], 1)


def save(page: Any, content: bytes, name: str, **settings: Any) -> tuple[dict[str, Any], bytes]:
    values = {"strength": 1, "size": 192, "hints": [], **settings}
    answer = page.evaluate(SAVE, [to_text(content), name, values])
    return answer, base64.b64decode(answer["content"])


def colorized(image: Image.Image, **options: Any) -> Image.Image:
    colorizer = load_colorizer(CHECKPOINT, device="cpu")
    colorizer._runner = formula  # type: ignore[assignment]
    return colorizer.colorize(image, **options)


def test_a_saved_png_is_what_python_makes_with_the_photos_metadata(page: Any) -> None:
    content = encoded(photo(), "PNG", exif=camera_exif(1), dpi=(300, 300))
    answer, file = save(page, content, "old.photo.png", format="png")
    assert (answer["saved"], answer["type"]) == ("old.photo.png", "image/png")
    assert answer["bytes"] == len(file)
    result = open_image(file)
    difference = np.abs(np.asarray(result).astype(int) - np.asarray(colorized(photo())))
    assert result.mode == "RGB" and difference.max() <= 1
    assert read_metadata(result) == read_metadata(open_image(content))
    assert result.info["dpi"] == pytest.approx((300, 300), abs=0.01)


def test_a_saved_jpeg_is_upright_and_has_the_photos_metadata(page: Any) -> None:
    content = encoded(photo(), "JPEG", quality=95, exif=camera_exif(6), dpi=(300, 300))
    answer, file = save(page, content, "old.jpg", format="jpeg")
    result = open_image(file)
    expected = colorized(open_image(content))
    assert (answer["saved"], answer["type"], result.size) == (
        "old.jpg",
        "image/jpeg",
        expected.size,
    )
    assert (answer["width"], answer["height"]) == expected.size
    difference = np.abs(np.asarray(result).astype(int) - np.asarray(expected))
    assert difference.mean() < 2  # two other decoders and encoders of JPEG
    assert read_metadata(result) == read_metadata(open_image(content))
    assert result.info["dpi"] == (300, 300)


def test_a_saved_cut_out_keeps_its_alpha_or_is_laid_on_white(page: Any) -> None:
    image = photo(1).resize((300, 240))
    alpha = np.zeros((240, 300), np.uint8)
    alpha[60:180, 60:240] = 255
    image.putalpha(Image.fromarray(alpha))
    content = encoded(image, "PNG")
    _, file = save(page, content, "cut.png", format="png")
    found, expected = np.asarray(open_image(file)), np.asarray(colorized(image))
    assert np.abs(found.astype(int) - expected).max() <= 1
    _, file = save(page, content, "cut.png", format="jpeg")
    found = np.asarray(open_image(file)).astype(int)
    assert np.abs(found - np.asarray(to_rgb(Image.fromarray(expected)))).mean() < 1.5


def test_previews_are_pictures_that_the_page_can_show(page: Any) -> None:
    answer, _ = save(page, encoded(photo(), "PNG"), "a.png", format="png")
    assert answer["before"].startswith("data:image/jpeg;base64,")
    assert answer["thumb"].startswith("data:image/webp;base64,")
    thumb = Image.open(io.BytesIO(base64.b64decode(answer["thumb"].split(",")[1])))
    assert max(thumb.size) == 160


def test_the_tab_works_without_a_server(site: str, page: Any, tmp_path: Path) -> None:
    page.goto(f"{site}tab.html")
    page.locator(".st-photo[data-shown]").wait_for()
    path = tmp_path / "aunt.png"
    path.write_bytes(encoded(photo(2), "PNG"))
    page.locator("input[type=file][multiple]").set_input_files([path])
    page.locator(".st-photo[data-shown='aunt.png']").wait_for()
    page.locator(".st-shot[data-name='aunt.png'][data-state=done]").wait_for()
    page.get_by_role("button", name="Working size").click()
    page.get_by_role("dialog").locator(".st-result img[src]").nth(3).wait_for()
    page.get_by_role("button", name="Working size 128").click()
    page.locator(".st-photo[data-size='128']").wait_for()
    page.get_by_label("Strength").focus()
    page.keyboard.press("End")
    page.locator(".st-photo[data-strength='1.5']").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("menuitem", name="Save as PNG").click()
    assert download.value.suggested_filename == "aunt.png"
    result = open_image(Path(download.value.path()).read_bytes())
    expected = colorized(photo(2), strength=1.5, size=128)
    assert np.abs(np.asarray(result).astype(int) - np.asarray(expected)).max() <= 1
