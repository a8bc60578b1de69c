"""What a visitor does by hand, and what they then see: helpers of the browser tests."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pix2pix.labels.label_map import PALETTE

PLACES = np.array([1 << 16, 1 << 8, 1])  # of red, green and blue in one number
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"


def read_sheet(page: Any) -> np.ndarray:
    """The drawing on screen as class ids (H, W); fails on a colour that is no class's."""
    shown = read_canvas(page.locator(".st-canvas")) @ PLACES
    known = PALETTE @ PLACES
    order = known.argsort()
    found = order[np.searchsorted(known, shown, sorter=order).clip(max=len(known) - 1)]
    assert (known[found] == shown).all(), "the sheet holds only the colours of the classes"
    return found.astype(np.uint8)


def read_canvas(canvas: Any) -> np.ndarray:
    """The pixels of a <canvas> (H, W, 3), once it has painted what was done before."""
    uri = canvas.evaluate(
        """(canvas) => new Promise((resolve) => {
            const read = () => resolve(canvas.toDataURL('image/png'));
            requestAnimationFrame(() => requestAnimationFrame(read));
        })"""
    )
    return decode_uri(uri)


def decode_uri(uri: str, mode: str = "RGB") -> np.ndarray:
    image = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    return np.asarray(image.convert(mode))


def read_picture(image: Any) -> np.ndarray:
    """What an <img> shows, (H, W, 3), from wherever it got it."""
    uri = image.evaluate(
        """async (image) => {
            const blob = await (await fetch(image.src)).blob();
            return new Promise((resolve) => {
                const reader = new FileReader();
                reader.onload = () => resolve(reader.result);
                reader.readAsDataURL(blob);
            });
        }"""
    )
    return decode_uri(uri).astype(int)


def read_building(page: Any) -> np.ndarray:
    """The building, when it is as sharp as the model paints it."""
    page.wait_for_function(
        "() => { const { sharp, picture } = document.querySelector('.st-preview').dataset;"
        " return picture && sharp === picture; }",
    )
    # While a picture fades in there are two: the newest is the last.
    return read_picture(page.locator(".st-preview img").last)


def wait_for_building(page: Any, act: Callable[[], Any]) -> None:
    """Does something, and waits until the building on screen is the one of the newest drawing.

    What it does may take a while, as opening a file does: then no picture may be on its way before.
    """
    shown = page.locator(".st-preview[data-picture]").get_attribute("data-picture")
    act()
    page.wait_for_function(
        "(shown) => { const { asked, picture } = document.querySelector('.st-preview').dataset;"
        " return asked && asked === picture && picture !== shown; }",
        arg=shown,
    )


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drags the mouse across the sheet; points in parts of its side.

    Each move costs a frame and a live picture: two on the way are enough.
    """
    box = page.locator(".st-canvas").bounding_box()
    (x0, y0), (x1, y1) = (
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)
    )
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move(x1, y1, steps=3)
    page.mouse.up()


def finger(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drags a finger across the sheet; points in parts of its side."""
    box = page.locator(".st-canvas").bounding_box()
    session = page.context.new_cdp_session(page)
    for step in range(5):
        x, y = (a + (b - a) * step / 4 for a, b in zip(start, end))
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


Point = tuple[float, float]


class Fingers:
    """Fingers on the page, by CDP; points in pixels of the window."""

    def __init__(self, page: Any) -> None:
        self._session = page.context.new_cdp_session(page)
        self.count = 0  # gestures

    def _send(self, kind: str, points: tuple[Point, ...]) -> None:
        touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def move(self, *ways: tuple[Point, Point], steps: int = 6) -> None:
        """Puts a finger down for each way, one after another, moves all, and lifts them."""
        self.count += 1
        for i in range(len(ways)):
            self._send("touchStart", tuple(start for start, _ in ways[: i + 1]))
        for step in range(1, steps + 1):
            part = step / steps
            self._send("touchMove", tuple(_between(start, end, part) for start, end in ways))
        self._send("touchEnd", ())

    def tap(self, point: Point) -> None:
        self.move((point, point), steps=0)


def _between(start: Point, end: Point, part: float) -> Point:
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def pen(page: Any, *way: Point, force: float = 0.5) -> None:
    """Draws with a pen through points in pixels of the window."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, point: Point, buttons: int) -> None:
        event: dict[str, Any] = {"x": point[0], "y": point[1], "buttons": buttons, "force": force}
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        event |= {"type": kind, "button": button, "clickCount": 1, "pointerType": "pen"}
        session.send("Input.dispatchMouseEvent", event)

    send("mouseMoved", way[0], 0)
    send("mousePressed", way[0], 1)
    for point in way[1:]:
        send("mouseMoved", point, 1)
    send("mouseReleased", way[-1], 0)


def settle(page: Any) -> None:
    """Waits until the pictures on the page have come and are painted, for a screenshot."""
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tool(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def start_anew(page: Any) -> None:
    tool(page, "New drawing")
    page.get_by_role("alertdialog").get_by_role("button", name="New drawing").click()
    # The browser says that a dialog was closed with its next frame: then the sheet is a new one.
    page.locator("dialog[role=alertdialog]").wait_for(state="detached")


def save(page: Any, item: str) -> None:
    tool(page, "Save")
    page.get_by_role("menuitem", name=item, exact=True).click()


def save_grey_photo(path: Path, size: tuple[int, int]) -> Path:
    """A landscape of sorts: bright sky, dark ground, some texture."""
    width, height = size
    rng = np.random.default_rng(1)
    light = np.where(np.arange(height)[:, None] < height // 2, 190, 95) + rng.normal(
        0, 9, (height, width)
    )
    Image.fromarray(light.clip(0, 255).astype(np.uint8)).save(path)
    return path


def open_file(page: Any, button: str, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(path)
