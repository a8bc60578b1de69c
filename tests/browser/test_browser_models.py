"""Models of one's own in the browser: each kind has its tab, and what was trained is drawn with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fake_hub import TOKEN, FakeHub
from helpers.hand import SCREENSHOTS, read_picture, settle
from helpers.leaving import wait_for_kept_files
from helpers.model_tabs import open_in, read_sheet, save_item, show_tab, stroke, wait_for_picture
from helpers.models import CPU, ROADS, colors, save_models, save_pairs, street
from helpers.serving import launch
from helpers.stand_ins import PaletteDrawer, SepiaColorizer
from PIL import Image

import pix2pix.__main__ as cli
from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo
from pix2pix.cli import train
from pix2pix.hub.client import Hub
from pix2pix.inference import Drawer, Tracer, load_translator
from pix2pix.inference.image_to_image import LineDrawer
from pix2pix.labels.label_map import decode_label_image, encode_label_image

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
PAPER_AND_INK = np.array([[255, 255, 255], [0, 0, 0]])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def own_studio(models: dict[str, Path], upload_folder: Path) -> Iterator[str]:
    """The app with a tab for each tiny checkpoint, and for one that is not there."""
    names = [*map(str, models.values()), "nowhere"]
    others = [app.load_served(name, CPU) for name in names]
    demo = create_demo(PaletteDrawer(), SepiaColorizer(), None, others)
    yield launch(demo)
    demo.close(verbose=False)


def test_a_drawing_of_own_classes_has_their_palette_and_its_own_sheet(
    own_studio: str, visit: Visit, models: dict[str, Path]
) -> None:
    page = visit(own_studio)
    panel = show_tab(page, "roads")
    panel.locator(".st-drawing[data-ready]").wait_for()
    palette = np.array([c.rgb for c in ROADS])
    np.testing.assert_array_equal(read_sheet(panel, palette), street())
    assert panel.locator(".st-chip").all_inner_texts() == [
        f"{i + 1}\n{c.name}" for i, c in enumerate(ROADS)
    ]
    assert panel.get_by_role("button", name="New facade").count() == 0
    panel.get_by_role("button", name="car, key 4").click()
    page.keyboard.press("r")
    wait_for_picture(panel, lambda: stroke(panel, (0.05, 0.7), (0.2, 0.9)))
    expected = street()
    expected[44:58, 3:13] = 3
    np.testing.assert_array_equal(read_sheet(panel, palette), expected)
    drawing = save_item(panel, "Save the drawing")
    with Image.open(drawing) as image:
        found = decode_label_image(image, tuple(c.rgb for c in ROADS))
    np.testing.assert_array_equal(found, expected)
    made = Image.open(save_item(panel, "Save the picture"))
    model = app.load_served(str(models["roads"]), CPU).model
    assert isinstance(model, Drawer)
    np.testing.assert_array_equal(np.asarray(made), model.draw(expected, 7))
    panel.get_by_role("button", name="Eraser", exact=True).click()
    wait_for_picture(panel, lambda: stroke(panel, (0.3, 0.4), (0.32, 0.4)))
    assert read_sheet(panel, palette)[25, 20] == 0, "back to the first class, and not to a wall"
    page.reload()
    page.locator(".st-drawing[data-ready]:visible").wait_for()  # in the same tab
    panel = show_tab(page, "roads")
    panel.locator(".st-drawing[data-ready]").wait_for()
    assert read_sheet(panel, palette)[50, 8] == 3, "each tab keeps its own drawing"
    show_tab(page, "Draw")
    assert page.locator(".st-canvas:visible").evaluate("(c) => c.width") == 256


def test_label_images_of_own_classes_open_and_those_of_facades_are_refused(
    own_studio: str, visit: Visit, tmp_path: Path
) -> None:
    panel = show_tab(visit(own_studio), "roads")
    panel.locator(".st-drawing[data-ready]").wait_for()
    before = read_sheet(panel, np.array([c.rgb for c in ROADS]))
    encode_label_image(np.full((64, 64), 6, np.uint8)).save(tmp_path / "facade.png")
    open_in(panel, "Open a drawing", tmp_path / "facade.png")
    panel.page.get_by_text("is not a label map").wait_for()
    upside_down = before[::-1].copy()
    encode_label_image(upside_down, [c.rgb for c in ROADS]).save(tmp_path / "own.png")
    wait_for_picture(panel, lambda: open_in(panel, "Open a drawing", tmp_path / "own.png"))
    np.testing.assert_array_equal(read_sheet(panel, np.array([c.rgb for c in ROADS])), upside_down)


def test_a_photo_is_translated_under_the_slider_and_saved_whole(
    own_studio: str, visit: Visit, models: dict[str, Path], tmp_path: Path
) -> None:
    panel = show_tab(visit(own_studio), "aerial")
    panel.locator(".st-photo[data-shown='coast.jpg']").wait_for()
    colors(201, 97).save(tmp_path / "my bay.png")
    open_in(panel, "Open a photo", tmp_path / "my bay.png")
    panel.locator(".st-photo[data-shown='my bay.png']").wait_for()
    assert "201 \u00d7 97" in panel.get_by_role("status").first.inner_text()
    with panel.page.expect_download() as download:
        panel.get_by_role("button", name="Save the result").click()
    assert download.value.suggested_filename == "my bay.png"
    expected = load_translator(models["aerial"], "cpu").translate(colors(201, 97))
    with Image.open(download.value.path()) as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
    (tmp_path / "notes.png").write_text("no pixels")
    open_in(panel, "Open a photo", tmp_path / "notes.png")
    panel.page.get_by_text("is not an image").wait_for()
    assert panel.locator(".st-photo").get_attribute("data-shown") == "my bay.png"


def test_a_reload_opens_the_same_tab_and_in_it_the_same_photo(
    own_studio: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(own_studio, phone=True)  # where most tabs are in a menu
    panel = show_tab(page, "aerial")
    panel.locator(".st-photo[data-shown='coast.jpg']").wait_for()
    page.wait_for_url(f"{own_studio}#aerial", wait_until="commit")
    colors(201, 97).save(tmp_path / "my bay.png")
    open_in(panel, "Open a photo", tmp_path / "my bay.png")
    panel.locator(".st-photo[data-shown='my bay.png']").wait_for()
    asked: list[str] = []

    def accept(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    wait_for_kept_files(page, 1)
    page.reload()
    panel.locator(".st-photo[data-shown='my bay.png']").wait_for()
    assert asked == ["beforeunload"]
    with page.expect_download():
        panel.get_by_role("button", name="Save the result").click()
    panel.get_by_role("button", name="Save the result", disabled=False).wait_for()
    page.reload()
    panel.locator(".st-photo[data-shown='my bay.png']").wait_for()
    assert len(asked) == 1, "it is saved"


def test_a_photo_becomes_a_label_image(
    own_studio: str, visit: Visit, models: dict[str, Path], tmp_path: Path
) -> None:
    panel = show_tab(visit(own_studio), "segments")
    panel.get_by_text("Open a photo", exact=True).wait_for()
    colors(90, 140).save(tmp_path / "street.jpg")
    open_in(panel, "Open a photo", tmp_path / "street.jpg")
    panel.locator(".st-photo[data-shown='street.jpg']").wait_for()
    with panel.page.expect_download() as download:
        panel.get_by_role("button", name="Save the result").click()
    tracer = app.load_served(str(models["segments"]), CPU).model
    assert isinstance(tracer, Tracer)
    with Image.open(download.value.path()) as image, Image.open(tmp_path / "street.jpg") as photo:
        found = decode_label_image(image, tuple(c.rgb for c in ROADS))
        np.testing.assert_array_equal(found, tracer.trace(photo))


def test_a_photo_by_the_camera_is_translated(own_studio: str, visit: Visit) -> None:
    page = visit(own_studio)
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = async () => {
            const size = {width: 160, height: 90};
            const canvas = Object.assign(document.createElement('canvas'), size);
            canvas.getContext('2d').fillRect(0, 0, 80, 90);
            const stream = canvas.captureStream(10);
            window.tracks = stream.getTracks();
            return stream; } }"""
    )
    panel = show_tab(page, "aerial")
    panel.get_by_role("button", name="Camera").click()
    panel.get_by_role("button", name="Take the photo").click()
    panel.locator(".st-photo[data-shown='camera.png']").wait_for()
    assert page.evaluate("() => window.tracks.every((t) => t.readyState === 'ended')")
    assert not panel.locator(".st-webcam").is_visible()


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_screenshots_of_each_kind_of_tab(own_studio: str, visit: Visit, device: str) -> None:
    page = visit(own_studio, phone=device == "phone")
    SCREENSHOTS.mkdir(exist_ok=True)
    for name in ("roads", "edges", "aerial", "segments", "grey"):
        panel = show_tab(page, name)
        panel.locator(".st-drawing[data-ready], .st-photo > *").first.wait_for()
        settle(page)
        page.screenshot(path=SCREENSHOTS / f"model-{name}-{device}.png")
        wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is wider than the screen"
    panel = show_tab(page, "nowhere")
    panel.get_by_text("This tab is off because").wait_for()


