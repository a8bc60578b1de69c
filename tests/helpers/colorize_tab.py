"""The Colourise tab by hand: a stand-in model that shows its hints, and where things are."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from helpers.hand import decode_uri
from helpers.stand_ins import SepiaColorizer
from PIL import Image

Visit = Callable[..., Any]
BLUE, RED = "#44609a", "#ab3036"  # of the swatches "Blue cloth" and "Red cloth"


class SpotColorizer(SepiaColorizer):
    """Stands in for a model: grey, with a square of each hint's very colour around it."""

    waits_for: threading.Event | None = None

    def colorize(self, photo: Image.Image, strength: float = 1.0, hints: Any = (), **_: Any) -> Any:
        if self.waits_for:
            assert self.waits_for.wait(120)
        result = np.stack([np.asarray(photo.convert("L"))] * 3, -1)
        height, width = result.shape[:2]
        for hint in hints:
            x, y, reach = hint.x * width, hint.y * height, 0.08 * min(width, height)
            spot = np.s_[
                int(max(y - reach, 0)) : int(y + reach), int(max(x - reach, 0)) : int(x + reach)
            ]
            result[spot] = hint.rgb
        return Image.fromarray(result)


def to_colors(page: Any) -> Any:
    page.get_by_role("tab", name="Colourise").click()
    page.locator(".st-photo[data-shown]").wait_for()
    return page


def open_colors(visit: Visit, url: str, **options: Any) -> Any:
    """A visit of an app that has the Colourise tab alone."""
    return visit(url, wait_for=".st-photo[data-shown]", **options)


def click_photo(page: Any, x: float, y: float, touch: bool = False) -> None:
    box = page.locator(".st-compare").bounding_box()
    at = box["x"] + x * box["width"], box["y"] + y * box["height"]
    (page.touchscreen.tap if touch else page.mouse.click)(*at)


def drag_dot(page: Any, index: int, x: float, y: float) -> None:
    box = page.locator(".st-compare").bounding_box()
    dot = page.locator(".st-hint-marker").nth(index).bounding_box()
    page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
    page.mouse.up()


def color_at(page: Any, x: float, y: float) -> tuple[int, ...]:
    """Of the picture in colour."""
    picture = decode_uri(page.locator("img.st-after").get_attribute("src"))
    height, width = picture.shape[:2]
    return tuple(int(v) for v in picture[int(y * (height - 1)), int(x * (width - 1))])


def wait_for_color(page: Any, x: float, y: float, color: str | None) -> None:
    """Until the picture has the colour there, or none."""
    end = time.monotonic() + 120  # against a hang: no test decides by time
    while time.monotonic() < end:
        found = np.array(color_at(page, x, y))
        wanted = (
            found.mean().repeat(3) if color is None else np.array(list(bytes.fromhex(color[1:])))
        )
        if abs(found - wanted).max() < 12:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{found} instead of {color}")


def places(page: Any) -> list[tuple[float, float]]:
    """Of the dots, in 0..1 of the photo."""
    return [
        (float(x.rstrip("%")) / 100, float(y.rstrip("%")) / 100)
        for x, y in page.evaluate(
            "() => [...document.querySelectorAll('.st-hint-marker')]"
            ".map(d => [d.style.left, d.style.top])"
        )
    ]


def is_dropped(page: Any) -> bool:
    return page.locator(".st-hint-marker").count() == 0
