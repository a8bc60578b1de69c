"""Facade label maps from a few parameters: `build_facade` draws a `FacadePlan`."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pix2pix.labels.label_map import CLASSES

CLASS_IDS = {c.name: i for i, c in enumerate(CLASSES)}
Ground = Literal["plain", "shops"]


@dataclass(frozen=True)
class FacadePlan:
    """The parameters of a facade, in percent of the image's sides. Storey 0 is the topmost."""

    name: str
    wall: tuple[float, float, float, float] = (3, 9, 97, 97)  # left, top, right, bottom
    storeys: int = 4
    bays: int = 5
    rhythm: tuple[float, ...] = ()  # relative width of each bay; (): all equal
    window: tuple[float, float] = (0.46, 0.58)  # width / bay width, height / storey height
    panes: int = 1  # windows per bay
    crown: float = 4.5  # height of the molding under the roof
    brackets: bool = True  # ornaments in the crown, one per bay
    bands: tuple[int, ...] = ()  # storeys with a molding below them
    hoods: tuple[int, ...] = ()  # storeys whose windows have a cornice above them
    sills: tuple[int, ...] = ()
    panels: tuple[int, ...] = ()  # storeys with an ornament above their windows
    balconies: tuple[tuple[int, int], ...] = ()  # (storey, bay)
    galleries: tuple[tuple[int, int, int], ...] = ()  # one balcony: (storey, first, last bay)
    shutters: tuple[int, ...] = ()
    pillars: tuple[int, ...] = ()  # bays with a pillar at their left; bays: the right end
    ground: Ground = "plain"
    door: int = 2  # the bay of the door

    def __post_init__(self) -> None:
        left, top, right, bottom = self.wall
        if not (0 <= left < right <= 100 and 0 <= top < bottom <= 100):
            raise ValueError(f"wall must be left, top, right, bottom in percent, got {self.wall}")
        if self.storeys < 1 or self.bays < 1 or not 0 <= self.door < self.bays:
            raise ValueError(
                "a facade needs at least one storey and one bay, and its door in one of the bays, "
                f"got {self.storeys} storeys, {self.bays} bays, door {self.door}"
            )
        if self.rhythm and len(self.rhythm) != self.bays:
            raise ValueError(
                f"rhythm must have a width for each of {self.bays} bays, got {self.rhythm}"
            )


def build_facade(plan: FacadePlan, height: int, width: int = 0) -> np.ndarray:
    """The label map (H, W) uint8 of a plan; square if `width` is 0."""
    sheet = _Sheet(plan, height, width or height)
    left, top, right, bottom = plan.wall
    sheet.put("facade", left, top, right, bottom)
    sheet.put("molding", left, top, right, top + plan.crown)
    if plan.brackets:
        for bay in range(plan.bays):
            middle, wide = sheet.bay(bay)
            half, head = wide * 0.12, top + plan.crown * 0.35
            sheet.put("deco", middle - half, head, middle + half, top + plan.crown)
    for storey in range(plan.storeys - 1):
        if storey in plan.bands:
            floor = sheet.floor(storey)
            sheet.put("molding", left, floor - sheet.storey * 0.11, right, floor)
        for bay in range(plan.bays):
            _put_window(sheet, plan, storey, bay)
    for storey, first, last in plan.galleries:
        (start, before), (end, after) = sheet.bay(first), sheet.bay(last)
        foot = sheet.floor(storey) - sheet.storey * 0.2
        rail = foot - plan.window[1] * sheet.storey * 0.36
        sheet.put("balcony", start - before * 0.42, rail, end + after * 0.42, foot + 0.8)
    for bay in range(plan.bays):
        _put_ground(sheet, plan, bay)
    _put_pillars(sheet, plan)
    return sheet.ids