@pytest.mark.slow
def test_a_model_of_edges_is_trained_pushed_pulled_by_name_and_drawn_with(
    hub_server: FakeHub,
    hub: Hub,
    upload_folder: Path,
    visit: Visit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_pairs(tmp_path / "pairs")
    keys = "--size 64 --ngf 8 --depth 4 --max-channels 32 --ndf 8 --receptive-field 16"
    keys += " --batch-size 4 --max-steps 60 --dropout 0 --decay-start 1 --lr 4e-3 --ema 0.9"
    keys += " --save-every 60 --sample-every 60 --num-workers 0 --crop-scale 1"
    out = tmp_path / "shapes"
    where = ["--data", str(tmp_path / "pairs"), "--out", str(out)]
    assert train.main(["edges2photo", *where, *keys.split()]) in (None, 0)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert cli.main(["push", str(out), "ada/shapes", "--yes"]) == 0

    served = app.load_served("ada/shapes", CPU)
    demo = create_demo(None, None, None, [served])
    page = visit(launch(demo))
    panel = show_tab(page, "shapes")
    assert panel.locator(".st-served").inner_text() == served.revision
    assert served.revision.startswith("ada/shapes@")
    steady = panel.get_by_role("button", name="Steady strokes")
    assert steady.get_attribute("aria-pressed") == "true", "where lines are drawn"
    blank = read_picture(panel.locator(".st-preview[data-picture] img"))
    panel.get_by_role("button", name="Rectangle", exact=True).click()
    panel.get_by_role("button", name="ink, key 2").click()
    wait_for_picture(panel, lambda: stroke(panel, (0.2, 0.2), (0.8, 0.8)))
    panel.get_by_role("button", name="paper, key 1").click()
    made = wait_for_picture(panel, lambda: stroke(panel, (0.25, 0.25), (0.75, 0.75)))
    lines = read_sheet(panel, PAPER_AND_INK)
    np.testing.assert_array_equal(made.shape[:2], lines.shape)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "journey-edges.png")
    translator = load_translator(out, "cpu")
    exact = np.asarray(Image.open(save_item(panel, "Save the picture")), int)
    np.testing.assert_array_equal(exact, LineDrawer(translator).draw(lines))
    inside, outside = made[24:40, 24:40].mean((0, 1)), blank[24:40, 24:40].mean((0, 1))
    assert abs(inside - outside).max() > 25, "what is within lines became another colour"
    panel.get_by_role("button", name="ink, key 2").click()
    draw_on_tracing_paper(panel, lines, tmp_path)
    demo.close(verbose=False)


