"""Models of wide and tall pictures in the browser: a sheet of that shape, every tool on it."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.hand import SCREENSHOTS, read_picture, settle
from helpers.model_tabs import open_in, read_sheet, save_item, show_tab, stroke, wait_for_picture
from helpers.models import CPU, RECIPES, ROADS
from helpers.serving import launch
from helpers.stand_ins import PaletteDrawer
from PIL import Image

from pix2pix.app import main as app
from pix2pix.app.blocks import create_demo
from pix2pix.checkpoint import Model, save_checkpoint
from pix2pix.inference import Drawer
from pix2pix.labels.label_map import encode_label_image
from pix2pix.training.train_step import checkpoint_config

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
SHAPES = {"wide": (64, 128), "tall": (128, 64)}
PALETTE = np.array([c.rgb for c in ROADS])


def road(shape: tuple[int, int]) -> np.ndarray:
    """Sky over a road, with a house and a car that is not in the middle."""
    height, width = shape
    labels = np.full(shape, 2, np.uint8)
    labels[height // 2 :] = 0
    labels[height // 4 : height // 2, width // 8 : width // 2] = 1
    labels[-height // 4 : -height // 8, width // 2 : width * 3 // 4] = 3
    return labels


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("shapes")
    for name, (height, width) in SHAPES.items():
        config = checkpoint_config(dataclasses.replace(RECIPES["roads"], size=height, width=width))
        torch.manual_seed(0)
        save_checkpoint(root / name, config, Model(config), "")
        (root / name / "examples").mkdir()
        labels = encode_label_image(road((height, width)), PALETTE)
        labels.save(root / name / "examples" / "road.png")
    return {name: root / name for name in SHAPES}


@pytest.fixture(scope="module")
def shaped_studio(folders: dict[str, Path], upload_folder: Path) -> Iterator[str]:
    others = [app.load_served(str(folder), CPU) for folder in folders.values()]
    demo = create_demo(PaletteDrawer(), None, None, others)
    yield launch(demo)
    demo.close(verbose=False)


def enter(page: Any, name: str) -> Any:
    panel = show_tab(page, name)
    panel.locator(".st-drawing[data-ready]").wait_for()
    panel.locator(".st-preview[data-picture]").wait_for()
    panel.locator(".st-thumb").first.wait_for()
    return panel


@pytest.mark.parametrize("name", SHAPES)
def test_the_sheet_and_its_picture_have_the_models_shape(
    name: str, shaped_studio: str, visit: Visit, folders: dict[str, Path], tmp_path: Path
) -> None:
    height, width = shape = SHAPES[name]
    panel = enter(visit(shaped_studio), name)
    np.testing.assert_array_equal(read_sheet(panel, PALETTE), road(shape))
    for part in (".st-canvas", ".st-preview img", ".st-thumb canvas"):
        box = panel.locator(part).first.bounding_box()
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.05), part

    # A rectangle lands where the hand is, also beyond the smaller side
    panel.get_by_role("button", name="Rectangle", exact=True).click()
    panel.get_by_role("button", name="car, key 4").click()
    wait_for_picture(panel, lambda: stroke(panel, (0.755, 0.755), (0.999, 0.999)))
    expected = road(shape)
    expected[int(0.755 * height) :, int(0.755 * width) :] = 3
    np.testing.assert_array_equal(read_sheet(panel, PALETTE), expected)

    # Saved as they are
    model = app.load_served(str(folders[name]), CPU).model
    assert isinstance(model, Drawer)
    made = np.asarray(Image.open(save_item(panel, "Save the picture")))
    np.testing.assert_array_equal(made, model.draw(expected, 7))
    both = np.asarray(Image.open(save_item(panel, "Save both side by side")).convert("RGB"))
    assert both.shape == (height, 2 * width, 3)
    np.testing.assert_array_equal(both[:, width:], made)
    np.testing.assert_array_equal(both[:, :width], PALETTE[expected])

    # There again after a reload, and a label image of the shape opens exactly
    panel.page.reload()
    panel.page.wait_for_selector(".st-drawing[data-ready]", state="attached")
    panel = enter(panel.page, name)
    np.testing.assert_array_equal(read_sheet(panel, PALETTE), expected)
    upside_down = expected[::-1].copy()
    encode_label_image(upside_down, PALETTE).save(tmp_path / "own.png")
    wait_for_picture(panel, lambda: open_in(panel, "Open a drawing", tmp_path / "own.png"))
    np.testing.assert_array_equal(read_sheet(panel, PALETTE), upside_down)


@pytest.mark.parametrize("name", SHAPES)
def test_mirror_select_and_keys_know_both_sides(
    name: str, shaped_studio: str, visit: Visit
) -> None:
    height, width = SHAPES[name]
    panel = enter(visit(shaped_studio), name)
    page = panel.page
    panel.get_by_role("button", name="Mirror", exact=True).click()
    panel.get_by_role("button", name="Rectangle", exact=True).click()
    panel.get_by_role("button", name="building, key 2").click()
    wait_for_picture(panel, lambda: stroke(panel, (0.05, 0.05), (0.15, 0.15)))
    top = read_sheet(panel, PALETTE)[: height // 5]
    np.testing.assert_array_equal(top, top[:, ::-1])
    assert (top == 1).any()
    panel.get_by_role("button", name="Mirror", exact=True).click()

    # A click selects the car; keys take it to the far corner, where it stays in part on the sheet
    panel.get_by_role("button", name="Select", exact=True).click()
    stroke(panel, (0.6, 0.8), (0.6, 0.8))
    marquee = panel.locator(".st-marquee").bounding_box()
    sheet = panel.locator(".st-canvas").bounding_box()
    assert marquee["x"] - sheet["x"] == pytest.approx(sheet["width"] / 2, abs=2)
    assert marquee["width"] == pytest.approx(sheet["width"] / 4, abs=3)
    panel.locator(".st-canvas").focus()
    before = read_sheet(panel, PALETTE)

    def push() -> None:
        for _ in range(width):
            page.keyboard.press("ArrowRight")

    wait_for_picture(panel, push)
    moved = read_sheet(panel, PALETTE)
    assert (moved == 3).sum() == (before == 3).sum() // (width // 4)
    assert (moved[:, -1] == 3).any()


@pytest.mark.parametrize("name", SHAPES)
def test_drawing_by_keys_reaches_the_last_pixel(
    name: str, shaped_studio: str, visit: Visit
) -> None:
    panel = enter(visit(shaped_studio), name)
    panel.get_by_role("button", name="Brush", exact=True).click()
    panel.get_by_role("button", name="car, key 4").click()
    page = panel.page
    while page.evaluate("() => !document.activeElement.matches('.st-canvas')"):
        page.keyboard.press("Shift+Tab")
    for _ in range(20):
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowDown")

    def dab() -> None:
        page.keyboard.press("Space")
        page.keyboard.press("Space")

    wait_for_picture(panel, dab)
    assert read_sheet(panel, PALETTE)[-1, -1] == 3


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_screenshots_of_shapes(shaped_studio: str, visit: Visit, device: str) -> None:
    page = visit(shaped_studio, phone=device == "phone")
    SCREENSHOTS.mkdir(exist_ok=True)
    for name in SHAPES:
        panel = enter(page, name)
        panel.get_by_role("button", name="Snap to grid").click()
        settle(page)
        page.screenshot(path=SCREENSHOTS / f"shape-{name}-{device}.png")
        over = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{name} is wider than the screen"
        image = panel.locator(".st-preview img")
        assert read_picture(image).shape[:2] == SHAPES[name]