class _Sheet:
    """A label map being drawn, with the plan's axes; coordinates in percent of its sides."""

    def __init__(self, plan: FacadePlan, height: int, width: int) -> None:
        self.ids = np.full((height, width), CLASS_IDS["background"], np.uint8)
        left, top, right, bottom = plan.wall
        self.first_floor = top + plan.crown
        self.storey = (bottom - self.first_floor) / plan.storeys
        widths = np.array(plan.rhythm or (1.0,) * plan.bays)
        self.edges = left + (right - left) * np.concatenate([[0], widths.cumsum() / widths.sum()])

    def put(self, name: str, left: float, top: float, right: float, bottom: float) -> None:
        """A rectangle. Halves are rounded to even, so that left and right stay symmetric."""
        height, width = self.ids.shape
        x0, y0, x1, y1 = (
            round(round(min(max(v, 0), 100) * side / 100, 6))
            for v, side in zip((left, top, right, bottom), (width, height, width, height))
        )
        self.ids[y0:y1, x0:x1] = CLASS_IDS[name]

    def bay(self, bay: int) -> tuple[float, float]:
        """The centre of a bay and its width."""
        left, right = self.edges[bay], self.edges[bay + 1]
        return float(left + right) / 2, float(right - left)

    def floor(self, storey: int) -> float:
        return self.first_floor + (storey + 1) * self.storey


def _put_window(sheet: _Sheet, plan: FacadePlan, storey: int, bay: int) -> None:
    """Draws the windows of a bay with shutters, sills and ornaments."""
    middle, width = sheet.bay(bay)
    tall = sheet.storey
    half, height = plan.window[0] * width / 2, plan.window[1] * tall
    foot = sheet.floor(storey) - tall * 0.2
    head = foot - height
    pane = 2 * half / (plan.panes + 0.2 * (plan.panes - 1))
    for i in range(plan.panes):
        start = middle - half + i * pane * 1.2
        sheet.put("window", start, head, start + pane, foot)
    if storey in plan.shutters:
        sheet.put("blind", middle - half * 1.75, head, middle - half, foot)
        sheet.put("blind", middle + half, head, middle + half * 1.75, foot)
    if storey in plan.panels:
        sheet.put("deco", middle - half, head - tall * 0.1, middle + half, head)
    if storey in plan.hoods:
        wide = min(half * 1.35, width * 0.46)
        sheet.put("cornice", middle - wide, head - tall * 0.12, middle + wide, head)
    if storey in plan.sills:
        wide = min(half * 1.25, width * 0.46)
        sheet.put("sill", middle - wide, foot, middle + wide, foot + tall * 0.07)
    if (storey, bay) in plan.balconies:
        wide = min(half * 1.6, width * 0.48)
        sheet.put("balcony", middle - wide, foot - height * 0.36, middle + wide, foot + 0.8)


def _put_ground(sheet: _Sheet, plan: FacadePlan, bay: int) -> None:
    """Draws a bay of the ground floor: the door, a shop front, or a window."""
    middle, width = sheet.bay(bay)
    tall, bottom = sheet.storey, plan.wall[3]
    if bay == plan.door:
        half = min(width * 0.26, 7)
        head = bottom - tall * 0.74
        sheet.put("molding", middle - half * 1.4, head - tall * 0.1, middle + half * 1.4, head)
        sheet.put("door", middle - half, head, middle + half, bottom)
    elif plan.ground == "shops":
        sheet.put(
            "shop", middle - width * 0.44, bottom - tall * 0.76, middle + width * 0.44, bottom
        )
    else:
        half, foot = plan.window[0] * width / 2, bottom - tall * 0.26
        sheet.put("window", middle - half, bottom - tall * 0.74, middle + half, foot)
        sheet.put("sill", middle - half * 1.2, foot, middle + half * 1.2, foot + tall * 0.06)


def _put_pillars(sheet: _Sheet, plan: FacadePlan) -> None:
    """Draws pilasters from the crown to the ground floor, above all horizontal elements."""
    left, _, right, _ = plan.wall
    half = (right - left) / plan.bays * 0.07
    for edge in plan.pillars:
        middle = min(max(float(sheet.edges[edge]), left + half), right - half)
        foot = sheet.floor(plan.storeys - 2) if plan.storeys > 1 else plan.wall[3]
        sheet.put("pillar", middle - half, sheet.first_floor, middle + half, foot)