def draw_on_tracing_paper(panel: Any, lines: np.ndarray, folder: Path) -> None:
    """A photo shines through the sheet: it is drawn on as before, and is no part of the drawing."""
    paper = panel.locator(".st-paper")
    (folder / "notes.png").write_text("no pixels")
    open_in(panel, "Tracing paper", folder / "notes.png")
    panel.page.get_by_text("notes.png: the browser cannot show this file").wait_for()
    assert paper.count() == 0
    colors(90, 60).save(folder / "shoe.png")
    open_in(panel, "Tracing paper", folder / "shoe.png")
    paper.wait_for()
    panel.get_by_role("slider", name="How strongly the photo shines through").fill("70")
    assert paper.evaluate("(node) => getComputedStyle(node).opacity") == "0.7"
    np.testing.assert_array_equal(read_sheet(panel, PAPER_AND_INK), lines)
    wait_for_picture(panel, lambda: stroke(panel, (0.4, 0.05), (0.6, 0.15)))
    drawn = read_sheet(panel, PAPER_AND_INK)
    assert (drawn != lines).any() and (drawn[20:] == lines[20:]).all()
    panel.get_by_role("button", name="Remove the tracing paper").click()
    assert paper.count() == 0
    np.testing.assert_array_equal(read_sheet(panel, PAPER_AND_INK), drawn)
