"""The repair brush by hand: strokes on the photo, and what was sent and shown for them."""

import json
from typing import Any

import numpy as np
from helpers.colorize_tab import color_at
from helpers.hand import decode_uri

Point = tuple[float, float]  # in 0..1 of the photo
SKY = [(0.2, 0.2), (0.6, 0.2)]  # a stroke through the bright part of a grey photo
ON_IT, BESIDE = (0.4, 0.2), (0.4, 0.35)
REPAIRED = 108  # the grey of a place that StrokeRestorer repaired


class Sent:
    """The requests that a page sends about its photos."""

    def __init__(self, page: Any) -> None:
        self.all: list[dict[str, Any]] = []
        page.on("request", self._note)

    def _note(self, request: Any) -> None:
        if request.method == "POST" and request.url.endswith("/colorize"):
            self.all.append(json.loads(request.post_data))

    def last(self) -> dict[str, Any]:
        """The last request for the picture on screen.

        It is a quick one, or the sharp one that takes its place where the server is slow.
        """
        kinds = ("quick", "preview")
        return [request for request in self.all if request["kind"] in kinds][-1]


def remove_scratches(page: Any) -> None:
    """Turns the switch; until the picture is there."""
    page.get_by_role("switch", name="Remove scratches").click()
    wait_for_strokes(page, 0)


def wait_for_strokes(page: Any, count: int) -> None:
    """Until the picture on screen was made with so many strokes."""
    page.locator(".st-about", has_text=f"scratches: {count} strokes").wait_for()


def choose(page: Any, brush: str) -> None:
    page.get_by_role("button", name=f"{brush} brush").click()


def on_screen(page: Any, *points: Point) -> list[Point]:
    box = page.locator(".st-compare").bounding_box()
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def paint(page: Any, *points: Point, release: bool = True) -> None:
    """Drags the mouse through the points."""
    first, *others = on_screen(page, *points)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=6)
    if release:
        page.mouse.up()


def paint_by_finger(page: Any, start: Point, end: Point) -> None:
    (x0, y0), (x1, y1) = on_screen(page, start, end)
    session = page.context.new_cdp_session(page)
    for step in range(11):
        point = {"x": x0 + (x1 - x0) * step / 10, "y": y0 + (y1 - y0) * step / 10}
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def is_repaired(page: Any, at: Point) -> bool:
    """Whether the picture in colour is repaired there."""
    return bool(abs(np.array(color_at(page, *at)) - REPAIRED).max() < 6)


def shown_repairs(page: Any, *points: Point) -> list[bool]:
    """Whether each point is under the layer that shows what was repaired."""
    uri = page.locator(".st-changed").evaluate(
        "(layer) => layer.hidden ? '' : layer.style.getPropertyValue('--changed').slice(5, -2)"
    )
    if not uri:
        return [False] * len(points)
    alpha = decode_uri(uri, "RGBA")[..., 3]
    height, width = alpha.shape
    return [bool(alpha[int(y * (height - 1)), int(x * (width - 1))] > 127) for x, y in points]


def strokes_on_canvas(page: Any) -> int:
    """How many pixels of the canvas over the photo are painted."""
    return page.locator(".st-strokes").evaluate(
        """(canvas) => {
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            return data.filter((value, i) => i % 4 === 3 && value > 0).length;
        }"""
    )
