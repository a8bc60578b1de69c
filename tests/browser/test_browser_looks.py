"""Parts of a drawing get looks of their own, in the browser."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.hand import drag, finger, press, read_building, read_sheet, tool, wait_for_building
from helpers.stand_ins import PaletteDrawer
from helpers.visits import reload

from pix2pix.inference import Regions

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
OWN_SEED = 7  # of the picture that the page opens with


def seed_of(page: Any, part: int) -> int:
    label = page.locator(f".st-parts .st-chip[aria-label^='Part {part}:']").get_attribute(
        "aria-label"
    )
    found = re.fullmatch(rf"Part {part}: seed (\d+)", label)
    assert found, label
    return int(found[1])


def check_building(page: Any, parts: np.ndarray, seeds: list[int]) -> None:
    """The picture shows each part (ids from 1) in the look of its seed, and the rest as before."""
    regions = Regions(parts, seeds) if seeds else None
    expected = PaletteDrawer().draw(read_sheet(page), OWN_SEED, regions=regions)
    difference = np.abs(read_building(page).astype(int) - expected).mean()
    assert difference < 4, "the picture is a JPEG"


def test_a_shop_front_and_a_storey_have_looks_of_their_own(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio)
    before = read_sheet(page)
    parts = np.zeros((256, 256), np.uint8)
    tool(page, "Look")
    wait_for_building(page, lambda: drag(page, (0.101, 0.701), (0.899, 0.949)))
    parts[179:243, 25:231] = 1
    first = seed_of(page, 1)
    check_building(page, parts, [first])
    np.testing.assert_array_equal(read_sheet(page), before)

    # Another part in a look of the gallery; the first one's changes at random
    tool(page, "Another part")
    wait_for_building(page, lambda: drag(page, (0.101, 0.301), (0.899, 0.499)))
    parts[77:128, 25:231] = 2
    wait_for_building(page, lambda: tool(page, "Look 1203"))
    check_building(page, parts, [first, 1203])
    assert page.locator(".st-style[aria-label='Look 1203']").get_attribute("aria-pressed") == "true"
    drag(page, (0.5, 0.8), (0.5, 0.8))  # a tap chooses the first part again
    wait_for_building(page, lambda: tool(page, "Another seed here"))
    second = seed_of(page, 1)
    check_building(page, parts, [second, 1203])

    # Undone and done again; and there after a reload
    wait_for_building(page, lambda: press(page, "Control+z"))
    check_building(page, parts, [first, 1203])
    wait_for_building(page, lambda: press(page, "Control+Shift+z"))
    wait_for_building(page, lambda: reload(page))
    check_building(page, parts, [second, 1203])

    # Erased in part, then removed; a new drawing has none, and Undo brings them back
    tool(page, "Look with: Erase")
    wait_for_building(page, lambda: drag(page, (0.0, 0.901), (0.999, 0.999)))
    parts[230:] = 0
    check_building(page, parts, [second, 1203])
    wait_for_building(page, lambda: tool(page, "New facade"))
    check_building(page, np.zeros_like(parts), [])
    wait_for_building(page, lambda: press(page, "Control+z"))
    check_building(page, parts, [second, 1203])
    page.get_by_label("Part 2: seed 1203").click()
    wait_for_building(page, lambda: tool(page, "Remove this part"))
    check_building(page, parts * (parts == 1), [second])


def test_a_finger_paints_a_look_with_the_brush(fake_studio: str, visit: Visit) -> None:
    page = visit(fake_studio, phone=True)
    tool(page, "Look")
    tool(page, "Look with: Brush")
    wait_for_building(page, lambda: finger(page, (0.2, 0.5), (0.8, 0.5)))
    seed = seed_of(page, 1)
    picture, plain = read_building(page), PaletteDrawer().draw(read_sheet(page), OWN_SEED)
    other = PaletteDrawer().draw(read_sheet(page), seed)
    stroke, rest = np.s_[126:130, 60:196], np.s_[140:, :]
    assert np.abs(picture[stroke].astype(int) - other[stroke]).mean() < 4
    assert np.abs(picture[rest].astype(int) - plain[rest]).mean() < 4
