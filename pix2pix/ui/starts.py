"""Drawings of our own to start from: facades as label maps, built from a few numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pix2pix.labels import CLASSES

ID = {c.name: i for i, c in enumerate(CLASSES)}
Ground = Literal["plain", "shops"]
Put = Callable[[str, float, float, float, float], None]  # a class, its rectangle in percent


@dataclass(frozen=True)
class Plan:
    """A facade in percent of the sheet's side, storeys from the top down."""

    name: str
    wall: tuple[float, float, float, float] = (3, 9, 97, 97)  # left, top, right, bottom
    storeys: int = 4
    bays: int = 5
    window: tuple[float, float] = (0.46, 0.58)  # width, height as a part of its bay and storey
    crown: float = 4.5  # height of the molding under the roof, with its ornaments
    bands: tuple[int, ...] = ()  # storeys with a molding below them, 0 the topmost
    hoods: tuple[int, ...] = ()  # storeys whose windows have a cornice above them
    sills: tuple[int, ...] = ()
    balconies: tuple[tuple[int, int], ...] = ()  # (storey, bay)
    shutters: tuple[int, ...] = ()
    pillars: tuple[int, ...] = ()  # bays with a pillar at their left; bays: the right end
    ground: Ground = "plain"
    door: int = 2  # the bay of the door


PLANS = (
    Plan(
        "Town house",
        bands=(0, 2),
        hoods=(1, 2),
        sills=(0, 1, 2),
        balconies=((1, 2), (2, 2)),
        ground="shops",
    ),
    Plan(
        "Palace",
        wall=(2, 12, 98, 96),
        storeys=3,
        bays=7,
        window=(0.44, 0.52),
        crown=6.5,
        bands=(0, 1),
        hoods=(0, 1),
        sills=(0, 1),
        pillars=(0, 2, 5, 7),
        balconies=((1, 3),),
        door=3,
    ),
    Plan(
        "Shop house",
        wall=(14, 8, 86, 97),
        storeys=4,
        bays=3,
        window=(0.42, 0.62),
        bands=(2,),
        sills=(0, 1, 2),
        ground="shops",
        door=0,
    ),
    Plan(
        "Balconies",
        wall=(2, 6, 98, 98),
        storeys=6,
        bays=6,
        window=(0.5, 0.6),
        crown=3,
        sills=(0,),
        balconies=tuple((storey, bay) for storey in range(1, 5) for bay in (1, 2, 3, 4)),
        ground="shops",
        door=3,
    ),
    Plan(
        "Villa",
        wall=(10, 26, 90, 93),
        storeys=2,
        bays=5,
        window=(0.4, 0.6),
        crown=4,
        bands=(0,),
        sills=(0, 1),
        shutters=(0, 1),
        door=2,
    ),
    Plan(
        "Shutters",
        wall=(5, 7, 95, 97),
        storeys=5,
        bays=4,
        window=(0.34, 0.56),
        crown=3.5,
        bands=(3,),
        sills=(0, 1, 2, 3),
        shutters=(0, 1, 2, 3),
        ground="shops",
        door=1,
    ),
)


def build(plan: Plan, size: int) -> np.ndarray:
    """The label map (size, size) uint8 of a plan."""
    sheet = np.full((size, size), ID["background"], np.uint8)

    def put(name: str, left: float, top: float, right: float, bottom: float) -> None:
        x0, y0, x1, y1 = (
            round(np.clip(v, 0, 100) * size / 100) for v in (left, top, right, bottom)
        )
        sheet[y0:y1, x0:x1] = ID[name]

    left, top, right, bottom = plan.wall
    put("facade", left, top, right, bottom)
    put("molding", left, top, right, top + plan.crown)
    bay = (right - left) / plan.bays
    storey = (bottom - top - plan.crown) / plan.storeys
    for column in range(plan.bays):
        middle = left + (column + 0.5) * bay
        put(
            "deco",
            middle - bay * 0.12,
            top + plan.crown * 0.35,
            middle + bay * 0.12,
            top + plan.crown,
        )
    for row in range(plan.storeys):
        floor = top + plan.crown + (row + 1) * storey
        if row in plan.bands:
            put("molding", left, floor - storey * 0.1, right, floor)
        if row < plan.storeys - 1:
            for column in range(plan.bays):
                _put_window(put, plan, row, column, left + (column + 0.5) * bay, floor, bay, storey)
    _put_ground(put, plan, left, bay, bottom, storey)
    for column in plan.pillars:
        middle = np.clip(left + column * bay, left + bay * 0.1, right - bay * 0.1)
        top_of_pillar, foot = top + plan.crown, bottom - storey
        put("pillar", middle - bay * 0.09, top_of_pillar, middle + bay * 0.09, foot)
    return sheet


def _put_window(
    put: Put,
    plan: Plan,
    row: int,
    column: int,
    middle: float,
    floor: float,
    bay: float,
    storey: float,
) -> None:
    half, height = plan.window[0] * bay / 2, plan.window[1] * storey
    foot = floor - storey * 0.2
    head = foot - height
    put("window", middle - half, head, middle + half, foot)
    if row in plan.shutters:
        put("blind", middle - half * 1.75, head, middle - half, foot)
        put("blind", middle + half, head, middle + half * 1.75, foot)
    if row in plan.hoods:
        put("cornice", middle - half * 1.35, head - storey * 0.12, middle + half * 1.35, head)
    if row in plan.sills:
        put("sill", middle - half * 1.25, foot, middle + half * 1.25, foot + storey * 0.07)
    if (row, column) in plan.balconies:
        put("balcony", middle - half * 1.6, foot - height * 0.36, middle + half * 1.6, foot + 0.8)


def _put_ground(
    put: Put, plan: Plan, left: float, bay: float, bottom: float, storey: float
) -> None:
    """The ground floor: a door in its bay, shop fronts or windows in the others."""
    for column in range(plan.bays):
        middle = left + (column + 0.5) * bay
        if column == plan.door:
            put("door", middle - bay * 0.26, bottom - storey * 0.74, middle + bay * 0.26, bottom)
            put(
                "molding",
                middle - bay * 0.36,
                bottom - storey * 0.84,
                middle + bay * 0.36,
                bottom - storey * 0.74,
            )
        elif plan.ground == "shops":
            put("shop", middle - bay * 0.44, bottom - storey * 0.76, middle + bay * 0.44, bottom)
        else:
            half = plan.window[0] * bay / 2
            put(
                "window",
                middle - half,
                bottom - storey * 0.74,
                middle + half,
                bottom - storey * 0.26,
            )
            put(
                "sill",
                middle - half * 1.2,
                bottom - storey * 0.26,
                middle + half * 1.2,
                bottom - storey * 0.2,
            )
